package import KafkaClient
package import Logging
import Synchronization

/// The worker's port to a real cluster.
package final class LibrdkafkaPort: KafkaPort {
    private let consumer: GroupConsumer
    private let producer: TransactionalProducer
    private let admin: AdminClient
    private let references: AdminClient
    private let referenceTopics: [String]
    private let settings: ClientSettings
    private let logger: Logger
    private let assignment = Mutex<GroupMetadata?>(nil)

    /// Joins the clients that the composition made.
    ///
    /// Questions to a client wait for one another: `references` are the ones about reference
    /// topics, so that nothing else waits for a leader of theirs that is gone.
    package init(
        consumer: GroupConsumer, producer: TransactionalProducer, admin: AdminClient,
        references: AdminClient, referenceTopics: [String], settings: ClientSettings,
        logger: Logger
    ) {
        self.consumer = consumer
        self.producer = producer
        self.admin = admin
        self.references = references
        self.referenceTopics = referenceTopics
        self.settings = settings
        self.logger = logger
    }

    package func initialiseTransactions() async throws(KafkaError) {
        try await producer.initialise()
    }

    package func beginTransaction() async throws(KafkaError) { try await producer.begin() }

    package func send(_ records: OutboundRecords) async throws(KafkaError) {
        try await producer.send(records)
    }

    package func sendOffsets(_ offsets: [TopicPartition: Int64]) async throws(KafkaError) {
        let noted = assignment.withLock { $0 }
        let group: GroupMetadata
        if let noted { group = noted } else { group = try consumer.groupMetadata() }
        try await producer.sendOffsets(offsets, group: group)
    }

    package func noteAssignment() throws(KafkaError) {
        let metadata = try consumer.groupMetadata()
        assignment.withLock { $0 = metadata }
    }

    package func commitTransaction() async throws(KafkaError) { try await producer.commit() }

    package func abortTransaction() async throws(KafkaError) { try await producer.abort() }

    package func use(topics: [String]) { producer.use(topics: topics) }

    package func recycleProducer() async throws(KafkaError) { try await producer.recycle() }

    package func committed(
        _ partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await consumer.committed(partitions)
    }

    package func rewind(
        to offsets: [TopicPartition: Int64]
    ) async throws(KafkaError) -> [TopicPartition: any InputQueue] {
        try await consumer.rewind(to: offsets).mapValues { $0 as any InputQueue }
    }

    package func logRange(_ partition: TopicPartition) async throws(KafkaError) -> Range<Int64> {
        let (low, high) = try await client(for: partition.topic).watermarks(
            partition, isolation: .readUncommitted)
        return low..<max(low, high)
    }

    package func partitionCount(of topic: String) async throws(KafkaError) -> Int {
        try await client(for: topic).describeTopics([topic])[topic] ?? 0
    }

    private func client(for topic: String) -> AdminClient {
        referenceTopics.contains(topic) ? references : admin
    }

    package func readChangelog(
        _ partition: TopicPartition, from offset: Int64
    ) throws(KafkaError) -> any ChangelogReading {
        ChangelogReader(
            reader: try PartitionReader(
                settings: settings, isolation: .readCommitted, partitions: [partition: offset],
                logger: logger),
            partition: partition, start: offset)
    }
}

private struct ChangelogReader: ChangelogReading {
    let reader: PartitionReader
    let partition: TopicPartition
    let start: Int64

    func next(max: Int, timeout: Duration) async throws(KafkaError) -> RecordBatch? {
        try await reader.next(max: max, timeout: timeout)
    }

    func position() -> Int64 { reader.positions()[partition] ?? start }

    func close() async { await reader.close() }
}
