import KafkaClient
import Qualification
import Storage
import WireFormats

/// A running lane, used by the lane's task only: the merge of its inputs and the processor behind
/// it.
final class LaneRunner {
    /// What the lane's task does after a piece of work.
    enum Next {
        case goOn
        case wait
        case waitUntil(Duration)
        /// Until an alert is due or a day begins by the wall clock, or it is time to look for idle
        /// profiles.
        case waitForTimers(alert: Timestamp?, sweep: Duration?)
    }

    /// Records between two looks at the commands: about a millisecond.
    private static let recordsPerTurn = 256
    private static let recordsPerFetch = 1_000
    /// Types, products, campaigns and channels that a lane has seen, in bytes: reached only if
    /// producers put ids into them.
    private static let symbolBytesLimit = 32 << 20

    /// The disk does not keep up: nothing more is taken until it has.
    private var isSaturated: Bool {
        isFlushing && processor.unflushedBytes > 4 * environment.settings.flushBytesPerLane
    }

    private let number: Int32
    private let environment: LaneEnvironment
    private let writer: ProfileWriter
    private let processor: LaneProcessor
    /// Of lane 0 only.
    private let audit: ReferenceAudit?
    private var inputs: [LaneInput]
    private var merge: LaneMerge
    /// The mark of the last cut, at first the restored one.
    private var lastMark: LaneMark
    private var cutPositions: [Int64]
    /// Up to here the changelog holds nothing that is not in this lane's state.
    ///
    /// Counted, not asked for: a worker that overslept a hand-over is told an end behind which
    /// another owner has written. That owner begins only when every epoch of ours is decided, so
    /// its records lie behind all of ours.
    private var changelogPosition: Int64
    /// What the epoch being committed adds to it: records and the transaction's marker.
    private var changelogAdded: Int64 = 0
    private var recordsInEpoch = 0
    /// The time of the record taken last; the future, as long as there was none.
    private var lastTaken = LaneMerge.nothing
    private var isHalted = false
    private var isFull = false
    private var isCommitting = false
    private var isFlushing = false
    private var lastFlush = Duration.zero
    private var flushesErasure = false
    private var nextSweep = Duration.zero
    /// Between the wall clock and the one that only goes forward, when the lane began.
    private let clockOffset: Int64
    private var trail: ReferenceTrail
    private var teller: LaneTeller

    init(
        number: Int32, environment: LaneEnvironment, restored: LaneRestore.Restored,
        inputs: [LaneInput], audit: ReferenceAudit?, gauge: LaneGauge
    ) throws {
        self.number = number
        teller = LaneTeller(gauge, environment.monitor, environment.clock)
        self.environment = environment
        writer = restored.writer
        let mark = restored.mark
        changelogPosition = restored.position
        self.audit = audit
        self.inputs = inputs
        let settings = environment.settings
        merge = LaneMerge(mergeWait: settings.mergeWait)
        lastMark = mark
        cutPositions = inputs.map(\.position)
        let reference = try ReferenceReader(
            folder: environment.folder, changes: environment.changes)
        trail = try ReferenceTrail(reference, mark: mark)
        processor = LaneProcessor(
            LaneProcessor.Configuration(
                lane: number, laneCount: settings.laneCount, definition: environment.definition,
                limits: settings.limits, futureTolerance: settings.futureTolerance,
                topics: settings.topics, outputs: environment.outputs,
                hotBytes: settings.hotProfileBytesPerLane,
                workerVersion: settings.workerVersion, followUp: settings.followUp),
            reference: reference,
            profiles: StoredProfiles(
                try ProfileReader(folder: environment.folder, lane: Int(number))),
            streamClock: mark.streamClock, capacity: mark.capacity)
        nextSweep = environment.clock.now() + settings.followUp.forgetInterval
        clockOffset = environment.clock.wallOffset
    }

    var recordCount: Int { processor.counters.records }

    /// Whether a cut would have anything to commit.
    var hasWork: Bool {
        (processor.hasChanges || audit?.hasFindings == true || trail.hasMoved) && hasPosition
            || zip(inputs, cutPositions).contains { $0.position != $1 }
    }

    /// Whether there is an offset to commit: without one an epoch is not fenced.
    private var hasPosition: Bool { inputs.contains { $0.position >= 0 } }

    /// Whether so much waits for the disk that it should go there before its time.
    var wantsFlush: Bool {
        if isFlushing { return false }
        if processor.unflushedBytes > environment.settings.flushBytesPerLane { return true }
        return processor.hasUnflushedErasure
            && environment.clock.now() - lastFlush > LaneRunner.erasureInterval
    }

    /// Erasures reach the disk so often, whatever the flush interval is: a scrub reads the whole
    /// file, and the contract gives a minute.
    private static let erasureInterval = Duration.seconds(10)

    /// Whether the lane works through a backlog: the record that waits, or the last one if the next
    /// is still on its way, was written long ago.
    var isBehind: Bool {
        var head = inputs.reduce(LaneMerge.nothing) { min($0, $1.head) }
        if head == LaneMerge.nothing {
            if inputs.allSatisfy(\.isAtEnd) { return false }
            head = lastTaken
        }
        return environment.clock.wallMilliseconds() - head > LaneRunner.backlogMilliseconds
    }

    /// Records older than this are a backlog, not a live stream with a hiccup.
    private static let backlogMilliseconds: Int64 = 5_000

    // MARK: Records

    /// Takes up to `recordsPerTurn` records, or tells what to wait for.
    func work() throws -> Next {
        if let failure = audit?.failure { throw failure }
        if isHalted || isFull || isSaturated { return .wait }
        if processor.symbolBytes > LaneRunner.symbolBytesLimit {
            throw LaneFailure(
                description: "too many different texts in memory, beginning anew",
                consequence: .restart)
        }
        if processor.outputBytes > environment.settings.epochMaxBytesPerLane {
            return waitForCut()
        }
        let hasMore = try workOnTimers()
        var state = LaneMerge.Inputs()
        for place in inputs.indices { try look(at: place, &state) }
        for _ in 0..<LaneRunner.recordsPerTurn {
            switch merge.choose(state, clock: environment.clock) {
            case .idle: return hasMore ? .goOn : waitForTimers()
            case .wait(let time): return hasMore ? .goOn : .waitUntil(time)
            case .take(let place):
                guard let batch = inputs[place].batch else { return .goOn }
                lastTaken = state.heads[place]
                teller.taken(lastTaken)
                guard try processor.take(inputs[place].source, batch, at: inputs[place].place)
                else { return waitForCut() }
                inputs[place].advance()
                recordsInEpoch += 1
                if recordsInEpoch >= environment.settings.epochMaxEventsPerLane
                    || processor.outputBytes > environment.settings.epochMaxBytesPerLane
                {
                    return waitForCut()
                }
                try look(at: place, &state)
            }
        }
        return .goOn
    }

    /// Decides leads again whose reference data changed, fires due alerts, releases waiting leads
    /// when a day begins, and forgets idle profiles, a few between two turns of records, so that
    /// none keeps events waiting; returns whether there is more to do at once.
    ///
    /// By the stream clock alerts fire and days begin before the event that moves it, not here.
    private func workOnTimers() throws -> Bool {
        // What was only looked at is never committed, so no commit would keep memory in its bounds.
        defer { processor.sweep() }
        let followUp = environment.settings.followUp
        let wall = Timestamp(milliseconds: environment.clock.wallMilliseconds())
        var hasMore = false
        if trail.hasWork {
            hasMore = try !trail.advance(processor, limit: LaneRunner.timersPerTurn)
        }
        if followUp.clock == .wall, processor.nextAlert <= wall, processor.hasRoomForAlerts {
            let isDone = try processor.fireAlerts(dueAt: wall, limit: LaneRunner.timersPerTurn)
            hasMore = hasMore || !isDone && processor.hasRoomForAlerts
        }
        if followUp.clock == .wall, processor.mayRelease(at: wall), processor.hasRoomForAlerts {
            let isDone = try processor.releaseWaiting(at: wall, limit: LaneRunner.timersPerTurn)
            hasMore = hasMore || !isDone && processor.hasRoomForAlerts
        }
        let now = environment.clock.now()
        if now >= nextSweep, !isBehind, isClockSound, processor.hasRoomToForget {
            let clock = followUp.clock == .wall ? wall : processor.streamClock
            if try processor.forgetIdle(now: clock, limit: LaneRunner.timersPerTurn) {
                nextSweep = now + followUp.forgetInterval
            } else {
                hasMore = hasMore || processor.hasRoomToForget
            }
        }
        return hasMore
    }

    /// Whether the wall clock still is about where it was, as far as time has passed: forgetting
    /// cannot be undone, so it waits when somebody has moved the clock.
    private var isClockSound: Bool {
        abs(environment.clock.wallOffset - clockOffset) < Span24h.milliseconds
    }

    /// What to wait for when no record waits.
    ///
    /// What has no room left in the epoch is woken by the cut, which comes, for there is something
    /// to commit.
    private func waitForTimers() -> Next {
        let followsWall = environment.settings.followUp.clock == .wall
        return .waitForTimers(
            alert: followsWall && processor.hasRoomForAlerts
                ? min(processor.nextAlert, processor.nextRelease) : nil,
            // A backlog puts it off; the record that comes next looks again.
            sweep: processor.hasRoomToForget && !isBehind && isClockSound ? nextSweep : nil)
    }

    /// Leads to decide again, alerts, and profiles to forget, between two turns: about a
    /// millisecond of each.
    private static let timersPerTurn = 64

    /// The epoch holds as much as it may.
    private func waitForCut() -> Next {
        isFull = true
        environment.report(.full(lane: number))
        return .wait
    }

    private func look(at place: Int, _ state: inout LaneMerge.Inputs) throws {
        try inputs[place].refill(max: LaneRunner.recordsPerFetch)
        var head = inputs[place].head
        if head < 0, let batch = inputs[place].batch {
            // A record without Kafka timestamp counts as stamped when it happened (CONTRACT.md 2).
            head = processor.occurredAt(batch, at: inputs[place].place)
        }
        state.heads[place] = head
        if head == LaneMerge.nothing {
            state.isAtEnd[place] = inputs[place].isAtEnd
            state.hasAnswered[place] = inputs[place].hasAnswered
        }
    }

    // MARK: Commands

    /// Carries out a command of the worker, `close` excepted.
    func perform(_ command: LaneCommand) {
        switch command {
        case .cut(let halt, let reply):
            isHalted = isHalted || halt
            reply.resume(returning: cut())
        case .committed:
            isCommitting = false
            changelogPosition += changelogAdded
            teller.committed()
            processor.committed()
            processor.sweep()
        case .flush(let end): flush(end)
        case .flushed(let outcome):
            isFlushing = false
            teller.flushed(isWritten: outcome.isWritten)
            processor.endFlush(
                isWritten: outcome.isWritten,
                mustScrub: flushesErasure && !outcome.isScrubbed)
        case .close: break
        }
    }

    private func cut() -> LaneCut {
        guard hasWork, !isCommitting else { return LaneCut() }
        var cut = LaneCut()
        let audited = audit?.take()
        for finding in audited?.findings ?? [] { processor.add(finding) }
        cut.records = processor.cut()
        for place in inputs.indices where inputs[place].position != cutPositions[place] {
            cut.offsets[inputs[place].partition] = inputs[place].position
            cutPositions[place] = inputs[place].position
        }
        if cut.offsets.isEmpty {
            // An epoch of alerts or findings alone: offsets said again, because only with offsets
            // does the broker look whether this worker is still a member of its group.
            for input in inputs where input.position >= 0 {
                cut.offsets[input.partition] = input.position
            }
        }
        var mark = LaneMark(streamClock: processor.streamClock)
        mark.sequence = lastMark.sequence + 1
        mark.references = audited?.positions ?? [:]
        mark.decided = trail.positions
        trail.hasMoved = false
        mark.capacity = LaneMark.Capacity(processor.capacity)
        for input in inputs where input.position >= 0 {
            mark.positions[input.source] = input.position
        }
        cut.records.append(
            topic: LaneOutputs.changelog, partition: number, key: LaneMark.key,
            value: mark.encoded)
        // And the marker that Kafka writes at the end of the transaction.
        changelogAdded = Int64(cut.records.count(ofTopic: LaneOutputs.changelog)) + 1
        isCommitting = true
        isFull = false
        recordsInEpoch = 0
        lastMark = mark
        teller.cut(processor.counters)
        return cut
    }

    /// Tells, once in a while, how the lane is doing.
    func tell(_ next: Next) {
        var isWaiting = true
        if case .goOn = next { isWaiting = false }
        guard teller.isDue(isWaiting: isWaiting) else { return }
        let lag = inputs.reduce(Int64?(0)) { sum, input in
            sum.flatMap { sum in input.waiting.map { sum + $0 } }
        }
        let isIdle = !hasWork && inputs.allSatisfy { $0.head == LaneMerge.nothing }
        teller.tell(
            lag: lag, isIdle: isIdle, taken: recordCount, hotBytes: processor.hotBytes,
            unflushedBytes: processor.unflushedBytes)
    }

    private func flush(_ end: Int64) {
        guard !isFlushing, !isCommitting, processor.hasUnflushed else { return }
        lastFlush = environment.clock.now()
        isFlushing = true
        let (changes, hasErased) = processor.beginFlush()
        teller.beginFlush(changes.count)
        flushesErasure = hasErased
        environment.flusher.write(
            Flusher.Job(
                lane: number, writer: writer, changes: changes,
                mark: ChangelogMark(
                    nextOffset: min(end, changelogPosition),
                    writtenAtMilliseconds: environment.clock.wallMilliseconds()),
                laneMark: lastMark.encoded, scrubs: hasErased))
    }

}
