import Foundation
import KafkaClient
import Logging
import Qualification
import ReferenceModel
import SimulatedKafka
import Storage
import WireFormats
import Worker

/// How a world is run; drawn from the seed of its schedule, or set by a test.
struct WorldRunOptions: Sendable {
    var settings = WorkerSettings()
    var workers = 1
    var plan = FaultPlan.none
    var maxFaults = 0
    var revokeDeadline = Duration.seconds(6)
    /// Over how long the records come.
    var feedTime = Duration.seconds(2)
    /// When the first of them comes.
    var feedDelay = Duration.zero
    /// When the bad rows of the reference topics come.
    var badRowsAt = Duration.zero
    /// Whether the changelog is compacted now and then.
    var compacts = false
    /// How many workers are stopped and started again in an orderly way.
    var restarts = 0
    /// How many times a worker is given the definition again, with or without a product that nobody
    /// wants, which must change nothing.
    var reloads = 0
    /// Whether that product comes and goes; profiles remember it, for answers to come.
    var widens = false
    /// Whether workers are static members, which come back to their lanes.
    var isStatic = false
    /// How often a worker more joins, works for about a second at most, and leaves.
    var visits = 0
    /// How many times somebody moves the wall clock by an hour, forwards or back.
    var clockJumps = 0
    /// In how many parts the records come; reference data changes between them (`ReferenceFeed`).
    var parts = 1
    /// What the wall clock shows at first; the time of the last record unless told otherwise.
    var wallMilliseconds: Int64?
    /// No run takes longer, in virtual time.
    var limit = Duration.seconds(3_000)

    /// Everything off.
    init(scene: Scene) {
        settings.laneCount = scene.laneCount
        settings.limits.maxEventsPerLead = scene.settings.maxEventsPerLead
        settings.limits.duplicateWindow = .days(scene.settings.duplicateWindowDays)
        // What the wall clock fires depends on when it is looked at; the model knows the other one.
        settings.followUp.clock = .stream
        // Lanes take the records in the order of their timestamps, whatever comes late.
        settings.mergeWait = .seconds(3_600)
        settings.workerVersion = "simulated"
        settings.catchUpInterval = settings.commitInterval
    }

    /// What the seed of a schedule asks for.
    init(scene: Scene, seed: UInt64) {
        self.init(scene: scene)
        var random = SplitMix64(seed: seed &* 0x2545_f491_4f6c_dd1d)
        workers = random.pick([1, 2, 2, 2, 3, 3])
        plan = FaultPlan(seed: seed, oneIn: random.pick([12, 20, 30]))
        maxFaults = random.number(4...9)
        settings.commitInterval = .milliseconds(random.pick([40, 100, 250]))
        settings.catchUpInterval = .milliseconds(random.pick([100, 300]))
        settings.flushInterval = .milliseconds(random.pick([150, 700, 4_000]))
        revokeDeadline = .seconds(random.pick([2, 6]))
        feedTime = .milliseconds(random.pick([800, 2_500, 6_000]))
        compacts = random.chance(30)
        badRowsAt = .milliseconds(random.pick([0, 1_000, 5_000, 9_000]))
        restarts = random.pick([0, 0, 1, 2])
        reloads = random.pick([0, 1, 2, 5])
        widens = random.chance(25)
        isStatic = random.chance(30)
        visits = random.pick([0, 0, 0, 0, 3, 10])
        clockJumps = random.pick([0, 0, 2, 6])
        // Drawn last, as is all that was added later: what else a seed asks for stays the same.
        if random.chance(30) { settings.restore = .tiny(&random) }
    }
}

extension RestoreLimits {
    /// Every restore of more than a record is in bulk, and of many transactions.
    fileprivate static func tiny(_ random: inout SplitMix64) -> RestoreLimits {
        var limits = RestoreLimits()
        limits.bulkRecords = 1
        limits.bulkRecordsOfNew = 1
        limits.batchRecords = random.pick([1, 3, 10, 100])
        limits.writeRecords = random.pick([1, 7, 30])
        return limits
    }
}

/// A cluster, its feeder and the workers, in one virtual time.
// Unchecked: used on the scheduler's thread only.
final class SimulatedWorld: @unchecked Sendable {
    let scene: Scene
    let options: WorldRunOptions
    let scheduler: Scheduler
    let cluster: SimulatedCluster
    let clock: SimulatedClock
    let topics = Topics()
    let reference: ReferenceFeed
    private(set) var processes: [Int: SimulatedProcess] = [:]
    /// The worker that comes and goes; nothing else befalls it.
    var guest: SimulatedProcess?
    var violations: [String] = []
    /// What struck, and how many records were not yet consumed then.
    private(set) var strikes: [(call: PortCall, fault: Fault, left: Int64)] = []
    /// Replaces the port, for tests of single paths.
    var wrap: (SimulatedPort) -> any KafkaPort = { $0 }
    /// What a test wants to see happen at a call, before any fault of the plan.
    var script: ((PortCall, SimulatedProcess) -> Fault?)?
    /// What remains to be done beside records, for tests whose work does not end with them.
    var moreWork: () -> Int64 = { 0 }
    private var ghosts: [SimulatedProcess] = []
    private var calls: [Int: Int] = [:]
    /// Older copies of the folders, which a process that is killed may come back with.
    var copies: [Int: String] = [:]
    private var folders = 0
    var toFeed = 0
    private(set) var isSettling = false
    /// Where the state folders of its processes are, as long as it lives.
    let root: String
    let isTracing: Bool

    init(scene: Scene, options: WorldRunOptions, seed: UInt64, isTracing: Bool = false) {
        self.scene = scene
        self.options = options
        self.isTracing = isTracing
        scheduler = Scheduler(seed: seed)
        var settings = SimulatedCluster.Settings()
        settings.lanes = Int32(scene.laneCount)
        cluster = SimulatedCluster(settings: settings, scheduler: scheduler)
        let last = scene.lanes.compactMap { $0.last?.timestampMs }.max() ?? 0
        clock = SimulatedClock(
            scheduler: scheduler, wallMilliseconds: options.wallMilliseconds ?? last + 1_000)
        reference = ReferenceFeed(scene: scene, cluster: cluster, topics: topics)
        let shared = "/dev/shm"
        let base =
            FileManager.default.isWritableFile(atPath: shared)
            ? shared : NSTemporaryDirectory()
        root = base + "/handoff-sim-" + UUID().uuidString
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func trace(_ text: @autoclosure () -> String) {
        if isTracing { print("\(scheduler.now) \(text())") }
    }

    func logger(_ number: Int) -> Logger {
        var logger = Logger(label: "worker-\(number)") { [weak self] label in
            if let self, isTracing { return TraceHandler(label: label, scheduler: scheduler) }
            return SwiftLogNoOpLogHandler()
        }
        logger.logLevel = .debug
        return logger
    }

    // MARK: The run

    /// Sets everything up; nothing has run yet.
    func prepare() throws {
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true)
        for (_, topic) in topics.inputs { cluster.create(topic, partitions: scene.laneCount) }
        cluster.create(topics.profiles, partitions: scene.laneCount)
        for topic in topics.references { cluster.create(topic, partitions: 1) }
        for topic in topics.outputs(scene.definition) where topic != topics.profiles {
            cluster.create(topic, partitions: 1)
        }
        if let spare = spareProduct { cluster.create(topics.sales(spare), partitions: 1) }
        reference.begin()
        scheduler.after(options.badRowsAt) { [weak self] in
            guard let self else { return }
            for record in Scene.badReferenceRecords {
                cluster.append(record, to: TopicPartition(topic: topics.accounts, partition: 0))
            }
        }
        scheduleFeed()
        for number in 0..<options.workers {
            let delay = number == 0 ? 0 : scheduler.draw { $0.number(0...4_000) }
            scheduler.after(.milliseconds(delay)) { [weak self] in self?.start(number, from: nil) }
        }
        expireMembers()
        for _ in 0..<options.restarts { scheduleRestart() }
        for _ in 0..<options.reloads { scheduleReload() }
        for _ in 0..<options.clockJumps { scheduleClockJump() }
        if options.visits > 0 { scheduleVisit(options.visits) }
        if options.compacts { scheduleCompaction() }
        for _ in 0..<3 { scheduleCopies() }
    }

    /// Runs until every record is consumed and every worker has stopped.
    func run() throws {
        try prepare()
        advance("every record consumed") { self.isConsumed && self.areAllUp }
        settle()
    }

    /// Stops all workers and waits until nothing is open any more.
    func settle() {
        isSettling = true
        for (_, process) in processes.sorted(by: { $0.key < $1.key }) { process.stop() }
        guest?.stop()
        advance("every worker stopped") {
            self.processes.values.allSatisfy(\.hasEnded) && self.ghosts.allSatisfy(\.hasEnded)
                && self.guest?.hasEnded ?? true
        }
        advance("every transaction ended") { self.cluster.openTransactions.isEmpty }
        let all = Array(processes.values) + (guest.map { [$0] } ?? [])
        for process in all where process.failure != nil && !process.isDead {
            violations.append("worker ended: \(process.failure?.description ?? "")")
        }
        violations += cluster.violations
    }

    /// Runs until something is so; a violation if it never is.
    func advance(_ what: String, until isDone: () -> Bool) {
        while !isDone() {
            // Looking is dearer than a step.
            for _ in 0..<50 where scheduler.step() {}
            guard scheduler.now < options.limit, scheduler.steps < 2_000_000 else {
                violations.append("never came: \(what), at \(scheduler.now)")
                return
            }
        }
    }

    var areAllUp: Bool {
        processes.count == options.workers && processes.values.allSatisfy { !$0.isDead }
    }

    /// How many input records are not covered by committed offsets, those to come included; one
    /// more while bad rows are not told of.
    var recordsLeft: Int64 {
        var left = Int64(toFeed)
        for (_, topic) in topics.inputs {
            for lane in 0..<Int32(scene.laneCount) {
                let partition = TopicPartition(topic: topic, partition: lane)
                left += cluster.log(partition).end - (cluster.group.committed[partition] ?? 0)
            }
        }
        return left + Int64(isAudited ? 0 : 1) + moreWork()
    }

    var isConsumed: Bool { recordsLeft == 0 }

    private var isAudited: Bool {
        let letters = TopicPartition(topic: topics.deadLetters, partition: 0)
        let found = cluster.log(letters).committed(from: 0, max: .max).filter {
            topics.references.contains($0.header("handoff.error.topic") ?? "")
        }
        return found.count >= Scene.badReferenceRecords.count
    }

    // MARK: The broker's habits

    private func expireMembers() {
        scheduler.after(.seconds(1)) { [weak self] in
            self?.cluster.group.expire()
            self?.expireMembers()
        }
    }

    private func scheduleCompaction() {
        scheduler.after(.milliseconds(scheduler.draw { $0.number(500...6_000) })) { [weak self] in
            guard let self else { return }
            for lane in 0..<Int32(scene.laneCount) {
                let partition = TopicPartition(topic: topics.profiles, partition: lane)
                let end = cluster.log(partition).end
                cluster.compact(partition, below: end * 3 / 4)
            }
            scheduleCompaction()
        }
    }

    private func scheduleRestart() {
        let at = scheduler.draw { $0.number(500...8_000) }
        scheduler.after(.milliseconds(at)) { [weak self] in
            guard let self else { return }
            let number = scheduler.draw { $0.number(0...(self.options.workers - 1)) }
            guard let process = processes[number], !process.isDead, !process.hasEnded else {
                return
            }
            trace("stop \(number)")
            process.stop()
            awaitEnd(of: process)
        }
    }

    /// Something that must not be.
    func note(_ violation: String) { violations.append(violation) }

    /// A product that no event names.
    var spareProduct: Product? {
        var spare = scene.definition.products.first
        spare?.id = "spare-product"
        spare?.topic = "sales.mql.spare-product"
        spare?.dailyCapacity = nil
        return spare
    }

    /// At any moment: while it starts, restores, commits, rewinds or stops.
    private func scheduleReload() {
        let at = scheduler.draw { $0.number(0...8_000) }
        scheduler.after(.milliseconds(at)) { [weak self] in
            guard let self else { return }
            let number = scheduler.draw { $0.number(0...(self.options.workers - 1)) }
            guard let process = processes[number], !process.isDead else { return }
            trace("reload \(number)")
            let isWider = options.widens && scheduler.draw { $0.chance(60) }
            process.reload(withSpareProduct: isWider)
        }
    }

    /// Starts a stopped process again, in the same folder, once it has ended.
    private func awaitEnd(of process: SimulatedProcess) {
        scheduler.after(.milliseconds(300)) { [weak self] in
            guard let self, processes[process.number] === process, !process.isDead else { return }
            guard process.hasEnded else { return awaitEnd(of: process) }
            if let failure = process.failure { violations.append("worker ended: \(failure)") }
            // Its lock on the folder goes with its last task.
            start(process.number, from: copy(process.folder))
        }
    }

    // MARK: Processes

    private func start(_ number: Int, from folder: String?) {
        if isSettling { return }
        let process = SimulatedProcess(
            number: number, folder: folder ?? newFolder(), world: self)
        processes[number] = process
        trace("start \(number)")
        do {
            try process.start()
        } catch {
            violations.append("worker not started: \(error)")
        }
    }

    func crashed(_ process: SimulatedProcess, _ loss: StateLoss) {
        trace("crash \(process.number) \(loss)")
        ghosts.append(process)
        var next: String?
        switch loss {
        case .kept: next = copy(process.folder)
        case .lost: next = nil
        case .rolledBack: next = copies[process.number].map { copy($0) }
        }
        let left = next
        if let next { violations += Verdict.ahead(next, cluster, topics) }
        // A long downtime: the file may be older than the tombstones of the log.
        if scheduler.draw({ $0.chance(8) }) { clock.jump(milliseconds: 30 * 3_600_000) }
        let pause = scheduler.draw {
            $0.chance(70) ? $0.number(50...3_000) : $0.number(50...20_000)
        }
        scheduler.after(.milliseconds(pause)) { [weak self] in
            self?.start(process.number, from: left)
        }
    }

    func fault(at call: PortCall, of process: SimulatedProcess) -> Fault? {
        if process.number == SimulatedWorld.guestNumber { return nil }
        let index = calls[process.number, default: 0]
        calls[process.number] = index + 1
        if let fault = script?(call, process) {
            strikes.append((call, fault, recordsLeft))
            trace("\(process.number) \(call) scripted \(fault)")
            return fault
        }
        guard strikes.count < options.maxFaults,
            let fault = options.plan.fault(process: process.number, index: index, call: call),
            recordsLeft > 0
        else { return nil }
        strikes.append((call, fault, recordsLeft))
        trace("\(process.number) \(call)#\(index) \(fault), \(recordsLeft) records left")
        return fault
    }

    // MARK: Folders

    func newFolder() -> String {
        folders += 1
        return root + "/state-\(folders)"
    }

    /// A copy of a folder as a process that is killed now leaves it; of the lanes' files alone if
    /// nobody is to start in it.
    func copy(_ folder: String, lanesOnly: Bool = false) -> String {
        let target = newFolder()
        do {
            let files = FileManager.default
            try files.createDirectory(atPath: target, withIntermediateDirectories: true)
            for name in try files.contentsOfDirectory(atPath: folder)
            where !name.hasSuffix("-shm") && !name.hasSuffix(".lock")
                && (!lanesOnly || name.hasPrefix("lane-"))
            {
                try files.copyItem(atPath: folder + "/" + name, toPath: target + "/" + name)
            }
        } catch {
            violations.append("state not copied: \(error)")
        }
        return target
    }

    private func scheduleCopies() {
        scheduler.after(.milliseconds(scheduler.draw { $0.number(200...5_000) })) { [weak self] in
            guard let self else { return }
            for (number, process) in processes.sorted(by: { $0.key < $1.key }) where !process.isDead
            {
                copies[number] = copy(process.folder)
            }
        }
    }
}

/// Prints what a worker logs, with the virtual time.
private struct TraceHandler: LogHandler {
    let label: String
    let scheduler: Scheduler
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(label: String, scheduler: Scheduler) {
        self.label = label
        self.scheduler = scheduler
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        print("\(scheduler.now) \(label) \(event.message) \(event.metadata ?? [:])")
    }
}
