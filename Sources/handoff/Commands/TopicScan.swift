import KafkaClient
import Logging
import Qualification
import WireFormats
import Worker

/// Reads whole topics from their first record to the end seen at start, outside any group.
struct TopicScan {
    private static let recordsPerBatch = 10_000

    let admin: AdminClient
    let settings: ClientSettings
    let logger: Logger
    let showsProgress: Bool
    /// Where progress is told; not where results go, if those may be piped.
    var progressOutput = ProgressLine.Output.standardOutput

    /// The last value of a key in each partition that has one.
    func values(of key: [UInt8], in topic: String) async throws -> [[UInt8]] {
        var latest: [Int32: [UInt8]] = [:]
        try await read([topic]) { batch, _ in
            for place in 0..<batch.count {
                let isWanted = batch.withKey(at: place) { bytes in
                    bytes.byteCount == key.count && [UInt8](copying: bytes) == key
                }
                guard isWanted else { continue }
                let value =
                    batch.hasValue(at: place)
                    ? batch.withValue(at: place) { [UInt8](copying: $0) } : nil
                latest[batch.partition(at: place)] = value
            }
        }
        return latest.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The rows of the reference topics that concern a lead.
    func follow(_ topics: Topics, into reference: LeadReference) async throws {
        let tables: [String: ReferenceTable] = [
            topics.accounts: .accounts, topics.suppressions: .suppressions,
        ]
        let parser = ReferenceParser()
        try await read(Array(tables.keys)) { batch, topic in
            guard let table = tables[topic] else { return }
            for place in 0..<batch.count {
                // Bad records are skipped, as the worker does.
                guard let change = parser.change(table, batch, at: place) else { continue }
                reference.apply(change)
            }
        }
    }

    /// Reads topics to the ends they have now, one after the other by name.
    ///
    /// - Throws: `CommandFailure` with exit code 4 for a missing topic, 3 if the broker is silent.
    func read(
        _ topics: [String], _ take: (RecordBatch, String) -> Void
    ) async throws {
        try await read(within: try await ranges(of: topics), take)
    }

    /// The same for partitions whose offsets were asked for before.
    ///
    /// The last batches may go on behind the ends; who minds compares offsets.
    func read(
        within ranges: [TopicPartition: Range<Int64>], _ take: (RecordBatch, String) -> Void
    ) async throws {
        let reading = RangeReading(
            settings: settings, recordsPerBatch: TopicScan.recordsPerBatch,
            progressOutput: showsProgress ? progressOutput : nil, logger: logger)
        for topic in Set(ranges.keys.map(\.topic)).sorted() {
            try await reading.read(ranges.filter { $0.key.topic == topic }) { batch, _ in
                take(batch, topic)
            }
        }
    }

    /// The first offsets and the ends of topics, asked for in the order given.
    ///
    /// - Throws: `CommandFailure` with exit code 4 that names every missing topic; `KafkaError`.
    func ranges(of topics: [String]) async throws -> [TopicPartition: Range<Int64>] {
        let counts = try await admin.requireTopics(topics)
        var ranges: [TopicPartition: Range<Int64>] = [:]
        for topic in topics {
            for number in 0..<Int32(clamping: counts[topic] ?? 0) {
                let partition = TopicPartition(topic: topic, partition: number)
                let (low, high) = try await admin.watermarks(
                    partition, isolation: .readUncommitted)
                ranges[partition] = low..<max(low, high)
            }
        }
        return ranges
    }
}

extension ReferenceParser {
    /// The change that a record makes; nil if it is a bad one.
    func change(
        _ table: ReferenceTable, _ batch: RecordBatch, at place: Int
    ) -> ReferenceChange? {
        let key = batch.withKey(at: place) { [UInt8](copying: $0) }
        guard batch.hasValue(at: place) else { return try? deletion(table, key: key) }
        return try? batch.withValue(at: place) { value in try change(table, key: key, value: value)
        }
    }
}

/// The rows of reference data that one lead's facts are looked up from.
final class LeadReference: ReferenceData {
    private let domains: Set<String>
    private let entries: Set<String>
    private var accounts: [String: Account] = [:]
    private var suppressed: Set<String> = []
    /// Rows do not change once the topics have been read.
    let version: UInt64 = 1

    init(wanting fields: LeadFields) {
        entries = Set(fields.suppressionEntries)
        domains = entries
    }

    func apply(_ change: ReferenceChange) {
        switch change {
        case .account(let account) where domains.contains(account.domain):
            accounts[account.domain] = account
        case .accountDeleted(let domain): accounts[domain] = nil
        case .suppression(let suppression) where entries.contains(suppression.entry):
            suppressed.insert(suppression.entry)
        case .suppressionDeleted(let entry): suppressed.remove(entry)
        case .account, .suppression, .campaign, .campaignDeleted: break
        }
    }

    func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool { false }
    func account(domain: String) -> Account? { accounts[domain] }
    func isSuppressed(_ entry: String) -> Bool { suppressed.contains(entry) }

    /// Campaigns are looked up when an event is taken in, so a profile needs none.
    func campaign(id: String) -> Campaign? { nil }
}
