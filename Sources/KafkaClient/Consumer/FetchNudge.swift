internal import CLibrdkafka
internal import Synchronization

/// Makes librdkafka look again whether it may fetch.
///
/// When every queue of a broker is above its limit, 2.0.2's broker thread sleeps up to a second,
/// however soon the queues are drained (https://github.com/confluentinc/librdkafka/issues/2879;
/// `rd_kafka_broker_consumer_serve`). Measured on its mock cluster: 90,000 records through queues
/// of 1,000 took 12 s, 11.9 s of that asleep. Any request to the broker ends the sleep, so one is
/// made when a queue runs low while its log goes on; larger queues would cost memory instead.
final class FetchNudge: Sendable {
    private struct State {
        var busy = false
        /// What asked while one was under way: skipping it would mean a second of silence.
        var next: (TopicPartition, Handle)?
    }

    private let lane = BlockingLane("handoff.kafka.nudge")
    private let state = Mutex(State())
    /// Below this many queued records a queue runs low.
    private let low: Int
    /// Bounds the requests to a hundred a second.
    private let interval: Duration = .milliseconds(10)

    init(_ handle: Handle) {
        var text = [CChar](repeating: 0, count: 32)
        var size = text.count
        _ = unsafe rd_kafka_conf_get(
            rd_kafka_conf(handle.raw), "queued.min.messages", &text, &size)
        let digits = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        low = (Int(String(decoding: digits, as: UTF8.self)) ?? 10_000) / 2
    }

    /// To be called after taking from `queue`, with the offset that comes after what was taken.
    func taken(
        from queue: OpaquePointer, upTo position: Int64, of partition: TopicPartition,
        _ handle: Handle
    ) {
        let left = unsafe rd_kafka_queue_length(queue)
        guard left < low, position >= 0 else { return }
        var first: Int64 = 0
        var end: Int64 = 0
        let code = unsafe rd_kafka_get_watermark_offsets(
            handle.raw, partition.topic, partition.partition, &first, &end)
        // What is queued and what lies beyond it: at the end there is nothing to be fetched.
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, position + Int64(left) < end else { return }
        ask(partition, handle)
    }

    private func ask(_ partition: TopicPartition, _ handle: Handle) {
        let free = state.withLock { state -> Bool in
            if state.busy {
                state.next = (partition, handle)
                return false
            }
            state.busy = true
            return true
        }
        if free { send(partition, handle) }
    }

    /// Runs on a lane of its own, since the answer, which does not matter, may wait behind a fetch.
    private func send(_ partition: TopicPartition, _ handle: Handle) {
        lane.post {
            let list = PartitionList([partition: Int64(RD_KAFKA_OFFSET_END)])
            _ = unsafe rd_kafka_offsets_for_times(handle.raw, list.raw, 1_000)
            self.lane.post(after: self.interval) { self.finish() }
        }
    }

    private func finish() {
        let next = state.withLock { state -> (TopicPartition, Handle)? in
            defer { state.next = nil }
            state.busy = state.next != nil
            return state.next
        }
        if let (partition, handle) = next { send(partition, handle) }
    }
}
