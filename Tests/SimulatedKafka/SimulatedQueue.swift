import KafkaClient
import ReferenceModel
import Worker

/// The fetched records of one partition of one assignment.
///
/// What the broker has can be fetched at once, so that the lanes take the records in the order of
/// their timestamps and outputs can be compared byte by byte; only the wake-ups come late.
// Unchecked: used on the scheduler's thread only.
final class SimulatedQueue: InputQueue, @unchecked Sendable {
    let partition: TopicPartition
    private let cluster: SimulatedCluster
    private let failure: @Sendable () -> KafkaError?
    private let start: Int64?
    private var position: Int64?
    private var endTold: Int64 = -1
    private var watcher: Int?
    private var wake: (@Sendable () -> Void)?
    private(set) var isClosed = false

    init(
        _ partition: TopicPartition, cluster: SimulatedCluster, start: Int64?,
        failure: @escaping @Sendable () -> KafkaError?
    ) {
        self.partition = partition
        self.cluster = cluster
        self.start = start
        self.failure = failure
    }

    /// Fetching begins where it was told, at the committed offset, or at the start of the log.
    func begin(at committed: Int64?) {
        guard position == nil else { return }
        let log = cluster.log(partition)
        position = max(start ?? committed ?? log.start, log.start)
        wake?()
    }

    func close() {
        isClosed = true
        if let watcher { cluster.unwatch(partition, watcher) }
        watcher = nil
        wake = nil
    }

    func fetch(max: Int) -> RecordBatch? {
        guard !isClosed, let position else { return nil }
        let log = cluster.log(partition)
        if let failure = failure() {
            wakeSoon()
            guard failure.isOfUnreadableRecords else {
                return RecordBatch(records: [], failure: failure)
            }
            // As librdkafka does: what came before, and on from wherever the wrong bytes lead.
            let before = log.committed(
                from: position, max: cluster.scheduler.draw { $0.number(0...3) })
            self.position = cluster.scheduler.draw { random in
                Int64(random.number(Int(log.start)...Swift.max(Int(log.start), Int(log.end))))
            }
            return RecordBatch(records: before, topics: [partition.topic], failure: failure)
        }
        let size = min(max, cluster.scheduler.draw { $0.number(1...40) })
        let records = log.committed(from: position, max: size)
        let end = log.lastStable
        if let last = records.last {
            self.position = last.offset + 1
            if records.count == size || last.offset + 1 < end { wakeSoon() }
            return RecordBatch(records: records, topics: [partition.topic])
        }
        guard end != endTold else { return nil }
        endTold = end
        self.position = Swift.max(position, end)
        return RecordBatch(
            records: [], topics: [partition.topic],
            ends: [PartitionEnd(partition: partition.partition, offset: end)])
    }

    private func wakeSoon() {
        cluster.scheduler.after(.milliseconds(1)) { [weak self] in self?.wake?() }
    }

    func onReady(_ wake: @escaping @Sendable () -> Void) {
        guard !isClosed else { return }
        self.wake = wake
        if watcher == nil {
            watcher = cluster.watch(partition) { [weak self] in self?.wake?() }
        }
        wake()
    }

    func endOffset() -> Int64 {
        position == nil || isClosed ? -1001 : cluster.log(partition).end
    }
}

/// A partition being read by itself, committed records only.
// Unchecked: used on the scheduler's thread only.
final class SimulatedReader: ChangelogReading, @unchecked Sendable {
    private let partition: TopicPartition
    private let port: SimulatedPort
    private var next: Int64
    private var endTold: Int64 = -1

    init(_ partition: TopicPartition, from offset: Int64, port: SimulatedPort) {
        self.partition = partition
        self.port = port
        next = offset
    }

    func next(max: Int, timeout: Duration) async throws(KafkaError) -> RecordBatch? {
        try await port.answer(.read) { [self] () throws(KafkaError) -> RecordBatch? in
            var left = timeout
            while true {
                if let batch = take(max) { return batch }
                guard left > .zero else { return nil }
                let pause = min(left, .milliseconds(25))
                left -= pause
                try await port.pause(pause)
            }
        }
    }

    private func take(_ max: Int) -> RecordBatch? {
        let log = port.cluster.log(partition)
        let size = min(max, port.cluster.scheduler.draw { $0.number(1...200) })
        let records = log.committed(from: next, max: size)
        if let last = records.last {
            next = last.offset + 1
            return RecordBatch(records: records, topics: [partition.topic])
        }
        let end = log.lastStable
        guard end != endTold, end > next || endTold < 0 else { return nil }
        endTold = end
        next = Swift.max(next, end)
        return RecordBatch(
            records: [], topics: [partition.topic],
            ends: [PartitionEnd(partition: partition.partition, offset: end)])
    }

    func position() -> Int64 { next }

    func close() async {}
}
