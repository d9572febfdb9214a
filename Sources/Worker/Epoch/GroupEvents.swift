package import KafkaClient
package import Qualification
import Synchronization

/// What happens to the worker from outside, for its own task to handle one after the other.
enum WorkerEvent: Sendable {
    /// Partitions are ours and being fetched.
    case started([TopicPartition: any InputQueue], CheckedContinuation<Void, Never>)
    /// Partitions go to somebody else once this is answered.
    case revoked([TopicPartition], isLost: Bool, CheckedContinuation<Void, Never>)
    /// The consumer cannot go on.
    case failed(KafkaError)
    case lane(LaneReport)
    case flushed(lane: Int32, Flusher.Outcome)
    /// Go on with another definition.
    case reload(Definition)
    /// Stop, committing what is done.
    case stop
}

/// The group's door into the worker: every call waits until the worker's task has handled it.
///
/// Made before the consumer, which needs it, and the worker, which needs the consumer.
package final class GroupEvents: AssignmentHandler {
    let inbox = Inbox<WorkerEvent>()
    private let isClosed = Mutex(false)
    private let overdue = Atomic(false)
    private let stopRequested = Atomic(false)

    /// Whether a revoke was answered for the worker, because it took too long: its lanes are lost.
    var isOverdue: Bool { overdue.load(ordering: .acquiring) }

    /// A door with nobody behind it yet.
    package init() {}

    package func assigned(_ partitions: [TopicPartition]) async -> [TopicPartition: Int64] {
        // The committed offsets are right: they were committed with the state.
        [:]
    }

    package func started(_ queues: [TopicPartition: PartitionQueue]) async {
        await started(inputs: queues.mapValues { $0 as any InputQueue })
    }

    /// The same for queues of any kind, so that a simulated group can call it.
    package func started(inputs queues: [TopicPartition: any InputQueue]) async {
        overdue.store(false, ordering: .releasing)
        await ask { .started(queues, $0) }
    }

    package func revoked(_ partitions: [TopicPartition], lost: Bool) async {
        await ask { .revoked(partitions, isLost: lost, $0) }
    }

    package func revokeOverdue(_ partitions: [TopicPartition]) {
        overdue.store(true, ordering: .releasing)
    }

    package func failed(_ error: KafkaError) {
        inbox.post(.failed(error))
    }

    /// Whether somebody has asked the worker to stop.
    package var isStopRequested: Bool { stopRequested.load(ordering: .acquiring) }

    /// Asks the worker to stop.
    package func stop() {
        stopRequested.store(true, ordering: .releasing)
        inbox.post(.stop)
    }

    /// Asks the worker to go on with another definition, as if stopped and started again with it.
    ///
    /// It does so between two epochs and tells `WorkerNews.enforced`; a worker that has not begun
    /// yet does it first of all, one that stops does not.
    package func reload(_ definition: Definition) {
        inbox.post(.reload(definition))
    }

    /// From now on everything is answered at once: the worker's task has ended.
    func close() {
        isClosed.withLock { $0 = true }
        for event in inbox.takeAll() { GroupEvents.release(event) }
    }

    private func ask(_ event: (CheckedContinuation<Void, Never>) -> WorkerEvent) async {
        await withCheckedContinuation { continuation in
            let isClosed = isClosed.withLock { isClosed -> Bool in
                if !isClosed { inbox.post(event(continuation)) }
                return isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    private static func release(_ event: WorkerEvent) {
        switch event {
        case .started(_, let reply), .revoked(_, _, let reply): reply.resume()
        case .failed, .lane, .flushed, .reload, .stop: break
        }
    }
}
