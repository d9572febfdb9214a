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
        _ time: Duration = .seconds(30), until condition: @escaping @Sendable (Value) -> Bool
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
            let now = state.withLock { state -> Value? in
                if condition(state.value) { return state.value }
                state.waiters[ticket] = Waiter(condition: condition, continuation: continuation)
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    /// Removes the waiter; one that has not arrived yet is let in by its own condition or never,
    /// so the deadline is at least as long as scheduling takes.
    private func expire(_ ticket: Int) {
        state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation
            .resume(returning: nil)
    }
}
