internal import CLibrdkafka
package import Logging
internal import Synchronization

/// A topic to be created.
package struct NewTopic: Sendable, Equatable {
    /// The name.
    package var name: String
    /// How many partitions, from 1.
    package var partitions: Int
    /// How many replicas; -1 leaves it to the broker.
    package var replication: Int
    /// Topic configuration, such as `cleanup.policy`.
    package var configuration: [String: String]

    /// A topic with the broker's replication unless given.
    package init(
        name: String, partitions: Int, replication: Int = -1, configuration: [String: String] = [:]
    ) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.configuration = configuration
    }
}

/// What became of one topic to be created.
package enum TopicCreation: Sendable, Equatable {
    /// It is new.
    case created
    /// It was there before, whatever its configuration.
    case existed
    /// It is missing.
    case failed(KafkaError)
}

/// Looks at and creates topics, and reads ends and committed offsets; for start and tools.
///
/// Calls run one after another on a thread of their own. Each ends within `timeout` and the
/// questions that are under way then, two of four seconds each at most. When nobody answers, the
/// error's consequence is exit code 3.
package final class AdminClient: Sendable {
    let timeout: Duration
    private let uncommitted: Handle
    private let committed: Handle
    private let groups: GroupHandles
    private let lane = BlockingLane("handoff.kafka.admin")

    /// Makes the handles; nothing waits for the broker here.
    ///
    /// No call asks anything more after `timeout`.
    package init(
        settings: ClientSettings, timeout: Duration = .seconds(25), logger: Logger
    ) throws(KafkaError) {
        self.timeout = timeout
        uncommitted = try Handle(
            .admin, settings: settings, required: [("isolation.level", "read_uncommitted")],
            logger: logger)
        committed = try Handle(
            .admin, settings: settings, required: [("isolation.level", "read_committed")],
            logger: logger)
        groups = GroupHandles(settings: settings, logger: logger)
    }

    /// Returns if a broker answers within the time; throws with exit code 3 and the cause if not.
    package func brokerReachable(timeout: Duration) async throws(KafkaError) {
        try await run { handle throws(KafkaError) in
            _ = try topicMetadata(handle, timeout, all: false) { _ in () }
        }
    }

    /// The partition counts of those topics that exist.
    ///
    /// Asks for all topics and picks: asking for one by name can create it.
    package func describeTopics(_ names: [String]) async throws(KafkaError) -> [String: Int] {
        let timeout = timeout
        return try await run { handle throws(KafkaError) in
            try topicMetadata(handle, timeout, all: true) { all in
                all.filter { names.contains($0.key) }
            }
        }
    }

    /// Creates topics; one that exists is no error.
    ///
    /// Returns when the broker asked knows them all: in a KRaft cluster the answer to the creation
    /// comes before that.
    package func createTopics(
        _ topics: [NewTopic]
    ) async throws(KafkaError) -> [String: TopicCreation] {
        guard !topics.isEmpty else { return [:] }
        let timeout = timeout
        return try await run { handle throws(KafkaError) in
            let outcome = try create(topics, handle, timeout)
            let there = outcome.filter { $0.value == .created || $0.value == .existed }
            try waitUntilKnown(Set(there.keys), handle, timeout)
            return outcome
        }
    }

    /// The configuration in force for a topic, defaults of the broker included.
    package func describeConfigs(topic: String) async throws(KafkaError) -> [String: String] {
        let timeout = timeout
        return try await run { handle throws(KafkaError) in
            try configuration(of: topic, handle, timeout)
        }
    }

    /// The first offset and the one after the last.
    ///
    /// `.readCommitted` gives the last stable offset as the end; a restore needs
    /// `.readUncommitted`, the real end of the log.
    package func watermarks(
        _ partition: TopicPartition, isolation: PartitionReader.Isolation
    ) async throws(KafkaError) -> (low: Int64, high: Int64) {
        let timeout = timeout
        let handle = isolation == .readCommitted ? committed : uncommitted
        return try await lane.run { () throws(KafkaError) -> (low: Int64, high: Int64) in
            try handle.askingWhileSettling(within: timeout) { () throws(KafkaError) in
                let low = try edge(RD_KAFKA_OFFSET_BEGINNING, of: partition, handle, timeout)
                let high = try edge(RD_KAFKA_OFFSET_END, of: partition, handle, timeout)
                return (low, high)
            }
        }
    }

    /// The first offset of each partition whose record is stamped `milliseconds` (since 1970) or
    /// later; a partition without such a record is absent.
    package func offsets(
        of partitions: [TopicPartition], since milliseconds: Int64
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        let timeout = timeout
        return try await run { handle throws(KafkaError) in
            try handle.askingWhileSettling(within: timeout) { () throws(KafkaError) in
                try offsetsByTime(partitions, milliseconds, handle, timeout)
            }
        }
    }

    /// The committed offsets of any group; partitions without one are absent.
    ///
    /// With `stable`, waits until no transaction holds newer ones.
    package func committedOffsets(
        group: String, partitions: [TopicPartition], stable: Bool = true
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        let timeout = timeout
        let groups = groups
        return try await lane.run { () throws(KafkaError) -> [TopicPartition: Int64] in
            try groups.committed(partitions, of: group, stable: stable, timeout)
        }
    }

    private func run<Output: Sendable>(
        _ body: @escaping @Sendable (Handle) throws(KafkaError) -> Output
    ) async throws(KafkaError) -> Output {
        let handle = uncommitted
        return try await lane.run { () throws(KafkaError) -> Output in try body(handle) }
    }
}

/// For as long as a partition may settle.
private func waitUntilKnown(
    _ names: Set<String>, _ handle: Handle, _ timeout: Duration
) throws(KafkaError) {
    try handle.askingWhileSettling(within: timeout) { () throws(KafkaError) in
        let missing = try topicMetadata(handle, timeout, all: true) { all in
            names.subtracting(all.keys)
        }
        guard missing.isEmpty else {
            throw KafkaError(
                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, operation: "wait for new topics",
                subject: missing.sorted().joined(separator: ","))
        }
    }
}

/// Not `rd_kafka_query_watermark_offsets`: while the leader is down that waits without a limit, for
/// the broker that it asked first (librdkafka #2588).
private func edge(
    _ edge: Int32, of partition: TopicPartition, _ handle: Handle, _ timeout: Duration
) throws(KafkaError) -> Int64 {
    let list = PartitionList([partition: Int64(edge)])
    let code = unsafe rd_kafka_offsets_for_times(
        handle.raw, list.raw, min(timeout, Handle.questionTime).milliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw handle.failure(code, "read the ends", "\(partition)")
    }
    guard let offset = try list.offsets("read the ends")[partition] else {
        throw KafkaError(
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, operation: "read the ends",
            subject: "\(partition)")
    }
    return offset
}

private func offsetsByTime(
    _ partitions: [TopicPartition], _ milliseconds: Int64, _ handle: Handle, _ timeout: Duration
) throws(KafkaError) -> [TopicPartition: Int64] {
    let wanted = Dictionary(
        partitions.map { ($0, milliseconds) }, uniquingKeysWith: { first, _ in first })
    let list = PartitionList(wanted)
    let code = unsafe rd_kafka_offsets_for_times(
        handle.raw, list.raw, min(timeout, Handle.questionTime).milliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw handle.failure(code, "look up offsets by time", handle.servers)
    }
    return try list.offsets("look up offsets by time")
}

/// The topics a broker knows, with their partition counts.
private func topicMetadata<Output>(
    _ handle: Handle, _ timeout: Duration, all: Bool, _ body: ([String: Int]) -> Output
) throws(KafkaError) -> Output {
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let code = handle.askingForMetadata(timeout) { milliseconds in
        unsafe rd_kafka_metadata(handle.raw, all ? 1 : 0, nil, &metadata, milliseconds)
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found = unsafe metadata else {
        throw handle.failure(code, KafkaError.reaching, handle.servers)
    }
    defer { unsafe rd_kafka_metadata_destroy(found) }
    var topics: [String: Int] = [:]
    for index in 0..<(unsafe Int(found.pointee.topic_cnt)) {
        let topic = unsafe found.pointee.topics[index]
        guard unsafe topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = unsafe topic.topic
        else { continue }
        topics[unsafe String(cString: name)] = unsafe Int(topic.partition_cnt)
    }
    return body(topics)
}
