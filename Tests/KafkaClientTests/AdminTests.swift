import Foundation
import KafkaClient
import TestSupport
import Testing

@Suite("Admin", .timeLimit(.minutes(10)))
struct AdminTests {
    @Test("offsets by time: the first record stamped then or later; none where there is no such")
    func offsetsByTime() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic("times", partitions: 2)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var records = OutboundRecords()
        for (number, age) in [3000, 2000, 1000].enumerated() {
            records.append(
                topic: 0, partition: 0, key: [UInt8(number)], value: [1] as [UInt8],
                timestamp: now - Int64(age))
        }
        let producer = try PlainProducer(
            settings: broker.settings(), topics: [topic], logger: .silent)
        #expect(try await producer.send(records).isEmpty)
        await producer.close()
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let partitions = [0, 1].map { TopicPartition(topic: topic, partition: $0) }
        for (age, offset) in [(5000, Int64(0)), (2000, 1), (1500, 2), (0, nil)] {
            let found = try await admin.offsets(of: partitions, since: now - Int64(age))
            #expect(found[partitions[0]] == offset && found[partitions[1]] == nil)
        }
    }

    @Test("create, describe and create again")
    func topics() async throws {
        let broker = try await Broker.shared()
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let name = Broker.unique("admin")
        let topic = NewTopic(
            name: name, partitions: 3, configuration: ["cleanup.policy": "compact"])
        #expect(try await admin.createTopics([topic]) == [name: .created])
        #expect(try await admin.createTopics([topic]) == [name: .existed])
        let found = try await admin.describeTopics([name, Broker.unique("missing")])
        #expect(found == [name: 3])
        let configuration = try await admin.describeConfigs(topic: name)
        #expect(configuration["cleanup.policy"] == "compact")
    }

    @Test("watermarks know the real end and the stable one")
    func watermarks() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        try await broker.fill(topic, partitions: 0..<1, count: 4)
        let partition = TopicPartition(topic: topic, partition: 0)
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let producer = try TransactionalProducer(
            settings: broker.settings(), transactionalID: Broker.unique("txn"),
            topics: [topic], logger: .silent)
        try await producer.initialise()
        try await producer.begin()
        var records = OutboundRecords()
        records.append(topic: 0, partition: 0, key: nil, value: [1])
        try await producer.send(records)
        try await broker.written(partition, count: 5)
        let stable = try await admin.watermarks(partition, isolation: .readCommitted)
        #expect(stable.low == 0)
        #expect(stable.high == 4)
        #expect(try await admin.watermarks(partition, isolation: .readUncommitted).high == 5)
        try await producer.abort()
        await producer.close(deadline: .seconds(20))
    }

    @Test("an unreachable broker is told within 30 s, with exit code 3")
    func unreachable() async throws {
        let settings = ClientSettings(bootstrapServers: "127.0.0.1:1", clientID: "nobody")
        let start = ContinuousClock.now
        let admin = try AdminClient(settings: settings, logger: .silent)
        do {
            try await admin.brokerReachable(timeout: .seconds(3))
            Issue.record("nobody listens there")
        } catch {
            #expect(error.consequence == .stop(exitCode: 3))
            #expect(error.description.contains("127.0.0.1:1"))
            #expect(error.reason.contains("refused"), "\(error)")
        }
        let hurried = try AdminClient(
            settings: settings, timeout: .seconds(2), logger: .silent)
        do {
            let partitions = [TopicPartition(topic: "t", partition: 0)]
            _ = try await hurried.committedOffsets(group: "nobody", partitions: partitions)
            Issue.record("nobody listens there")
        } catch { #expect(error.consequence == .stop(exitCode: 3), "\(error)") }
        let producer = try TransactionalProducer(
            settings: settings, transactionalID: "nobody", topics: ["t"],
            limits: ProducerLimits(connectTimeout: .seconds(2)), logger: .silent)
        do {
            try await producer.initialise()
            Issue.record("nobody listens there")
        } catch { #expect(error.consequence == .stop(exitCode: 3), "\(error)") }
        await producer.close(deadline: .seconds(20))
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test("partitions nobody has committed are absent")
    func noOffsets() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let found = try await admin.committedOffsets(
            group: Broker.unique("group"), partitions: [.init(topic: topic, partition: 0)])
        #expect(found == [:])
    }
}
