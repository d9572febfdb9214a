import ArgumentParser
import Configuration
import Foundation
import KafkaClient
import Qualification
import WireFormats
import Worker

/// `handoff reference delete`: takes rows back.
struct ReferenceDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete rows by their keys.",
        discussion: """
            Looks the keys up in the topic of the table and publishes a null value for each row \
            that is there, under the key as it stands there. Keys are written as in a file that is \
            loaded: e-mail addresses and domains in any spelling, campaign ids exactly.

            Each key without a row is named on standard error, and the exit code is then 1; the \
            others are deleted all the same. A lead that is no longer suppressed is handed over at \
            its next event at the earliest.

            Examples:
              handoff reference delete ann@acme.example --table suppressions
              handoff reference delete spring-webinar autumn-fair --table campaigns
            """)

    @Argument(help: "The keys: domains, campaign ids, or suppressed addresses and domains.")
    var keys: [String]

    @Option(help: "What the rows are.")
    var table: ReferenceTable

    @OptionGroup var settingsOption: SettingsOption

    func run() async throws {
        let settings = try settingsOption.load().settings
        let topic = settings.workerTopics.topic(of: table)
        let wanted = try normalKeys()
        let missing: [String]
        do {
            missing = try await delete(wanted, topic, settings)
        } catch let error as KafkaError {
            throw error.asCommandFailure
        }
        print("deleted \(Terminal.count(wanted.count - missing.count, "row")) of \(topic)")
        guard missing.isEmpty else {
            throw CommandFailure(
                "no such row in \(topic): \(missing.joined(separator: ", "))", exitCode: 1)
        }
    }

    /// Every key in its normal form; all that are wrong are told in one go.
    private func normalKeys() throws -> Set<String> {
        let parser = ReferenceParser()
        var normal: Set<String> = []
        var faults: [String] = []
        for key in keys {
            if let change = try? parser.deletion(table, key: Array(key.utf8)) {
                normal.insert(change.rowKey)
            } else {
                let what = table == .suppressions ? "an e-mail address or a domain" : "a key"
                faults.append("'\(key)' is not \(what) of \(table)")
            }
        }
        guard faults.isEmpty else {
            throw CommandFailure(faults.joined(separator: "\n"), exitCode: 2)
        }
        return normal
    }

    /// The keys that no row has.
    private func delete(
        _ wanted: Set<String>, _ topic: String, _ settings: Settings
    ) async throws -> [String] {
        let logger = settings.makeToolLogger()
        let scan = TopicScan(
            admin: try AdminClient(
                settings: settings.client("reference-admin"), timeout: BrokerPatience.call,
                logger: logger),
            settings: settings.client("reference-delete"), logger: logger,
            showsProgress: Terminal.isWatched)
        let found = try await rows(of: wanted, topic, scan)
        var records = OutboundRecords()
        for row in found.keys.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            records.append(
                topic: 0, partition: row.partition, key: row.key, value: nil as [UInt8]?)
        }
        if !records.isEmpty {
            let producer = try PlainProducer(
                settings: settings.client("reference-delete"), topics: [topic], logger: logger)
            let failures = try await producer.send(records)
            await producer.close()
            if let first = failures.first {
                throw CommandFailure(
                    "\(Terminal.count(failures.count, "deletion")) not taken: \(first.error); "
                        + "run it again", exitCode: 1)
            }
        }
        return wanted.subtracting(found.values).sorted()
    }

    /// A row's place: compaction and the worker go by the key's bytes within its partition.
    private struct Row: Hashable {
        var partition: Int32
        var key: [UInt8]
    }

    /// The rows that are there now and mean one of the keys, with that key.
    private func rows(
        of wanted: Set<String>, _ topic: String, _ scan: TopicScan
    ) async throws -> [Row: String] {
        let parser = ReferenceParser()
        var found: [Row: String] = [:]
        try await scan.read([topic]) { batch, _ in
            for place in 0..<batch.count {
                let key = batch.withKey(at: place) { [UInt8](copying: $0) }
                guard let normal = try? parser.deletion(table, key: key).rowKey,
                    wanted.contains(normal)
                else { continue }
                let row = Row(partition: batch.partition(at: place), key: key)
                found[row] = batch.hasValue(at: place) ? normal : nil
            }
        }
        return found
    }
}
