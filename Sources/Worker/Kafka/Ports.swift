package import KafkaClient

/// One input of a lane: the fetched records of one partition, in order.
package protocol InputQueue: Sendable {
    /// Takes up to `max` waiting records; nil when there is nothing. One caller at a time.
    func fetch(max: Int) -> RecordBatch?
    /// Calls `wake` when there may be something to fetch; at once the first time.
    func onReady(_ wake: @escaping @Sendable () -> Void) throws(KafkaError)
    /// The end of the partition as of the last response of the broker, -1001 if unknown.
    func endOffset() -> Int64
}

extension PartitionQueue: InputQueue {}

/// A changelog partition being read, committed records only.
package protocol ChangelogReading: Sendable {
    /// The next records, nil if none came within `timeout`.
    func next(max: Int, timeout: Duration) async throws(KafkaError) -> RecordBatch?
    /// The offset up to which everything was read, markers and aborted records included.
    func position() -> Int64
    /// Ends the reading.
    func close() async
}

/// What the worker asks of Kafka beside its group membership: small, so that a simulator can
/// implement it.
///
/// Every call may fail with a `KafkaError`, sorted by what the worker has to do.
package protocol KafkaPort: Sendable {
    /// Makes the transactional producer ready: fences every earlier holder of its id.
    func initialiseTransactions() async throws(KafkaError)
    /// Opens a transaction.
    func beginTransaction() async throws(KafkaError)
    /// Adds records to it.
    func send(_ records: OutboundRecords) async throws(KafkaError)
    /// Adds the consumed offsets, in the name of the assignment noted last.
    func sendOffsets(_ offsets: [TopicPartition: Int64]) async throws(KafkaError)
    /// Remembers what this member is in its group now, for the offsets of the lanes that begin.
    ///
    /// The broker refuses offsets of an older generation; with metadata fetched when they are sent,
    /// a worker that overslept a rebalance would pass for a member of the new one.
    func noteAssignment() throws(KafkaError)
    /// Makes it visible; a failure does not mean that it is not.
    func commitTransaction() async throws(KafkaError)
    /// Discards it.
    func abortTransaction() async throws(KafkaError)
    /// From the next `recycleProducer` on, records count these topics.
    func use(topics: [String])
    /// Replaces the producer by a new one with the same id, and initialises that.
    func recycleProducer() async throws(KafkaError)
    /// The committed offsets of the group; partitions without one are absent.
    func committed(_ partitions: [TopicPartition]) async throws(KafkaError) -> [TopicPartition:
        Int64]
    /// Starts the assigned partitions again at these offsets, or at the committed ones.
    func rewind(
        to offsets: [TopicPartition: Int64]
    ) async throws(KafkaError) -> [TopicPartition: any InputQueue]
    /// The first offset and the end of a partition's log, uncommitted records included.
    func logRange(_ partition: TopicPartition) async throws(KafkaError) -> Range<Int64>
    /// How many partitions a topic has.
    func partitionCount(of topic: String) async throws(KafkaError) -> Int
    /// Reads the committed records of a partition from an offset, outside the group.
    func readChangelog(
        _ partition: TopicPartition, from offset: Int64
    ) throws(KafkaError) -> any ChangelogReading
}
