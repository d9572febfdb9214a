internal import CLibrdkafka
internal import Logging
internal import Synchronization

/// The part that runs on the producer's thread.
// Unchecked: what changes, `lastDestroyed` apart, is used on the producer's serial lane only.
final class ProducerCore: @unchecked Sendable {
    let limits: ProducerLimits
    let logger: Logger
    /// When the latest handle given up has been freed.
    let lastDestroyed = Mutex<Gate?>(nil)

    private let settings: ClientSettings
    private let transactionalID: String
    private let transactionTimeout: Duration
    private var topics: [String]
    /// Those of the next handle.
    var nextTopics: [String]
    private var handle: Handle?
    private var sender: RecordSender?
    /// Topics that the sender of an earlier handle has waited for in vain.
    private var absent: Set<String> = []

    init(
        settings: ClientSettings, transactionalID: String, transactionTimeout: Duration,
        topics: [String], limits: ProducerLimits, logger: Logger
    ) throws(KafkaError) {
        self.settings = settings
        self.transactionalID = transactionalID
        self.transactionTimeout = transactionTimeout
        self.topics = topics
        nextTopics = topics
        self.limits = limits
        self.logger = logger
        try open()
    }

    func open() throws(KafkaError) {
        guard handle == nil else { return }
        let timeout = transactionTimeout.milliseconds
        var required = [
            ("transactional.id", transactionalID), ("transaction.timeout.ms", "\(timeout)"),
        ]
        if timeout < 10_100 {
            // librdkafka refuses a socket timeout above the transaction timeout + 100 ms.
            required.append(("socket.timeout.ms", "\(max(timeout - 100, 900))"))
        }
        let fresh = try Handle(
            .transactionalProducer, settings: settings, required: required, logger: logger)
        handle = fresh
        topics = nextTopics
        sender = RecordSender(handle: fresh, topics: topics, absent: absent)
    }

    /// Gives the handle up; what is returned opens when librdkafka has freed it.
    @discardableResult
    func release() -> Gate? {
        guard let old = handle else { return nil }
        let gate = old.destroyed
        lastDestroyed.withLock { $0 = gate }
        if let sender { absent = sender.absent }
        sender = nil
        handle = nil
        return gate
    }

    func initialise() throws(KafkaError) {
        let handle = try live("initialise")
        try sender?.warm(timeout: limits.connectTimeout)
        try unsafe repeating("initialise transactions") {
            unsafe rd_kafka_init_transactions(handle.raw, 10_000)
        }
    }

    func begin() throws(KafkaError) {
        let handle = try live("begin transaction")
        try unsafe check(rd_kafka_begin_transaction(handle.raw), "begin transaction")
    }

    func send(_ records: OutboundRecords) throws(KafkaError) {
        let handle = try live("produce")
        let others =
            try sender?.learn(
                records.otherTopics, timeout: limits.connectTimeout,
                waiting: min(Handle.questionTime, transactionTimeout / 4)) ?? []
        for (name, place) in zip(records.otherTopics, others) where place < 0 {
            // The topic of a product that is no longer sold, and somebody has removed it: nobody
            // reads it any more, and stopping would stop for ever.
            logger.error("messages for a topic that does not exist", metadata: ["topic": "\(name)"])
        }
        let refusals = sender?.send(records, 0..<records.count, others: others) ?? []
        guard let first = refusals.first else { return }
        let topic = Int(records.entries[first.index].topic)
        let name = topics.indices.contains(topic) ? topics[topic] : "topic number \(topic)"
        let subject = "\(name), \(refusals.count) of \(records.count) records"
        if first.code == RD_KAFKA_RESP_ERR__FATAL || first.code == RD_KAFKA_RESP_ERR__FENCED {
            let cause = unsafe rd_kafka_fatal_error(handle.raw, nil, 0)
            throw KafkaError(cause, operation: "produce", subject: subject, otherwise: .recycle)
        }
        var error = KafkaError(
            first.code, operation: "produce", subject: subject, otherwise: .abort)
        let isStuck = error.consequence == .abort && refusals.contains(where: \.isStuck)
        if isStuck || error.isForgottenTopic { error.consequence = .recycle }
        throw error
    }

    func sendOffsets(
        _ offsets: [TopicPartition: Int64], _ group: GroupMetadata
    ) throws(KafkaError) {
        let handle = try live("send offsets")
        let list = PartitionList(offsets)
        let raw = unsafe Sending(list.raw)
        do throws(KafkaError) {
            try unsafe repeating("send offsets") {
                unsafe rd_kafka_send_offsets_to_transaction(
                    handle.raw, raw.value, group.raw, 10_000)
            }
        } catch {
            var error = error
            if error.consequence == .retry { error.consequence = .abort }
            throw error
        }
        _ = consume list
    }

    func commit() throws(KafkaError) {
        try unsafe finish("commit transaction") {
            // -1: "other values risk state desynchronization" (rd_kafka_commit_transaction).
            unsafe rd_kafka_commit_transaction($0, -1)
        }
    }

    func abort() throws(KafkaError) {
        do throws(KafkaError) {
            try unsafe finish("abort transaction") { unsafe rd_kafka_abort_transaction($0, -1) }
        } catch {
            var error = error
            if error.consequence == .abort { error.consequence = .recycle }
            throw error
        }
    }

    private func finish(
        _ operation: String, _ call: (OpaquePointer) -> OpaquePointer?
    ) throws(KafkaError) {
        let handle = try live(operation)
        do throws(KafkaError) {
            try unsafe repeating(operation) { unsafe call(handle.raw) }
        } catch {
            var error = error
            // Given up in the middle: the outcome is unknown, and only a new handle can tell.
            if error.consequence == .retry || error.isForgottenTopic {
                error.consequence = .recycle
            }
            throw error
        }
    }

    /// Repeats a call with the same arguments while it fails in a retriable way.
    ///
    /// Every such failure has waited inside librdkafka already, hence no pause of our own.
    private func repeating(
        _ operation: String, _ call: () -> OpaquePointer?
    ) throws(KafkaError) {
        let start = ContinuousClock.now
        for attempt in 1... {
            guard let error = unsafe call() else { return }
            let failure = unsafe KafkaError(
                consuming: error, operation: operation, subject: transactionalID)
            let spent = ContinuousClock.now - start
            guard failure.consequence == .retry, attempt < 20, spent < limits.retryTimeout else {
                throw failure
            }
            logger.warning(
                "repeating", metadata: ["error": "\(failure)", "attempt": "\(attempt)"])
        }
    }

    private func check(_ error: OpaquePointer?, _ operation: String) throws(KafkaError) {
        guard let error = unsafe error else { return }
        throw unsafe KafkaError(consuming: error, operation: operation, subject: transactionalID)
    }

    private func live(_ operation: String) throws(KafkaError) -> Handle {
        if let handle { return handle }
        throw KafkaError(
            code: RD_KAFKA_RESP_ERR__STATE.rawValue, operation: operation,
            subject: transactionalID, reason: "the handle has been given up",
            consequence: .recycle)
    }
}

extension KafkaError {
    /// A topic was there when the handle was made and is unknown now: a broker that has just
    /// started may say so, and the next handle's `warm` finds out whether it is true.
    fileprivate var isForgottenTopic: Bool { code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue }
}
