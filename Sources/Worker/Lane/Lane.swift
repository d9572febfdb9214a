import KafkaClient
import Logging
import Qualification
import Storage
import Synchronization
import WireFormats

/// A lane's part of an epoch: what to publish and what was consumed for it.
struct LaneCut: Sendable {
    var records = OutboundRecords()
    /// The next offset of each input that moved.
    var offsets: [TopicPartition: Int64] = [:]

    var isEmpty: Bool { records.isEmpty && offsets.isEmpty }
}

/// What the worker asks of a lane; carried out by the lane's own task, in order.
enum LaneCommand: Sendable {
    /// End the epoch's part; with `halt`, take no further record until told to go on.
    case cut(halt: Bool, CheckedContinuation<LaneCut, Never>)
    /// The last cut is committed.
    case committed
    /// Write what is committed to the disk; the changelog ends here now.
    case flush(end: Int64)
    /// The flusher has done so, or could not.
    case flushed(Flusher.Outcome)
    /// End, leaving everything uncommitted behind.
    case close
}

/// What a lane tells the worker.
enum LaneReport: Sendable {
    case restoring(lane: Int32, restored: Int64, total: Int64)
    /// The lane takes records now. The serial tells lanes of one number apart: a report of one that
    /// was closed since must not be taken for its successor's.
    case running(lane: Int32, serial: Int)
    /// The lane has as much as an epoch may hold and waits for the next cut.
    case full(lane: Int32)
    case ended(lane: Int32, serial: Int, failure: LaneFailure?)
}

/// Why a lane ended on its own.
struct LaneFailure: Error, Sendable, CustomStringConvertible {
    let description: String
    /// What to do about it.
    let consequence: Consequence

    enum Consequence: Sendable {
        /// The same lane can start again from the last commit.
        case restart
        /// The same, once its damaged files are gone.
        case wipeAndRestart
        /// The same after a pause, unless that was done often enough.
        case reread(UnreadableRecords)
        /// Only a person, or a newer program, can resolve it.
        case stopWorker
    }
}

/// Everything that the lanes of a worker share.
struct LaneEnvironment: Sendable {
    let settings: WorkerSettings
    /// Changes between two lives of the lanes only, see `Worker.enforce`.
    var definition: Definition
    var outputs: [String]
    let folder: StateFolder
    let changes: ReferenceChanges
    let kafka: any KafkaPort
    let flusher: Flusher
    let disk: any BackgroundQueue
    let monitor: WorkerMonitor
    let clock: any WorkerClock
    let logger: Logger
    let report: @Sendable (LaneReport) -> Void
}

/// Partition number n of all inputs: restores its state, then reads, decides and hands over, alone.
///
/// `run` is the lane's only task and the only user of its processor, its queues and its SQLite
/// reader. The worker talks to it by commands, which the task carries out between two records.
///
///     restoring -> running <-> halted -> ended
final class Lane: Sendable {
    let number: Int32
    /// Counts the lanes of a worker, whatever their number.
    let serial: Int
    private let queues: [EventSource: any InputQueue]
    private let environment: LaneEnvironment
    private let gauge: LaneGauge
    private let inbox = Inbox<LaneCommand>()
    /// Set when the task has ended: from then on nobody answers the inbox.
    private let hasEnded = Mutex(false)
    private let isClosing = Atomic(false)
    /// Whether a cut would have anything; read by the worker to leave idle lanes alone.
    private let hasWork = Atomic(false)
    private let behind = Atomic(false)
    private let flushWanted = Atomic(false)
    private let records = Atomic(0)
    private let alertAlarm = Alarm<Timestamp>()
    private let sweepAlarm = Alarm<Duration>()

    init(
        number: Int32, serial: Int, queues: [EventSource: any InputQueue],
        environment: LaneEnvironment
    ) {
        self.number = number
        self.serial = serial
        gauge = environment.monitor.open(number)
        self.queues = queues
        self.environment = environment
    }

    /// Records taken so far.
    var recordCount: Int { records.load(ordering: .relaxed) }

    /// Whether the lane has something to commit.
    var isBusy: Bool { hasWork.load(ordering: .acquiring) }

    /// Whether the lane has more for the disk than it should hold.
    var wantsFlush: Bool { flushWanted.load(ordering: .relaxed) }

    /// Whether the lane works through a backlog.
    var isBehind: Bool { behind.load(ordering: .relaxed) }

    // MARK: Calls of the worker

    /// The lane's part of the epoch; empty from a lane that has ended.
    func cut(halt: Bool) async -> LaneCut {
        await withCheckedContinuation { continuation in
            let isAnswered = hasEnded.withLock { hasEnded -> Bool in
                if !hasEnded { inbox.post(.cut(halt: halt, continuation)) }
                return !hasEnded
            }
            if !isAnswered { continuation.resume(returning: LaneCut()) }
        }
    }

    /// Lets the lane look what there is to do.
    func wake() {
        inbox.signal.set()
    }

    /// Tells the lane something.
    func post(_ command: LaneCommand) {
        if case .close = command { isClosing.store(true, ordering: .releasing) }
        inbox.post(command)
    }

    // MARK: The lane's task

    /// Restores, then runs until closed.
    ///
    /// Reports its end, and why if it was not told to.
    func run() async {
        var failure: LaneFailure?
        do {
            try await restoreAndRun()
        } catch {
            failure = LaneFailure(error)
        }
        hasEnded.withLock { $0 = true }
        for case .cut(_, let reply) in inbox.takeAll() { reply.resume(returning: LaneCut()) }
        environment.report(.ended(lane: number, serial: serial, failure: failure))
    }

    private func restoreAndRun() async throws {
        let topics = environment.settings.topics
        await environment.flusher.waitForAll()
        let restore = LaneRestore(lane: number, environment: environment) { [self] in
            isClosing.load(ordering: .acquiring)
        }
        guard let (restored, starts) = try await restoreAndCompare(restore) else { return }
        let audit = makeAudit(restored.mark)
        let runner = try LaneRunner(
            number: number, environment: environment, restored: restored,
            inputs: topics.inputs.compactMap { source, topic in
                queues[source].map { queue in
                    LaneInput(
                        source: source,
                        partition: TopicPartition(topic: topic, partition: number),
                        queue: queue, start: starts[source])
                }
            }, audit: audit, gauge: gauge)
        for (source, _) in topics.inputs {
            try queues[source]?.onReady { [inbox] in inbox.signal.set() }
        }
        environment.report(.running(lane: number, serial: serial))
        try await withThrowingDiscardingTaskGroup { group in
            if let audit { group.addTask { await audit.run() } }
            defer { audit?.stop() }
            try await loop(runner)
        }
    }

    private func makeAudit(_ mark: LaneMark) -> ReferenceAudit? {
        guard number == 0 else { return nil }
        return ReferenceAudit(
            topics: environment.settings.topics, positions: mark.references,
            kafka: environment.kafka, clock: environment.clock, logger: environment.logger,
            found: { [inbox] in inbox.signal.set() })
    }

    /// Restores until the state is of the same moment as the group's offsets, or nothing helps.
    ///
    /// They are committed together, and a predecessor that overslept may still do so: its offsets
    /// were taken while it was a member, its records are written later. Until then the broker holds
    /// back the group's offsets, so they are waited for before the changelog is read. Not every
    /// broker does, so they are compared afterwards as well; an epoch of alerts or findings alone
    /// cannot be told by that, as it moves no offset.
    private func restoreAndCompare(
        _ restore: LaneRestore
    ) async throws -> (LaneRestore.Restored, [EventSource: Int64])? {
        guard try await committedOffsets() != nil else { return nil }
        guard var restored = try await restore.run(fromStart: false) else { return nil }
        while true {
            guard let offsets = try await committedOffsets() else { return nil }
            let isAhead = offsets.contains { (restored.mark.positions[$0.key] ?? -1) < $0.value }
            if !isAhead { return (restored, try await starts(offsets, restored.mark)) }
            let before = restored
            guard let again = try await restore.run(fromStart: false) else { return nil }
            restored = again
            if again.mark != before.mark { continue }
            environment.logger.warning(
                "the lane's state is behind its offsets",
                metadata: ["lane": "\(number)", "whole": "\(restored.isWhole)"])
            if before.isWhole { return (restored, try await starts(offsets, restored.mark)) }
            guard let whole = try await restore.run(fromStart: true) else { return nil }
            restored = whole
            if whole.mark == before.mark { return (whole, try await starts(offsets, whole.mark)) }
        }
    }

    /// Where each input begins: at the group's offset, or behind what the state already holds.
    ///
    /// Offsets behind the state expired, were reset, or are still spreading; taking those records
    /// again would publish their dead letters twice. Only an input that was made anew starts over.
    private func starts(
        _ offsets: [EventSource: Int64], _ mark: LaneMark
    ) async throws -> [EventSource: Int64] {
        var starts = offsets
        for (source, topic) in environment.settings.topics.inputs {
            guard let known = mark.positions[source], known > offsets[source] ?? -1 else {
                continue
            }
            let input = TopicPartition(topic: topic, partition: number)
            if known <= (try await environment.kafka.logRange(input)).upperBound {
                starts[source] = known
            }
        }
        return starts
    }

    /// The group's offsets; nil if the lane is to close meanwhile.
    private func committedOffsets() async throws -> [EventSource: Int64]? {
        let partitions = environment.settings.topics.inputs.map {
            (source: $0.source, partition: TopicPartition(topic: $0.topic, partition: number))
        }
        while !isClosing.load(ordering: .acquiring) {
            do throws(KafkaError) {
                let found = try await environment.kafka.committed(partitions.map(\.partition))
                return Dictionary(
                    uniqueKeysWithValues: partitions.compactMap { source, partition in
                        found[partition].map { (source, $0) }
                    })
            } catch {
                guard error.isPassing else { throw error }
            }
            let alarm = Signal()
            environment.clock.after(.milliseconds(100)) { alarm.set() }
            await alarm.wait()
        }
        return nil
    }

    private func loop(_ runner: LaneRunner) async throws {
        while true {
            while let command = inbox.takeFirst() {
                if case .close = command { return }
                runner.perform(command)
            }
            let next = try runner.work()
            records.store(runner.recordCount, ordering: .relaxed)
            hasWork.store(runner.hasWork, ordering: .releasing)
            behind.store(runner.isBehind, ordering: .relaxed)
            flushWanted.store(runner.wantsFlush, ordering: .relaxed)
            runner.tell(next)
            switch next {
            case .goOn: await Task.yield()
            case .wait: await inbox.signal.wait()
            case .waitUntil(let time):
                let delay = time - environment.clock.now()
                environment.clock.after(delay) { [inbox] in inbox.signal.set() }
                await inbox.signal.wait()
            case .waitForTimers(let alert, let sweep):
                setAlarms(alert, sweep)
                await inbox.signal.wait()
            }
        }
    }

    private func setAlarms(_ alert: Timestamp?, _ sweep: Duration?) {
        let clock = environment.clock
        let wake = { @Sendable [weak inbox] in inbox?.signal.set() ?? () }
        if let alert, alert < .latestAccepted {
            alertAlarm.set(for: alert, wake: wake) {
                clock.atWall(milliseconds: alert.milliseconds, $0)
            }
        }
        if let sweep {
            sweepAlarm.set(for: sweep, wake: wake) { clock.after(sweep - clock.now(), $0) }
        }
    }
}

extension LaneFailure {
    init(_ error: any Error) {
        description = "\(error)"
        switch error {
        case let error as StorageError:
            switch error.consequence {
            case .wipeAndRestore: consequence = .wipeAndRestart
            case .retry: consequence = .restart
            case .closeLane, .refuseToStart: consequence = .stopWorker
            }
        case let error as UnreadableRecords: consequence = .reread(error)
        case let error as KafkaError:
            if case .stop = error.consequence, !error.isPassing {
                consequence = .stopWorker
            } else {
                consequence = .restart
            }
        default: consequence = .stopWorker
        }
    }
}
