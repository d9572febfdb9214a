internal import CLibrdkafka

/// librdkafka's in-process broker, for injected protocol errors and full queues; for tests only.
///
/// It does not hide aborted records, apply transactional offsets or fence producers, so it proves
/// nothing about exactly-once.
// Unchecked: the mock cluster takes its calls through a queue of its own thread.
@safe package final class MockCluster: @unchecked Sendable {
    /// A kind of request, by its number in the protocol.
    package enum Request: Int16, Sendable {
        case produce = 0, fetch = 1, listOffsets = 2, metadata = 3, offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11, heartbeat = 12, syncGroup = 14
        case initProducerId = 22, addPartitionsToTransaction = 24, addOffsetsToTransaction = 25
        case endTransaction = 26, transactionalOffsetCommit = 28
    }

    /// `host:port` of its brokers.
    package let bootstrapServers: String
    private let handle: Handle
    private let cluster: OpaquePointer

    /// Starts a cluster of so many brokers.
    package init(brokers: Int = 1) throws(KafkaError) {
        let settings = ClientSettings(bootstrapServers: "127.0.0.1:1", clientID: "mock")
        handle = try Handle(.admin, settings: settings, required: [], logger: .silent)
        guard let cluster = unsafe rd_kafka_mock_cluster_new(handle.raw, Int32(brokers)) else {
            throw KafkaError(
                RD_KAFKA_RESP_ERR__FAIL, operation: "start mock cluster", subject: "\(brokers)")
        }
        unsafe self.cluster = unsafe cluster
        bootstrapServers = unsafe String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit { unsafe rd_kafka_mock_cluster_destroy(cluster) }

    /// Creates a topic; it keeps at most 5 MB per partition.
    package func createTopic(_ name: String, partitions: Int) {
        unsafe rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1)
    }

    /// Makes the next requests of the kind fail with these codes, one each.
    package func fail(_ request: Request, with codes: [Int32]) {
        var errors = codes.map { rd_kafka_resp_err_t($0) }
        unsafe rd_kafka_mock_push_request_errors_array(
            cluster, request.rawValue, errors.count, &errors)
    }

    /// Makes broker 1 answer the next request of the kind so much later.
    package func delay(_ request: Request, by delay: Duration) {
        let milliseconds = delay.components.seconds * 1_000
        unsafe handoff_mock_delay(cluster, 1, request.rawValue, Int32(milliseconds))
    }

    /// Whether a delayed request of the kind has not come yet.
    package func awaits(_ request: Request) -> Bool {
        var count = 0
        unsafe rd_kafka_mock_broker_error_stack_cnt(cluster, 1, request.rawValue, &count)
        return count > 0
    }

    /// Makes metadata tell this error of a topic; 0 for none.
    package func setError(_ code: Int32, ofTopic name: String) {
        unsafe rd_kafka_mock_topic_set_error(cluster, name, rd_kafka_resp_err_t(code))
    }

    /// Who has a coordinator.
    package enum Coordinated: String, Sendable {
        /// A consumer group, by its id.
        case group
        /// A producer, by its transactional id.
        case transaction
    }

    /// Makes another broker (from 1) the coordinator of a group or of a transactional id.
    package func moveCoordinator(of kind: Coordinated, _ name: String, to broker: Int) {
        unsafe rd_kafka_mock_coordinator_set(cluster, kind.rawValue, name, Int32(broker))
    }

    /// Makes another broker (from 1) the leader of a partition.
    package func moveLeader(of partition: TopicPartition, to broker: Int) {
        unsafe rd_kafka_mock_partition_set_leader(
            cluster, partition.topic, partition.partition, Int32(broker))
    }

    /// Makes every answer of a broker (from 1) so many milliseconds late, as one that throttles
    /// does; 0 for none.
    package func slow(_ broker: Int, milliseconds: Int) {
        unsafe rd_kafka_mock_broker_set_rtt(cluster, Int32(broker), Int32(milliseconds))
    }

    /// Takes a broker (from 1) down, so that it refuses connections, or brings it back.
    package func setBroker(_ number: Int, up: Bool) {
        if up {
            unsafe rd_kafka_mock_broker_set_up(cluster, Int32(number))
        } else {
            unsafe rd_kafka_mock_broker_set_down(cluster, Int32(number))
        }
    }
}
