import Synchronization

/// The door through which a lane tells how it is doing: written by the lane's task, read by any
/// thread.
///
/// Written once in a while, never per record.
final class LaneGauge: Sendable {
    private struct State {
        var status: LaneStatus
        /// What of the counters is committed.
        var committed: LaneCounters?
    }

    private let state: Mutex<State>

    init(number: Int32, now: Duration) {
        state = Mutex(State(status: LaneStatus(number: number, now: now)))
    }

    /// The status, and what the lane has counted and committed.
    var current: (status: LaneStatus, committed: LaneCounters?) {
        state.withLock { ($0.status, $0.committed) }
    }

    /// Changes the status.
    func update(_ change: (inout LaneStatus) -> Void) {
        state.withLock { change(&$0.status) }
    }

    /// The lane's part of an epoch, with which it had counted so much, is committed.
    func committed(_ counters: LaneCounters, at now: Duration) {
        state.withLock {
            $0.committed = counters
            $0.status.lastCommit = now
        }
    }

    /// The restore has come so far.
    func restoring(_ restored: Int64, of total: Int64, at now: Duration) {
        state.withLock {
            // A second pass over the log begins at nothing again.
            let isFurther = restored != $0.status.restored || total != $0.status.restoreTotal
            if isFurther { $0.status.restoreProgress = now }
            $0.status.restored = restored
            $0.status.restoreTotal = total
        }
    }
}
