import ArgumentParser
import Configuration
import KafkaClient
import Qualification
import Reports
import WireFormats
import Worker

/// `handoff dead-letters`: what could not be used, and its second chance.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Look at the records that could not be used, and publish them again.",
        discussion: """
            A record that the worker cannot use goes to handoff.dead-letters as it was, with the \
            reason in its headers, and the lane goes on. See what is there, mend the cause, \
            redrive:

              handoff dead-letters list --since 1d
              handoff dead-letters redrive --reason unknown_mql
              handoff dead-letters redrive --reason unknown_mql --execute
            """,
        subcommands: [DeadLettersListCommand.self, RedriveCommand.self])
}

/// The options that choose dead letters.
struct LetterOptions: ParsableArguments {
    @Option(help: "Only this code; may be repeated.")
    var reason: [String] = []

    @Option(help: "Only records that came from this topic, with or without prefix; repeatable.")
    var topic: [String] = []

    @Option(help: "Only records with this key, which is the lead_id for events.")
    var key: String?

    @Option(help: "Only those refused from then on, by Kafka's timestamps: \(TimeOption.help).")
    var since: TimeOption?

    @Option(help: "Only those refused before then.")
    var until: TimeOption?

    static let codes = DeadLetterReason.allCases.map(\.rawValue)

    func validate() throws {
        for code in reason where !LetterOptions.codes.contains(code) {
            throw ValidationError(
                "--reason \(code) is not known; there are "
                    + LetterOptions.codes.joined(separator: ", "))
        }
        if let since, let until, since.time >= until.time {
            throw ValidationError("--since must be before --until")
        }
    }

    func filter(_ settings: Settings) -> LetterFilter {
        LetterFilter(
            reasons: Set(reason),
            topics: Set(
                topic.map { $0.hasPrefix(settings.topicPrefix) ? $0 : settings.topicPrefix + $0 }),
            key: key, since: since?.time.milliseconds, until: until?.time.milliseconds)
    }
}

/// How a list of dead letters is written.
enum LetterFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json
}

/// `handoff dead-letters list`: what is there, by reason and source topic.
struct DeadLettersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the dead letters by reason and source topic, with the latest of each.",
        discussion: """
            Reads handoff.dead-letters from its beginning to its end (read_committed). Joins no \
            group and writes nothing. Progress goes to standard error.

            Each sample shows its partition@offset among the dead letters, when it was refused, \
            where it came from, its key (the lead_id of an event), how often it was redriven and \
            came back, and the sentence that says what is wrong, which may quote a wrong value: \
            treat it as the personal data that it may be. --format json is what \
            schemas/dead-letters.json says.

            Examples:
              handoff dead-letters list
              handoff dead-letters list --reason unknown_mql --since 1d --samples 20
              handoff dead-letters list --key lead-000042 --format json
            """)

    @OptionGroup var letters: LetterOptions

    @Option(help: "How many of its latest letters each group shows, 0 to 1000.")
    var samples = 3

    @Option(help: "table or json.")
    var format = LetterFormat.table

    @OptionGroup var settingsOption: SettingsOption

    func validate() throws {
        guard (0...1_000).contains(samples) else {
            throw ValidationError("--samples must be from 0 to 1000")
        }
    }

    func run() async throws {
        let settings = try settingsOption.load().settings
        let filter = letters.filter(settings)
        var list = LetterList(samples: samples)
        do {
            let scan = try LetterScan(settings: settings, role: "list")
            let topics = settings.workerTopics
            let counts = try await scan.admin.requireTopics([topics.deadLetters])
            let ledger = try await scan.ledgerIfKnown(topics)
            try await scan.read([topics.deadLetters: counts[topics.deadLetters] ?? 0]) { record in
                let letter = record.letter
                if filter.lets(letter) { list.add(letter, isRedriven: ledger.holds(letter)) }
            }
        } catch let error as KafkaError {
            throw error.asCommandFailure
        }
        switch format {
        case .table: print(list.text)
        case .json:
            let now = Timestamp(milliseconds: SystemClock().wallMilliseconds())
            print(list.json(asOf: now, filter: filter).pretty)
        }
    }
}
