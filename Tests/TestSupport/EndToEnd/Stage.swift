internal import Foundation
package import KafkaClient
internal import Qualification
internal import Synchronization

/// Topics, a group and a folder of a test's own, with everything to feed workers and to read them.
///
/// Inputs and changelog have one partition a lane; outputs have one unless asked otherwise, so that
/// the order of everything a lane wrote to a topic can be seen.
package final class Stage: Sendable {
    /// The broker.
    package let broker: Broker
    /// Before every topic name.
    package let prefix: String
    /// The consumer group.
    package let group: String
    /// Partitions of each input.
    package let lanes: Int
    /// Holds definition, state and logs; goes with the stage.
    package let folder: String
    /// Looks at topics and offsets.
    package let admin: AdminClient
    /// Topics of the definition's products, without the prefix.
    package let productTopics: [String]
    /// `HANDOFF_...` variables of every worker, on top of the stage's own.
    package let settings: [String: String]

    let producer: PlainProducer
    let partitionCounts: [String: Int]
    let fedCount = Atomic(0)
    private let workers = Mutex<[WorkerProcess]>([])
    private let proxy: Proxy?

    /// How far a far broker is, in milliseconds for each way; an epoch takes several round trips.
    private static let distance = 20

    /// The inputs in the order in which equal timestamps are taken.
    package static let inputs = ["marketing.leads", "sales.dispositions", "marketing.activities"]
    /// Reference data.
    package static let references = [
        "reference.accounts", "reference.campaigns", "reference.suppressions",
    ]
    /// The changelog.
    package static let changelog = "handoff.profiles"
    /// The bad input.
    package static let deadLetters = "handoff.dead-letters"

    /// All outputs but the changelog.
    package var outputs: [String] {
        ["marketing.nurture", "sales.alerts", Stage.deadLetters] + productTopics
    }

    /// Runs a test on a new stage; afterwards its workers are dead and its folder is gone.
    ///
    /// With `isFar` workers reach the broker through a slow proxy. Together with small epochs that
    /// makes work last, however quick the machine is. A broker that does not name itself by
    /// 127.0.0.1 is reached directly.
    package static func with<Output>(
        definition yaml: String, lanes: Int = 1, outputPartitions: Int = 1,
        settings: [String: String] = [:], broker: Broker? = nil, isFar: Bool = false,
        _ body: (Stage) async throws -> Output
    ) async throws -> Output {
        let stage = try await Stage(yaml, lanes, outputPartitions, settings, broker, isFar)
        do {
            let output = try await body(stage)
            try await stage.strike()
            return output
        } catch {
            try? await stage.strike()
            throw error
        }
    }

    private init(
        _ yaml: String, _ lanes: Int, _ outputPartitions: Int, _ settings: [String: String],
        _ own: Broker?, _ isFar: Bool
    ) async throws {
        if let own { broker = own } else { broker = try await Broker.shared() }
        proxy = isFar ? try Proxy.slow(Stage.distance, before: broker) : nil
        prefix = Broker.unique("e2e") + "."
        group = Broker.unique("group")
        self.lanes = lanes
        self.settings = settings
        folder =
            FileManager.default.temporaryDirectory
            .appendingPathComponent(Broker.unique("handoff-e2e")).path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        productTopics = try Fixtures.definition(yaml).products.map(\.topic)
        var counts: [String: Int] = [:]
        for topic in Stage.inputs + [Stage.changelog] { counts[topic] = lanes }
        for topic in Stage.references { counts[topic] = 1 }
        let rest = ["marketing.nurture", "sales.alerts", Stage.deadLetters] + productTopics
        for topic in rest { counts[topic] = outputPartitions }
        partitionCounts = counts
        admin = try AdminClient(settings: broker.settings(), logger: .silent)
        producer = try PlainProducer(
            settings: broker.settings(["producer.message.max.bytes": "4000000"]),
            topics: (Stage.inputs + Stage.references).map { [prefix] in prefix + $0 },
            logger: .silent)
        try await Stage.create(counts, prefix, admin)
        try write(definition: yaml)
    }

    /// Makes topics that keep every record, whatever its timestamp.
    package static func create(
        _ counts: [String: Int], _ prefix: String, _ admin: AdminClient
    ) async throws {
        let compacted = Set(references + [changelog])
        // Apache Kafka from 3.6 on refuses records of the future unless told not to; older ones
        // refuse that setting.
        let attempts = [["message.timestamp.after.max.ms": "9223372036854775807"], [:]]
        var failures: [String] = []
        for extra in attempts {
            let topics = counts.map { name, partitions in
                var configuration = extra.merging(["retention.ms": "-1"]) { $1 }
                if compacted.contains(name) { configuration["cleanup.policy"] = "compact" }
                if name == deadLetters || inputs.contains(name) {
                    configuration["max.message.bytes"] = "4194304"
                }
                return NewTopic(
                    name: prefix + name, partitions: partitions, configuration: configuration)
            }
            let outcome = try await admin.createTopics(topics)
            failures = outcome.compactMap { name, creation in
                if case .failed(let error) = creation { return "\(name): \(error)" }
                return nil
            }
            if failures.isEmpty { return }
        }
        throw Broker.Unavailable(description: failures.joined(separator: "\n"))
    }

    /// Ends what is left of the test.
    private func strike() async throws {
        let workers = workers.withLock { $0 }
        for worker in workers where worker.hasEnded == nil { try await worker.kill() }
        await producer.close()
        proxy?.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// From now on the broker is as near to the workers as it is.
    package func comeNear() { proxy?.change(to: .clear) }

    // MARK: Workers

    /// Replaces the definition that workers started from now on use.
    package func write(definition yaml: String, as name: String = "definition.yaml") throws {
        // At once, as an editor does: a worker may be about to read it.
        try Data(yaml.utf8).write(
            to: URL(fileURLWithPath: folder + "/" + name), options: .atomic)
    }

    /// The folder in which a worker of that name keeps its state.
    package func stateFolder(_ name: String) -> String { folder + "/state-" + name }

    /// Removes a worker's state, as if its disk were lost.
    package func removeState(_ name: String) throws {
        let path = stateFolder(name)
        guard FileManager.default.fileExists(atPath: path) else { return }
        try FileManager.default.removeItem(atPath: path)
    }

    /// Starts a worker; one of the same name has the same state folder.
    ///
    /// With `isStatic` it is a static member under its name, so that the next one of that name
    /// takes over at once, however this one ended. `fileLimit`, in KiB, is where its disk is full.
    package func start(
        _ name: String = "one", isStatic: Bool = true, settings extra: [String: String] = [:],
        fileLimit: Int? = nil
    ) throws -> WorkerProcess {
        let environment = environment(name, isStatic: isStatic, extra)
        return try launch(["run"], environment, name, fileLimit)
    }

    /// Starts workers, each when the last is ready.
    ///
    /// When three members join a new group within a second, the development broker lets them wait
    /// for more than half a minute in one of fifty cases, plain consumers as well.
    package func startInTurn(
        _ names: [String], isStatic: Bool = true
    ) async throws -> [WorkerProcess] {
        var workers: [WorkerProcess] = []
        for name in names {
            let worker = try start(name, isStatic: isStatic)
            try await worker.waitUntilReady()
            workers.append(worker)
        }
        return workers
    }

    /// Runs a command to its end, in the surroundings of a worker.
    package func command(
        _ arguments: [String]
    ) async throws -> (ending: WorkerProcess.Ending, output: String, errors: String) {
        let environment = environment("tool", isStatic: false, [:])
        let process = try launch(arguments, environment, "tool")
        let ending = try await process.waitForEnd()
        return (ending, process.output, process.errors)
    }

    private func environment(
        _ name: String, isStatic: Bool, _ extra: [String: String]
    ) -> [String: String] {
        var environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HANDOFF_BOOTSTRAP_SERVERS": proxy?.bootstrapServers ?? broker.bootstrapServers,
            "HANDOFF_GROUP_ID": group, "HANDOFF_TOPIC_PREFIX": prefix,
            "HANDOFF_STATE_FOLDER": stateFolder(name),
            "HANDOFF_DEFINITION": folder + "/definition.yaml",
            "HANDOFF_COMMIT_INTERVAL": "20ms", "HANDOFF_SESSION_TIMEOUT": "12s",
            "HANDOFF_DRAIN_TIMEOUT": "10s",
            // Tests run beside others; the order must not depend on who is quick.
            "HANDOFF_MERGE_WAIT": "10s",
        ]
        if isStatic { environment["HANDOFF_INSTANCE_ID"] = "\(group)-\(name)" }
        environment.merge(settings) { $1 }
        environment.merge(extra) { $1 }
        return environment
    }

    private func launch(
        _ arguments: [String], _ environment: [String: String], _ name: String,
        _ fileLimit: Int? = nil
    ) throws -> WorkerProcess {
        let number = workers.withLock { $0.count }
        let worker = try WorkerProcess(
            arguments: arguments, environment: environment,
            logPath: "\(folder)/\(name)-\(number)", fileLimit: fileLimit)
        workers.withLock { $0.append(worker) }
        return worker
    }
}
