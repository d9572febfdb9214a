internal import CLibrdkafka
internal import Synchronization

/// The fetched records of one assigned partition, apart from those of every other.
///
/// A queue belongs to one assignment: a rewind or a rebalance closes it, after which `fetch`
/// returns nil and no more wake-ups come. The rule against lost wake-ups: **after each wake-up
/// call `fetch` until it returns nil**, and only then wait for the next one.
@safe package final class PartitionQueue: Sendable {
    /// The partition.
    package let topicPartition: TopicPartition

    private let handle: Handle
    private let wakeLoop: WakeLoop
    private let nudge: FetchNudge
    private let state: Mutex<State>
    private let topics: [String]

    // Unchecked: only reached through the mutex.
    @safe private struct State: @unchecked Sendable {
        var queue: OpaquePointer?
        var descriptor: Int32 = -1
        /// The offset after the last record taken; -1 before the first.
        var position: Int64 = -1
    }

    /// Un-forwards the queue of the partition; to be made before `rd_kafka_assign`.
    ///
    /// Forwarding to nothing sets `Q_F_FWD_APP`, which keeps librdkafka from forwarding the queue
    /// to the consumer's when the partition starts (rdkafka_partition.c:2167).
    init?(
        _ partition: TopicPartition, handle: Handle, wakeLoop: WakeLoop, nudge: FetchNudge
    ) {
        guard
            let queue = unsafe rd_kafka_queue_get_partition(
                handle.raw, partition.topic, partition.partition)
        else { return nil }
        unsafe rd_kafka_queue_forward(queue, nil)
        topicPartition = partition
        topics = [partition.topic]
        self.handle = handle
        self.wakeLoop = wakeLoop
        self.nudge = nudge
        state = unsafe Mutex(State(queue: queue))
    }

    deinit { close() }

    /// Takes up to `max` waiting records without blocking; nil when there is nothing.
    ///
    /// A batch may hold no record but the end of the partition, or a failure. Not to be called by
    /// two callers at once, since the order of batches would be lost.
    package func fetch(max: Int) -> RecordBatch? {
        state.withLock { state in
            guard let queue = unsafe state.queue, max > 0 else { return nil }
            let messages = UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
                .allocate(capacity: max)
            let used = unsafe rd_kafka_consume_batch_queue(queue, 0, messages, max)
            guard used > 0 else {
                unsafe messages.deallocate()
                unsafe nudge.taken(
                    from: queue, upTo: state.position, of: topicPartition, handle)
                return nil
            }
            // librdkafka signals only the change from empty to not empty, and what is left in the
            // queue now hides it.
            if used == max, state.descriptor >= 0 { WakeLoop.ring(state.descriptor) }
            let batch = unsafe RecordBatch(
                taking: messages, used: used, topics: topics, handle: handle,
                topicIndex: { _ in 0 })
            if batch.count > 0 { state.position = batch.offset(at: batch.count - 1) + 1 }
            unsafe nudge.taken(from: queue, upTo: state.position, of: topicPartition, handle)
            return batch
        }
    }

    /// Calls `wake` from the wake-up thread when there is something to fetch.
    ///
    /// Called once at once, whether or not anything waits: entries left from an earlier ownership
    /// would otherwise keep the queue not empty, and no edge would ever come (a lane silently
    /// dead). `wake` must not block. A second call replaces the first.
    package func onReady(_ wake: @escaping @Sendable () -> Void) throws(KafkaError) {
        let descriptor = try wakeLoop.add(wake)
        let old = state.withLock { state -> Int32 in
            guard let queue = unsafe state.queue else { return descriptor }
            var one: UInt64 = 1
            unsafe rd_kafka_queue_io_event_enable(queue, descriptor, &one, 8)
            defer { state.descriptor = descriptor }
            return state.descriptor
        }
        if old >= 0 { wakeLoop.remove(old) }
        if old != descriptor { WakeLoop.ring(descriptor) }
    }

    /// The high watermark as of the last fetch response, or -1001 before the first one.
    ///
    /// Counts transaction markers and records that are not yet committed, so a `read_committed`
    /// reader may end below it: the end of partition in a batch says that it has caught up.
    package func endOffset() -> Int64 {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = unsafe rd_kafka_get_watermark_offsets(
            handle.raw, topicPartition.topic, topicPartition.partition, &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? high : Int64(RD_KAFKA_OFFSET_INVALID)
    }

    /// Whether the assignment it belonged to has ended.
    package var isClosed: Bool { state.withLock { unsafe $0.queue == nil } }

    /// Ends wake-ups and lets the queue go; to be called before the partition is un-assigned.
    func close() {
        let descriptor = state.withLock { state -> Int32 in
            guard let queue = unsafe state.queue else { return -1 }
            // First, so that librdkafka never writes to a number that means another file by then.
            unsafe rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
            unsafe rd_kafka_queue_destroy(queue)
            unsafe state.queue = nil
            defer { state.descriptor = -1 }
            return state.descriptor
        }
        if descriptor >= 0 { wakeLoop.remove(descriptor) }
    }
}
