internal import CLibrdkafka

extension KafkaError {
    /// Whether it tells of a partition's leader or of a group's coordinator who is not known, or
    /// does not know it, yet: it was just made, or is being handed over, as in every rolling
    /// restart of a cluster.
    fileprivate var isOfSettling: Bool {
        switch rd_kafka_resp_err_t(code) {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
            return true
        default: return false
        }
    }
}

extension Handle {
    /// Elections take a second or two, and longer when a broker has died.
    private static let settlingTime = Duration.seconds(10)
    private static let pauseMilliseconds: Int32 = 50

    /// Asks again while a partition or group settles, for `settlingTime` at most.
    ///
    /// librdkafka 2.0.2 does so for what it fetches and writes, not for questions about offsets.
    func askingWhileSettling<Output>(
        _ ask: () throws(KafkaError) -> Output
    ) throws(KafkaError) -> Output {
        let deadline = ContinuousClock.now + Handle.settlingTime
        while true {
            do throws(KafkaError) {
                return try ask()
            } catch {
                guard error.isOfSettling, ContinuousClock.now < deadline else {
                    throw error
                }
            }
            // Serves the handle's callbacks meanwhile.
            unsafe rd_kafka_poll(raw, Handle.pauseMilliseconds)
        }
    }
}
