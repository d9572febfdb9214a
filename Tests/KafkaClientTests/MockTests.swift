import KafkaClient
import TestSupport
import Testing

@Suite("Against librdkafka's mock cluster", .timeLimit(.minutes(10)))
struct MockTests {
    private func settings(
        _ cluster: MockCluster, _ properties: [String: String] = [:]
    ) -> ClientSettings {
        ClientSettings(
            bootstrapServers: cluster.bootstrapServers, clientID: Broker.unique("client"),
            properties: properties)
    }

    private func fill(_ cluster: MockCluster, _ topic: String, count: Int) async throws {
        let producer = try PlainProducer(
            settings: settings(cluster, ["batch.num.messages": "200"]), topics: [topic],
            logger: .silent)
        var records = OutboundRecords()
        let value = [UInt8](repeating: 120, count: 290)
        for _ in 0..<count {
            for partition in 0..<Int32(4) {
                records.append(topic: 0, partition: partition, key: nil, value: value)
            }
        }
        #expect(try await producer.send(records).isEmpty)
        await producer.close()
    }

    // Regression: with every queue above its limit fetching slept a second at a time, 40 s here.
    @Test("queues that were full are filled again at once")
    func fullQueues() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("full", partitions: 4)
        try await fill(cluster, "full", count: 10_000)
        let reader = try PartitionReader(
            settings: settings(
                cluster, ["queued.min.messages": "1000", "max.partition.fetch.bytes": "65536"]),
            isolation: .readCommitted,
            partitions: Dictionary(
                uniqueKeysWithValues: (0..<4).map { (.init(topic: "full", partition: $0), 0) }),
            logger: .silent)
        let start = ContinuousClock.now
        var found = 0
        while found < 40_000 {
            found += try #require(try await reader.next(max: 500, timeout: .seconds(20))).count
        }
        #expect(ContinuousClock.now - start < .seconds(25))
        await reader.close()
    }

    @Test("the same holds for the queues of a group consumer")
    func fullPartitionQueues() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("full", partitions: 4)
        try await fill(cluster, "full", count: 10_000)
        let member = Member()
        let consumer = try GroupConsumer(
            settings: settings(
                cluster, ["queued.min.messages": "500", "max.partition.fetch.bytes": "65536"]),
            groupID: "group", instanceID: nil, topics: ["full"], handler: member,
            logger: .silent)
        // The mock group takes three seconds to join.
        try #require(await member.state.wait { !$0.received.isEmpty } != nil)
        let start = ContinuousClock.now
        let all = await member.state.wait { state in
            (0..<4).allSatisfy { state.received[$0]?.count == 10_000 }
        }
        #expect(all != nil)
        #expect(ContinuousClock.now - start < .seconds(25))
        await consumer.close(deadline: .seconds(20))
    }

    @Test("a refused transaction is sorted by what must be done about it")
    func triage() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("out", partitions: 1)
        let producer = try TransactionalProducer(
            settings: settings(cluster), transactionalID: "t", topics: ["out"],
            logger: .silent)
        try await producer.initialise()
        var records = OutboundRecords()
        records.append(topic: 0, partition: 0, key: nil, value: [1])
        // 47 = INVALID_PRODUCER_EPOCH: fenced. 53 = no right to the id: an operator's matter.
        let cases: [(MockCluster.Request, Int32, Consequence)] = [
            (.endTransaction, 47, .recycle), (.endTransaction, 53, .stop(exitCode: 1)),
            (.addPartitionsToTransaction, 29, .stop(exitCode: 1)),
        ]
        for (request, code, expected) in cases {
            try await producer.begin()
            cluster.fail(request, with: [code])
            do {
                try await producer.send(records)
                try await producer.commit()
                Issue.record("\(request) \(code) must fail")
            } catch { #expect(error.consequence == expected, "\(request) \(error)") }
            try await producer.recycle()
        }
        // 15 = COORDINATOR_NOT_AVAILABLE: librdkafka repeats it by itself.
        try await producer.begin()
        cluster.fail(.endTransaction, with: [15, 15])
        try await producer.send(records)
        try await producer.commit()
        await producer.close(deadline: .seconds(20))
    }

    @Test("offsets of a generation that is over ask for an abort")
    func staleGeneration() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("out", partitions: 1)
        let producer = try TransactionalProducer(
            settings: settings(cluster), transactionalID: "t", topics: ["out"],
            logger: .silent)
        try await producer.initialise()
        try await producer.begin()
        // 22 = ILLEGAL_GENERATION.
        cluster.fail(.transactionalOffsetCommit, with: [22])
        let group = try #require(GroupMetadata(groupID: "group", generation: 3, memberID: "m"))
        #expect(group.generation == 3)
        do {
            try await producer.sendOffsets([.init(topic: "out", partition: 0): 1], group: group)
            Issue.record("a stale generation must be refused")
        } catch { #expect(error.consequence == .abort, "\(error)") }
        try await producer.abort()
        try await producer.begin()
        try await producer.abort()
        await producer.close(deadline: .seconds(20))
    }
}
