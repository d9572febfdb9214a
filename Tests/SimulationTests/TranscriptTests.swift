import KafkaClient
import SimulatedKafka
import TestSupport
import Testing

@testable import Worker

/// The rules of the simulated Kafka against a real broker: one script, two transcripts.
@Suite(.timeLimit(.minutes(10)))
struct TranscriptTests {
    @Test("the simulated Kafka answers a script of calls as a real broker does")
    func transcripts() async throws {
        let real = try await RealStage()
        let expected = try await Script(stage: real).play()
        await real.close()
        let simulated = try await SimulatedStage.play()
        #expect(simulated == expected, "simulated first, then \(real.name)")
        #expect(expected.count > 10)
    }
}

/// What the script needs beside the port.
protocol TranscriptStage: Sendable {
    var port: any KafkaPort { get }
    /// A second process with the same transactional id.
    var rival: any KafkaPort { get }
    var input: TopicPartition { get }
    var changelog: TopicPartition { get }
    /// Waits a little.
    func wait() async
}

/// Calls of the port, and what came of them in words.
struct Script: Sendable {
    let stage: any TranscriptStage

    private struct Never: Error, CustomStringConvertible { let description: String }

    func play() async throws -> [String] {
        var lines: [String] = []
        let port = stage.port
        try await port.initialiseTransactions()
        try port.noteAssignment()
        lines.append("fresh: committed \(try await committed())")

        try await open(records: 2, offset: 2)
        try await port.commitTransaction()
        lines.append("committed: end \(try await end(3)), \(try await read(from: 0))")
        lines.append("offset \(try await committed(2))")

        try await open(records: 1, offset: nil)
        lines.append("open: end \(try await end(4)), \(try await read(from: 0))")
        try await port.abortTransaction()
        lines.append("aborted: end \(try await end(5)), \(try await read(from: 0))")
        lines.append("behind it: \(try await read(from: 3))")

        try await port.beginTransaction()
        try await port.commitTransaction()
        lines.append("empty: end \(try await end(5))")

        try await open(records: 1, offset: 3)
        lines.append("left open: end \(try await end(6))")
        try await port.recycleProducer()
        lines.append("recycled: end \(try await end(7)), offset \(try await committed(2))")

        try await open(records: 1, offset: 3)
        _ = try await end(8)
        try await stage.rival.initialiseTransactions()
        lines.append("taken over: end \(try await end(9)), offset \(try await committed(2))")
        let late = await outcome { () throws(KafkaError) in try await port.commitTransaction() }
        lines.append("the old one: \(late)")
        try await port.recycleProducer()
        try await open(records: 1, offset: 3)
        try await port.commitTransaction()
        lines.append("taken back: end \(try await end(11)), \(try await read(from: 0))")
        lines.append("offset \(try await committed(3))")
        lines += try await fetched()
        return lines
    }

    private func fetched() async throws -> [String] {
        let stored = try await fetch(stage.port.rewind(to: [:]))
        let chosen = try await fetch(stage.port.rewind(to: [stage.input: 1]))
        return ["from the offset: \(stored)", "from 1: \(chosen)"]
    }

    private func open(records count: Int, offset: Int64?) async throws {
        try await stage.port.beginTransaction()
        var records = OutboundRecords()
        for number in 0..<count {
            records.append(
                topic: 0, partition: 0, key: Array("k\(number)".utf8), value: Array("v".utf8))
        }
        try await stage.port.send(records)
        if let offset { try await stage.port.sendOffsets([stage.input: offset]) }
    }

    private func outcome(_ body: () async throws(KafkaError) -> Void) async -> String {
        do throws(KafkaError) {
            try await body()
            return "done"
        } catch { return "\(error.consequence)" }
    }

    /// The end of the changelog, once it is there.
    private func end(_ wanted: Int64) async throws -> Int64 {
        for _ in 0..<200 {
            let range = try await stage.port.logRange(stage.changelog)
            if range.upperBound >= wanted { return range.upperBound }
            await stage.wait()
        }
        throw Never(description: "the changelog does not reach \(wanted)")
    }

    private func committed(_ wanted: Int64? = nil) async throws -> Int64 {
        for _ in 0..<200 {
            let offset = try await stage.port.committed([stage.input])[stage.input] ?? -1
            if wanted == nil || offset == wanted { return offset }
            await stage.wait()
        }
        throw Never(description: "the offset does not become \(wanted ?? -1)")
    }

    private func read(from offset: Int64) async throws -> String {
        let reading = try stage.port.readChangelog(stage.changelog, from: offset)
        var offsets: [Int64] = []
        var isAtEnd = false
        while !isAtEnd {
            guard let batch = try await reading.next(max: 100, timeout: .seconds(10)) else { break }
            for place in 0..<batch.count { offsets.append(batch.offset(at: place)) }
            isAtEnd = !batch.ends.isEmpty
        }
        let position = reading.position()
        await reading.close()
        return "read \(offsets) up to \(position)"
    }

    private func fetch(
        _ queues: [TopicPartition: any InputQueue]
    ) async throws -> String {
        guard let queue = queues[stage.input] else { return "no queue" }
        var offsets: [Int64] = []
        for _ in 0..<400 {
            while let batch = queue.fetch(max: 10) {
                for place in 0..<batch.count { offsets.append(batch.offset(at: place)) }
                if let end = batch.endOffsetSeen { return "fetched \(offsets), end \(end)" }
            }
            await stage.wait()
        }
        throw Never(description: "no end of the input")
    }
}

/// A real broker, a real consumer and two real producers.
private final class RealStage: TranscriptStage {
    let port: any KafkaPort
    let rival: any KafkaPort
    let input: TopicPartition
    let changelog: TopicPartition
    let name: String
    private let consumer: GroupConsumer
    private let producers: [TransactionalProducer]

    init() async throws {
        let broker = try await Broker.shared()
        name = broker.bootstrapServers
        input = TopicPartition(topic: try await broker.freshTopic("input"), partition: 0)
        changelog = TopicPartition(topic: try await broker.freshTopic("changelog"), partition: 0)
        let feeder = try PlainProducer(
            settings: broker.settings(), topics: [input.topic], logger: .silent)
        var records = OutboundRecords()
        for number in 0..<5 {
            records.append(
                topic: 0, partition: 0, key: nil, value: Array("\(number)".utf8))
        }
        _ = try await feeder.send(records)
        await feeder.close()
        let handler = Joined()
        let consumer = try GroupConsumer(
            settings: broker.settings(), groupID: Broker.unique("group"), instanceID: nil,
            topics: [input.topic], handler: handler, logger: .silent)
        self.consumer = consumer
        guard await handler.hasStarted.wait(.seconds(60), until: { $0 }) != nil else {
            throw Broker.Unavailable(description: "no assignment")
        }
        let id = Broker.unique("transactional")
        let topics = [changelog.topic]
        producers = try (0..<2).map { _ in
            try TransactionalProducer(
                settings: broker.settings(), transactionalID: id, topics: topics, logger: .silent)
        }
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let ports = producers.map { producer in
            LibrdkafkaPort(
                consumer: consumer, producer: producer, admin: admin, references: admin,
                referenceTopics: [],
                settings: broker.settings(), logger: .silent)
        }
        (port, rival) = (ports[0], ports[1])
    }

    func wait() async { try? await Task.sleep(for: .milliseconds(50)) }

    func close() async {
        await consumer.close(deadline: .seconds(10))
        for producer in producers { await producer.close(deadline: .seconds(10)) }
    }
}

/// Answers everything at once.
private final class Joined: AssignmentHandler {
    let hasStarted = Observed(false)

    func assigned(_ partitions: [TopicPartition]) async -> [TopicPartition: Int64] { [:] }
    func started(_ queues: [TopicPartition: PartitionQueue]) async {
        hasStarted.update { $0 = true }
    }
    func revoked(_ partitions: [TopicPartition], lost: Bool) async {}
    func revokeOverdue(_ partitions: [TopicPartition]) {}
    func failed(_ error: KafkaError) {}
}

/// The simulated cluster, alone with one member.
// Unchecked: used on the scheduler's thread only.
private final class SimulatedStage: TranscriptStage, @unchecked Sendable {
    let input = TopicPartition(topic: "input", partition: 0)
    let changelog = TopicPartition(topic: "changelog", partition: 0)
    private let scheduler = Scheduler(seed: 1)
    private let executor: ProcessExecutor
    private let member: SimulatedMember
    private let host = NoFaults()
    private let simulated: [SimulatedPort]
    private var lines: Result<[String], any Error>?

    var port: any KafkaPort { simulated[0] }
    var rival: any KafkaPort { simulated[1] }

    private init() {
        var settings = SimulatedCluster.Settings()
        settings.lanes = 1
        let cluster = SimulatedCluster(settings: settings, scheduler: scheduler)
        for topic in ["input", "changelog"] { cluster.create(topic, partitions: 1) }
        for number in 0..<5 {
            cluster.append(
                StoredRecord(key: nil, value: Array("\(number)".utf8), offset: 0), to: input)
        }
        executor = ProcessExecutor(number: 0, scheduler: scheduler)
        let events = GroupEvents()
        // Everything is answered at once.
        events.close()
        member = SimulatedMember(
            cluster: cluster, executor: executor, events: events, topics: ["input"],
            revokeDeadline: .seconds(1), fetchFault: { nil })
        let (host, member) = (host, member)
        simulated = (0..<2).map { _ in
            let port = SimulatedPort(
                cluster: cluster, member: member, host: host, transactionalID: "id",
                topics: ["changelog"])
            port.writesWithCommit = false
            return port
        }
    }

    static func play() async throws -> [String] {
        let stage = SimulatedStage()
        stage.member.start()
        for _ in 0..<1_000 where stage.member.assigned.isEmpty { _ = stage.scheduler.step() }
        Task(executorPreference: stage.executor) {
            do {
                stage.lines = .success(try await Script(stage: stage).play())
            } catch {
                stage.lines = .failure(error)
            }
        }
        for _ in 0..<1_000_000 where stage.lines == nil { _ = stage.scheduler.step() }
        return try stage.lines?.get() ?? []
    }

    func wait() async { await scheduler.sleep(.milliseconds(50)) }
}

private final class NoFaults: FaultHost {
    let isDead = false
    func fault(at call: PortCall) -> Fault? { nil }
    func crash(_ loss: StateLoss) {}
    func pause(_ duration: Duration) {}
}
