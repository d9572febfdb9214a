import Synchronization

/// A wake-up that is set again and again, without leaving a trail of alarms behind.
///
/// Only a time earlier than the one that is set already makes a new alarm; an alarm cannot be taken
/// back, so a later one that was set before still rings, once, for nothing.
final class Alarm<Time: Comparable & Sendable>: Sendable {
    private let pending = Mutex<Time?>(nil)

    /// Rings at `time` or before.
    ///
    /// - Parameters:
    ///   - arm: asks a clock to call the closure it is given at `time`, on any thread.
    ///   - wake: called when the alarm rings.
    func set(
        for time: Time, wake: @escaping @Sendable () -> Void,
        arm: (@escaping @Sendable () -> Void) -> Void
    ) {
        let isEarlier = pending.withLock { pending in
            if let pending, pending <= time { return false }
            pending = time
            return true
        }
        guard isEarlier else { return }
        // The clock may hold the closure for days; the lane that set it may be long gone.
        arm { [weak self] in
            self?.pending.withLock { if $0 == time { $0 = nil } }
            wake()
        }
    }
}
