import KafkaClient
package import Logging
package import Qualification
package import Storage

/// Runs the lanes of one process and commits their epochs, exactly once.
///
/// One task owns the lanes, the transaction and the order of everything: events from the group,
/// from lanes and from the clock are handled one after the other, so at most one transaction is
/// open, and a revoke is answered between two of them. Lanes go on taking records while an epoch is
/// committed; what they take then belongs to the next.
///
/// After any failure of a transaction nobody asks whether it was committed: the producer is made
/// sound again, which finishes or aborts it, and the lanes begin anew from changelog and committed
/// offsets, which agree because they were committed together.
package final class Worker {
    let settings: WorkerSettings
    let kafka: any KafkaPort
    let events: GroupEvents
    var environment: LaneEnvironment
    let clock: any WorkerClock
    private let monitor: WorkerMonitor
    let logger: Logger
    let news: @Sendable (WorkerNews) -> Void

    var lanes: [Int32: Lane] = [:]
    private var running: Set<Int32> = []
    private var ending: Set<Int32> = []
    var damaged: Set<Int32> = []
    private var lanesOpened = 0
    var producer = ProducerState.unready
    private var mustCutNow = false
    var mustRewind = false
    /// When a lane that ended over unreadable records is to read them again.
    private var rereadDue: Duration?
    private var rereading = Rereading()
    private(set) var isStopping = false
    var hasAnnounced = false
    private var nextCut = Duration.zero
    private var epochStart = Duration.zero
    private var nextFlush = Duration.zero
    var foreignFilesDue: Duration?
    private var alarm = Duration.zero
    private var referenceVersion: UInt64 = 0
    private var nextRoundCall = Duration.zero
    private static let roundCallInterval = Duration.seconds(1)

    enum ProducerState {
        /// Not initialised, or of unknown state: recycle before the next epoch.
        case unready
        /// An epoch failed and is to be aborted before the next.
        case mustAbort
        case ready
    }

    /// Joins what the composition made; nothing happens before `run`.
    package init(
        settings: WorkerSettings, definition: Definition, kafka: any KafkaPort,
        events: GroupEvents, folder: StateFolder, changes: ReferenceChanges,
        clock: any WorkerClock, disk: any BackgroundQueue = DispatchBackgroundQueue(),
        monitor: WorkerMonitor? = nil, logger: Logger,
        news: @escaping @Sendable (WorkerNews) -> Void
    ) {
        self.settings = settings
        self.kafka = kafka
        self.events = events
        self.clock = clock
        self.monitor = monitor ?? WorkerMonitor(clock: clock)
        self.logger = logger
        self.news = news
        let inbox = events.inbox
        environment = LaneEnvironment(
            settings: settings, definition: definition,
            outputs: settings.topics.outputs(definition), folder: folder, changes: changes,
            kafka: kafka,
            flusher: Flusher(queue: disk, logger: logger) {
                inbox.post(.flushed(lane: $0, $1))
            }, disk: disk,
            monitor: self.monitor, clock: clock, logger: logger, report: { inbox.post(.lane($0)) })
    }

    /// Runs until stopped, or until something happens that only a person can resolve.
    package func run() async throws(WorkerFailure) {
        // First of all, because it finishes what a predecessor left open: until then neither its
        // changelog nor its offsets can be read to their end.
        try await initialise()
        monitor.enter(.joining)
        nextFlush = clock.now() + settings.flushInterval
        let result = await withDiscardingTaskGroup { group -> Result<Void, WorkerFailure> in
            do throws(WorkerFailure) {
                try await loop(&group)
                return .success(())
            } catch {
                await closeLanes(Set(lanes.keys))
                return .failure(error)
            }
        }
        events.close()
        await environment.flusher.waitForAll()
        try result.get()
    }

    private func initialise() async throws(WorkerFailure) {
        do throws(KafkaError) {
            try await kafka.initialiseTransactions()
            producer = .ready
        } catch {
            guard case .stop(let exitCode) = error.consequence else {
                logger.warning("producer not ready yet", metadata: ["error": "\(error)"])
                return
            }
            throw WorkerFailure("\(error)", exitCode: exitCode)
        }
    }

    // MARK: The loop

    private func loop(_ group: inout DiscardingTaskGroup) async throws(WorkerFailure) {
        while true {
            monitor.beat()
            // One by one: what is left when one of them ends the worker is still answered.
            while let event = events.inbox.takeFirst() { try await handle(event, &group) }
            if isStopping { return try await finish() }
            if let rereadDue, clock.now() >= rereadDue { mustRewind = true }
            if mustRewind { try await rewind(&group) }
            if mustCutNow || clock.now() >= nextCut { try await endEpochIfDue() }
            // Also without anything to commit: what was committed last must reach the disk, and an
            // erasure must clean it, however quiet the topics are.
            await flushIfDue()
            wakeLanes()
            announceIfReady()
            removeForeignFiles()
            await waitForWork()
        }
    }

    private func waitForWork() async {
        let now = clock.now()
        if alarm <= now || alarm > nextCut {
            alarm = max(nextCut, now)
            clock.after(alarm - now) { [events] in events.inbox.signal.set() }
        }
        await events.inbox.signal.wait()
    }

    private func handle(
        _ event: WorkerEvent, _ group: inout DiscardingTaskGroup
    ) async throws(WorkerFailure) {
        switch event {
        case .started(let queues, let reply):
            hasAnnounced = false
            rereadDue = nil
            if producer == .ready {
                // An assignment is whole: what it does not name belongs to somebody else.
                await closeLanes(Set(lanes.keys))
                openLanes(queues, &group)
            } else {
                // A transaction of ours may be open, and its records in the changelog that the
                // lanes are to be restored from: the producer first, then the lanes, as after a
                // failure.
                mustRewind = true
            }
            reply.resume()
        case .revoked(let partitions, let isLost, let reply):
            hasAnnounced = false
            hasAssignment = false
            rereadDue = nil
            monitor.count(\.revocations)
            await giveUp(Set(partitions.map(\.partition)), isLost: isLost)
            monitor.enter(.joining)
            reply.resume()
        case .failed(let error): try fail(error)
        case .lane(let report): try await handle(report)
        case .flushed(let lane, let outcome):
            lanes[lane]?.post(.flushed(outcome))
        case .reload(let definition): await enforce(definition)
        case .stop:
            isStopping = true
            monitor.enter(.stopping)
        }
    }

    private func handle(_ report: LaneReport) async throws(WorkerFailure) {
        switch report {
        case .restoring(let lane, let restored, let total):
            monitor.restoring(lane, restored, of: total)
            news(.restoring(lane: lane, restored: restored, total: total))
        case .running(let lane, let serial):
            guard lanes[lane]?.serial == serial, !ending.contains(lane) else { return }
            running.insert(lane)
            monitor.running(lane)
        case .full: mustCutNow = true
        case .ended(let lane, let serial, let failure):
            guard lanes[lane]?.serial == serial else { return }
            lanes[lane] = nil
            monitor.close(lane)
            running.remove(lane)
            ending.remove(lane)
            guard let failure else { return }
            logger.error("lane ended", metadata: ["lane": "\(lane)", "error": "\(failure)"])
            switch failure.consequence {
            case .restart: mustRewind = true
            case .wipeAndRestart:
                damaged.insert(lane)
                mustRewind = true
            case .reread(let records):
                let verdict = rereading.verdict(on: records)
                guard case .again(let pause) = verdict else {
                    let error = records.error(verdict)
                    throw WorkerFailure("lane \(lane) cannot go on: \(error)", exitCode: 1)
                }
                // Until then the other lanes go on.
                hasAnnounced = false
                rereadDue = clock.now() + pause
            case .stopWorker:
                throw WorkerFailure("lane \(lane) cannot go on: \(failure)", exitCode: 1)
            }
        }
    }

    private func fail(_ error: KafkaError) throws(WorkerFailure) {
        if case .stop(let exitCode) = error.consequence {
            throw WorkerFailure("\(error)", exitCode: exitCode)
        }
        logger.warning("consumer", metadata: ["error": "\(error)"])
    }

    /// Wakes lanes that wait for records: when reference data, which a task of its own follows, has
    /// changed, and once in a while, so that a lane that does not answer is seen.
    private func wakeLanes() {
        let version = environment.changes.version
        if version == referenceVersion, clock.now() < nextRoundCall { return }
        nextRoundCall = clock.now() + Worker.roundCallInterval
        referenceVersion = version
        for number in running.sorted() { lanes[number]?.wake() }
    }

    private func announceIfReady() {
        guard !hasAnnounced, rereadDue == nil, hasAssignment, incomplete.isEmpty,
            running.count == lanes.count
        else { return }
        hasAnnounced = true
        foreignFilesDue = clock.now() + Worker.foreignFilesGrace
        news(.ready(lanes: running.sorted()))
    }

    var hasAssignment = false
    /// Assigned lanes that are not open, since they lack an input.
    private var incomplete: Set<Int32> = []

    // MARK: Lanes

    private func openLanes(
        _ queues: [TopicPartition: any InputQueue], _ group: inout DiscardingTaskGroup
    ) {
        hasAssignment = true
        incomplete = []
        var byLane: [Int32: [EventSource: any InputQueue]] = [:]
        let sources = Dictionary(
            uniqueKeysWithValues: settings.topics.inputs.map { ($0.topic, $0.source) })
        for (partition, queue) in queues {
            guard let source = sources[partition.topic] else { continue }
            byLane[partition.partition, default: [:]][source] = queue
        }
        do throws(KafkaError) {
            try kafka.noteAssignment()
        } catch {
            logger.warning("group metadata not read", metadata: ["error": "\(error)"])
            mustRewind = true
            nextCut = clock.now() + Worker.rewindPause
            return
        }
        for (number, queues) in byLane.sorted(by: { $0.key < $1.key }) {
            if queues.count < sources.count {
                // Another member has the rest: one of the two did not know all topics when it
                // joined. Two lanes of one number would both publish its follow-up alerts.
                logger.warning(
                    "a lane lacks inputs, waiting for the next assignment",
                    metadata: ["lane": "\(number)", "inputs": "\(queues.count)"])
                incomplete.insert(number)
                continue
            }
            lanesOpened += 1
            let lane = Lane(
                number: number, serial: lanesOpened, queues: queues, environment: environment)
            lanes[number] = lane
            group.addTask { await lane.run() }
        }
        monitor.enter(incomplete.isEmpty ? .assigned : .joining)
    }

    /// Commits what the lanes have, unless it is too late, and ends them.
    private func giveUp(_ numbers: Set<Int32>, isLost: Bool) async {
        if !isLost, !events.isOverdue { await commitLast() }
        FailurePoint.reach(.duringRevoke)
        await closeLanes(numbers)
        // The others were halted with them; they go on from the commit.
        if !lanes.isEmpty { mustRewind = true }
    }

    /// Ends lanes and waits until their tasks have let go of queues and files.
    func closeLanes(_ numbers: Set<Int32>) async {
        for number in numbers.sorted() {
            guard let lane = lanes[number] else { continue }
            ending.insert(number)
            running.remove(number)
            lane.post(.close)
        }
        var others: [WorkerEvent] = []
        while !ending.isEmpty {
            for event in events.inbox.takeAll() {
                guard case .lane(.ended(let number, let serial, _)) = event,
                    lanes[number]?.serial == serial
                else {
                    others.append(event)
                    continue
                }
                ending.remove(number)
                running.remove(number)
                lanes[number] = nil
                monitor.close(number)
            }
            if !ending.isEmpty { await events.inbox.signal.wait() }
        }
        events.inbox.putBack(others)
    }

    // MARK: Epochs

    /// An epoch is longer while all that works is behind.
    private func endEpochIfDue() async throws(WorkerFailure) {
        let working = running.compactMap { lanes[$0] }.filter(\.isBusy)
        let isCatchingUp = !working.isEmpty && working.allSatisfy(\.isBehind)
        let length = max(
            settings.commitInterval, isCatchingUp ? settings.catchUpInterval : .zero)
        if mustCutNow || clock.now() >= epochStart + length { return try await endEpoch() }
        nextCut = clock.now() + settings.commitInterval
    }

    private func endEpoch() async throws(WorkerFailure) {
        mustCutNow = false
        epochStart = clock.now()
        nextCut = epochStart + settings.commitInterval
        guard let error = await commit(halting: false) else { return }
        if case .stop(let exitCode) = error.consequence, !error.isPassing {
            throw WorkerFailure("\(error)", exitCode: exitCode)
        }
        logger.warning("epoch failed, beginning again", metadata: ["error": "\(error)"])
        news(.rewound(error))
        mustRewind = true
    }

    /// One transaction over the cuts of all running lanes; nil if it is committed or there was
    /// nothing.
    private func commit(halting: Bool) async -> KafkaError? {
        let busy = running.sorted().compactMap { lanes[$0] }.filter { halting || $0.isBusy }
        if busy.isEmpty { return nil }
        let start = clock.now()
        var cuts = await cuts(of: busy, halting: halting)
        if cuts.isEmpty { return nil }
        let records = cuts.reduce(0) { $0 + $1.cut.records.count }
        do throws(KafkaError) {
            try await prepareProducer()
            // A handle that refuses to begin is of no use any more.
            producer = .unready
            try await kafka.beginTransaction()
            producer = .mustAbort
            FailurePoint.reach(.afterBegin)
            var offsets: [TopicPartition: Int64] = [:]
            for place in cuts.indices {
                offsets.merge(cuts[place].cut.offsets) { _, new in new }
                try await kafka.send(cuts[place].cut.records)
                // The client has copied them; two copies of an epoch would stay until its end.
                cuts[place].cut.records = OutboundRecords()
            }
            FailurePoint.reach(.afterProduce)
            try await kafka.sendOffsets(offsets)
            FailurePoint.reach(.afterOffsets)
            // From here on the outcome is unknown until the commit has answered.
            producer = .unready
            monitor.beat()
            FailurePoint.reach(.duringCommit)
            try await kafka.commitTransaction()
            FailurePoint.reach(.afterCommit)
            producer = .ready
        } catch {
            if producer == .mustAbort, error.consequence == .recycle { producer = .unready }
            if producer == .unready, error.consequence == .abort { producer = .mustAbort }
            monitor.count(\.commitFailures)
            return error
        }
        for (lane, _) in cuts { lane.post(.committed) }
        monitor.committed(took: clock.now() - start)
        news(.committed(records: records, took: clock.now() - start))
        return nil
    }

    /// All lanes encode their part at the same time.
    private func cuts(of lanes: [Lane], halting: Bool) async -> [(lane: Lane, cut: LaneCut)] {
        await withTaskGroup(of: (lane: Lane, cut: LaneCut).self) { group in
            for lane in lanes {
                group.addTask { (lane, await lane.cut(halt: halting)) }
            }
            var cuts: [(lane: Lane, cut: LaneCut)] = []
            for await cut in group where !cut.cut.isEmpty { cuts.append(cut) }
            return cuts.sorted { $0.lane.number < $1.lane.number }
        }
    }

    private func prepareProducer() async throws(KafkaError) {
        monitor.beat()
        switch producer {
        case .ready: return
        case .mustAbort:
            do throws(KafkaError) {
                try await kafka.abortTransaction()
            } catch {
                producer = .unready
                try await kafka.recycleProducer()
            }
        case .unready: try await kafka.recycleProducer()
        }
        producer = .ready
    }

    /// Between two epochs the end of a lane's changelog is exactly what its committed profiles
    /// make.
    private func flushIfDue() async {
        let isDue = clock.now() >= nextFlush
        if isDue { nextFlush = clock.now() + settings.flushInterval }
        await flush(running.filter { isDue || lanes[$0]?.wantsFlush == true })
    }

    private func flush(_ numbers: Set<Int32>) async {
        for number in numbers.sorted() {
            let changelog = TopicPartition(topic: settings.topics.profiles, partition: number)
            do throws(KafkaError) {
                let end = try await kafka.logRange(changelog).upperBound
                lanes[number]?.post(.flush(end: end))
            } catch {
                // Later is as good: the changelog holds everything.
                return logger.warning("flush put off", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Throws away what is not committed and begins again at the last commit.
    private func rewind(_ group: inout DiscardingTaskGroup) async throws(WorkerFailure) {
        hasAnnounced = false
        hasAssignment = false
        rereadDue = nil
        monitor.enter(.rewinding)
        await closeLanes(Set(lanes.keys))
        await wipeDamaged()
        do throws(KafkaError) {
            try await prepareProducer()
            let queues = try await kafka.rewind(to: [:])
            mustRewind = false
            monitor.count(\.rewinds)
            openLanes(queues, &group)
        } catch {
            if case .stop(let exitCode) = error.consequence, !error.isPassing {
                throw WorkerFailure("\(error)", exitCode: exitCode)
            }
            // A rebalance decides over the partitions, or the broker is away: try again after a
            // pause.
            logger.notice("not rewound yet", metadata: ["error": "\(error)"])
            nextCut = clock.now() + Worker.rewindPause
        }
    }

    private static let rewindPause = Duration.milliseconds(500)

    private func finish() async throws(WorkerFailure) {
        await commitLast()
        await closeLanes(Set(lanes.keys))
    }

    /// Commits what the lanes have and lets the disk catch up, so that the next owner of these
    /// files, most often this worker again, has nothing to replay.
    func commitLast() async {
        guard let error = await commit(halting: true) else { return await flush(running) }
        logger.warning("last epoch given up", metadata: ["error": "\(error)"])
        do throws(KafkaError) {
            // What it left open would keep the next owner's restore waiting.
            try await prepareProducer()
        } catch {
            logger.warning("transaction left open", metadata: ["error": "\(error)"])
        }
    }
}
