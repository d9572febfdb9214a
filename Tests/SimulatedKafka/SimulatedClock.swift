import ReferenceModel
import Synchronization
package import Worker

/// The virtual time as a worker sees it.
package final class SimulatedClock: WorkerClock {
    private let scheduler: Scheduler
    private let base: Mutex<Int64>
    private let alarms = Mutex<[(number: Int, time: Int64, body: @Sendable () -> Void)]>([])
    private let made = Atomic(0)

    /// A clock whose time of day begins at `wallMilliseconds` since 1970.
    package init(scheduler: Scheduler, wallMilliseconds: Int64) {
        self.scheduler = scheduler
        base = Mutex(wallMilliseconds)
    }

    package func wallMilliseconds() -> Int64 {
        base.withLock { $0 } + scheduler.now.wholeMilliseconds
    }

    /// Moves the time of day, as an operator may; `now` goes on as before.
    package func jump(milliseconds: Int64) {
        base.withLock { $0 += milliseconds }
        // As the kernel does with timers of the wall clock: those that are due now ring.
        let waiting = alarms.withLock { alarms in
            defer { alarms = [] }
            return alarms
        }
        for alarm in waiting { atWall(milliseconds: alarm.time, alarm.body) }
    }

    package func atWall(milliseconds time: Int64, _ body: @escaping @Sendable () -> Void) {
        let delay = time - wallMilliseconds()
        guard delay > 0 else { return scheduler.after(.zero, body) }
        let number = alarms.withLock { alarms in
            made.add(1, ordering: .relaxed)
            let number = made.load(ordering: .relaxed)
            alarms.append((number, time, body))
            return number
        }
        scheduler.after(.milliseconds(delay)) { [self] in
            // Taken up again if the clock was moved meanwhile.
            let isPending = alarms.withLock { alarms in
                let place = alarms.firstIndex { $0.number == number }
                if let place { alarms.remove(at: place) }
                return place != nil
            }
            if isPending { body() }
        }
    }

    package func now() -> Duration { scheduler.now }

    package func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
        scheduler.after(delay, body)
    }
}

extension Duration {
    /// Rounded down.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}

/// The disk's thread of one process: one piece of work after the other, each after a while.
package final class SimulatedDisk: BackgroundQueue {
    private let scheduler: Scheduler
    private let executor: ProcessExecutor
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    /// The disk of the process with that executor.
    package init(scheduler: Scheduler, executor: ProcessExecutor) {
        self.scheduler = scheduler
        self.executor = executor
    }

    package func run(_ body: @escaping @Sendable () -> Void) {
        let isFirst = waiting.withLock { waiting -> Bool in
            waiting.append(body)
            return waiting.count == 1
        }
        if isFirst { work() }
    }

    package func another() -> any BackgroundQueue {
        SimulatedDisk(scheduler: scheduler, executor: executor)
    }

    private func work() {
        let delay = scheduler.draw { $0.chance(5) ? $0.number(0...400_000) : $0.number(0...3_000) }
        scheduler.after(.microseconds(delay)) { [self] in
            if executor.isPaused { return work() }
            waiting.withLock { $0.first }?()
            let hasMore = waiting.withLock { waiting -> Bool in
                waiting.removeFirst()
                return !waiting.isEmpty
            }
            if hasMore { work() }
        }
    }
}
