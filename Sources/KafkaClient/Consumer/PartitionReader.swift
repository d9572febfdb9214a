internal import CLibrdkafka
package import Logging
internal import Synchronization

/// Reads given partitions from given offsets, outside any group: restores, references, reports.
///
/// Nothing is committed. Blocking calls run on a thread of its own.
package final class PartitionReader: Sendable {
    /// Which records are shown.
    package enum Isolation: String, Sendable {
        /// Only those of committed transactions; the end is the last stable offset.
        case readCommitted = "read_committed"
        /// All; the end is the real end of the log.
        case readUncommitted = "read_uncommitted"
    }

    /// The topics that `RecordBatch.topic(at:)` counts, sorted.
    package let topics: [String]
    private let core: ReaderCore
    private let lane = BlockingLane("handoff.kafka.reader")

    /// Makes the handle and starts fetching each partition at its offset.
    ///
    /// An offset outside the log begins at the earliest record, so compare with the watermarks
    /// first where that matters. `groupID` is only named to the broker (librdkafka cannot assign
    /// without one); it defaults to the client id with `-reader`.
    package init(
        settings: ClientSettings, isolation: Isolation, partitions: [TopicPartition: Int64],
        groupID: String? = nil, logger: Logger
    ) throws(KafkaError) {
        topics = Set(partitions.keys.map(\.topic)).sorted()
        let required = [
            ("group.id", groupID ?? settings.clientID + "-reader"),
            ("isolation.level", isolation.rawValue),
        ]
        let handle = try Handle(.reader, settings: settings, required: required, logger: logger)
        core = ReaderCore(handle: handle, topics: topics, positions: partitions)
        try core.assign(partitions)
    }

    deinit {
        let core = core
        core.cancel()
        lane.post { core.close() }
    }

    /// Waits for the first record (or end of a partition) and takes up to `max` that are there.
    ///
    /// Nil when `timeout` passes or `cancelWait` is called. Throws with `.retry` for a passing
    /// failure, after which reading goes on by itself. Unreadable records are such a failure:
    /// they are fetched again, and with `.stop` they are given up, see `Rereading`.
    package func next(max: Int, timeout: Duration) async throws(KafkaError) -> RecordBatch? {
        let core = core
        return try await lane.run { () throws(KafkaError) -> RecordBatch? in
            try core.next(max: max, timeout: timeout)
        }
    }

    /// The offset after the last record handed out, or the end passed since, by partition.
    ///
    /// An end lies beyond markers and aborted records, so with `readCommitted` a partition has
    /// been read to its end when its position has reached that, not the last record's.
    package func positions() -> [TopicPartition: Int64] { core.state.withLock { $0.positions } }

    /// The last end of each partition that has been met.
    package func ends() -> [TopicPartition: Int64] { core.state.withLock { $0.ends } }

    /// Makes a waiting `next` return nil now (or else the next call).
    package func cancelWait() { core.cancel() }

    /// Stops fetching and frees the handle, once batches still in use have gone.
    package func close() async {
        let core = core
        core.cancel()
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            lane.post {
                core.close()
                done.resume()
            }
        }
    }
}

/// The part that runs on the reader's thread.
// Unchecked: what is not locked is used on the reader's serial lane only.
@safe private final class ReaderCore: @unchecked Sendable {
    // Unchecked: only reached through the mutex; a queue may be yielded from any thread.
    @safe struct State: @unchecked Sendable {
        var handle: Handle?
        var queue: OpaquePointer?
        var positions: [TopicPartition: Int64]
        var ends: [TopicPartition: Int64] = [:]
    }

    let state: Mutex<State>
    private let topics: [String]
    private let nudge: FetchNudge
    private var known: [Int: Int32] = [:]
    private var last: (topic: Int, index: Int32)?
    private var rereading = Rereading()
    /// Nothing is assigned until then.
    private var resumption: ContinuousClock.Instant?
    /// Found behind records that were handed out first.
    private var pendingFailure: KafkaError?

    init(handle: Handle, topics: [String], positions: [TopicPartition: Int64]) {
        self.topics = topics
        nudge = FetchNudge(handle)
        unsafe rd_kafka_poll_set_consumer(handle.raw)
        state = unsafe Mutex(
            State(
                handle: handle, queue: rd_kafka_queue_get_consumer(handle.raw),
                positions: positions))
    }

    func assign(_ partitions: [TopicPartition: Int64]) throws(KafkaError) {
        guard let handle = state.withLock({ $0.handle }) else { return }
        let list = PartitionList(partitions)
        let code = unsafe rd_kafka_assign(handle.raw, list.raw)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError(
                code, operation: "assign", subject: topics.joined(separator: ","),
                otherwise: .stop(exitCode: 1))
        }
    }

    func cancel() {
        state.withLock { state in
            if let queue = unsafe state.queue { unsafe rd_kafka_queue_yield(queue) }
        }
    }

    func close() {
        state.withLock { state in
            guard let queue = unsafe state.queue, let handle = state.handle else { return }
            unsafe rd_kafka_assign(handle.raw, nil)
            unsafe rd_kafka_queue_destroy(queue)
            unsafe state.queue = nil
            state.handle = nil
        }
    }

    func next(max: Int, timeout: Duration) throws(KafkaError) -> RecordBatch? {
        let (handle, held) = unsafe state.withLock { unsafe ($0.handle, Sending($0.queue)) }
        guard let handle, let queue = unsafe held.value, max > 0 else { return nil }
        if let pendingFailure {
            self.pendingFailure = nil
            throw pendingFailure
        }
        guard try unsafe hasResumed(queue, timeout) else { return nil }
        // One record first: a batch call would wait the whole time for the batch to be full.
        guard let first = unsafe rd_kafka_consume_queue(queue, timeout.milliseconds) else {
            return nil
        }
        let messages = UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
            .allocate(capacity: max)
        unsafe messages[0] = unsafe first
        var used = 1
        if max > 1 {
            let more = unsafe rd_kafka_consume_batch_queue(queue, 0, messages + 1, max - 1)
            used += Swift.max(0, more)
        }
        let batch = unsafe RecordBatch(
            taking: messages, used: used, topics: topics, handle: handle,
            topicIndex: { unsafe self.index(of: $0) })
        note(batch)
        if batch.count > 0 {
            let last = batch.count - 1
            let partition = TopicPartition(
                topic: topics[Int(batch.topic(at: last))], partition: batch.partition(at: last))
            unsafe nudge.taken(
                from: queue, upTo: batch.offset(at: last) + 1, of: partition, handle)
        }
        guard let failure = try failure(in: batch, handle) else { return batch }
        if batch.count == 0, batch.ends.isEmpty { throw failure }
        pendingFailure = failure
        return batch
    }

    /// What is to be thrown of a batch; stops fetching if it has unreadable records.
    private func failure(
        in batch: RecordBatch, _ handle: Handle
    ) throws(KafkaError) -> KafkaError? {
        guard let failure = batch.failure else { return nil }
        guard let partition = batch.unreadable else { return failure }
        let position = state.withLock { $0.positions[partition] } ?? 0
        let records = UnreadableRecords(failure, of: partition, from: position)
        let verdict = rereading.verdict(on: records)
        if case .again(let pause) = verdict { resumption = .now + pause }
        // What is queued already may lie behind a gap; un-assigned, it is never shown.
        unsafe rd_kafka_assign(handle.raw, nil)
        return records.error(verdict)
    }

    /// Whether there is an assignment; made again at the positions when its time has come.
    private func hasResumed(
        _ queue: OpaquePointer, _ timeout: Duration
    ) throws(KafkaError) -> Bool {
        guard let resumption else { return true }
        let left = resumption - .now
        if left > .zero {
            // A wait that `cancel` can end; of what was un-assigned nothing is taken.
            let wait = Swift.min(left, timeout).milliseconds
            if let stale = unsafe rd_kafka_consume_queue(queue, wait) {
                unsafe rd_kafka_message_destroy(stale)
            }
            if resumption > .now { return false }
        }
        self.resumption = nil
        try assign(state.withLock { $0.positions })
        return true
    }

    private func note(_ batch: RecordBatch) {
        state.withLock { state in
            var index = 0
            while index < batch.count {
                let topic = batch.topic(at: index)
                let partition = batch.partition(at: index)
                var last = index
                while last + 1 < batch.count, batch.partition(at: last + 1) == partition,
                    batch.topic(at: last + 1) == topic
                { last += 1 }
                let name = TopicPartition(topic: topics[Int(topic)], partition: partition)
                state.positions[name] = batch.offset(at: last) + 1
                index = last + 1
            }
            for end in batch.ends {
                let name = TopicPartition(topic: topics[Int(end.topic)], partition: end.partition)
                state.ends[name] = end.offset
                state.positions[name] = max(end.offset, state.positions[name] ?? 0)
            }
        }
    }

    /// By the topic handle, which is one and the same for all records of a topic.
    private func index(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> Int32 {
        guard let handle = unsafe message.pointee.rkt else { return 0 }
        let topic = Int(bitPattern: handle)
        if let last, last.topic == topic { return last.index }
        let index: Int32
        if let found = known[topic] {
            index = found
        } else {
            let name = unsafe String(cString: rd_kafka_topic_name(handle))
            index = Int32(topics.firstIndex(of: name) ?? 0)
            known[topic] = index
        }
        last = (topic, index)
        return index
    }
}
