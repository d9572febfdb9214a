package import KafkaClient
import ReferenceModel
package import Worker

/// One process's door to the simulated cluster, with the client's own rules: a producer that has
/// met a fatal error is of no use until it is recycled.
// Unchecked: used on the scheduler's thread only.
package final class SimulatedPort: KafkaPort, @unchecked Sendable {
    private enum ProducerState {
        case unready
        case ready
        case inTransaction
        /// Only an abort is possible.
        case broken
        /// Only recycling is possible.
        case fatal
    }

    package let cluster: SimulatedCluster
    /// The consumer of the same process.
    package let member: SimulatedMember
    /// The process around it, which holds it in turn; without one it is as good as killed.
    private weak let host: (any FaultHost)?
    private let transactionalID: String
    private var topics: [String]
    private var nextTopics: [String]
    private var state = ProducerState.unready
    private var epoch = -1
    private var noted = GroupIdentity()
    /// Records that the client has not written yet; librdkafka is free to wait until the commit.
    private var unwritten: [(partition: TopicPartition, record: StoredRecord)] = []
    private var writesLate = false
    /// Whether the broker may know of the transaction; an empty one is the client's only.
    private var hasWritten = false
    /// Offsets that were refused because the member or its generation was not the group's.
    package private(set) var staleRefusals = 0
    /// Whether records are written with the commit only; nil draws it for each transaction.
    package var writesWithCommit: Bool?

    /// The port of a process; `topics` are the producer's, by their numbers.
    package init(
        cluster: SimulatedCluster, member: SimulatedMember, host: any FaultHost,
        transactionalID: String, topics: [String]
    ) {
        self.cluster = cluster
        self.member = member
        self.host = host
        self.transactionalID = transactionalID
        self.topics = topics
        nextTopics = topics
    }

    // MARK: Faults

    private var isDead: Bool { host?.isDead ?? true }

    /// Waits, unless the process dies meanwhile.
    func pause(_ duration: Duration) async throws(KafkaError) {
        await cluster.scheduler.sleep(duration)
        if isDead { throw SimulatedPort.dead }
    }

    private static let dead = KafkaError(
        code: -197, operation: "call", subject: "a process that was killed",
        consequence: .stop(exitCode: 1))

    private func failure(_ call: PortCall, _ consequence: Consequence) -> KafkaError {
        switch consequence {
        case .abort: if state == .inTransaction { state = .broken }
        case .recycle: state = .fatal
        case .retry, .stop: break
        }
        return KafkaError(
            code: -185, operation: call.rawValue, subject: transactionalID,
            reason: "simulated", consequence: consequence)
    }

    /// Runs a call that asks something, with the fault that the plan has for it.
    func answer<Output>(
        _ call: PortCall, _ body: () async throws(KafkaError) -> Output
    ) async throws(KafkaError) -> Output {
        let after = try await before(call, late: nil)
        let output = try await body()
        try await self.after(call, after)
        return output
    }

    /// Runs a request that changes the broker, asked again while the broker says to wait.
    private func request(
        _ call: PortCall, _ effect: @escaping @Sendable () -> BrokerAnswer
    ) async throws(KafkaError) {
        let after = try await before(call, late: effect)
        var answer = effect()
        while answer == .wait {
            try await pause(.milliseconds(20))
            answer = effect()
        }
        try await self.after(call, after)
        switch answer {
        case .done, .wait: return
        case .fenced, .invalidState: throw failure(call, .recycle)
        case .staleMember:
            staleRefusals += 1
            throw failure(call, .abort)
        }
    }

    /// What strikes before the effect; returns what is to strike after it.
    private func before(
        _ call: PortCall, late effect: (@Sendable () -> BrokerAnswer)?
    ) async throws(KafkaError) -> Fault? {
        if isDead { throw SimulatedPort.dead }
        let fault = host?.fault(at: call)
        let latency = cluster.scheduler.draw { $0.number(50...3_000) }
        try await pause(.microseconds(latency))
        switch fault {
        case nil, .garble: return nil
        case .delay(let duration): try await pause(duration)
        case .refuse(let consequence): throw failure(call, consequence)
        case .loseAnswer, .crash(isAfter: true, _), .pause(_, isAfter: true): return fault
        case .late(let consequence, let delay):
            if let effect { cluster.scheduler.after(delay) { _ = effect() } }
            throw failure(call, consequence)
        case .crash(isAfter: false, let loss): return try crash(loss)
        case .crashLate(let delay, let loss):
            if let effect { cluster.scheduler.after(delay) { _ = effect() } }
            return try crash(loss)
        case .pause(let duration, isAfter: false):
            host?.pause(duration)
            try await pause(.zero)
        case .fence: cluster.fence(transactionalID)
        case .evict: cluster.group.evict(member.identity.memberID)
        case .rebalance: cluster.group.rebalance()
        }
        return nil
    }

    private func crash(_ loss: StateLoss) throws(KafkaError) -> Fault? {
        host?.crash(loss)
        throw SimulatedPort.dead
    }

    private func after(_ call: PortCall, _ fault: Fault?) async throws(KafkaError) {
        switch fault {
        case .loseAnswer(let consequence): throw failure(call, consequence)
        case .crash(isAfter: true, let loss): _ = try crash(loss)
        case .pause(let duration, isAfter: true):
            host?.pause(duration)
            try await pause(.zero)
        default: break
        }
    }

    private func expect(_ wanted: ProducerState, _ call: PortCall) throws(KafkaError) {
        if isDead { throw SimulatedPort.dead }
        if state == wanted { return }
        if state == .broken, wanted == .inTransaction { throw failure(call, .abort) }
        throw failure(call, .recycle)
    }

    // MARK: The producer

    package func initialiseTransactions() async throws(KafkaError) {
        try await initialise(.initialise)
    }

    package func use(topics: [String]) { nextTopics = topics }

    package func recycleProducer() async throws(KafkaError) {
        state = .fatal
        topics = nextTopics
        try await initialise(.recycle)
    }

    private func initialise(_ call: PortCall) async throws(KafkaError) {
        try await answer(call) { () throws(KafkaError) in
            while true {
                if let fresh = cluster.initialise(transactionalID) {
                    epoch = fresh
                    state = .ready
                    return
                }
                try await pause(.milliseconds(20))
            }
        }
    }

    package func beginTransaction() async throws(KafkaError) {
        try expect(.ready, .begin)
        try await answer(.begin) { () throws(KafkaError) in }
        unwritten = []
        writesLate = writesWithCommit ?? cluster.scheduler.draw { $0.chance(40) }
        hasWritten = false
        state = .inTransaction
    }

    package func send(_ records: OutboundRecords) async throws(KafkaError) {
        try expect(.inTransaction, .send)
        unwritten += (0..<records.count).map { index in
            let record = records.stored(at: index)
            let topic = records.otherTopic(record.topic) ?? topics[Int(record.topic)]
            return (TopicPartition(topic: topic, partition: max(0, record.partition)), record)
        }
        if writesLate { return try await request(.send) { .done } }
        try await request(.send, writing())
    }

    /// Writes what is waiting, in order; asked again, it goes on where it was.
    private func writing() -> @Sendable () -> BrokerAnswer {
        let (cluster, id, epoch, places) = (cluster, transactionalID, epoch, unwritten)
        hasWritten = hasWritten || !places.isEmpty
        unwritten = []
        let next = Counter()
        return {
            while next.value < places.count {
                let (partition, record) = places[next.value]
                let answer = cluster.append(record, to: partition, by: id, epoch: epoch)
                if answer != .done { return answer }
                next.value += 1
            }
            return .done
        }
    }

    package func sendOffsets(_ offsets: [TopicPartition: Int64]) async throws(KafkaError) {
        // As the client does: nothing to send is nothing to check either.
        if offsets.isEmpty { return }
        hasWritten = true
        try expect(.inTransaction, .sendOffsets)
        let (cluster, id, epoch, identity) = (cluster, transactionalID, epoch, noted)
        try await request(.sendOffsets) {
            cluster.add(offsets: offsets, by: id, epoch: epoch, member: identity)
        }
    }

    package func noteAssignment() throws(KafkaError) {
        if isDead { throw SimulatedPort.dead }
        noted = member.identity
    }

    package func commitTransaction() async throws(KafkaError) {
        try expect(.inTransaction, .commit)
        let (cluster, id, epoch) = (cluster, transactionalID, epoch)
        let write = writing()
        let isEmpty = !hasWritten
        try await request(.commit) {
            if isEmpty { return .done }
            let answer = write()
            return answer == .done ? cluster.end(id, epoch: epoch, isCommitted: true) : answer
        }
        state = .ready
    }

    package func abortTransaction() async throws(KafkaError) {
        if state == .inTransaction { state = .broken }
        try expect(.broken, .abort)
        let (cluster, id, epoch) = (cluster, transactionalID, epoch)
        try await request(.abort) {
            let answer = cluster.end(id, epoch: epoch, isCommitted: false)
            // An empty transaction is known to the client only.
            return answer == .invalidState ? .done : answer
        }
        state = .ready
    }

    // MARK: The rest

    package func committed(
        _ partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await answer(.committed) { () throws(KafkaError) -> [TopicPartition: Int64] in
            // Ten seconds, as the client's request timeout.
            for _ in 0..<200 {
                if let offsets = cluster.group.stable(partitions) { return offsets }
                try await pause(.milliseconds(50))
            }
            throw failure(.committed, .retry)
        }
    }

    package func rewind(
        to offsets: [TopicPartition: Int64]
    ) async throws(KafkaError) -> [TopicPartition: any InputQueue] {
        try await answer(.rewind) { () throws(KafkaError) -> [TopicPartition: any InputQueue] in
            try member.rewind(to: offsets)
        }
    }

    package func logRange(_ partition: TopicPartition) async throws(KafkaError) -> Range<Int64> {
        try await answer(.logRange) { () throws(KafkaError) -> Range<Int64> in
            let log = cluster.log(partition)
            return log.start..<log.end
        }
    }

    package func partitionCount(of topic: String) async throws(KafkaError) -> Int {
        try await answer(.partitionCount) { () throws(KafkaError) -> Int in
            cluster.partitionCount(of: topic)
        }
    }

    package func readChangelog(
        _ partition: TopicPartition, from offset: Int64
    ) throws(KafkaError) -> any ChangelogReading {
        if isDead { throw SimulatedPort.dead }
        return SimulatedReader(partition, from: offset, port: self)
    }
}

/// How far a request that is asked again has come.
// Unchecked: used on the scheduler's thread only.
private final class Counter: @unchecked Sendable {
    var value = 0
}

/// The process around a port: who decides what strikes, and what it does to the process.
package protocol FaultHost: AnyObject, Sendable {
    /// Whether the process has been killed: nothing it asks reaches the cluster any more.
    var isDead: Bool { get }
    /// The fault at the next call.
    func fault(at call: PortCall) -> Fault?
    /// Kills the process now.
    func crash(_ loss: StateLoss)
    /// Stops the process; it goes on after a virtual time.
    func pause(_ duration: Duration)
}
