import Qualification
import Synchronization

/// What the worker and its lanes tell while they run; anybody may ask at any time.
///
/// Made by the composition before the worker, so that it can be asked while that still starts.
package final class WorkerMonitor: Sendable {
    private struct State {
        var phase = WorkerStatus.Phase.starting
        var phaseSince: Duration
        var lastBeat: Duration
        var lastCommit: Duration?
        var lastReferenceRead: Duration?
        var lanes: [Int32: LaneGauge] = [:]
        /// What lanes that were closed had counted.
        var closed: [Int32: LaneCounters] = [:]
        var epochDurations = Histogram.work
        var recordAges = Histogram.ages
        var flushDurations = Histogram.work
        var totals = WorkerTotals()
    }

    private let clock: any WorkerClock
    private let state: Mutex<State>

    /// A monitor of a worker that is starting.
    package init(clock: any WorkerClock) {
        self.clock = clock
        state = Mutex(State(phaseSince: clock.now(), lastBeat: clock.now()))
    }

    /// How things are now.
    package func status() -> WorkerStatus {
        let now = clock.now()
        return state.withLock { state in
            let open = state.lanes.mapValues(\.current)
            var counters = state.closed
            for (number, lane) in open {
                guard let committed = lane.committed else { continue }
                WorkerMonitor.add(committed, of: number, to: &counters)
            }
            return WorkerStatus(
                now: now, phase: state.phase, phaseSince: state.phaseSince,
                lastBeat: state.lastBeat, lastCommit: state.lastCommit,
                lastReferenceRead: state.lastReferenceRead,
                lanes: open.values.map(\.status).sorted { $0.number < $1.number },
                counters: counters, epochDurations: state.epochDurations,
                recordAges: state.recordAges, flushDurations: state.flushDurations,
                totals: state.totals)
        }
    }

    private static func add(
        _ counters: LaneCounters, of number: Int32, to all: inout [Int32: LaneCounters]
    ) {
        guard var sum = all[number] else { return all[number] = counters }
        sum.add(counters)
        all[number] = sum
    }

    // MARK: Told by the worker

    /// The worker has come to another phase; nothing comes after stopping.
    package func enter(_ phase: WorkerStatus.Phase) {
        let now = clock.now()
        state.withLock {
            guard $0.phase != phase, $0.phase != .stopping else { return }
            $0.phase = phase
            $0.phaseSince = now
            $0.lastBeat = now
        }
    }

    /// The worker's task goes on.
    func beat() {
        let now = clock.now()
        state.withLock { $0.lastBeat = now }
    }

    /// A lane is opened.
    func open(_ number: Int32) -> LaneGauge {
        let gauge = LaneGauge(number: number, now: clock.now())
        state.withLock {
            WorkerMonitor.close(number, &$0)
            $0.lanes[number] = gauge
        }
        return gauge
    }

    /// A lane has ended; what it counted stays.
    func close(_ number: Int32) {
        state.withLock { WorkerMonitor.close(number, &$0) }
    }

    private static func close(_ number: Int32, _ state: inout State) {
        guard let last = state.lanes.removeValue(forKey: number)?.current else { return }
        state.totals.restoredRecords += last.status.restored
        if let committed = last.committed { add(committed, of: number, to: &state.closed) }
    }

    /// A restore has come so far.
    func restoring(_ number: Int32, _ restored: Int64, of total: Int64) {
        let now = clock.now()
        let gauge = state.withLock { $0.lanes[number] }
        gauge?.restoring(restored, of: total, at: now)
    }

    /// A lane takes records.
    func running(_ number: Int32) {
        let now = clock.now()
        let gauge = state.withLock { $0.lanes[number] }
        gauge?.update {
            $0.state = .running
            $0.runningSince = now
            $0.lastProgress = now
        }
    }

    /// An epoch was committed.
    func committed(took: Duration) {
        let now = clock.now()
        state.withLock {
            $0.lastCommit = now
            $0.lastBeat = now
            $0.epochDurations.observe(took.seconds)
        }
    }

    /// The reference cache has everything that its topics held a moment ago.
    func referenceRead() {
        let now = clock.now()
        state.withLock { $0.lastReferenceRead = now }
    }

    /// Something happened that belongs to no lane.
    func count(_ place: WritableKeyPath<WorkerTotals, Int>, _ number: Int = 1) {
        state.withLock { $0.totals[keyPath: place] += number }
    }

    // MARK: Told by lanes

    /// The oldest record of a lane's part of an epoch was so old when that was committed.
    func observe(recordAge age: Duration) {
        state.withLock { $0.recordAges.observe(max(0, age.seconds)) }
    }

    /// A write of committed profiles has ended.
    func flushed(_ profiles: Int, isWritten: Bool, took: Duration) {
        state.withLock {
            if isWritten {
                $0.totals.flushedProfiles += profiles
                $0.flushDurations.observe(took.seconds)
            } else {
                $0.totals.flushFailures += 1
            }
        }
    }
}

extension Duration {
    /// In seconds, for people and metrics.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
