/// Waiting for something that only asking again can tell.
package enum Eventually {
    /// It did not happen in time.
    package struct TimedOut: Error, CustomStringConvertible {
        /// What was waited for, and how things stood.
        package let description: String

        /// In the words given.
        package init(description: String) { self.description = description }
    }

    /// The first value that `look` finds; asks every few milliseconds until the time is up.
    ///
    /// - Throws: `TimedOut` with `what` and `state`, or what `look` throws.
    package static func value<Value>(
        _ what: String, within time: Duration, state: () -> String = { "" },
        _ look: () async throws -> Value?
    ) async throws -> Value {
        let clock = ContinuousClock()
        let deadline = clock.now + time
        while true {
            if let value = try await look() { return value }
            guard clock.now < deadline else {
                throw TimedOut(description: "\(what): not within \(time)\n\(state())")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Returns once `condition` holds.
    ///
    /// - Throws: `TimedOut` with `what` and `state`, or what `condition` throws.
    package static func holds(
        _ what: String, within time: Duration, state: () -> String = { "" },
        _ condition: () async throws -> Bool
    ) async throws {
        try await value(what, within: time, state: state) { try await condition() ? () : nil }
    }
}
