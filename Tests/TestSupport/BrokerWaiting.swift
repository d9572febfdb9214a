internal import Synchronization

/// A value that tests wait on: set from anywhere, awaited with a deadline.
package final class Observed<Value: Sendable>: Sendable {
    private struct Waiter {
        var condition: @Sendable (Value) -> Bool
        var continuation: CheckedContinuation<Value?, Never>
    }

    private struct State {
        var value: Value
        var next = 0
        var waiters: [Int: Waiter] = [:]
        /// Deadlines that passed before their waiter had been scheduled.
        var expired: Set<Int> = []
    }

    private let state: Mutex<State>

    /// Starts at `value`.
    package init(_ value: Value) { state = Mutex(State(value: value)) }

    /// The value now.
    package var value: Value { state.withLock { $0.value } }

    /// Changes the value and lets those through whose condition now holds.
    package func update(_ change: (inout Value) -> Void) {
        let (value, ready) = state.withLock { state -> (Value, [Waiter]) in
            change(&state.value)
            let value = state.value
            let ready = state.waiters.filter { $0.value.condition(value) }
            for key in ready.keys { state.waiters.removeValue(forKey: key) }
            return (value, Array(ready.values))
        }
        for waiter in ready { waiter.continuation.resume(returning: value) }
    }

    /// The first value for which the condition holds, or nil when the time passes without one.
    package func wait(
        _ time: Duration = .seconds(90), until condition: @escaping @Sendable (Value) -> Bool
    ) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            let ticket = state.withLock { state -> Int in
                state.next += 1
                return state.next
            }
            group.addTask { await self.arrive(ticket, condition) }
            group.addTask {
                try? await Task.sleep(for: time)
                self.expire(ticket)
                return nil
            }
            var result: Value?
            for await value in group {
                if let value { result = value }
                group.cancelAll()
            }
            return result
        }
    }

    private func arrive(
        _ ticket: Int, _ condition: @escaping @Sendable (Value) -> Bool
    ) async -> Value? {
        await withCheckedContinuation { continuation in
            let (now, waits) = state.withLock { state -> (Value?, Bool) in
                if condition(state.value) { return (state.value, false) }
                if state.expired.remove(ticket) != nil { return (nil, false) }
                state.waiters[ticket] = Waiter(condition: condition, continuation: continuation)
                return (nil, true)
            }
            if !waits { continuation.resume(returning: now) }
        }
    }

    /// Lets the waiter go with nothing, now or when it arrives.
    private func expire(_ ticket: Int) {
        let waiter = state.withLock { state -> Waiter? in
            let waiter = state.waiters.removeValue(forKey: ticket)
            if waiter == nil { state.expired.insert(ticket) }
            return waiter
        }
        waiter?.continuation.resume(returning: nil)
    }
}
