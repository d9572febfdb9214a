import ArgumentParser
import Configuration
import Foundation

/// The program: commands, exit codes of CONTRACT.md 9, and the settings that every command shares.
@main
struct Handoff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handoff",
        abstract: "Hands qualified leads from marketing to sales, exactly once, with every reason.",
        discussion: """
            Reads lead and activity events from Kafka, scores them against a definition that \
            marketing and sales have approved, and publishes each qualified lead to the topic of \
            its product.

            First steps:
              handoff check --definition definition.yaml
              handoff topics ensure --definition definition.yaml
              handoff run --definition definition.yaml

            Every setting is a key of the settings file (--settings handoff.yaml), an environment \
            variable (HANDOFF_...) and a flag (--...); a flag beats the environment, which beats \
            the file. 'handoff help settings' lists them all.

            Exit codes: 0 done, 1 failed while running, 2 wrong usage or invalid file, \
            3 broker not reachable, 4 topics missing or not co-partitioned.
            """,
        version: Version.text,
        subcommands: [
            RunCommand.self, CheckCommand.self, TopicsCommand.self, ReferenceCommand.self,
            ExplainCommand.self, ReportCommand.self, TapCommand.self, DeadLettersCommand.self,
        ])

    /// Settings have a flag each, which ArgumentParser would have to be told one by one: they are
    /// taken out of the command line first, and the commands find them here.
    static func main() async {
        let (flags, rest) = SettingFlags.take(from: Array(CommandLine.arguments.dropFirst()))
        if rest == ["help", "settings"] {
            print(SettingTable.help)
            return
        }
        do {
            try await Invocation.$flags.withValue(flags) { try await run(rest) }
        } catch let failure as CommandFailure {
            Terminal.complain(
                failure.description.split(separator: "\n", omittingEmptySubsequences: false)
                    .map(String.init))
            Foundation.exit(failure.exitCode)
        } catch {
            let message = Handoff.fullMessage(for: error)
            let isHelp = Handoff.exitCode(for: error) == .success
            let output = isHelp ? FileHandle.standardOutput : FileHandle.standardError
            output.write(Data((message + "\n").utf8))
            Foundation.exit(isHelp ? 0 : 2)
        }
    }
}

extension Handoff {
    private static func run(_ arguments: [String]) async throws {
        var command = try Handoff.parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }
}

/// The flags of settings on the command line of this process.
enum Invocation {
    @TaskLocal static var flags: [SettingFlags.Flag] = []
}

/// The program's version.
enum Version {
    static let text = "0.1.0"
}

/// Why a command ends with another code than 0; printed as it is.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    let exitCode: Int32

    init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}
