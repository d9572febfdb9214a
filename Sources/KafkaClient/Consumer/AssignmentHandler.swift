/// What a group consumer asks of its owner.
///
/// Calls come one at a time, and each is awaited before librdkafka gets its answer; the group
/// cannot go on without it, so `revoked` has a deadline.
package protocol AssignmentHandler: Sendable {
    /// These partitions are ours now; returns where each begins.
    ///
    /// A partition without an entry begins at its committed offset, and without one at the
    /// earliest record.
    func assigned(_ partitions: [TopicPartition]) async -> [TopicPartition: Int64]

    /// The partitions are being fetched; the queues are valid until `revoked` has returned.
    func started(_ queues: [TopicPartition: PartitionQueue]) async

    /// The partitions go to somebody else once this returns: finish or abort, and stop fetching.
    ///
    /// When `lost` they have gone already, and committing is pointless.
    func revoked(_ partitions: [TopicPartition], lost: Bool) async

    /// `revoked` did not return within its deadline; its task is cancelled, the partitions gone.
    func revokeOverdue(_ partitions: [TopicPartition])

    /// The consumer cannot go on, or was refused something it needs.
    func failed(_ error: KafkaError)
}

/// Bounds of a group consumer.
package struct ConsumerLimits: Sendable, Equatable {
    /// How long `revoked` may take; must be below the session timeout (30 s by default).
    package var revokeDeadline: Duration
    /// How long one look-up of committed offsets may take.
    package var requestTimeout: Duration

    /// The defaults are 20 s for a revoke and 10 s for a request.
    package init(
        revokeDeadline: Duration = .seconds(20), requestTimeout: Duration = .seconds(10)
    ) {
        self.revokeDeadline = revokeDeadline
        self.requestTimeout = requestTimeout
    }
}

/// Where a consumer stands in its group.
package enum GroupState: Sendable, Equatable {
    /// Not a member yet, or between two assignments. Can become any other.
    case joining
    /// A rebalance is being handled. Can become `.assigned`, `.joining` or `.closed`.
    case rebalancing
    /// A member, with these partitions (maybe none). Can become `.rebalancing` or `.closed`.
    case assigned([TopicPartition])
    /// Left, or given up; final.
    case closed
}
