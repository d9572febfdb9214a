import KafkaClient
import TestSupport

/// A group member that fetches whatever it is given, for tests.
final class Member: AssignmentHandler {
    struct State {
        var assigned: Set<Int32> = []
        var received: [Int32: [Int64]] = [:]
        var ends: [Int32: Int64] = [:]
        var log: [String] = []
        var overdue = false
        var failure: KafkaError?
        var records: [StoredRecord] = []
    }

    let name: String
    let state = Observed(State())
    /// Where to begin, if not at the committed offsets.
    let offsets: [TopicPartition: Int64]
    /// Shared between members, to see the order of their events.
    let journal: Observed<[String]>
    /// What `revoked` waits for.
    let hold: (@Sendable () async -> Void)?

    init(
        _ name: String = "one", offsets: [TopicPartition: Int64] = [:],
        journal: Observed<[String]> = Observed([]), hold: (@Sendable () async -> Void)? = nil
    ) {
        self.name = name
        self.offsets = offsets
        self.journal = journal
        self.hold = hold
    }

    func assigned(_ partitions: [TopicPartition]) async -> [TopicPartition: Int64] {
        for partition in partitions {
            journal.update { $0.append("\(name) assigned \(partition.partition)") }
        }
        return offsets
    }

    func started(_ queues: [TopicPartition: PartitionQueue]) async {
        for queue in queues.values { follow(queue) }
        state.update { $0.assigned = Set(queues.keys.map(\.partition)) }
    }

    /// Fetches on every wake-up until nothing is left, as the rule says.
    func follow(_ queue: PartitionQueue) {
        do {
            try queue.onReady { [weak queue] in
                while let queue, let batch = queue.fetch(max: 100) { self.take(batch) }
            }
        } catch { state.update { $0.failure = error } }
    }

    private func take(_ batch: RecordBatch) {
        state.update { state in
            for index in 0..<batch.count {
                state.received[batch.partition(at: index), default: []]
                    .append(batch.offset(at: index))
                state.records.append(batch.stored(at: index))
            }
            for end in batch.ends { state.ends[end.partition] = end.offset }
            if let failure = batch.failure { state.failure = failure }
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) async {
        for partition in partitions {
            journal.update { $0.append("\(name) revoking \(partition.partition)") }
        }
        await hold?()
        for partition in partitions {
            journal.update { $0.append("\(name) revoked \(partition.partition)") }
        }
        state.update { $0.assigned = [] }
    }

    func revokeOverdue(_ partitions: [TopicPartition]) { state.update { $0.overdue = true } }

    func failed(_ error: KafkaError) { state.update { $0.failure = error } }
}

extension Broker {
    /// A consumer of `topics` in `group` that reports to `member`.
    func consumer(
        _ member: Member, group: String, topics: [String], instance: String? = nil,
        limits: ConsumerLimits = ConsumerLimits(), properties: [String: String] = [:]
    ) throws -> GroupConsumer {
        try GroupConsumer(
            settings: settings(properties), groupID: group, instanceID: instance, topics: topics,
            limits: limits, handler: member, logger: .silent)
    }

    /// Writes `count` records with their number as value to each partition of a topic.
    func fill(_ topic: String, partitions: Range<Int32>, count: Int) async throws {
        let producer = try PlainProducer(settings: settings(), topics: [topic], logger: .silent)
        var records = OutboundRecords()
        for number in 0..<count {
            for partition in partitions {
                records.append(
                    topic: 0, partition: partition, key: nil, value: Array("\(number)".utf8))
            }
        }
        let failures = try await producer.send(records)
        guard failures.isEmpty else {
            throw Unavailable(description: "\(failures.count) records not written")
        }
        await producer.close()
    }

    /// Waits until the log holds `count` records or markers, committed or not.
    func written(_ partition: TopicPartition, count: Int64) async throws {
        let reader = try PartitionReader(
            settings: settings(), isolation: .readUncommitted, partitions: [partition: 0],
            logger: .silent)
        while reader.positions()[partition] ?? 0 < count {
            guard try await reader.next(max: 500, timeout: .seconds(20)) != nil else {
                throw Unavailable(description: "\(partition) does not reach \(count)")
            }
        }
        await reader.close()
    }

    /// All records of one partition, from `offset` to its end.
    ///
    /// Kafka writes the marker that ends a transaction after it has answered the commit, so whoever
    /// reads what was just committed says how many records it waits for.
    func read(
        _ partition: TopicPartition, from offset: Int64 = 0, atLeast count: Int = 0,
        _ isolation: PartitionReader.Isolation = .readCommitted
    ) async throws -> [StoredRecord] {
        let reader = try PartitionReader(
            settings: settings(), isolation: isolation, partitions: [partition: offset],
            logger: .silent)
        var records: [StoredRecord] = []
        while reader.ends()[partition] == nil || records.count < count {
            guard let batch = try await reader.next(max: 500, timeout: .seconds(20)) else {
                throw Unavailable(description: "nothing came from \(partition)")
            }
            for index in 0..<batch.count { records.append(batch.stored(at: index)) }
        }
        await reader.close()
        return records
    }
}
