package import KafkaClient
import ReferenceModel

/// A whole Kafka in memory: logs, the transaction coordinator and one consumer group.
///
/// Follows the rules of Apache Kafka 4.0 as far as a worker can tell the difference; what it leaves
/// out is listed in Sources/Decisions.md.
// Unchecked: used on the scheduler's thread only.
package final class SimulatedCluster: @unchecked Sendable {
    /// Bounds of the broker's, in virtual time.
    package struct Settings: Sendable {
        /// When an abandoned transaction is aborted.
        package var transactionTimeout = Duration.seconds(15)
        /// When a silent member is thrown out.
        package var sessionTimeout = Duration.seconds(10)
        /// How long a rebalance waits for members to join again.
        package var rebalanceTimeout = Duration.seconds(40)
        /// How many partitions the inputs and the changelog have.
        package var lanes: Int32 = 3

        /// The defaults.
        package init() {}
    }

    package let settings: Settings
    package let scheduler: Scheduler
    /// The one consumer group.
    package let group: GroupCoordinator
    var logs: [TopicPartition: PartitionLog] = [:]
    private var partitionCounts: [String: Int] = [:]
    var watchers: [TopicPartition: [Int: @Sendable () -> Void]] = [:]
    private var watchersMade = 0
    var producers: [String: TransactionalProducerState] = [:]
    var transactionsBegun = 0
    /// What went against a rule that no worker may break; empty if all is well.
    package internal(set) var violations: [String] = []

    /// An empty cluster.
    package init(settings: Settings, scheduler: Scheduler) {
        self.settings = settings
        self.scheduler = scheduler
        group = GroupCoordinator(settings: settings, scheduler: scheduler)
    }

    /// Makes a topic.
    package func create(_ topic: String, partitions: Int) {
        partitionCounts[topic] = partitions
        for number in 0..<Int32(partitions) {
            logs[TopicPartition(topic: topic, partition: number)] = PartitionLog()
        }
    }

    /// How many partitions a topic has, 0 if there is no such topic.
    package func partitionCount(of topic: String) -> Int { partitionCounts[topic] ?? 0 }

    /// The log of a partition.
    package func log(_ partition: TopicPartition) -> PartitionLog {
        logs[partition] ?? PartitionLog()
    }

    /// All topics, sorted.
    package var topics: [String] { partitionCounts.keys.sorted() }

    /// Appends a record outside any transaction, as the producers of the inputs do.
    package func append(_ record: StoredRecord, to partition: TopicPartition) {
        logs[partition]?.append(record, partition: partition.partition, transaction: nil)
        wake(partition)
    }

    /// Compacts a partition below an offset; with `dropsDeletions` as long after the last record
    /// as deletions are kept.
    package func compact(
        _ partition: TopicPartition, below limit: Int64, dropsDeletions: Bool = false
    ) {
        logs[partition]?.compact(below: limit, dropsDeletions: dropsDeletions)
    }

    // MARK: Readers

    /// Calls `body` soon after every change of a partition; returns the number to stop it with.
    func watch(_ partition: TopicPartition, _ body: @escaping @Sendable () -> Void) -> Int {
        watchersMade += 1
        watchers[partition, default: [:]][watchersMade] = body
        return watchersMade
    }

    func unwatch(_ partition: TopicPartition, _ number: Int) {
        watchers[partition]?[number] = nil
    }

    func wake(_ partition: TopicPartition) {
        for (_, body) in (watchers[partition] ?? [:]).sorted(by: { $0.key < $1.key }) {
            let delay = scheduler.draw { $0.number(0...2_000) }
            scheduler.after(.microseconds(delay), body)
        }
    }
}

/// What a broker answers to a request.
package enum BrokerAnswer: Sendable, Equatable {
    /// Done.
    case done
    /// Not now; the client asks again.
    case wait
    /// The producer's epoch is over.
    case fenced
    /// There is no such transaction: for the client a fatal error.
    case invalidState
    /// The member or its generation is not that of the group any more.
    case staleMember
}
