import ArgumentParser
import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Logging
import Qualification
import WireFormats
import Worker

/// `handoff explain`: why a lead stands where it stands, and what it would take to qualify.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell why a lead stands where it stands, and what it would take to qualify.",
        discussion: """
            Reads the lead's profile from the changelog and its account and suppressions from the \
            reference topics, and prints for each product of the definition: the status, both \
            scores line by line, what is missing, and what would make the lead an MQL. Scores are \
            as of the lead's last event; what would do is tried out as if it happened now.

            Nothing is written, no group is joined: it can run beside the workers at any time. \
            Exit code 1 if there is no such lead.

            Examples:
              handoff explain --lead 7f3a --definition definition.yaml
              handoff explain --lead 7f3a --json
            """)

    @Option(help: "The lead_id, exactly as in the events.")
    var lead: String

    @Flag(help: "Print JSON instead of text.")
    var json = false

    @OptionGroup var settingsOption: SettingsOption

    func run() async throws {
        let settings = try settingsOption.load().settings
        let definition = try Files.definition(settings.definition).definition
        let explanation: Explanation
        do {
            explanation = try await explain(settings, definition)
        } catch let error as KafkaError {
            throw error.asCommandFailure
        } catch let error as ProfileCodecError {
            throw CommandFailure(
                "the profile of lead '\(lead)' cannot be read: \(error); a newer worker may have "
                    + "written it: use the handoff of that version", exitCode: 1)
        }
        if json {
            print(try ExplanationJSON(explanation).text())
        } else {
            print(ExplanationText(explanation).text)
        }
    }

    private func explain(
        _ settings: Settings, _ definition: Definition
    ) async throws -> Explanation {
        let topics = settings.workerTopics
        let scan = TopicScan(
            admin: try AdminClient(
                settings: settings.client("explain-admin"), timeout: BrokerPatience.call,
                logger: settings.makeToolLogger()),
            settings: settings.client("explain"), logger: settings.makeToolLogger(),
            showsProgress: Terminal.isWatched && !json)
        let symbols = SymbolTable()
        let codec = ProfileCodec(symbols: symbols)
        var found: Profile?
        for bytes in try await scan.values(of: Array(lead.utf8), in: topics.profiles) {
            let profile = try codec.decode(bytes, leadID: lead)
            // Only a change of the producers' partitioner can leave a lead in two lanes.
            if found.map({ $0.latest < profile.latest }) ?? true { found = profile }
        }
        guard let profile = found else {
            throw CommandFailure(
                "no lead '\(lead)' in \(topics.profiles): no event of that lead_id has been "
                    + "applied, or its profile was forgotten; ids are compared byte by byte",
                exitCode: 1)
        }
        let reference = LeadReference(wanting: profile.fields)
        if profile.erasedAt == nil || profile.hasLeadEvent {
            try await scan.follow(topics, into: reference)
        }
        let qualifier = Qualifier(
            definition: definition, symbols: symbols, reference: reference,
            limits: settings.worker(topics: topics, laneCount: 1).limits)
        let now = Timestamp(milliseconds: SystemClock().wallMilliseconds())
        return try qualifier.explain(profile, actingAt: now)
    }
}

extension Profile {
    fileprivate var latest: Timestamp { max(asOf, erasedAt ?? .distantPast) }
}
