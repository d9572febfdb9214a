import KafkaClient
import Qualification
import ReferenceModel
import SimulatedKafka
import Storage
import WireFormats
import Worker

/// The reference topics of a world: what is in them, what changes, and who has seen it.
// Unchecked: used on the scheduler's thread only.
final class ReferenceFeed: @unchecked Sendable {
    private let scene: Scene
    private let cluster: SimulatedCluster
    private let topics: Topics
    /// The last row of each topic that leads must be decided again by.
    private var decisive: [String: Int64] = [:]

    init(scene: Scene, cluster: SimulatedCluster, topics: Topics) {
        self.scene = scene
        self.cluster = cluster
        self.topics = topics
    }

    private var tables: [(topic: String, table: ReferenceTable)] {
        [
            (topics.accounts, .accounts), (topics.campaigns, .campaigns),
            (topics.suppressions, .suppressions),
        ]
    }

    /// Writes the rows that are there before everything else.
    func begin() { for row in scene.reference { _ = write(row) } }

    /// Writes the rows that come after a part of the records.
    func change(_ part: Int) {
        guard scene.changes.indices.contains(part) else { return }
        for change in scene.changes[part] {
            let offset = write(change.row)
            if change.isDecisive { decisive[change.row.topic] = offset }
        }
    }

    /// Returns the row's offset.
    private func write(_ row: ModelRecord) -> Int64 {
        let partition = TopicPartition(topic: row.topic, partition: 0)
        let offset = cluster.log(partition).end
        cluster.append(
            StoredRecord(
                key: row.key ?? [], value: row.value, timestamp: row.timestampMs, offset: 0),
            to: partition)
        return offset
    }

    // MARK: Workers

    /// Brings a worker's cache to the end of the topics; bad rows are passed over, as by
    /// `ReferenceFollower`, and told of by the audit.
    func follow(into cache: ReferenceCache) throws {
        let known = try positions(cache)
        let parser = ReferenceParser()
        var records: [ReferenceRecord] = []
        var reached: [ReferencePosition] = []
        for (topic, table) in tables {
            let log = cluster.log(TopicPartition(topic: topic, partition: 0))
            for row in log.committed(from: known[topic] ?? 0, max: .max) {
                guard let change = ReferenceFeed.change(table, row, parser) else { continue }
                records.append(
                    ReferenceRecord(
                        change: change,
                        at: ReferencePlace(topic: topic, partition: 0, offset: row.offset)))
            }
            reached.append(
                ReferencePosition(topic: topic, partition: 0, nextOffset: log.end))
        }
        if reached.allSatisfy({ known[$0.topic] == $0.nextOffset }) { return }
        try cache.writer.apply(records, positions: reached)
    }

    private static func change(
        _ table: ReferenceTable, _ row: StoredRecord, _ parser: ReferenceParser
    ) -> ReferenceChange? {
        let key = row.key ?? []
        guard row.value != nil else { return try? parser.deletion(table, key: key) }
        return try? RecordBatch(records: [row]).withValue(at: 0) {
            try parser.change(table, key: key, value: $0)
        }
    }

    private func positions(_ cache: ReferenceCache) throws -> [String: Int64] {
        Dictionary(
            uniqueKeysWithValues: try cache.writer.positions().map { ($0.topic, $0.nextOffset) })
    }

    /// Whether a cache holds every row.
    func isAtEnd(_ cache: ReferenceCache) -> Bool {
        guard let known = try? positions(cache) else { return false }
        return tables.allSatisfy {
            known[$0.topic] == cluster.log(TopicPartition(topic: $0.topic, partition: 0)).end
        }
    }

    /// Whether a lane has committed that it decided its leads by every decisive row.
    func isDecided(_ changelog: PartitionLog) -> Bool {
        let marks = changelog.everCommitted().filter { $0.key == LaneMarks.key }
        guard let value = marks.last?.value, let mark = try? LaneMark(decoding: value) else {
            return false
        }
        return decisive.allSatisfy { topic, offset in
            let place = LaneMark.ReferencePartition(topic: topic, partition: 0)
            return mark.decided[place] ?? 0 > offset
        }
    }
}
