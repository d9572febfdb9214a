internal import CLibrdkafka
internal import Dispatch
package import Logging
internal import Synchronization

/// A member of a consumer group (range assignor, read_committed, no automatic commits).
///
/// One thread owns the handle: it alone polls, answers rebalances, assigns and rewinds, since
/// batch fetching is not safe against those from elsewhere on librdkafka 2.0.2. It never waits for
/// a lane, and sleeps in librdkafka until there is an event or a command.
package final class GroupConsumer: Sendable {
    let core: GroupCore
    private let lookups = BlockingLane("handoff.kafka.lookup")

    /// Makes the handle, starts its thread and subscribes.
    ///
    /// Nothing waits for the broker here.
    ///
    /// With an `instanceID` membership is static: a restart within the session timeout keeps its
    /// partitions, and closing does not give them up.
    package init(
        settings: ClientSettings, groupID: String, instanceID: String?, topics: [String],
        limits: ConsumerLimits = ConsumerLimits(), handler: any AssignmentHandler, logger: Logger
    ) throws(KafkaError) {
        var required = [("group.id", groupID), ("isolation.level", "read_committed")]
        if let instanceID { required.append(("group.instance.id", instanceID)) }
        let handle = try Handle(
            .groupConsumer, settings: settings, required: required, logger: logger)
        core = try GroupCore(
            handle: handle, groupID: groupID, limits: limits, handler: handler,
            lookups: GroupHandles(settings: settings, logger: logger), logger: logger)
        try core.start(topics)
    }

    deinit { core.abandon() }

    /// Where the consumer stands in its group; `.assigned` means ready.
    package var state: GroupState { core.shared.withLock { $0.phase } }

    /// The committed offsets of the group; partitions without one are absent.
    ///
    /// Waits until no transaction holds newer offsets for them ("stable" offsets), which is what
    /// resolves a commit of unknown outcome. Retriable when it times out.
    package func committed(
        _ partitions: [TopicPartition], timeout: Duration = .seconds(10)
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        let handle = try core.liveHandle("read committed offsets")
        let group = core.groupID
        return try await lookups.run { () throws(KafkaError) -> [TopicPartition: Int64] in
            try handle.committed(partitions, of: group, timeout)
        }
    }

    /// Starts every assigned partition again: at the offset given, or at the committed one.
    ///
    /// The old queues are closed and what they held is dropped; the new ones are returned. Must be
    /// called only when no lane is fetching. Fails with `.retry` while a rebalance is handled,
    /// which decides over the partitions anyway.
    package func rewind(
        to offsets: [TopicPartition: Int64]
    ) async throws(KafkaError) -> [TopicPartition: PartitionQueue] {
        let result: Result<[TopicPartition: PartitionQueue], KafkaError> =
            await withCheckedContinuation { core.enqueue(.rewind(offsets, $0)) }
        return try result.get()
    }

    /// What this consumer is in its group now; to be fetched anew for every `sendOffsets`.
    ///
    /// Throws `.retry` while it is no member, and otherwise only after `close`.
    package func groupMetadata() throws(KafkaError) -> GroupMetadata {
        let handle = try core.liveHandle("read group metadata")
        guard let raw = unsafe rd_kafka_consumer_group_metadata(handle.raw) else {
            throw core.closedError("read group metadata")
        }
        let metadata = unsafe GroupMetadata(taking: raw)
        // Offsets in the name of nobody are not fenced (KIP-447).
        guard metadata.generation >= 0 else {
            throw KafkaError(
                RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, operation: "read group metadata",
                subject: core.groupID)
        }
        return metadata
    }

    /// Gives up the partitions (awaiting `revoked`), leaves the group unless static, and frees.
    ///
    /// After the deadline the handle is destroyed without a close, so the group notices only at
    /// the session timeout. Returns whether the close was orderly. Idempotent.
    @discardableResult
    package func close(deadline: Duration) async -> Bool {
        core.enqueue(.close)
        if await core.ended.wait(deadline) { return true }
        core.abandon()
        return false
    }
}
