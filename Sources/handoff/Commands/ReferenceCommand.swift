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
        abstract: "Load and delete reference data: accounts, campaigns, suppressions.",
        subcommands: [ReferenceLoadCommand.self, ReferenceDeleteCommand.self])
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
            as file:line:column: message, and the exit code is then 1. A header that is not that \
            of the table, and a file that cannot be read, are exit code 2: nothing is published. \
            Suppressions need the definition (--definition): its free-mail domains cannot be \
            suppressed.

            Examples:
              handoff reference load accounts.csv --table accounts --bootstrap-servers broker:9092
              handoff reference load out.csv --table suppressions --definition definition.yaml
            """)

    @Argument(help: "The CSV file (RFC 4180, UTF-8).")
    var file: String

    @Option(help: "What the file holds.")
    var table: ReferenceTable

    @OptionGroup var settingsOption: SettingsOption

    func run() async throws {
        let loaded = try settingsOption.load()
        let settings = loaded.settings
        let freeMail = try freeMailDomains(loaded)
        let summary: ReferenceLoad.Summary
        do {
            summary = try await ReferenceLoad(
                table: table, path: file, topic: settings.workerTopics.topic(of: table),
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
    ///
    /// Without it gmail.com would go out like any other domain, and the worker would take the MQLs
    /// of everyone there back.
    private func freeMailDomains(_ loaded: LoadedSettings) throws -> Set<String> {
        guard table == .suppressions else { return [] }
        let path = loaded.settings.definition
        guard loaded.origins["definition"] != nil || Files.exists(path) else {
            throw CommandFailure(
                "loading suppressions needs the definition, because a free-mail domain of it must "
                    + "not be suppressed, and there is none at \(path); name it with "
                    + "--definition FILE (or HANDOFF_DEFINITION)", exitCode: 2)
        }
        return try Files.definition(path).definition.freeMailDomains
    }

    private static func columns(_ table: ReferenceTable) -> String {
        table.columns.joined(separator: ", ")
    }
}

extension Topics {
    /// The topic that holds the rows of a table.
    func topic(of table: ReferenceTable) -> String {
        switch table {
        case .accounts: accounts
        case .campaigns: campaigns
        case .suppressions: suppressions
        }
    }
}
