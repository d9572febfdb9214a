import Dispatch
import Foundation

/// The time, and alarms: everything in the worker that depends on a clock goes through here.
package protocol WorkerClock: Sendable {
    /// Milliseconds since 1970 by the wall clock, which may jump.
    func wallMilliseconds() -> Int64
    /// A time that never goes back, for measuring how long something took.
    func now() -> Duration
    /// Calls `body` once, on any thread, after a delay.
    func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void)
    /// Calls `body` once, on any thread, when the wall clock reaches a time, also by jumping there;
    /// earlier if the time is more than a month away.
    func atWall(milliseconds: Int64, _ body: @escaping @Sendable () -> Void)
}

extension WorkerClock {
    /// How far the wall clock is ahead of the one that only goes forward, in milliseconds: changes
    /// when somebody sets it.
    var wallOffset: Int64 { wallMilliseconds() - Int64(now() / .milliseconds(1)) }

    /// For clocks that do not jump.
    package func atWall(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        after(.milliseconds(max(0, milliseconds - wallMilliseconds())), body)
    }
}

/// The machine's clocks.
package struct SystemClock: WorkerClock {
    private let start = ContinuousClock.now
    private static let alarms = DispatchQueue(label: "handoff.alarms")
    /// 30 days, in milliseconds.
    private static let furthestAlarm: Int64 = 30 * 86_400_000

    /// A clock whose `now` begins at zero.
    package init() {}

    package func wallMilliseconds() -> Int64 {
        Int64(Date().timeIntervalSince1970 * 1000)
    }

    package func now() -> Duration {
        ContinuousClock.now - start
    }

    package func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
        let (seconds, attoseconds) = delay.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        SystemClock.alarms.asyncAfter(
            deadline: .now() + .nanoseconds(max(0, nanoseconds)), execute: body)
    }

    package func atWall(milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        // Dispatch counts nanoseconds, which end in 2262, and never calls back for 1970 itself.
        let now = wallMilliseconds()
        let time = min(max(milliseconds, now), now + SystemClock.furthestAlarm)
        let (seconds, thousandths) = time.quotientAndRemainder(dividingBy: 1000)
        // A deadline of the wall clock follows its jumps (timerfd_settime(2), TFD_TIMER_ABSTIME).
        let deadline = DispatchWallTime(
            timespec: timespec(tv_sec: Int(seconds), tv_nsec: Int(thousandths) * 1_000_000))
        SystemClock.alarms.asyncAfter(wallDeadline: deadline, execute: body)
    }
}
