import KafkaClient
import Synchronization
import TestSupport

/// A reader that follows the outputs live, as sales tooling does, and counts what it is shown.
final class Tail: Sendable {
    private let reader: PartitionReader
    private let counts = Mutex<[TopicPartition: Int]>([:])
    private let isStopping = Atomic(false)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ stage: Stage) throws {
        let partitions = stage.partitions(of: stage.outputs)
        reader = try PartitionReader(
            settings: stage.broker.settings(), isolation: .readCommitted,
            partitions: Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }),
            logger: .silent)
        task.withLock { task in task = Task { await self.follow() } }
    }

    private func follow() async {
        while !isStopping.load(ordering: .acquiring) {
            guard
                let batch = try? await reader.next(max: 10_000, timeout: .milliseconds(200))
            else { continue }
            counts.withLock { counts in
                for place in 0..<batch.count {
                    let partition = TopicPartition(
                        topic: batch.topics[Int(batch.topic(at: place))],
                        partition: batch.partition(at: place))
                    counts[partition, default: 0] += 1
                }
            }
        }
    }

    /// Goes on until `ends` are reached, then tells how many records each partition has shown.
    func finish(_ stage: Stage) async throws -> [TopicPartition: Int] {
        for partition in stage.partitions(of: stage.outputs) {
            let end = try await stage.admin.watermarks(partition, isolation: .readCommitted).high
            try await Eventually.holds("\(partition) followed to \(end)", within: .seconds(90)) {
                (self.reader.positions()[partition] ?? 0) >= end
            }
        }
        isStopping.store(true, ordering: .releasing)
        await task.withLock { $0 }?.value
        await reader.close()
        return counts.withLock { $0 }
    }
}
