import KafkaClient
import TestSupport
import Testing

@Suite("Rebalances", .timeLimit(.minutes(10)))
struct RebalanceTests {
    // Regression: a wake-up enabled on a queue that still held entries of the previous ownership
    // never came again, and the lane stayed silent for ever.
    @Test("lanes keep receiving after 20 rounds of a second member joining and leaving")
    func joinAndLeave() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 4)
        let group = Broker.unique("group")
        let fast = ["heartbeat.interval.ms": "200"]
        let first = Member("first")
        let consumer = try broker.consumer(
            first, group: group, topics: [topic], properties: fast)
        try #require(await first.state.wait { $0.assigned.count == 4 } != nil)
        for round in 1...20 {
            let second = Member("second")
            let other = try broker.consumer(
                second, group: group, topics: [topic], properties: fast)
            let shared = await second.state.wait { $0.assigned.count == 2 }
            try #require(shared != nil, "round \(round)")
            try await broker.fill(topic, partitions: 0..<4, count: 20)
            #expect(await other.close(deadline: .seconds(20)))
            let whole = await first.state.wait { $0.assigned.count == 4 }
            try #require(whole != nil, "round \(round)")
            first.state.update { $0.received = [:] }
            try await broker.fill(topic, partitions: 0..<4, count: 10)
            let last = Int64(round * 30) - 1
            let fed = await first.state.wait { state in
                (0..<4).allSatisfy { state.received[$0]?.last == last }
            }
            try #require(
                fed != nil, "round \(round): \(first.state.value.received.mapValues(\.last))")
        }
        #expect(await consumer.close(deadline: .seconds(20)))
    }

    @Test("a rewind during a rebalance is refused at once, and is possible after it")
    func rewindDuringRebalance() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 2)
        let group = Broker.unique("group")
        let asking = Observed<GroupConsumer?>(nil)
        let answers = Observed<[Consequence?]>([])
        // The consumer's thread waits for this answer: to wait for the rewind would be for ever.
        let first = Member("first") {
            guard let consumer = asking.value else { return }
            do throws(KafkaError) {
                _ = try await consumer.rewind(to: [:])
                answers.update { $0.append(nil) }
            } catch {
                answers.update { $0.append(error.consequence) }
            }
        }
        let one = try broker.consumer(first, group: group, topics: [topic])
        asking.update { $0 = one }
        try #require(await first.state.wait { $0.assigned.count == 2 } != nil)
        let second = Member("second")
        let two = try broker.consumer(second, group: group, topics: [topic])
        try #require(await second.state.wait { $0.assigned.count == 1 } != nil)
        try #require(await first.state.wait { $0.assigned.count == 1 } != nil)
        #expect(answers.value.first == .retry)
        // The assignment counts once its handler has returned, which is about now.
        try await Eventually.holds("the assignment", within: .seconds(20)) {
            if case .assigned = one.state { true } else { false }
        }
        #expect(try await one.rewind(to: [:]).count == 1)
        asking.update { $0 = nil }
        #expect(await two.close(deadline: .seconds(20)))
        #expect(await one.close(deadline: .seconds(20)))
    }

    @Test("nobody gets a partition before its old owner has let it go")
    func awaitedRevoke() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 2)
        let group = Broker.unique("group")
        let journal = Observed<[String]>([])
        let release = Observed(false)
        let first = Member("first", journal: journal) { _ = await release.wait { $0 } }
        let one = try broker.consumer(first, group: group, topics: [topic])
        try #require(await first.state.wait { $0.assigned.count == 2 } != nil)
        let second = Member("second", journal: journal)
        let two = try broker.consumer(second, group: group, topics: [topic])
        try #require(await journal.wait { $0.contains("first revoking 0") } != nil)
        #expect(await journal.wait(.seconds(3)) { $0.contains { $0.hasPrefix("second") } } == nil)
        release.update { $0 = true }
        try #require(await second.state.wait { $0.assigned.count == 1 } != nil)
        let events = journal.value
        let given = try #require(events.firstIndex { $0.hasPrefix("second assigned") })
        for partition in 0..<2 {
            let left = try #require(events.firstIndex(of: "first revoked \(partition)"))
            #expect(left < given)
        }
        await two.close(deadline: .seconds(20))
        await one.close(deadline: .seconds(20))
    }

    @Test("a revoke that takes too long is answered, and the handler told")
    func overdue() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 2)
        let group = Broker.unique("group")
        let release = Observed(false)
        let first = Member("first") { _ = await release.wait(.seconds(60)) { $0 } }
        let one = try broker.consumer(
            first, group: group, topics: [topic],
            limits: ConsumerLimits(revokeDeadline: .milliseconds(500)))
        try #require(await first.state.wait { $0.assigned.count == 2 } != nil)
        let second = Member("second")
        let two = try broker.consumer(second, group: group, topics: [topic])
        #expect(await first.state.wait { $0.overdue } != nil)
        #expect(await second.state.wait { $0.assigned.count == 1 } != nil)
        release.update { $0 = true }
        await two.close(deadline: .seconds(20))
        await one.close(deadline: .seconds(20))
    }

    @Test("close does not wait longer than its deadline for a handler that hangs")
    func closeDeadline() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        let release = Observed(false)
        let member = Member { _ = await release.wait(.seconds(60)) { $0 } }
        let consumer = try broker.consumer(
            member, group: Broker.unique("group"), topics: [topic],
            limits: ConsumerLimits(revokeDeadline: .seconds(50)))
        try #require(await member.state.wait { $0.assigned.count == 1 } != nil)
        let start = ContinuousClock.now
        #expect(await consumer.close(deadline: .seconds(1)) == false)
        #expect(ContinuousClock.now - start < .seconds(10))
        release.update { $0 = true }
    }

    @Test("a static member keeps its partitions over a restart")
    func staticMember() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic(partitions: 2)
        let group = Broker.unique("group")
        let first = Member("first")
        let one = try broker.consumer(first, group: group, topics: [topic], instance: "a")
        let second = Member("second")
        let two = try broker.consumer(second, group: group, topics: [topic], instance: "b")
        try #require(await first.state.wait { $0.assigned.count == 1 } != nil)
        try #require(await second.state.wait { $0.assigned.count == 1 } != nil)
        let before = first.state.value.assigned
        let mine = second.state.value.assigned
        #expect(await two.close(deadline: .seconds(20)))
        let again = Member("again")
        let three = try broker.consumer(again, group: group, topics: [topic], instance: "b")
        try #require(await again.state.wait { $0.assigned.count == 1 } != nil)
        #expect(again.state.value.assigned == mine)
        #expect(first.state.value.assigned == before)
        await three.close(deadline: .seconds(20))
        await one.close(deadline: .seconds(20))
    }

    @Test("closing before the first assignment is orderly")
    func closeEarly() async throws {
        let broker = try await Broker.shared()
        let topic = try await broker.freshTopic()
        let consumer = try broker.consumer(
            Member(), group: Broker.unique("group"), topics: [topic])
        #expect(await consumer.close(deadline: .seconds(20)))
        #expect(await consumer.close(deadline: .seconds(1)))
    }
}
