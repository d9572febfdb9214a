internal import CLibrdkafka

extension KafkaError {
    /// Whether it tells of a partition's leader who is not known, or does not know it, yet: it was
    /// just made, or is being handed over, as in every rolling restart of a cluster.
    fileprivate var isOfLeader: Bool {
        switch rd_kafka_resp_err_t(code) {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
            return true
        // What librdkafka says of a leader that is -1 in its metadata, or that has just died.
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            return true
        default: return false
        }
    }

    /// The same of a group's coordinator; librdkafka looks for the new one by itself.
    fileprivate var isOfCoordinator: Bool {
        switch rd_kafka_resp_err_t(code) {
        case RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
            return true
        default: return false
        }
    }
}

extension Handle {
    /// Elections take a second or two, and longer when a broker has died: nine seconds pass by
    /// default (`broker.session.timeout.ms`) until the others know.
    private static let settlingTime = Duration.seconds(12)
    /// The first pause between two questions, and the longest: each is twice the one before.
    private static let pauseMilliseconds: Int32 = 50
    private static let longestPauseMilliseconds: Int32 = 1_000
    private static let refreshMilliseconds: Int32 = 1_000

    /// How long a single question may wait for its answer: who does not answer may be gone, and
    /// another be asked.
    static let questionTime = Duration.seconds(4)

    /// Asks again while a partition or group settles: no question begins after `timeout` or
    /// `settlingTime`, and each has a limit of its own, most often `questionTime`.
    ///
    /// librdkafka 2.0.2 does so for what it fetches and writes, not for questions about offsets.
    func askingWhileSettling<Output>(
        within timeout: Duration, _ ask: () throws(KafkaError) -> Output
    ) throws(KafkaError) -> Output {
        let deadline = ContinuousClock.now + min(timeout, Handle.settlingTime)
        var pause = Handle.pauseMilliseconds
        while true {
            do throws(KafkaError) {
                return try ask()
            } catch {
                guard error.isOfLeader || error.isOfCoordinator else { throw error }
                // Serves the handle's callbacks meanwhile.
                unsafe rd_kafka_poll(raw, min(pause, (deadline - .now).milliseconds))
                pause = min(2 * pause, Handle.longestPauseMilliseconds)
                let left = deadline - .now
                guard left > .zero else { throw error }
                if error.isOfLeader { refreshLeaders(within: left) }
            }
        }
    }

    /// Asks for metadata until it is answered or `timeout` is over.
    ///
    /// A request stays with the broker that it was given to, and the next is given to one that
    /// lives as soon as the connection is seen to be gone: at once when a process has died, after
    /// `socket.timeout.ms` when a machine has.
    func askingForMetadata(
        _ timeout: Duration, _ ask: (_ milliseconds: Int32) -> rd_kafka_resp_err_t
    ) -> rd_kafka_resp_err_t {
        let deadline = ContinuousClock.now + timeout
        while true {
            let left = max(deadline - ContinuousClock.now, .zero)
            let code = ask(min(left, Handle.questionTime).milliseconds)
            guard code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT,
                ContinuousClock.now < deadline
            else { return code }
            unsafe rd_kafka_poll(raw, Handle.pauseMilliseconds)
        }
    }

    /// A handle without topics of its own takes leaders from its cache for fifteen minutes, even
    /// when one of them has said that it is none (librdkafka #4225); asking for all topics renews
    /// it.
    private func refreshLeaders(within time: Duration) {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = unsafe rd_kafka_metadata(
            raw, 1, nil, &metadata, min(Handle.refreshMilliseconds, time.milliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found = unsafe metadata else { return }
        unsafe rd_kafka_metadata_destroy(found)
    }
}
