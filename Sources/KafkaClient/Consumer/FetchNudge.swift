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
        var last: ContinuousClock.Instant?
    }

    private let lane = BlockingLane("handoff.kafka.nudge")
    private let state = Mutex(State())
    /// Below this many queued records a queue runs low.
    private let low: Int
    private let interval: Duration = .milliseconds(20)

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
        let now = ContinuousClock.now
        let go = state.withLock { state -> Bool in
            if state.busy { return false }
            if let last = state.last, now - last < interval { return false }
            state.busy = true
            state.last = now
            return true
        }
        guard go else { return }
        lane.post {
            var first: Int64 = 0
            var end: Int64 = 0
            // The answer does not matter; it may wait behind a fetch, hence the lane of its own.
            _ = unsafe rd_kafka_query_watermark_offsets(
                handle.raw, partition.topic, partition.partition, &first, &end, 1_000)
            self.state.withLock { $0.busy = false }
        }
    }
}
