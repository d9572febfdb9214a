internal import Dispatch
internal import Synchronization

/// Something that happens once; waiting for it has a deadline.
final class Gate: Sendable {
    private struct State {
        var open = false
        var next = 0
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private let state = Mutex(State())

    var isOpen: Bool { state.withLock { $0.open } }

    /// Lets everyone through, now and later; idempotent.
    func open() {
        let released = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            state.open = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for one in released { one.resume(returning: true) }
    }

    /// Whether it opened within the time.
    func wait(_ time: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            let ticket = state.withLock { state -> Int? in
                if state.open { return nil }
                state.next += 1
                state.waiting[state.next] = continuation
                return state.next
            }
            guard let ticket else {
                continuation.resume(returning: true)
                return
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + time.dispatchInterval) {
                self.state.withLock { $0.waiting.removeValue(forKey: ticket) }?
                    .resume(returning: false)
            }
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, at least 0, for the C calls that take an `int`.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        let value = Double(seconds) * 1_000 + (Double(attoseconds) / 1e15).rounded(.up)
        return Int32(max(0, min(value, Double(Int32.max))))
    }

    var dispatchInterval: DispatchTimeInterval { .milliseconds(Int(milliseconds)) }
}

/// A serial queue on which blocking C calls run, away from the cooperative pool.
final class BlockingLane: Sendable {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    /// Runs the call after all earlier ones and waits for its result without holding a thread.
    func run<Output: Sendable>(
        _ body: @escaping @Sendable () throws(KafkaError) -> Output
    ) async throws(KafkaError) -> Output {
        let result: Result<Output, KafkaError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(KafkaError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Runs the block after all earlier ones; nobody waits.
    func post(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

    /// The same, not before `delay` has passed.
    func post(after delay: Duration, _ body: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + delay.dispatchInterval, execute: body)
    }
}
