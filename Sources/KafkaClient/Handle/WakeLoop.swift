internal import CLibrdkafka
internal import Dispatch
internal import Glibc
internal import Synchronization

/// One thread that waits for any of a set of eventfds and calls what belongs to it.
///
/// librdkafka writes to the descriptor of a queue under that queue's lock
/// (rd_kafka_queue_io_event_enable); everything that follows happens on this thread instead.
final class WakeLoop: Sendable {
    private struct State {
        var handlers: [Int32: @Sendable () -> Void] = [:]
        var ended = false
    }

    private let epoll: Int32
    private let stopper: Int32
    private let state = Mutex(State())

    init() throws(KafkaError) {
        epoll = handoff_epoll_create()
        stopper = handoff_eventfd()
        guard epoll >= 0, stopper >= 0, handoff_epoll_add(epoll, stopper) == 0 else {
            if epoll >= 0 { Glibc.close(epoll) }
            if stopper >= 0 { Glibc.close(stopper) }
            throw WakeLoop.exhausted()
        }
        DispatchQueue(label: "handoff.kafka.wake").async { self.run() }
    }

    /// Makes a descriptor whose writes call `handler` on the loop's thread.
    func add(_ handler: @escaping @Sendable () -> Void) throws(KafkaError) -> Int32 {
        let descriptor = handoff_eventfd()
        guard descriptor >= 0 else { throw WakeLoop.exhausted() }
        let added = state.withLock { state -> Bool in
            guard !state.ended, handoff_epoll_add(epoll, descriptor) == 0 else { return false }
            state.handlers[descriptor] = handler
            return true
        }
        guard added else {
            Glibc.close(descriptor)
            throw WakeLoop.exhausted()
        }
        return descriptor
    }

    /// Forgets and closes a descriptor; its handler may be running for the last time.
    func remove(_ descriptor: Int32) {
        state.withLock { state in
            state.handlers.removeValue(forKey: descriptor)
            // Under the lock, so that `run` cannot look up a number that has been given anew.
            if !state.ended { _ = handoff_epoll_remove(epoll, descriptor) }
            Glibc.close(descriptor)
        }
    }

    /// Makes the descriptor readable, as librdkafka would.
    static func ring(_ descriptor: Int32) {
        var one: UInt64 = 1
        // Only a full counter can fail, and then it is readable already.
        _ = unsafe Glibc.write(descriptor, &one, 8)
    }

    /// Ends the thread, after the handler that may be running.
    func stop() {
        state.withLock { $0.ended = true }
        WakeLoop.ring(stopper)
    }

    private func run() {
        var ready = [Int32](repeating: -1, count: 32)
        while true {
            let count = unsafe handoff_epoll_wait(epoll, &ready)
            if count < 0, errno != EINTR { break }
            for descriptor in ready.prefix(Int(max(0, count))) {
                let handler = state.withLock { state -> (@Sendable () -> Void)? in
                    guard let handler = state.handlers[descriptor] else { return nil }
                    var counter: UInt64 = 0
                    // Before the call: a write that comes while it runs must wake again.
                    _ = unsafe Glibc.read(descriptor, &counter, 8)
                    return handler
                }
                handler?()
            }
            if state.withLock({ $0.ended }) { break }
        }
        Glibc.close(epoll)
        Glibc.close(stopper)
    }

    private static func exhausted() -> KafkaError {
        KafkaError(
            code: -1, operation: "make a wake-up descriptor", subject: "eventfd",
            reason: unsafe String(cString: strerror(errno)), consequence: .stop(exitCode: 1),
            remedy: "raise the limit of open files")
    }
}
