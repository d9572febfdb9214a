import Foundation
import KafkaClient
import Logging
import Qualification
import ReferenceModel
import SimulatedKafka
import Storage
import Synchronization
import WireFormats
import Worker

/// One worker process: the real worker over a port of the simulated cluster, until it is stopped or
/// killed.
// Unchecked: used on the scheduler's thread only.
final class SimulatedProcess: FaultHost, @unchecked Sendable {
    let number: Int
    let folder: String
    private(set) var isDead = false
    private(set) var hasEnded = false
    /// Why the worker ended by itself.
    private(set) var failure: WorkerFailure?
    let executor: ProcessExecutor
    private weak var world: SimulatedWorld?
    private let events = GroupEvents()
    /// Closed with the process.
    private var cache: ReferenceCache?
    private(set) var port: SimulatedPort?
    private var pauses = 0

    init(number: Int, folder: String, world: SimulatedWorld) {
        self.number = number
        self.folder = folder
        self.world = world
        executor = ProcessExecutor(number: number, scheduler: world.scheduler)
    }

    /// The lanes that it ran, each time that all of its assignment did.
    private(set) var readyLanes: [[Int32]] = []

    private func note(_ news: WorkerNews) {
        if case .ready(let lanes) = news { readyLanes.append(lanes) }
    }

    /// The partitions that it has now.
    var member: SimulatedMember? { port?.member }

    /// Opens the folder and joins the group, as the composition does.
    func start() throws {
        guard let world else { return }
        let topics = world.topics
        let state = try StateFolder(path: folder)
        let cache = try ReferenceCache(folder: state)
        self.cache = cache
        // As the composition, which joins only when the cache is at the end of its topics.
        try world.reference.follow(into: cache)
        let member = SimulatedMember(
            cluster: world.cluster, executor: executor, events: events,
            topics: topics.inputs.map(\.topic), revokeDeadline: world.options.revokeDeadline,
            instance: world.options.isStatic ? "instance-\(number)" : nil,
            fetchFault: { [weak self] in self?.fetchFault() })
        let outputs = topics.outputs(world.scene.definition)
        let port = SimulatedPort(
            cluster: world.cluster, member: member, host: self,
            transactionalID: "worker-\(number)", topics: outputs)
        self.port = port
        Task(executorPreference: executor) { [self] in
            let worker = Worker(
                settings: world.options.settings, definition: world.scene.definition,
                kafka: world.wrap(port), events: events, folder: state, changes: cache.changes,
                clock: world.clock,
                disk: SimulatedDisk(scheduler: world.scheduler, executor: executor),
                logger: world.logger(number), news: { [weak self] in self?.note($0) })
            do throws(WorkerFailure) {
                try await worker.run()
            } catch {
                failure = error
            }
            await member.close()
            hasEnded = true
            self.cache = nil
        }
        member.start()
        if world.options.parts > 1 { followReference() }
    }

    /// Takes new rows in, now and then; a worker that was stopped does so before anything else.
    private func followReference() {
        guard let world else { return }
        let pause = world.scheduler.draw { $0.number(100...1_500) }
        world.scheduler.after(.milliseconds(pause)) { [weak self] in
            guard let self, !isDead, !hasEnded else { return }
            if !executor.isPaused { takeRows() }
            followReference()
        }
    }

    private func takeRows() {
        guard let world, let cache, !isDead else { return }
        do {
            try world.reference.follow(into: cache)
        } catch {
            world.note("reference data not followed: \(error)")
        }
    }

    /// Whether its cache holds every row.
    var hasAllRows: Bool {
        guard let cache, let world else { return false }
        return world.reference.isAtEnd(cache)
    }

    /// Asks the worker to stop, as SIGTERM does.
    func stop() { events.stop() }

    /// Hands the worker a definition, as SIGHUP does: the one of the scene, or with one product
    /// more, which nobody is interested in but whose topic the producer must learn.
    func reload(withSpareProduct isWider: Bool) {
        guard let world else { return }
        var definition = world.scene.definition
        if isWider, let spare = world.spareProduct { definition.products.append(spare) }
        events.reload(definition)
    }

    // MARK: What strikes

    func fault(at call: PortCall) -> Fault? { world?.fault(at: call, of: self) }

    private func fetchFault() -> KafkaError? {
        let isGarbled: Bool
        switch fault(at: .fetch) {
        case nil: return nil
        case .garble: isGarbled = true
        default: isGarbled = false
        }
        // _BAD_MSG and _TRANSPORT.
        return KafkaError(
            code: isGarbled ? -199 : -195, operation: "fetch", subject: "a partition",
            consequence: .retry)
    }

    func crash(_ loss: StateLoss) {
        guard !isDead else { return }
        isDead = true
        // Nobody ends the task of a dead process, and what that holds stays open.
        cache = nil
        executor.setPaused(false)
        port?.member.die()
        world?.crashed(self, loss)
        // What is left of it unwinds: nothing that it asks reaches the cluster any more.
        events.stop()
    }

    func pause(_ duration: Duration) {
        guard !isDead else { return }
        pauses += 1
        let own = pauses
        executor.setPaused(true)
        world?.scheduler.after(duration) { [weak self] in
            guard let self, own == pauses else { return }
            takeRows()
            executor.setPaused(false)
        }
    }
}
