import KafkaClient
import Qualification
import ReferenceModel
import SimulatedKafka
import TestSupport
import Worker

/// The records of a few lanes, and what a worker without mishaps makes of them.
///
/// Costly to make, so many schedules share one.
struct Scene: Sendable {
    static let recordsPerLane = 40
    /// How many schedules share a scene.
    static let schedulesPerScene: UInt64 = 250

    let seed: UInt64
    let laneCount = 3
    let definition: Definition
    let definitionText: String
    let settings: ModelSettings
    let reference: [ModelRecord]
    var lanes: [[ModelRecord]]
    /// Rows of the reference topics after each part of the records; none in most scenes.
    var changes: [[ReferenceStep]] = []
    /// What the fault-free run published, by lane and topic; filled by `Golden`.
    var golden = Published()

    init(seed: UInt64, _ change: (inout WorldOptions) -> Void = { _ in }) throws {
        var options = WorldOptions()
        options.referenceChanges = false
        options.records = Scene.recordsPerLane
        change(&options)
        let first = try WorldGenerator(
            baseDefinition: try Fixtures.exampleDefinitionText(), options: options
        ).world(seed: seed)
        options.mutatedDefinition = false
        let others = WorldGenerator(baseDefinition: first.definitionYAML, options: options)
        self.seed = seed
        definitionText = first.definitionYAML
        definition = try Fixtures.definition(first.definitionYAML)
        settings = first.settings
        reference = first.referenceRecords
        lanes =
            try [first.records]
            + (1..<UInt64(3)).map { try others.world(seed: seed &* 1_000 &+ $0).records }
    }

    /// What the model makes of one lane.
    func expectation(lane: Int) throws -> [ModelOutput] {
        var settings = settings
        (settings.lane, settings.lanes) = (lane, laneCount)
        let model = try ReferenceModel(
            definitionYAML: definitionText,
            definitionSHA256: SHA256.hexadecimal(Array(definitionText.utf8)), settings: settings)
        model.loadReference(reference)
        let parts = changes.count + 1
        return (0..<parts).flatMap { part in
            let outputs = Scene.part(part, of: parts, lanes[lane]).flatMap { model.take($0) }
            if part < changes.count { model.loadReference(changes[part].map(\.row)) }
            return outputs
        }
    }

    /// One of so many parts, about as long as the others, in order.
    static func part(
        _ number: Int, of parts: Int, _ records: [ModelRecord]
    ) -> ArraySlice<ModelRecord> {
        records[records.count * number / parts..<records.count * (number + 1) / parts]
    }

    /// Bad rows of reference topics, each to be told of once, by the owner of lane 0.
    static let badReferenceRecords: [StoredRecord] = (0..<3).map {
        StoredRecord(
            key: Array("bad-\($0)".utf8), value: Array("{".utf8), timestamp: 1, offset: 0)
    }
}

/// A row of a reference topic, and whether leads must be decided again by it.
struct ReferenceStep: Sendable {
    let row: ModelRecord
    let isDecisive: Bool
}

/// What was published, free of what may differ from run to run.
struct Published: Sendable, Equatable {
    /// By lane and topic, in the order of the topic.
    var messages: [Int: [String: [StoredRecord]]] = [:]
    /// Dead letters of the reference topics, sorted.
    var audited: [[UInt8]] = []
    /// The fold of each lane's changelog, marks excepted.
    var profiles: [Int: [[UInt8]: [UInt8]]] = [:]

    init() {}

    /// Reads everything committed.
    init(_ cluster: SimulatedCluster, topics: Topics, outputs: [String], lanes: Int) {
        for topic in outputs where topic != topics.profiles {
            let log = cluster.log(TopicPartition(topic: topic, partition: 0))
            for var record in log.committed(from: 0, max: .max) {
                record.offset = 0
                record.timestamp = 0
                let origin = record.header("handoff.error.topic") ?? ""
                if topics.references.contains(origin) {
                    audited.append(record.key ?? [])
                    continue
                }
                let place =
                    record.header("handoff.partition")
                    ?? record.header("handoff.error.partition")
                let lane = place.flatMap { Int($0) } ?? -1
                messages[lane, default: [:]][topic, default: []].append(record)
            }
        }
        audited.sort { $0.lexicographicallyPrecedes($1) }
        for lane in 0..<lanes {
            let partition = TopicPartition(topic: topics.profiles, partition: Int32(lane))
            profiles[lane] = Published.fold(
                cluster.log(partition).everCommitted(), below: .max)
        }
    }

    /// The same with each topic sorted by lead, the records of a lead in their order.
    var byLead: Published {
        var sorted = self
        sorted.messages = messages.mapValues { topics in
            topics.mapValues { records in
                records.enumerated().sorted { one, other in
                    let (first, second) = (one.element.key ?? [], other.element.key ?? [])
                    return first == second
                        ? one.offset < other.offset : first.lexicographicallyPrecedes(second)
                }.map(\.element)
            }
        }
        return sorted
    }

    /// The latest value of every key below an offset, marks excepted.
    static func fold(_ committed: [StoredRecord], below limit: Int64) -> [[UInt8]: [UInt8]] {
        var profiles: [[UInt8]: [UInt8]] = [:]
        for record in committed where record.offset < limit {
            guard let key = record.key, key != LaneMarks.key else { continue }
            profiles[key] = record.value
        }
        return profiles
    }
}

extension StoredRecord {
    /// The text of a header.
    func header(_ name: String) -> String? {
        headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
