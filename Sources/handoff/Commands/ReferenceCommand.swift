import ArgumentParser
import Configuration
import DefinitionFiles
import KafkaClient
import Qualification
import Worker

/// `handoff reference`: accounts, campaigns and suppressions.
struct ReferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference",
        abstract: "Load reference data: accounts, campaigns, suppressions.",
        subcommands: [ReferenceLoadCommand.self])
}

extension ReferenceTable: ExpressibleByArgument {}

/// `handoff reference load`: publishes a CSV file to the topic of its table.
struct ReferenceLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Publish a CSV file to the topic of its table.",
        discussion: """
            The first line names the columns, in any order; an empty cell is an absent value:
              accounts      \(columns(.accounts))
              campaigns     \(columns(.campaigns))
              suppressions  \(columns(.suppressions))
            The first column of each list is the key and must be there. A row replaces the one \
            with the same key as a whole.

            Good rows are published even if others are at fault. Each fault goes to standard error \
            as file:line:column: message, and the exit code is then 1. Free-mail domains, which \
            cannot be suppressed, are those of the definition (--definition).

            Example:
              handoff reference load accounts.csv --table accounts --bootstrap-servers broker:9092
            """)

    @Argument(help: "The CSV file (RFC 4180, UTF-8).")
    var file: String

    @Option(help: "What the file holds.")
    var table: ReferenceTable

    @OptionGroup var settingsOption: SettingsOption

    func run() async throws {
        let settings = try settingsOption.load().settings
        let freeMail = try freeMailDomains(settings)
        let summary: ReferenceLoad.Summary
        do {
            summary = try await ReferenceLoad(
                table: table, path: file, topic: topic(settings.workerTopics),
                freeMailDomains: freeMail, settings: settings
            ).run()
        } catch let error as KafkaError {
            throw error.asCommandFailure
        }
        print(summary.text)
        guard summary.isHeaderGood else {
            throw CommandFailure(
                "\(file): nothing was published, because the header is not that of \(table); "
                    + "correct it and load the file again", exitCode: 2)
        }
        guard summary.isComplete else {
            throw CommandFailure(
                "\(file): not all rows were published; correct the file and load it again, which "
                    + "replaces the rows that were", exitCode: 1)
        }
    }

    /// Only suppressions are judged by them, so only those need the definition.
    private func freeMailDomains(_ settings: Settings) throws -> Set<String> {
        guard table == .suppressions else { return [] }
        guard Files.exists(settings.definition) else {
            Terminal.complain([
                "note: no definition at \(settings.definition), so free-mail domains are not known "
                    + "and can be suppressed; name it with --definition"
            ])
            return []
        }
        return try Files.definition(settings.definition).definition.freeMailDomains
    }

    private func topic(_ topics: Topics) -> String {
        switch table {
        case .accounts: topics.accounts
        case .campaigns: topics.campaigns
        case .suppressions: topics.suppressions
        }
    }

    private static func columns(_ table: ReferenceTable) -> String {
        table.columns.joined(separator: ", ")
    }
}
