internal import CLibrdkafka
internal import Logging
internal import Synchronization

/// Handles that ask for the offsets of a group, each with the group's id, and none a member.
///
/// The admin request for any group's offsets (`rd_kafka_ListConsumerGroupOffsets`) ends the process
/// by SIGSEGV when the coordinator has moved: `rd_kafka_handle_OffsetFetch` tells the handle's own
/// group to look for it, and such a handle has none (librdkafka 2.0.2, rdkafka_request.c).
final class GroupHandles: Sendable {
    private let settings: ClientSettings
    private let logger: Logger
    private let handles = Mutex<[Key: Handle]>([:])
    /// Tools ask for one or two groups; beyond these, handles are made anew.
    private static let limit = 8

    private struct Key: Hashable {
        var group: String
        var isStable: Bool
    }

    init(settings: ClientSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// The committed offsets; partitions without one are absent.
    ///
    /// Asks again within `timeout` while the coordinator settles, see `Handle.askingWhileSettling`,
    /// and with `stable` waits as long until no transaction holds newer ones.
    func committed(
        _ partitions: [TopicPartition], of group: String, stable: Bool, _ timeout: Duration
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let handle = try handle(of: group, stable: stable)
        let deadline = ContinuousClock.now + timeout
        do throws(KafkaError) {
            return try handle.askingWhileSettling(within: timeout) { () throws(KafkaError) in
                let left = max(deadline - .now, .zero)
                return try handle.committed(
                    partitions, of: group, stable ? left : min(left, Handle.questionTime))
            }
        } catch {
            throw handle.failure(rd_kafka_resp_err_t(error.code), error.operation, group)
        }
    }

    /// One that stays for the next question, and waits for open transactions if `stable`.
    private func handle(of group: String, stable: Bool) throws(KafkaError) -> Handle {
        try handles.withLock { (handles) throws(KafkaError) in
            let key = Key(group: group, isStable: stable)
            if let known = handles[key] { return known }
            let isolation = stable ? "read_committed" : "read_uncommitted"
            let handle = try Handle(
                .admin, settings: settings,
                required: [("group.id", group), ("isolation.level", isolation)], logger: logger)
            if handles.count == GroupHandles.limit { handles.removeAll() }
            handles[key] = handle
            return handle
        }
    }
}

extension Handle {
    /// The committed offsets of `group`, which has to be the handle's own; blocks until its
    /// coordinator has answered.
    func committed(
        _ partitions: [TopicPartition], of group: String, _ timeout: Duration
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let operation = "read committed offsets"
        let list = PartitionList(partitions)
        let code = unsafe rd_kafka_committed(raw, list.raw, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError(code, operation: operation, subject: group)
        }
        return try list.offsets(operation)
    }
}
