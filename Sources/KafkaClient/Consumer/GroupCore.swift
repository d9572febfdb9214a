internal import CLibrdkafka
internal import Dispatch
internal import Logging
internal import Synchronization

/// The owning thread of a group consumer and what it shares with its callers.
// Unchecked: `queue` and `queues` are touched by the owning thread only; librdkafka's queues may
// be yielded from any thread.
@safe final class GroupCore: @unchecked Sendable {
    enum Command {
        case rewind(
            [TopicPartition: Int64],
            CheckedContinuation<Result<[TopicPartition: PartitionQueue], KafkaError>, Never>)
        case close
    }

    struct Shared {
        var phase = GroupState.joining
        var handle: Handle?
        var commands: [Command] = []
        var isCloseRequested = false
        var abandoned = false
        /// Signalled to end a wait for the handler early.
        var waiting: DispatchSemaphore?
    }

    let groupID: String
    let limits: ConsumerLimits
    let handler: any AssignmentHandler
    let logger: Logger
    let shared: Mutex<Shared>
    let ended = Gate()
    let wakeLoop: WakeLoop
    private let nudge: FetchNudge
    private let lookups: GroupHandles

    /// The queue that is polled; replaced once, when closing begins.
    private let queue: Mutex<QueueRef>
    private var queues: [TopicPartition: PartitionQueue] = [:]

    // Unchecked: only reached through the mutex; yielding is allowed from any thread.
    @safe private struct QueueRef: @unchecked Sendable {
        var raw: OpaquePointer?
    }

    init(
        handle: Handle, groupID: String, limits: ConsumerLimits, handler: any AssignmentHandler,
        lookups: GroupHandles, logger: Logger
    ) throws(KafkaError) {
        self.groupID = groupID
        self.limits = limits
        self.handler = handler
        self.lookups = lookups
        self.logger = logger
        wakeLoop = try WakeLoop()
        nudge = FetchNudge(handle)
        shared = Mutex(Shared(handle: handle))
        // Errors of the handle itself arrive where the rebalances do.
        unsafe rd_kafka_poll_set_consumer(handle.raw)
        queue = unsafe Mutex(QueueRef(raw: rd_kafka_queue_get_consumer(handle.raw)))
    }

    func start(_ topics: [String]) throws(KafkaError) {
        let handle = try liveHandle("subscribe")
        let list = PartitionList(topics.map { TopicPartition(topic: $0, partition: -1) })
        let code = unsafe rd_kafka_subscribe(handle.raw, list.raw)
        DispatchQueue(label: "handoff.kafka.group").async { self.run(handle) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            abandon()
            throw KafkaError(
                code, operation: "subscribe", subject: topics.joined(separator: ","),
                otherwise: .stop(exitCode: 1))
        }
    }

    func liveHandle(_ operation: String) throws(KafkaError) -> Handle {
        guard let handle = shared.withLock({ $0.handle }) else { throw closedError(operation) }
        return handle
    }

    func closedError(_ operation: String) -> KafkaError {
        KafkaError(
            RD_KAFKA_RESP_ERR__STATE, operation: operation,
            subject: "closed consumer of \(groupID)", otherwise: .stop(exitCode: 1))
    }

    func enqueue(_ command: Command) {
        let refusal = shared.withLock { shared -> KafkaError? in
            if shared.phase == .closed { return closedError("rewind") }
            if case .rewind = command {
                // While a rebalance is handled this thread waits for the handler, and the handler
                // may be the one that asks: each would wait for the other.
                guard case .assigned = shared.phase else { return rebalancingError }
            }
            if case .close = command { shared.isCloseRequested = true }
            shared.commands.append(command)
            return nil
        }
        if let refusal { refuse(command, refusal) } else { yield() }
    }

    /// Ends the thread without a close, whatever it waits for.
    func abandon() {
        let waiting = shared.withLock { shared -> DispatchSemaphore? in
            shared.abandoned = true
            return shared.waiting
        }
        waiting?.signal()
        yield()
    }

    private func yield() {
        queue.withLock { queue in
            if let raw = unsafe queue.raw { unsafe rd_kafka_queue_yield(raw) }
        }
    }

    private func refuse(_ command: Command, _ error: KafkaError) {
        if case .rewind(_, let continuation) = command {
            continuation.resume(returning: .failure(error))
        }
    }

    private var rebalancingError: KafkaError {
        KafkaError(
            RD_KAFKA_RESP_ERR__IN_PROGRESS, operation: "rewind",
            subject: "no current assignment of \(groupID)", otherwise: .retry)
    }

    /// From here until the next assignment has started nothing can be rewound.
    private func beginRebalance() {
        let refused = shared.withLock { shared -> [Command] in
            shared.phase = .rebalancing
            let waiting = shared.commands
            shared.commands = waiting.filter { if case .rewind = $0 { false } else { true } }
            return waiting.filter { if case .rewind = $0 { true } else { false } }
        }
        for command in refused { refuse(command, rebalancingError) }
    }
}

// MARK: the owning thread

extension GroupCore {
    private func run(_ handle: Handle) {
        var closing = false
        while true {
            let (commands, abandoned) = shared.withLock { shared in
                defer { shared.commands = [] }
                return (shared.commands, shared.abandoned)
            }
            for command in commands {
                switch command {
                case .rewind(let offsets, let continuation):
                    continuation.resume(returning: rewind(to: offsets, handle))
                case .close where !closing:
                    closing = true
                    beginClose(handle)
                case .close: break
                }
            }
            // Whatever came while commands ran may have yielded a queue that is polled no more.
            if !commands.isEmpty { continue }
            let closed = unsafe rd_kafka_consumer_closed(handle.raw) != 0
            if abandoned || (closing && closed) { break }
            let polled = unsafe queue.withLock { unsafe Sending($0.raw) }
            guard let event = unsafe rd_kafka_queue_poll(polled.value, -1) else { continue }
            unsafe serve(event, handle)
        }
        tearDown(handle)
    }

    /// Starts leaving; the events of it come through a queue of their own, as the consumer's own
    /// queue cannot be forwarded to itself.
    private func beginClose(_ handle: Handle) {
        let old = unsafe queue.withLock { unsafe Sending($0.raw) }
        // A rebalance left unpolled here makes assign() hang later (librdkafka #4884).
        while let event = unsafe rd_kafka_queue_poll(old.value, 0) {
            unsafe serve(event, handle)
        }
        let fresh = unsafe Sending(rd_kafka_queue_new(handle.raw))
        queue.withLock { unsafe $0.raw = fresh.value }
        if let error = unsafe rd_kafka_consumer_close_queue(handle.raw, fresh.value) {
            let failure = unsafe KafkaError(
                consuming: error, operation: "close consumer", subject: groupID)
            logger.warning("close refused", metadata: ["error": "\(failure)"])
            abandon()
        }
        unsafe rd_kafka_queue_destroy(old.value)
    }

    private func tearDown(_ handle: Handle) {
        closeQueues()
        wakeLoop.stop()
        queue.withLock { queue in
            if let raw = unsafe queue.raw { unsafe rd_kafka_queue_destroy(raw) }
            unsafe queue.raw = nil
        }
        let left = shared.withLock { shared -> [Command] in
            shared.phase = .closed
            shared.handle = nil
            defer { shared.commands = [] }
            return shared.commands
        }
        for command in left { refuse(command, closedError("rewind")) }
        ended.open()
    }

    /// Handles and frees an event, and those that supersede it.
    private func serve(_ event: OpaquePointer, _ handle: Handle) {
        var next: OpaquePointer? = unsafe event
        while let current = unsafe next {
            unsafe next = unsafe answer(current, handle)
            unsafe rd_kafka_event_destroy(current)
        }
    }

    /// Returns an event that has come meanwhile and is to be served at once.
    private func answer(_ event: OpaquePointer, _ handle: Handle) -> OpaquePointer? {
        switch unsafe rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE:
            let code = unsafe rd_kafka_event_error(event)
            let partitions = unsafe PartitionList.entries(
                rd_kafka_event_topic_partition_list(event)
            ).map(\.partition)
            if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                return unsafe assign(partitions, handle)
            }
            // Revoked, or a failure of the rebalance: both are answered by un-assigning.
            revoke(partitions, handle)
        case RD_KAFKA_EVENT_ERROR:
            unsafe report(event, handle)
        default: break
        }
        return nil
    }

    /// The next rebalance if it has come already; errors before it are reported.
    private func nextRebalance(_ handle: Handle) -> OpaquePointer? {
        let polled = unsafe queue.withLock { unsafe Sending($0.raw) }
        while let event = unsafe rd_kafka_queue_poll(polled.value, 0) {
            switch unsafe rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_REBALANCE: return unsafe event
            case RD_KAFKA_EVENT_ERROR: unsafe report(event, handle)
            default: break
            }
            unsafe rd_kafka_event_destroy(event)
        }
        return nil
    }

    private func report(_ event: OpaquePointer, _ handle: Handle) {
        var code = unsafe rd_kafka_event_error(event)
        let fatal = unsafe rd_kafka_event_error_is_fatal(event) != 0
        if fatal { code = unsafe rd_kafka_fatal_error(handle.raw, nil, 0) }
        let reason = unsafe rd_kafka_event_error_string(event).map { unsafe String(cString: $0) }
        var error = KafkaError(
            code, operation: "consume", subject: groupID,
            otherwise: fatal ? .stop(exitCode: 1) : .retry)
        error.reason = reason ?? error.reason
        logger.warning("consumer event", metadata: ["error": "\(error)"])
        if error.consequence != .retry { handler.failed(error) }
    }

    /// Starts an assignment once the coordinator has told where; returns the rebalance that has
    /// made it obsolete, if one has.
    private func assign(_ partitions: [TopicPartition], _ handle: Handle) -> OpaquePointer? {
        let former = shared.withLock { $0.phase }
        beginRebalance()
        // A member that joins again for new metadata is not told to give up what it had, if that
        // was not answered yet (rd_kafka_cgrp_revoke_all_rejoin).
        if case .assigned(let old) = former { giveUp(old, lost: true) }
        let handler = handler
        let offsets = wait(nil) { await handler.assigned(partitions) } ?? [:]
        while !isLeaving {
            do throws(KafkaError) {
                let starts = try starts(of: partitions, offsets)
                if let next = unsafe nextRebalance(handle) { return unsafe next }
                let queues = try assign(starts, handle)
                _ = wait(nil) { await handler.started(queues) }
                shared.withLock { $0.phase = .assigned(partitions) }
                return nil
            } catch {
                logger.warning("not assigned", metadata: ["error": "\(error)"])
                guard error.isPassing else {
                    handler.failed(error)
                    break
                }
            }
            if let next = unsafe nextRebalance(handle) { return unsafe next }
            pause(GroupCore.assignPause)
        }
        // Leaving in order waits for an answer to the assignment.
        if !shared.withLock({ $0.abandoned }) {
            let none = PartitionList([TopicPartition: Int64]())
            unsafe rd_kafka_assign(handle.raw, none.raw)
        }
        return nil
    }

    private static let assignPause = Duration.milliseconds(500)

    private var isLeaving: Bool { shared.withLock { $0.abandoned || $0.isCloseRequested } }

    private func revoke(_ partitions: [TopicPartition], _ handle: Handle) {
        beginRebalance()
        giveUp(partitions, lost: unsafe rd_kafka_assignment_lost(handle.raw) != 0)
        unsafe rd_kafka_assign(handle.raw, nil)
        shared.withLock { $0.phase = .joining }
    }

    private func giveUp(_ partitions: [TopicPartition], lost: Bool) {
        let handler = handler
        let done: Void? = wait(limits.revokeDeadline) {
            await handler.revoked(partitions, lost: lost)
        }
        if done == nil { handler.revokeOverdue(partitions) }
        closeQueues()
    }

    private func rewind(
        to offsets: [TopicPartition: Int64], _ handle: Handle
    ) -> Result<[TopicPartition: PartitionQueue], KafkaError> {
        guard case .assigned(let partitions) = shared.withLock({ $0.phase }) else {
            return .failure(rebalancingError)
        }
        do throws(KafkaError) {
            return .success(try assign(starts(of: partitions, offsets), handle))
        } catch {
            return .failure(error)
        }
    }

    /// Makes the queues, then assigns: in this order nothing reaches the consumer's own queue.
    private func assign(
        _ starts: [TopicPartition: Int64], _ handle: Handle
    ) throws(KafkaError) -> [TopicPartition: PartitionQueue] {
        closeQueues()
        for partition in starts.keys {
            queues[partition] = PartitionQueue(
                partition, handle: handle, wakeLoop: wakeLoop, nudge: nudge)
        }
        let list = PartitionList(starts)
        let code = unsafe rd_kafka_assign(handle.raw, list.raw)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            closeQueues()
            throw KafkaError(
                code, operation: "assign", subject: groupID, otherwise: .stop(exitCode: 1))
        }
        return queues
    }

    /// Where to begin: as given, or at the committed offset, or at the start of the log.
    ///
    /// Left to look for committed offsets itself, librdkafka 2.0.2 never fetches a partition again
    /// if the coordinator refuses the question once, as it does while it moves (#5586), and ends
    /// the process if its connection is lost then and its name not found (#4789). Newer offsets of
    /// an open transaction are not waited for: who takes the records knows where it stands.
    private func starts(
        of partitions: [TopicPartition], _ offsets: [TopicPartition: Int64]
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let unknown = partitions.filter { offsets[$0] == nil }
        var starts = offsets
        if !unknown.isEmpty {
            let found = try lookups.committed(
                unknown, of: groupID, stable: false, Handle.questionTime)
            starts.merge(found) { given, _ in given }
        }
        return Dictionary(
            partitions.map { ($0, starts[$0] ?? Int64(RD_KAFKA_OFFSET_BEGINNING)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Before any un-assign, so that no wake-up of an old owner outlives it.
    private func closeQueues() {
        for queue in queues.values { queue.close() }
        queues = [:]
    }

    /// Whether this thread may wait for `end`, which `abandon` signals then, too.
    private func mayWait(for end: DispatchSemaphore) -> Bool {
        shared.withLock { shared in
            shared.waiting = end
            return !shared.abandoned
        }
    }

    /// Waits, unless the thread is given up meanwhile.
    private func pause(_ time: Duration) {
        let end = DispatchSemaphore(value: 0)
        if mayWait(for: end) { _ = end.wait(timeout: .now() + time.dispatchInterval) }
        shared.withLock { $0.waiting = nil }
    }

    /// Runs the handler's part and blocks this thread until it ends, the deadline, or `abandon`.
    private func wait<Output: Sendable>(
        _ deadline: Duration?, _ body: @escaping @Sendable () async -> Output
    ) -> Output? {
        let done = DispatchSemaphore(value: 0)
        let answer = Answer<Output>()
        guard mayWait(for: done) else { return nil }
        // Owned by this thread, which waits for it below and cancels it when it no longer can.
        let task = Task {
            let output = await body()
            answer.value.withLock { $0 = output }
            done.signal()
        }
        if let deadline {
            _ = done.wait(timeout: .now() + deadline.dispatchInterval)
        } else {
            done.wait()
        }
        shared.withLock { $0.waiting = nil }
        let output = answer.value.withLock { $0 }
        if output == nil { task.cancel() }
        return output
    }
}

/// The output of a handler's task, once it has one.
private final class Answer<Output: Sendable>: Sendable {
    let value = Mutex<Output?>(nil)
}
