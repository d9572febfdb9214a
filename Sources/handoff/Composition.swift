import Configuration
import Foundation
import KafkaClient
import Logging
import Operations
import Qualification
import ServiceLifecycle
import Storage
import UnixSignals
import Worker

/// Makes the parts of a worker, joins them, and runs them as services.
struct Composition {
    private let settings: Settings
    private let logger: Logger
    private let follower: ReferenceFollower
    private let worker: WorkerService
    private let reloader: DefinitionReloader
    private let operating: OperatorService?
    private let notes: StartNotes
    private let watchdog: Watchdog

    init(
        _ settings: Settings, _ definition: Definition, _ logger: Logger,
        reloads: UnixSignalsSequence, allowUnapproved: Bool
    ) async throws {
        self.settings = settings
        self.logger = logger
        let topics = settings.workerTopics
        do {
            try settings.client("check").validated()
        } catch {
            throw CommandFailure("\(error)", exitCode: 2)
        }
        let clock = SystemClock()
        let monitor = WorkerMonitor(clock: clock)
        let inForce = DefinitionInForce(definition, clock: clock)
        let view = StatusView(
            monitor: monitor, version: Version.text, groupID: settings.groupID,
            inForce: inForce)
        operating =
            settings.httpPort == 0
            ? nil : try OperatorService(settings, clock, logger) { view.current() }
        watchdog = Watchdog(
            Probes(stallLimit: settings.stallTimeout.duration.seconds), clock, logger
        ) { view.current() }
        do {
            let admin = try AdminClient(settings: settings.client("admin"), logger: logger)
            let laneCount = try await TopicCheck(topics: topics, definition: definition)
                .run(admin)
            notes = StartNotes(
                settings: settings, definition: definition, laneCount: laneCount, logger: logger)
            let folder = try StateFolder(path: settings.stateFolder)
            let cache = try ReferenceCache(folder: folder)
            let (followerAdmin, auditAdmin) = try Composition.referenceClients(settings, logger)
            follower = ReferenceFollower(
                settings: settings.client("reference"), admin: followerAdmin, topics: topics,
                cache: cache, clock: clock, monitor: monitor, logger: logger)
            let producer = try TransactionalProducer(
                settings: settings.client("producer"),
                transactionalID: "\(settings.groupID)-\(settings.memberName)",
                transactionTimeout: settings.transactionTimeout.duration,
                topics: topics.outputs(definition), logger: logger)
            worker = WorkerService(
                settings: settings, definition: definition, inForce: inForce,
                laneCount: laneCount, follower: follower, producer: producer, admin: admin,
                auditAdmin: auditAdmin, folder: folder, cache: cache, clock: clock,
                monitor: monitor,
                logger: logger)
            reloader = DefinitionReloader(
                settings: settings, allowUnapproved: allowUnapproved, laneCount: laneCount,
                signals: reloads, inForce: inForce, events: worker.events, logger: logger)
        } catch let error as KafkaError {
            throw error.asCommandFailure
        } catch let error as StorageError {
            throw CommandFailure("\(error)", exitCode: 1)
        }
    }

    /// Lane 0 closes only when a question of its audit has ended, and it asks every second anyway.
    private static let auditTime = Duration.seconds(2)

    /// The clients of the follower and of the audit.
    ///
    /// Questions to a client wait for one another, and those of the worker must not wait for the
    /// leader of a reference topic that is gone.
    private static func referenceClients(
        _ settings: Settings, _ logger: Logger
    ) throws(KafkaError) -> (follower: AdminClient, audit: AdminClient) {
        (
            try AdminClient(settings: settings.client("reference-ends"), logger: logger),
            try AdminClient(
                settings: settings.client("reference-audit"), timeout: auditTime, logger: logger)
        )
    }

    func run() async throws {
        watchdog.start()
        defer { watchdog.stop() }
        // Started in this order and stopped in the reverse one.
        let first = operating.map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let configuration = ServiceGroupConfiguration(
            services: [first].compactMap { $0 } + [
                .init(service: notes, failureTerminationBehavior: .ignore),
                .init(
                    service: reloader, failureTerminationBehavior: .gracefullyShutdownGroup),
                .init(
                    service: ReferenceService(follower: follower),
                    failureTerminationBehavior: .gracefullyShutdownGroup),
                .init(
                    service: worker, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup),
            ],
            logger: logger)
        let group = ServiceGroup(configuration: configuration)
        let stop = StopSignals(signals: signals, logger: logger) {
            await group.triggerGracefulShutdown()
        }
        do {
            try await withThrowingDiscardingTaskGroup { tasks in
                tasks.addTask { await stop.run() }
                defer { tasks.cancelAll() }
                try await group.run()
            }
        } catch let failure as WorkerFailure {
            throw CommandFailure(failure.description, exitCode: failure.exitCode)
        } catch let error as KafkaError {
            throw error.asCommandFailure
        } catch {
            throw CommandFailure("\(error)", exitCode: 1)
        }
    }
}

/// Follows the reference topics until the group shuts down.
private struct ReferenceService: Service {
    let follower: ReferenceFollower

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await follower.run()
            // The worker stops it early; a service that returns before its turn counts as failed.
            try await gracefulShutdown()
        } onGracefulShutdown: {
            follower.stop()
        }
    }
}

/// The worker: joins the group once reference data is there, leaves it when told to stop.
private struct WorkerService: Service {
    let settings: Settings
    let definition: Definition
    let inForce: DefinitionInForce
    let laneCount: Int
    let follower: ReferenceFollower
    let producer: TransactionalProducer
    let admin: AdminClient
    let auditAdmin: AdminClient
    let folder: StateFolder
    let cache: ReferenceCache
    let clock: SystemClock
    let monitor: WorkerMonitor
    let logger: Logger
    let events = GroupEvents()

    func run() async throws {
        try await withGracefulShutdownHandler {
            await follower.waitUntilCaughtUp()
            if events.isStopRequested { return }
            let consumer = try makeConsumer()
            let result: Result<Void, any Error>
            do {
                try await makeWorker(consumer).run()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await consumer.close(deadline: settings.shutdownTimeout.duration / 2)
            await producer.close(deadline: settings.shutdownTimeout.duration / 4)
            try result.get()
        } onGracefulShutdown: {
            monitor.enter(.stopping)
            events.stop()
            // Else it is told only after this service has ended, and that may be waiting for it.
            follower.stop()
            endByForce()
        }
    }

    /// A stop is bounded, whatever hangs: nothing is lost by ending at any moment.
    private func endByForce() {
        clock.after(settings.shutdownTimeout.duration) { [logger] in
            logger.error("not stopped within shutdown_timeout, ending at once")
            _exit(1)
        }
    }

    private func makeConsumer() throws -> GroupConsumer {
        try GroupConsumer(
            settings: settings.groupClient, groupID: settings.groupID,
            instanceID: settings.instanceID.isEmpty ? nil : settings.instanceID,
            topics: settings.workerTopics.inputs.map(\.topic),
            limits: ConsumerLimits(revokeDeadline: settings.drainTimeout.duration),
            handler: events, logger: logger)
    }

    private func makeWorker(_ consumer: GroupConsumer) -> Worker {
        let port = LibrdkafkaPort(
            consumer: consumer, producer: producer, admin: admin, references: auditAdmin,
            referenceTopics: settings.workerTopics.references, settings: settings.client("restore"),
            logger: logger)
        return Worker(
            settings: settings.worker(topics: settings.workerTopics, laneCount: laneCount),
            definition: definition, kafka: port, events: events, folder: folder,
            changes: cache.changes, clock: clock, monitor: monitor, logger: logger,
            news: { [inForce, logger] in News.show($0, inForce, logger) })
    }
}

/// What people and scripts read on standard output.
enum News {
    static func show(_ news: WorkerNews, _ inForce: DefinitionInForce, _ logger: Logger) {
        switch news {
        case .ready(let lanes):
            let definition = inForce.current
            let list = lanes.map(String.init).joined(separator: ",")
            print(
                "handoff ready lanes=[\(list)] definition=\(definition.name) "
                    + "version=\(definition.version)")
            fflush(nil)
        case .restoring(let lane, let restored, let total):
            logger.info(
                "restoring",
                metadata: [
                    "lane": "\(lane)", "records": "\(restored)", "of": "\(total)",
                ])
        case .enforced(let definition):
            inForce.enforce(definition)
            logger.notice(
                "another definition is in force",
                metadata: [
                    "name": "\(definition.name)", "version": "\(definition.version)",
                    "sha256": "\(definition.sha256)",
                ])
        case .committed, .rewound: break
        }
    }
}

extension Settings {
    /// The client of the group member, with the session that the settings ask for.
    var groupClient: ClientSettings {
        var client = client("consumer")
        client.properties["consumer.session.timeout.ms"] = String(sessionTimeout.total)
        return client
    }

    func worker(topics: Topics, laneCount: Int) -> WorkerSettings {
        var worker = WorkerSettings()
        worker.topics = topics
        worker.limits = Qualifier.Limits(
            maxEventsPerLead: maxEventsPerLead, duplicateWindow: .days(duplicateWindowDays))
        worker.followUp.clock = slaClock == .stream ? .stream : .wall
        worker.followUp.forgetAfterDays = forgetAfterDays
        worker.followUp.erasureMemoryDays = erasureMemoryDays
        worker.followUp.forgetInterval = forgetInterval.duration
        worker.futureTolerance = futureTolerance
        worker.mergeWait = mergeWait.duration
        worker.commitInterval = commitInterval.duration
        worker.epochMaxEvents = epochMaxEvents
        worker.flushInterval = flushInterval.duration
        worker.flushBytes = flushBytes
        worker.hotProfileBytes = hotProfileBytes
        worker.shutdownTimeout = shutdownTimeout.duration
        worker.laneCount = laneCount
        worker.workerVersion = Version.text
        return worker
    }
}
