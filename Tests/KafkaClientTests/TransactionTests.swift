import KafkaClient
import TestSupport
import Testing

@Suite("Transactions", .timeLimit(.minutes(10)))
struct TransactionTests {
    private func producer(
        _ broker: Broker, _ id: String, _ topics: [String]
    ) throws -> TransactionalProducer {
        try TransactionalProducer(
            settings: broker.settings(), transactionalID: id, topics: topics, logger: .silent)
    }

    private func records(_ values: [String], topic: Int32 = 0) -> OutboundRecords {
        var records = OutboundRecords()
        for (number, value) in values.enumerated() {
            var headers = RecordHeaders()
            if number % 2 == 1 { headers.append("number", "\(number)") }
            records.append(
                topic: topic, partition: 0, key: [UInt8(truncatingIfNeeded: number)],
                value: Array(value.utf8),
                headers: headers)
        }
        return records
    }

    private func texts(_ records: [StoredRecord]) -> [String] {
        records.map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }

    @Test("records and offsets appear together, and only with the commit")
    func atomic() async throws {
        let broker = try await Broker.shared()
        let input = try await broker.freshTopic("input")
        let output = try await broker.freshTopic("output")
        let changes = try await broker.freshTopic("changes")
        try await broker.fill(input, partitions: 0..<1, count: 10)
        let group = Broker.unique("group")
        let member = Member()
        let consumer = try broker.consumer(member, group: group, topics: [input])
        try #require(await member.state.wait { $0.ends[0] == 10 } != nil)
        let source = TopicPartition(topic: input, partition: 0)
        let target = TopicPartition(topic: output, partition: 0)
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let producer = try producer(broker, Broker.unique("txn"), [output, changes])
        try await producer.initialise()
        try await producer.begin()
        try await producer.send(records(["a", "b", "c"]))
        try await producer.send(records(["x"], topic: 1))
        try await producer.sendOffsets([source: 10], group: try consumer.groupMetadata())
        try await broker.written(target, count: 3)
        #expect(try await broker.read(target).isEmpty)
        let open = try await admin.committedOffsets(
            group: group, partitions: [source], stable: false)
        #expect(open == [:])
        try await producer.commit()
        #expect(texts(try await broker.read(target, atLeast: 3)) == ["a", "b", "c"])
        #expect(try await consumer.committed([source]) == [source: 10])
        let known = try await admin.committedOffsets(group: group, partitions: [source])
        #expect(known == [source: 10])
        await consumer.close(deadline: .seconds(20))
        #expect(await producer.close(deadline: .seconds(20)))
    }

    @Test("an aborted transaction is never read, and its end is passed")
    func abort() async throws {
        let broker = try await Broker.shared()
        let output = try await broker.freshTopic("output")
        let target = TopicPartition(topic: output, partition: 0)
        let producer = try producer(broker, Broker.unique("txn"), [output])
        try await producer.initialise()
        try await producer.begin()
        try await producer.send(records(["wrong"]))
        // An abort drops what librdkafka has not sent yet, and would prove nothing.
        try await broker.written(target, count: 1)
        try await producer.abort()
        try await producer.begin()
        try await producer.send(records(["right"]))
        try await producer.commit()
        try await producer.begin()
        try await producer.send(records(["wrong again"]))
        try await broker.written(target, count: 5)
        try await producer.abort()
        let reader = try PartitionReader(
            settings: broker.settings(), isolation: .readCommitted, partitions: [target: 0],
            logger: .silent)
        var found: [StoredRecord] = []
        while reader.ends()[target] == nil {
            let batch = try #require(try await reader.next(max: 10, timeout: .seconds(20)))
            for index in 0..<batch.count { found.append(batch.stored(at: index)) }
        }
        #expect(texts(found) == ["right"])
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let end = try await admin.watermarks(target, isolation: .readUncommitted).high
        #expect(reader.positions()[target] == end)
        #expect(end == 6)
        await reader.close()
        await producer.close(deadline: .seconds(20))
    }

    @Test("a second producer with the id fences the first, which recycles in the process")
    func fencing() async throws {
        let broker = try await Broker.shared()
        let output = try await broker.freshTopic("output")
        let id = Broker.unique("txn")
        let old = try producer(broker, id, [output])
        try await old.initialise()
        try await old.begin()
        try await old.send(records(["lost"]))
        let new = try producer(broker, id, [output])
        try await new.initialise()
        do {
            try await old.commit()
            Issue.record("a fenced producer must not commit")
        } catch {
            #expect(error.consequence == .recycle, "\(error)")
        }
        try await old.recycle()
        try await old.begin()
        try await old.send(records(["kept"]))
        try await old.commit()
        do {
            try await new.begin()
            try await new.send(records(["lost too"]))
            try await new.commit()
            Issue.record("a fenced producer must not commit")
        } catch {
            #expect(error.consequence == .recycle, "\(error)")
        }
        let target = TopicPartition(topic: output, partition: 0)
        #expect(texts(try await broker.read(target, atLeast: 1)) == ["kept"])
        await old.close(deadline: .seconds(20))
        await new.close(deadline: .seconds(20))
    }

    @Test("headers, order and nulls survive the fast and the slow way in one send")
    func mixed() async throws {
        let broker = try await Broker.shared()
        let output = try await broker.freshTopic("output")
        let producer = try producer(broker, Broker.unique("txn"), [output])
        try await producer.initialise()
        try await producer.begin()
        let all = records((0..<2_500).map { "\($0)" })
        try await producer.send(all)
        try await producer.commit()
        let found = try await broker.read(
            TopicPartition(topic: output, partition: 0), atLeast: all.count)
        #expect(texts(found) == (0..<2_500).map { "\($0)" })
        #expect(found[7].headers == [RecordHeader(name: "number", value: Array("7".utf8))])
        #expect(found[8].headers.isEmpty)
        await producer.close(deadline: .seconds(20))
    }

    @Test("a partition that does not exist makes the transaction abortable, not the process")
    func unknownPartition() async throws {
        let broker = try await Broker.shared()
        let output = try await broker.freshTopic("output")
        let producer = try producer(broker, Broker.unique("txn"), [output])
        try await producer.initialise()
        try await producer.begin()
        var wrong = OutboundRecords()
        wrong.append(topic: 0, partition: 9, key: [1], value: [2])
        do {
            try await producer.send(wrong)
            Issue.record("there is no partition 9")
        } catch { #expect(error.consequence == .abort, "\(error)") }
        try await producer.abort()
        try await producer.begin()
        try await producer.commit()
        await producer.close(deadline: .seconds(20))
    }

    @Test("a missing topic stops with exit code 4")
    func missingTopic() async throws {
        let broker = try await Broker.shared()
        let producer = try producer(broker, Broker.unique("txn"), [Broker.unique("missing")])
        do {
            try await producer.initialise()
            Issue.record("the topic does not exist")
        } catch { #expect(error.consequence == .stop(exitCode: 4), "\(error)") }
        await producer.close(deadline: .seconds(20))
    }

    @Test("after close every call asks for a recycle")
    func closed() async throws {
        let broker = try await Broker.shared()
        let producer = try producer(broker, Broker.unique("txn"), [])
        await producer.close(deadline: .seconds(20))
        await #expect(throws: KafkaError.self) { try await producer.begin() }
    }
}
