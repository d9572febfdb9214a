package import ReferenceModel
import Synchronization

/// Virtual time, and the one thread on which a whole simulated world runs.
///
/// Every task of every worker runs here, piece by piece: which of the pieces that could run is next
/// is drawn from a seeded source, and time moves only when the next alarm is due. So a run is a
/// function of its seed, and a minute of waiting costs nothing.
package final class Scheduler: Sendable {
    /// A piece of work, and the process whose it is.
    struct Job {
        let executor: ProcessExecutor
        let job: UnownedJob
    }

    private struct Alarm {
        let at: Duration
        let number: Int
        let body: @Sendable () -> Void
    }

    private struct State {
        var now = Duration.zero
        var jobs: [Job] = []
        /// The next one last.
        var alarms: [Alarm] = []
        var alarmsSet = 0
        var steps = 0
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        var random: SplitMix64
    }

    private let state: Mutex<State>

    /// A world at time zero with nothing to do.
    package init(seed: UInt64) {
        state = Mutex(State(random: SplitMix64(seed: seed)))
    }

    /// The virtual time.
    package var now: Duration { state.withLock { $0.now } }

    /// How many pieces of work have run.
    package var steps: Int { state.withLock { $0.steps } }

    /// A digest of everything that ran, in its order: equal for equal runs.
    package var digest: UInt64 { state.withLock { $0.digest } }

    /// Mixes a number into the digest.
    package func note(_ number: UInt64) {
        state.withLock { $0.digest = ($0.digest ^ number) &* 0x100_0000_01b3 }
    }

    /// Draws from the schedule's own source.
    package func draw<Output>(_ body: (inout SplitMix64) -> Output) -> Output {
        state.withLock { body(&$0.random) }
    }

    /// Calls `body` once, at a later virtual time.
    package func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.alarmsSet += 1
            let alarm = Alarm(
                at: state.now + max(.zero, delay), number: state.alarmsSet, body: body)
            // Later ones come first; of the same moment, those set later.
            let place = state.alarms.partitioningIndex { $0.at <= alarm.at }
            state.alarms.insert(alarm, at: place)
        }
    }

    /// Returns after a virtual time, on the caller's own executor.
    package func sleep(_ delay: Duration) async {
        await withCheckedContinuation { continuation in
            after(delay) { continuation.resume() }
        }
    }

    func add(_ job: Job) {
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs one piece of work or the next alarm; false if there is neither.
    package func step() -> Bool {
        enum Next {
            case job(Job)
            case alarm(Alarm)
        }
        let next = state.withLock { state -> Next? in
            let ready = state.jobs.indices.filter { !state.jobs[$0].executor.isPaused }
            let isDue = state.alarms.last.map { $0.at <= state.now } ?? false
            state.steps += 1
            guard !ready.isEmpty || isDue else {
                guard let alarm = state.alarms.popLast() else { return nil }
                state.now = alarm.at
                return .alarm(alarm)
            }
            let choice = state.random.number(0...(ready.count - (isDue ? 0 : 1)))
            if choice == ready.count { return state.alarms.popLast().map { .alarm($0) } }
            let job = state.jobs.remove(at: ready[choice])
            state.digest =
                (state.digest ^ UInt64(job.executor.number &+ choice << 8)) &* 0x100_0000_01b3
            state.now += .microseconds(state.random.number(0...40))
            return .job(job)
        }
        switch next {
        case nil: return false
        case .alarm(let alarm): alarm.body()
        case .job(let job): Scheduler.run(job)
        }
        return true
    }

    private static func run(_ job: Job) {
        unsafe job.job.runSynchronously(on: job.executor.asUnownedTaskExecutor())
    }

    /// Lets everything come to its end once a run is judged: tasks and alarms that are left would
    /// hold the state folders of their processes, and each other, for good.
    ///
    /// - Returns: whether nothing was left after so many pieces of work and alarms.
    package func finish(within limit: Int) -> Bool {
        for _ in 0..<limit {
            let (job, alarm) = state.withLock { state -> (Job?, Alarm?) in
                if let job = state.jobs.popLast() { return (job, nil) }
                let alarm = state.alarms.popLast()
                state.now = max(state.now, alarm?.at ?? .zero)
                return (nil, alarm)
            }
            if let job {
                Scheduler.run(job)
            } else if let alarm {
                alarm.body()
            } else {
                return true
            }
        }
        return false
    }
}

extension Array {
    /// The first place whose element satisfies the condition, as all after it do.
    fileprivate func partitioningIndex(where condition: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Where the tasks of one simulated process run; a paused process stands still between two pieces.
package final class ProcessExecutor: TaskExecutor {
    /// Tells processes apart.
    package let number: Int
    private let scheduler: Scheduler
    private let paused = Atomic(false)

    /// An executor that hands everything to the world's thread.
    package init(number: Int, scheduler: Scheduler) {
        self.number = number
        self.scheduler = scheduler
    }

    /// Whether the process has been stopped as by SIGSTOP.
    package var isPaused: Bool { paused.load(ordering: .relaxed) }

    /// Stops the process or lets it go on.
    package func setPaused(_ isPaused: Bool) {
        paused.store(isPaused, ordering: .relaxed)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        scheduler.add(Scheduler.Job(executor: self, job: UnownedJob(job)))
    }
}
