import Dispatch

/// Runs blocking work apart from the lanes, one piece after the other.
///
/// A door for the simulator, which runs everything on one thread in virtual time.
package protocol BackgroundQueue: Sendable {
    /// Runs `body` once, after everything handed over before it.
    func run(_ body: @escaping @Sendable () -> Void)
    /// One more queue of the kind, for work that is not to wait for this one's.
    func another() -> any BackgroundQueue
}

/// A thread of the machine.
package struct DispatchBackgroundQueue: BackgroundQueue {
    private let queue = DispatchQueue(label: "handoff.flush")

    /// A queue of its own.
    package init() {}

    package func run(_ body: @escaping @Sendable () -> Void) {
        queue.async(execute: body)
    }

    package func another() -> any BackgroundQueue { DispatchBackgroundQueue() }
}
