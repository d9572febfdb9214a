import KafkaClient
import TestSupport
import Testing

@Suite("Reading and writing", .timeLimit(.minutes(10)))
struct ReadWriteTests {
    @Test("null and empty parts, headers and timestamps come back as they went")
    func roundTrip() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        let stamp: Int64 = 1_900_000_000_000 - 200_000_000_000
        var headers = RecordHeaders()
        headers.append("ce_type", "lead")
        headers.append("empty", [])
        headers.appendNull("null")
        var records = OutboundRecords()
        records.append(topic: 0, partition: 0, key: [1, 2], value: [3], timestamp: stamp)
        records.append(topic: 0, partition: 0, key: [], value: [])
        records.append(topic: 0, partition: 0, key: [UInt8]?.none, value: nil, timestamp: stamp)
        records.append(topic: 0, partition: 0, key: [4], value: nil)
        records.append(topic: 0, partition: 0, key: [5], value: [6], headers: headers)
        let producer = try PlainProducer(
            settings: broker.settings(), topics: [topic], logger: .silent)
        #expect(try await producer.send(records).isEmpty)
        let found = try await broker.read(TopicPartition(topic: topic, partition: 0))
        try #require(found.count == 5)
        for index in 0..<5 {
            let sent = records.stored(at: index)
            #expect(found[index].key == sent.key)
            #expect(found[index].value == sent.value)
            #expect(found[index].headers == sent.headers)
            #expect(found[index].offset == Int64(index))
            if sent.timestamp != 0 { #expect(found[index].timestamp == sent.timestamp) }
            #expect(found[index].timestamp > 0)
        }
    }

    @Test("a group consumer gets every record of every partition, then its end")
    func groupFetch() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 3)
        try await broker.fill(topic, partitions: 0..<3, count: 250)
        let member = Member()
        let consumer = try broker.consumer(
            member, group: Broker.unique("group"), topics: [topic])
        let done = await member.state.wait { state in
            (0..<3).allSatisfy { state.received[$0]?.count == 250 && state.ends[$0] == 250 }
        }
        #expect(done != nil, "\(member.state.value.received.mapValues(\.count))")
        #expect(member.state.value.received[1] == Array(0..<250))
        #expect(consumer.state == .assigned((0..<3).map { .init(topic: topic, partition: $0) }))
        #expect(try consumer.groupMetadata().generation >= 0)
        #expect(await consumer.close(deadline: .seconds(20)))
        #expect(consumer.state == .closed)
        #expect(throws: KafkaError.self) { try consumer.groupMetadata() }
    }

    @Test("a rewind delivers again exactly from the offsets")
    func rewind() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 2)
        try await broker.fill(topic, partitions: 0..<2, count: 100)
        let member = Member()
        let consumer = try broker.consumer(
            member, group: Broker.unique("group"), topics: [topic])
        let zero = TopicPartition(topic: topic, partition: 0)
        let one = TopicPartition(topic: topic, partition: 1)
        let first = await member.state.wait { state in
            (0..<2).allSatisfy { state.ends[$0] == 100 }
        }
        try #require(first != nil)
        for round in 1...5 {
            member.state.update {
                $0.received = [:]
                $0.ends = [:]
            }
            let start = Int64(round * 10)
            let queues = try await consumer.rewind(to: [zero: start, one: 99])
            #expect(Set(queues.keys) == [zero, one])
            for queue in queues.values { member.follow(queue) }
            let again = await member.state.wait { state in
                (0..<2).allSatisfy { state.ends[$0] == 100 }
            }
            #expect(again != nil)
            #expect(member.state.value.received[0] == Array(start..<100))
            #expect(member.state.value.received[1] == [99])
        }
        await consumer.close(deadline: .seconds(20))
    }

    @Test("the end offset follows the log")
    func endOffset() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        try await broker.fill(topic, partitions: 0..<1, count: 10)
        let partition = TopicPartition(topic: topic, partition: 0)
        let seen = Observed<[Int64]>([])
        let member = QueueWatcher { queue in
            seen.update { $0.append(queue.endOffset()) }
        }
        let consumer = try GroupConsumer(
            settings: broker.settings(), groupID: Broker.unique("group"), instanceID: nil,
            topics: [topic], handler: member, logger: .silent)
        #expect(await seen.wait { $0.last == 10 } != nil, "\(seen.value)")
        try await broker.fill(topic, partitions: 0..<1, count: 5)
        #expect(await seen.wait { $0.last == 15 } != nil, "\(seen.value) \(partition)")
        await consumer.close(deadline: .seconds(20))
    }

    @Test("a waiting reader can be called back, and a silent one times out")
    func readerWaits() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        let partition = TopicPartition(topic: topic, partition: 0)
        let reader = try PartitionReader(
            settings: broker.settings(), isolation: .readUncommitted,
            partitions: [partition: 0], logger: .silent)
        let end = try await reader.next(max: 10, timeout: .seconds(20))
        #expect(end?.count == 0)
        #expect(end?.endOffsetSeen == 0)
        #expect(try await reader.next(max: 10, timeout: .milliseconds(50)) == nil)
        async let waiting = reader.next(max: 10, timeout: .seconds(60))
        reader.cancelWait()
        #expect(try await waiting == nil)
        await reader.close()
        #expect(try await reader.next(max: 10, timeout: .seconds(60)) == nil)
    }

    @Test("records that cannot be written are named by their place")
    func undelivered() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 1)
        let producer = try PlainProducer(
            settings: broker.settings(), topics: [topic], inFlight: 2, logger: .silent)
        var records = OutboundRecords()
        records.append(topic: 0, partition: 0, key: nil, value: [1])
        records.append(topic: 0, partition: 7, key: nil, value: [2])
        records.append(topic: 0, partition: 0, key: nil, value: [3])
        records.append(topic: 5, partition: 0, key: nil, value: [4], headers: RecordHeaders())
        let progress = Observed<[Int]>([])
        let failures = try await producer.send(records) { done in
            progress.update { $0.append(done) }
        }
        #expect(failures.map(\.index) == [1, 3])
        #expect(progress.value == [2, 4])
        let found = try await broker.read(TopicPartition(topic: topic, partition: 0))
        #expect(found.map(\.value) == [[1], [3]])
    }

    @Test("the key decides the partition as for Java clients")
    func partitioner() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 10)
        let producer = try PlainProducer(
            settings: broker.settings(), topics: [topic], logger: .silent)
        var records = OutboundRecords()
        // org.apache.kafka.common.utils.Utils.murmur2("21") = -973932308, so partition 0 of 10
        // would be toPositive(-973932308) % 10 = 1173551340 % 10 = 0.
        records.append(
            topic: 0, partition: OutboundRecords.byKey, key: Array("21".utf8), value: [1])
        #expect(try await producer.send(records).isEmpty)
        let found = try await broker.read(TopicPartition(topic: topic, partition: 0))
        #expect(found.count == 1)
    }
}

/// A member that calls back for every wake-up, after having emptied the queue.
private final class QueueWatcher: AssignmentHandler {
    private let seen: @Sendable (PartitionQueue) -> Void

    init(_ seen: @escaping @Sendable (PartitionQueue) -> Void) { self.seen = seen }

    func assigned(_ partitions: [TopicPartition]) async -> [TopicPartition: Int64] { [:] }

    func started(_ queues: [TopicPartition: PartitionQueue]) async {
        for queue in queues.values {
            try? queue.onReady { [weak queue, seen] in
                guard let queue else { return }
                while queue.fetch(max: 100) != nil {}
                seen(queue)
            }
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) async {}
    func revokeOverdue(_ partitions: [TopicPartition]) {}
    func failed(_ error: KafkaError) {}
}
