internal import CLibrdkafka
package import Logging
internal import Synchronization

/// Bounds of a transactional producer.
package struct ProducerLimits: Sendable, Equatable {
    /// How long the broker may stay unreachable at `initialise` before that is an error.
    package var connectTimeout: Duration
    /// How long `initialise` and `sendOffsets` go on retrying what is retriable.
    package var retryTimeout: Duration
    /// How long `recycle` and `close` wait for the old handle to be destroyed.
    package var destroyTimeout: Duration

    /// The defaults are 25 s to connect, 60 s of retrying and 5 s for a destruction.
    package init(
        connectTimeout: Duration = .seconds(25), retryTimeout: Duration = .seconds(60),
        destroyTimeout: Duration = .seconds(5)
    ) {
        self.connectTimeout = connectTimeout
        self.retryTimeout = retryTimeout
        self.destroyTimeout = destroyTimeout
    }
}

/// A producer whose records and consumed offsets become visible together or not at all.
///
/// `OutboundRecords` count the topics that it was made with, in their order.
///
/// One transaction at a time; calls run one after another on a thread of their own, since commit
/// and abort may block as long as the transaction timeout. The verbs follow the error's
/// consequence: `.retry` call again, `.abort` call `abort`, `.recycle` call `recycle`.
///
/// **A failed `commit` does not mean "not committed".** Unless its consequence is `.abort`,
/// recycle, then compare the group's committed offsets with those sent.
package final class TransactionalProducer: Sendable {
    private let core: ProducerCore
    private let lane = BlockingLane("handoff.kafka.producer")

    /// Makes the handle; nothing waits for the broker before `initialise`.
    ///
    /// `transactionalID` must be stable over restarts, so that the successor fences its own
    /// predecessor. `transactionTimeout` is when the broker aborts a silent transaction.
    package init(
        settings: ClientSettings, transactionalID: String,
        transactionTimeout: Duration = .seconds(30), topics: [String],
        limits: ProducerLimits = ProducerLimits(), logger: Logger
    ) throws(KafkaError) {
        core = try ProducerCore(
            settings: settings, transactionalID: transactionalID,
            transactionTimeout: transactionTimeout, topics: topics, limits: limits,
            logger: logger)
    }

    deinit {
        let core = core
        lane.post { core.release() }
    }

    /// Reaches the broker, looks up the topics, and fences every earlier holder of the id.
    ///
    /// Finishes or aborts the transaction a predecessor left open. May be repeated after
    /// `.retry`. Exit code 3 when no broker answers, 4 when a topic is missing.
    package func initialise() async throws(KafkaError) {
        try await run { core throws(KafkaError) in try core.initialise() }
    }

    /// Opens a transaction.
    package func begin() async throws(KafkaError) {
        try await run { core throws(KafkaError) in try core.begin() }
    }

    /// Adds records to the open transaction; copies them, and blocks while the queue is full.
    ///
    /// They are enqueued, not yet written: a later failure shows in `commit`.
    package func send(_ records: OutboundRecords) async throws(KafkaError) {
        guard !records.isEmpty else { return }
        try await run { core throws(KafkaError) in try core.send(records) }
    }

    /// Adds consumed offsets (last processed + 1) to the open transaction.
    ///
    /// Repeats itself with the same arguments while the failure is retriable, within
    /// `ProducerLimits.retryTimeout`; after that the consequence is `.abort`.
    package func sendOffsets(
        _ offsets: [TopicPartition: Int64], group: GroupMetadata
    ) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try await run { core throws(KafkaError) in try core.sendOffsets(offsets, group) }
    }

    /// Makes the transaction visible.
    ///
    /// Never answers `.retry`: see the type about failures.
    package func commit() async throws(KafkaError) {
        try await run { core throws(KafkaError) in try core.commit() }
    }

    /// Discards the transaction.
    ///
    /// Never answers `.retry` or `.abort`: after a failure, recycle.
    package func abort() async throws(KafkaError) {
        try await run { core throws(KafkaError) in try core.abort() }
    }

    /// Replaces the handle by a new one with the same id, and initialises that.
    ///
    /// Ends in a state from which `begin` works; may itself be repeated.
    package func recycle() async throws(KafkaError) {
        let old = try await run { core throws(KafkaError) in core.release() }
        if let old, await !old.wait(core.limits.destroyTimeout) {
            core.logger.warning("old producer still being destroyed")
        }
        try await run { core throws(KafkaError) in
            try core.open()
            try core.initialise()
        }
    }

    /// From the next `recycle` on, `OutboundRecords` count these topics; until then those before.
    package func use(topics: [String]) {
        let core = core
        lane.post { core.nextTopics = topics }
    }

    /// Frees the handle; an open transaction is left to the successor or the broker to abort.
    ///
    /// Returns whether that finished within the deadline.
    @discardableResult
    package func close(deadline: Duration) async -> Bool {
        let done = Gate()
        let core = core
        lane.post {
            core.release()
            done.open()
        }
        let start = ContinuousClock.now
        guard await done.wait(deadline) else { return false }
        guard let last = core.lastDestroyed.withLock({ $0 }) else { return true }
        return await last.wait(max(.zero, deadline - (ContinuousClock.now - start)))
    }

    @discardableResult
    private func run<Output: Sendable>(
        _ body: @escaping @Sendable (ProducerCore) throws(KafkaError) -> Output
    ) async throws(KafkaError) -> Output {
        let core = core
        return try await lane.run { () throws(KafkaError) -> Output in try body(core) }
    }
}
