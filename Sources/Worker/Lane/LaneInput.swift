import KafkaClient
import Qualification

/// One input of a running lane: its queue, the batch in hand, and how far the lane has come.
struct LaneInput {
    let source: EventSource
    let partition: TopicPartition
    private let queue: any InputQueue
    private(set) var batch: RecordBatch?
    private(set) var place = 0
    /// The offset to commit: after the last record taken, or a later end of the partition.
    private(set) var position: Int64
    /// Records before this one are already part of the state.
    private let start: Int64
    private var lastEnd: Int64 = -1
    private var pendingFailure: KafkaError?
    private(set) var hasAnswered = false

    /// Starts at `start`, or wherever the queue begins if that is nil.
    init(source: EventSource, partition: TopicPartition, queue: any InputQueue, start: Int64?) {
        self.source = source
        self.partition = partition
        self.queue = queue
        self.start = start ?? 0
        position = start ?? -1
    }

    /// The timestamp of the first waiting record; negative if it has none.
    var head: Int64 {
        guard let batch, place < batch.count else { return LaneMerge.nothing }
        return max(-1, min(batch.timestamp(at: place), LaneMerge.nothing - 1))
    }

    /// Whether everything that the broker had was taken, as far as the lane can know.
    var isAtEnd: Bool {
        if lastEnd >= 0, lastEnd == position { return true }
        let end = queue.endOffset()
        return end >= 0 && position >= end
    }

    /// Records that were not taken yet, by what the broker last said; nil if it has not answered.
    var waiting: Int64? {
        let end = Swift.max(lastEnd, queue.endOffset())
        return end < 0 ? nil : Swift.max(0, end - Swift.max(position, start))
    }

    /// Takes the next batch from the queue if the one in hand is used up.
    ///
    /// - Throws: the failure that the broker reported for the partition; `UnreadableRecords`.
    mutating func refill(max: Int) throws {
        while batch.map({ place >= $0.count }) ?? true {
            if let pendingFailure {
                if pendingFailure.isOfUnreadableRecords {
                    throw UnreadableRecords(pendingFailure, of: partition, from: position)
                }
                if pendingFailure.consequence != .retry { throw pendingFailure }
            }
            guard let next = queue.fetch(max: max) else {
                batch = nil
                return
            }
            hasAnswered = true
            batch = next
            place = 0
            while place < next.count, next.offset(at: place) < start { place += 1 }
            if place < next.count, next.offset(at: place) < position {
                let found = KafkaError.recordOutOfOrder(next.offset(at: place), in: partition)
                throw UnreadableRecords(found, of: partition, from: position)
            }
            // librdkafka reports it once, after the records that it came with.
            pendingFailure = next.failure
            if next.count == 0, let end = next.endOffsetSeen { reachedEnd(end) }
        }
    }

    /// Goes on behind the first waiting record.
    mutating func advance() {
        guard let batch else { return }
        position = batch.offset(at: place) + 1
        place += 1
        if place == batch.count, let end = batch.endOffsetSeen { reachedEnd(end) }
    }

    private mutating func reachedEnd(_ end: Int64) {
        // An end lies behind markers and aborted records; committing it makes the lag read zero.
        lastEnd = Swift.max(lastEnd, end)
        position = Swift.max(position, end)
    }
}
