import KafkaClient
import TestSupport
import Testing

/// Errors of the protocol that no broker gives on request: coordinators and leaders that move,
/// throttling, fencing.
@Suite("Protocol errors of librdkafka's mock cluster", .timeLimit(.minutes(10)))
struct MockFaultTests {
    /// A cluster of three brokers, one topic and a transactional producer.
    private struct Setting {
        let cluster: MockCluster
        let producer: TransactionalProducer
        static let partition = TopicPartition(topic: "out", partition: 0)
        static let id = "t"

        init() async throws {
            cluster = try MockCluster(brokers: 3)
            cluster.createTopic("out", partitions: 1)
            producer = try TransactionalProducer(
                settings: MockFaultTests.settings(cluster), transactionalID: Setting.id,
                topics: ["out"], logger: .silent)
            try await producer.initialise()
        }

        /// One record and one offset in a transaction.
        func transact() async throws(KafkaError) {
            try await producer.begin()
            try await send()
            try await producer.commit()
        }

        func send() async throws(KafkaError) {
            var records = OutboundRecords()
            records.append(topic: 0, partition: 0, key: nil, value: [1])
            try await producer.send(records)
            guard let group = GroupMetadata(groupID: "g", generation: 3, memberID: "m") else {
                return
            }
            try await producer.sendOffsets([Setting.partition: 1], group: group)
        }

        /// How many records are in the topic.
        func count() async throws -> Int64 {
            let admin = try AdminClient(
                settings: MockFaultTests.settings(cluster), logger: .silent)
            return try await admin.watermarks(
                Setting.partition, isolation: .readUncommitted
            ).high
        }
    }

    private static func settings(_ cluster: MockCluster) -> ClientSettings {
        ClientSettings(
            bootstrapServers: cluster.bootstrapServers, clientID: Broker.unique("client"))
    }

    @Test("a transaction survives its coordinator's move, told or found out")
    func transactionCoordinator() async throws {
        let setting = try await Setting()
        try await setting.transact()
        for broker in [2, 3, 1] {
            try await setting.producer.begin()
            try await setting.send()
            // In the middle of it; the next request goes to a broker that is not it any more.
            setting.cluster.moveCoordinator(of: .transaction, Setting.id, to: broker)
            try await setting.producer.commit()
        }
        // 16 = NOT_COORDINATOR, 14 = COORDINATOR_LOAD_IN_PROGRESS, 51 = CONCURRENT_TRANSACTIONS.
        let requests: [(MockCluster.Request, [Int32])] = [
            (.addPartitionsToTransaction, [16, 14, 51]), (.addOffsetsToTransaction, [16, 14, 51]),
            (.transactionalOffsetCommit, [16, 14]), (.endTransaction, [16, 14, 51]),
            (.findCoordinator, [15]),
        ]
        for (request, codes) in requests {
            setting.cluster.fail(request, with: codes)
            try await setting.transact()
        }
        // One record each, no more.
        #expect(try await setting.count() == 1 + 3 + Int64(requests.count))
        await setting.producer.close(deadline: .seconds(20))
    }

    @Test("records find a partition's new leader, once each")
    func leader() async throws {
        let setting = try await Setting()
        for broker in [2, 3, 1] {
            try await setting.producer.begin()
            setting.cluster.moveLeader(of: Setting.partition, to: broker)
            try await setting.send()
            try await setting.producer.commit()
        }
        // 6 = NOT_LEADER_OR_FOLLOWER, 5 = LEADER_NOT_AVAILABLE, 19 = NOT_ENOUGH_REPLICAS,
        // 7 = REQUEST_TIMED_OUT.
        for code in [6, 5, 19, 7] as [Int32] {
            setting.cluster.fail(.produce, with: [code, code])
            try await setting.transact()
        }
        #expect(try await setting.count() == 7)
        await setting.producer.close(deadline: .seconds(20))
    }

    /// UNKNOWN_TOPIC_OR_PART, as a broker says that has just started and has not learned what there
    /// is.
    private static let unknownTopic: Int32 = 3

    @Test("a producer that is made anew outlasts brokers that do not know its topics yet")
    func unknownTopics() async throws {
        let setting = try await Setting()
        try await setting.transact()
        setting.cluster.setError(MockFaultTests.unknownTopic, ofTopic: "out")
        let next = try TransactionalProducer(
            settings: MockFaultTests.settings(setting.cluster), transactionalID: Setting.id,
            topics: ["out"], logger: .silent)
        let isReady = Observed(false)
        async let ready: Void = {
            try await next.initialise()
            isReady.update { $0 = true }
        }()
        try await Task.sleep(for: .milliseconds(700))
        #expect(!isReady.value)
        setting.cluster.setError(0, ofTopic: "out")
        try await ready
        await next.close(deadline: .seconds(20))
        await setting.producer.close(deadline: .seconds(20))
    }

    @Test("a topic that brokers forget for a while costs an epoch, and no record")
    func forgottenTopic() async throws {
        let setting = try await Setting()
        try await setting.transact()
        setting.cluster.setError(MockFaultTests.unknownTopic, ofTopic: "out")
        // A partition that it does not know makes the producer ask for metadata.
        try await setting.producer.begin()
        var records = OutboundRecords()
        records.append(topic: 0, partition: 1, key: nil, value: [1])
        await #expect(throws: KafkaError.self) { try await setting.producer.send(records) }
        do throws(KafkaError) {
            try await setting.send()
            try await setting.producer.commit()
            Issue.record("the topic is unknown")
        } catch {
            // Once a second librdkafka forgets what it has heard: then the record is taken, and its
            // transaction fails.
            #expect([.recycle, .abort].contains(error.consequence), "\(error)")
        }
        setting.cluster.setError(0, ofTopic: "out")
        try await setting.producer.recycle()
        try await setting.transact()
        #expect(try await setting.count() == 2)
        await setting.producer.close(deadline: .seconds(20))
    }

    @Test("messages to a topic that is gone are skipped, and waited for once per worker")
    func absentTopic() async throws {
        let setting = try await Setting()
        var records = OutboundRecords()
        let gone = records.number(ofOther: "gone")
        records.append(topic: gone, partition: 0, key: nil, value: [1])
        setting.cluster.setError(MockFaultTests.unknownTopic, ofTopic: "gone")
        var times: [Duration] = []
        for _ in 0..<2 {
            try await setting.producer.begin()
            let start = ContinuousClock.now
            try await setting.producer.send(records)
            times.append(ContinuousClock.now - start)
            try await setting.producer.commit()
            try await setting.producer.recycle()
        }
        #expect(times[0] > .seconds(3) && times[1] < times[0], "\(times)")
        setting.cluster.setError(0, ofTopic: "gone")
        setting.cluster.createTopic("gone", partitions: 1)
        try await setting.producer.begin()
        try await setting.producer.send(records)
        try await setting.producer.commit()
        let admin = try AdminClient(
            settings: MockFaultTests.settings(setting.cluster), logger: .silent)
        let partition = TopicPartition(topic: "gone", partition: 0)
        #expect(try await admin.watermarks(partition, isolation: .readUncommitted).high == 1)
        await setting.producer.close(deadline: .seconds(20))
    }

    @Test("a question for a partition's ends outlasts the election of its leader")
    func election() async throws {
        let setting = try await Setting()
        try await setting.transact()
        // NOT_LEADER_FOR_PARTITION, LEADER_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PART
        setting.cluster.fail(.listOffsets, with: [6, 6, 5, 3])
        #expect(try await setting.count() == 1)
        // TOPIC_AUTHORIZATION_FAILED: no question changes that.
        setting.cluster.fail(.listOffsets, with: [29, 29])
        await #expect(throws: KafkaError.self) { try await setting.count() }
    }

    @Test("a client that knows a partition's leader asks the next one when that has moved or died")
    func ends() async throws {
        let setting = try await Setting()
        try await setting.transact()
        let admin = try AdminClient(
            settings: MockFaultTests.settings(setting.cluster), logger: .silent)
        func end() async throws(KafkaError) -> Int64 {
            try await admin.watermarks(Setting.partition, isolation: .readUncommitted).high
        }
        setting.cluster.moveLeader(of: Setting.partition, to: 2)
        #expect(try await end() == 1)
        setting.cluster.moveLeader(of: Setting.partition, to: 3)
        #expect(try await end() == 1)
        setting.cluster.setBroker(3, up: false)
        // Nobody leads meanwhile: told in time.
        let start = ContinuousClock.now
        await #expect(throws: KafkaError.self) { try await end() }
        #expect(ContinuousClock.now - start < .seconds(40))
        setting.cluster.moveLeader(of: Setting.partition, to: 1)
        #expect(try await end() == 1)
    }

    @Test("a question for a group's offsets outlasts the move of its coordinator")
    func groupCoordinator() async throws {
        let setting = try await Setting()
        let admin = try AdminClient(
            settings: MockFaultTests.settings(setting.cluster), logger: .silent)
        func offsets(stable: Bool) async throws(KafkaError) -> [TopicPartition: Int64] {
            try await admin.committedOffsets(
                group: "g", partitions: [Setting.partition], stable: stable)
        }
        // The mock cluster keeps no offsets of transactions; whose they are is in TransactionTests.
        for stable in [false, true] {
            // NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS
            setting.cluster.fail(.offsetFetch, with: [16, 15, 14])
            #expect(try await offsets(stable: stable) == [:])
            setting.cluster.moveCoordinator(of: .group, "g", to: stable ? 2 : 3)
            #expect(try await offsets(stable: stable) == [:])
            // GROUP_AUTHORIZATION_FAILED: no question changes that.
            setting.cluster.fail(.offsetFetch, with: [30])
            await #expect(throws: KafkaError.self) { try await offsets(stable: stable) }
        }
    }

    @Test("a reader and a group member follow moves and refusals, and get every record once")
    func consumers() async throws {
        let setting = try await Setting()
        for _ in 0..<5 { try await setting.transact() }
        let cluster = setting.cluster
        // 6 = NOT_LEADER_OR_FOLLOWER, 74 = FENCED_LEADER_EPOCH, 76 = UNKNOWN_LEADER_EPOCH,
        // 89 = THROTTLING_QUOTA_EXCEEDED.
        cluster.fail(.fetch, with: [6, 74, 76, 89])
        let reader = try PartitionReader(
            settings: MockFaultTests.settings(cluster), isolation: .readCommitted,
            partitions: [Setting.partition: 0], logger: .silent)
        cluster.moveLeader(of: Setting.partition, to: 2)
        var offsets: [Int64] = []
        while offsets.count < 5 {
            do throws(KafkaError) {
                guard let batch = try await reader.next(max: 10, timeout: .seconds(20)) else {
                    break
                }
                for place in 0..<batch.count { offsets.append(batch.offset(at: place)) }
            } catch { try #require(error.consequence == .retry, "\(error)") }
        }
        #expect(offsets == Array(0..<5))
        await reader.close()
        // 14 = COORDINATOR_LOAD_IN_PROGRESS, 16 = NOT_COORDINATOR, 25 = UNKNOWN_MEMBER_ID.
        cluster.fail(.findCoordinator, with: [15])
        cluster.fail(.joinGroup, with: [14, 16])
        cluster.fail(.heartbeat, with: [16, 25])
        // A question for the group's offsets that is refused once, as by a coordinator that moves.
        cluster.fail(.offsetFetch, with: [16, 14])
        let member = Member()
        let consumer = try GroupConsumer(
            settings: MockFaultTests.settings(cluster), groupID: "g", instanceID: nil,
            topics: ["out"], handler: member, logger: .silent)
        let all = await member.state.wait(.seconds(60)) { ($0.received[0] ?? []).count >= 5 }
        #expect(all?.received[0]?.prefix(5) == [0, 1, 2, 3, 4])
        #expect(member.state.value.failure.map { $0.consequence == .retry } ?? true)
        await consumer.close(deadline: .seconds(20))
    }

    @Test("a member asks where to begin until it is told, and leaves meanwhile if it is to")
    func patience() async throws {
        let setting = try await Setting()
        for _ in 0..<5 { try await setting.transact() }
        let journal = Observed<[String]>([])
        func join(_ name: String) throws -> (Member, GroupConsumer) {
            let member = Member(name, journal: journal)
            let consumer = try GroupConsumer(
                settings: MockFaultTests.settings(setting.cluster), groupID: name,
                instanceID: nil, topics: ["out"], handler: member, logger: .silent)
            return (member, consumer)
        }
        // 16 = NOT_COORDINATOR, more often than one look-up takes.
        setting.cluster.fail(.offsetFetch, with: Array(repeating: 16, count: 25))
        let start = ContinuousClock.now
        let (patient, first) = try join("patient")
        let all = await patient.state.wait(.seconds(90)) { ($0.received[0] ?? []).count >= 5 }
        #expect(all?.received[0]?.prefix(5) == [0, 1, 2, 3, 4])
        #expect(ContinuousClock.now - start > .seconds(4))
        #expect(await first.close(deadline: .seconds(30)))

        setting.cluster.fail(.offsetFetch, with: Array(repeating: 16, count: 5_000))
        let (leaving, second) = try join("leaving")
        _ = await journal.wait(.seconds(60)) { $0.contains("leaving assigned 0") }
        #expect(await second.close(deadline: .seconds(30)))
        #expect(leaving.state.value.assigned.isEmpty && leaving.state.value.failure == nil)
        await setting.producer.close(deadline: .seconds(20))
    }

    @Test("a member that may not read its group's offsets says so")
    func forbidden() async throws {
        let setting = try await Setting()
        // GROUP_AUTHORIZATION_FAILED
        setting.cluster.fail(.offsetFetch, with: Array(repeating: 30, count: 5_000))
        let member = Member()
        let consumer = try GroupConsumer(
            settings: MockFaultTests.settings(setting.cluster), groupID: "g", instanceID: nil,
            topics: ["out"], handler: member, logger: .silent)
        let failed = await member.state.wait(.seconds(60)) { $0.failure != nil }
        #expect(failed?.failure?.consequence == .stop(exitCode: 1))
        #expect(await consumer.close(deadline: .seconds(30)))
        await setting.producer.close(deadline: .seconds(20))
    }

    @Test("an epoch takes longer from a broker that holds its answers back, and is committed")
    func throttled() async throws {
        let setting = try await Setting()
        for broker in 1...3 { setting.cluster.slow(broker, milliseconds: 300) }
        let start = ContinuousClock.now
        try await setting.transact()
        #expect(ContinuousClock.now - start > .milliseconds(300))
        for broker in 1...3 { setting.cluster.slow(broker, milliseconds: 0) }
        #expect(try await setting.count() == 1)
        await setting.producer.close(deadline: .seconds(20))
    }

    /// What a refusal asks the worker to do, and whether the next transaction then works.
    @Test(
        "every code that fences ends the epoch and nothing else",
        arguments: [
            // 47 = INVALID_PRODUCER_EPOCH, 90 = PRODUCER_FENCED, 48 = INVALID_TXN_STATE: the
            // producer is of no use any more.
            (.endTransaction, [47, 90, 48], [.recycle]),
            (.addPartitionsToTransaction, [47, 90], [.recycle]),
            (.transactionalOffsetCommit, [47], [.recycle]),
            // 49 = INVALID_PRODUCER_ID_MAPPING. librdkafka takes these for passing; if they are
            // not, the abort is refused, which ends in a recycle as well.
            (.endTransaction, [49], [.abort, .recycle]),
            (.addOffsetsToTransaction, [47, 90], [.abort, .recycle]),
            // 22 = ILLEGAL_GENERATION, 25 = UNKNOWN_MEMBER_ID, 82 = FENCED_INSTANCE_ID: the group
            // goes on without this member; the producer is sound.
            (.transactionalOffsetCommit, [22, 25, 82], [.abort]),
        ] as [(MockCluster.Request, [Int32], [Consequence])])
    func fencing(
        _ request: MockCluster.Request, _ codes: [Int32], _ wanted: [Consequence]
    ) async throws {
        let setting = try await Setting()
        for code in codes {
            setting.cluster.fail(request, with: [code])
            do throws(KafkaError) {
                try await setting.transact()
                Issue.record("\(request) \(code) must fail")
            } catch {
                #expect(wanted.contains(error.consequence), "\(request) \(code): \(error)")
                if error.consequence == .abort {
                    try await setting.producer.abort()
                } else {
                    try await setting.producer.recycle()
                }
            }
            try await setting.transact()
        }
        await setting.producer.close(deadline: .seconds(20))
    }
}
