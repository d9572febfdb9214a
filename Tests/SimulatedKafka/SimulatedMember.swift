package import KafkaClient
import ReferenceModel
package import Worker

/// A worker's consumer: its membership, its assignment and its queues, with the rules of
/// `GroupConsumer` (eager range assignment, a bounded revoke, no rewind during a rebalance).
// Unchecked: used on the scheduler's thread only.
package final class SimulatedMember: @unchecked Sendable {
    private enum Phase {
        case joining
        case rebalancing
        case assigned([TopicPartition])
        case closed
    }

    private let cluster: SimulatedCluster
    private let scheduler: Scheduler
    private let executor: ProcessExecutor
    private let events: GroupEvents
    private let topics: [String]
    private let revokeDeadline: Duration
    private let instance: String?
    private var phase = Phase.joining
    private var queues: [TopicPartition: SimulatedQueue] = [:]
    /// Counts what would make an older answer come too late.
    private var round = 0
    private var isDead = false
    /// What the consumer would say it is now.
    package private(set) var identity = GroupIdentity()
    /// Rewinds that were asked for without a current assignment.
    package private(set) var rewindsRefused = 0
    /// Partitions of the last assignment, empty outside one.
    package var assigned: [TopicPartition] {
        if case .assigned(let partitions) = phase { partitions } else { [] }
    }
    /// Called with the batch size of the next fetch, which it may turn into a failure.
    let fetchFault: @Sendable () -> KafkaError?

    /// A consumer that has not joined yet; a static member if it has an instance.
    package init(
        cluster: SimulatedCluster, executor: ProcessExecutor, events: GroupEvents,
        topics: [String], revokeDeadline: Duration, instance: String? = nil,
        fetchFault: @escaping @Sendable () -> KafkaError?
    ) {
        self.cluster = cluster
        scheduler = cluster.scheduler
        self.executor = executor
        self.events = events
        self.topics = topics
        self.revokeDeadline = revokeDeadline
        self.instance = instance
        self.fetchFault = fetchFault
    }

    /// Subscribes, and sends heartbeats from now on.
    package func start() {
        join()
        beat()
    }

    /// The process has gone: nobody is told.
    package func die() {
        isDead = true
        phase = .closed
        closeQueues()
    }

    /// Gives up the partitions and leaves the group.
    package func close() async {
        if case .closed = phase { return }
        phase = .rebalancing
        round += 1
        await events.revoked([], lost: false)
        closeQueues()
        phase = .closed
        isDead = true
        // A static member is expected back; only its session's end makes room for others.
        if instance == nil { cluster.group.leave(identity.memberID) }
    }

    /// The rules of `GroupConsumer.rewind`: only with a current assignment.
    package func rewind(
        to offsets: [TopicPartition: Int64]
    ) throws(KafkaError) -> [TopicPartition: any InputQueue] {
        guard case .assigned(let partitions) = phase else {
            rewindsRefused += 1
            throw KafkaError(
                code: -178, operation: "rewind", subject: "no current assignment",
                consequence: .retry)
        }
        return openQueues(partitions, offsets)
    }

    // MARK: The consumer's thread

    private func beat() {
        scheduler.after(.milliseconds(scheduler.draw { $0.number(700...1_300) })) { [weak self] in
            guard let self, !isDead else { return }
            defer { beat() }
            if executor.isPaused { return }
            let answer = cluster.group.heartbeat(identity.memberID)
            switch (phase, answer) {
            case (.assigned(let partitions), .rebalancing): revoke(partitions, isLost: false)
            case (.assigned(let partitions), .unknown):
                identity = GroupIdentity()
                revoke(partitions, isLost: true)
            case (.joining, .unknown):
                identity = GroupIdentity()
                join()
            default: break
            }
        }
    }

    private func revoke(_ partitions: [TopicPartition], isLost: Bool) {
        phase = .rebalancing
        round += 1
        let own = round
        Task(executorPreference: executor) { [self] in
            await events.revoked(partitions, lost: isLost)
            revoked(own)
        }
        scheduler.after(revokeDeadline) { [weak self] in
            guard let self, round == own, case .rebalancing = phase, !isDead else { return }
            events.revokeOverdue(partitions)
            revoked(own)
        }
    }

    private func revoked(_ own: Int) {
        guard round == own, case .rebalancing = phase, !isDead else { return }
        closeQueues()
        phase = .joining
        join()
    }

    private func join() {
        round += 1
        identity.memberID = cluster.group.join(
            self, as: identity.memberID, instance: instance)
    }

    func synchronised(_ id: String, generation: Int32, lanes: [Int32]) {
        guard !isDead, id == identity.memberID, case .joining = phase else { return }
        guard !executor.isPaused else {
            // Stopped: the answer waits in the socket.
            return scheduler.after(.milliseconds(200)) { [weak self] in
                self?.synchronised(id, generation: generation, lanes: lanes)
            }
        }
        identity.generation = generation
        phase = .rebalancing
        round += 1
        let own = round
        let partitions = lanes.flatMap { lane in
            topics.map { TopicPartition(topic: $0, partition: lane) }
        }
        let fresh = openQueues(partitions, [:])
        Task(executorPreference: executor) { [self] in
            await events.started(inputs: fresh)
            if round == own, case .rebalancing = phase { phase = .assigned(partitions) }
        }
    }

    private func openQueues(
        _ partitions: [TopicPartition], _ offsets: [TopicPartition: Int64]
    ) -> [TopicPartition: any InputQueue] {
        closeQueues()
        for partition in partitions {
            queues[partition] = SimulatedQueue(
                partition, cluster: cluster, start: offsets[partition], failure: fetchFault)
        }
        resolve(Array(queues.values))
        return queues.mapValues { $0 as any InputQueue }
    }

    /// Looks the committed offsets up, again and again while a transaction holds newer ones.
    private func resolve(_ waiting: [SimulatedQueue]) {
        guard waiting.contains(where: { !$0.isClosed }) else { return }
        let partitions = waiting.map(\.partition)
        guard let offsets = cluster.group.stable(partitions) else {
            return scheduler.after(.milliseconds(20)) { [weak self] in self?.resolve(waiting) }
        }
        for queue in waiting.sorted(by: { $0.partition < $1.partition }) {
            queue.begin(at: offsets[queue.partition])
        }
    }

    private func closeQueues() {
        for queue in queues.values { queue.close() }
        queues = [:]
    }
}
