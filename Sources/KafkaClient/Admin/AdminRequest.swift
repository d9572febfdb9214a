internal import CLibrdkafka

/// Sends one admin request and hands its answer, freed afterwards, to `read`.
private func request<Output>(
    _ operation: String, _ subject: String, _ handle: Handle, _ timeout: Duration,
    _ kind: rd_kafka_admin_op_t,
    send: (_ options: OpaquePointer?, _ queue: OpaquePointer) -> Void,
    read: (_ event: OpaquePointer) throws(KafkaError) -> Output
) throws(KafkaError) -> Output {
    let queue = unsafe rd_kafka_queue_new(handle.raw)
    let options = unsafe rd_kafka_AdminOptions_new(handle.raw, kind)
    defer {
        if let options = unsafe options { unsafe rd_kafka_AdminOptions_destroy(options) }
        if let queue = unsafe queue { unsafe rd_kafka_queue_destroy(queue) }
    }
    guard let queue = unsafe queue else {
        throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, operation: operation, subject: subject)
    }
    unsafe rd_kafka_AdminOptions_set_request_timeout(options, timeout.milliseconds, nil, 0)
    unsafe send(options, queue)
    // A little longer than the request itself, whose own time-out says more.
    let limit = timeout + .seconds(2)
    guard let event = unsafe rd_kafka_queue_poll(queue, limit.milliseconds) else {
        throw handle.failure(RD_KAFKA_RESP_ERR__TIMED_OUT, operation, subject)
    }
    defer { unsafe rd_kafka_event_destroy(event) }
    let code = unsafe rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw handle.failure(code, operation, subject)
    }
    return try unsafe read(event)
}

func create(
    _ topics: [NewTopic], _ handle: Handle, _ timeout: Duration
) throws(KafkaError) -> [String: TopicCreation] {
    var wanted: [OpaquePointer?] = unsafe []
    defer { unsafe rd_kafka_NewTopic_destroy_array(&wanted, wanted.count) }
    for topic in topics {
        var text = [CChar](repeating: 0, count: 256)
        guard
            let new = unsafe rd_kafka_NewTopic_new(
                topic.name, Int32(topic.partitions), Int32(topic.replication), &text, text.count)
        else {
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw KafkaError(
                code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, operation: "create topic",
                subject: topic.name, reason: String(decoding: bytes, as: UTF8.self),
                consequence: .stop(exitCode: 2))
        }
        for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
            unsafe rd_kafka_NewTopic_set_config(new, name, value)
        }
        unsafe wanted.append(new)
    }
    let subject = topics.map(\.name).joined(separator: ",")
    return try unsafe request(
        "create topics", subject, handle, timeout, RD_KAFKA_ADMIN_OP_CREATETOPICS,
        send: { options, queue in
            unsafe rd_kafka_CreateTopics(handle.raw, &wanted, wanted.count, options, queue)
        },
        read: { event throws(KafkaError) in
            var count = 0
            let result = unsafe rd_kafka_event_CreateTopics_result(event)
            let topics = unsafe rd_kafka_CreateTopics_result_topics(result, &count)
            var outcome: [String: TopicCreation] = [:]
            for index in 0..<count {
                guard let topic = unsafe topics?[index] else { continue }
                let name = unsafe String(cString: rd_kafka_topic_result_name(topic))
                switch unsafe rd_kafka_topic_result_error(topic) {
                case RD_KAFKA_RESP_ERR_NO_ERROR: outcome[name] = .created
                case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: outcome[name] = .existed
                case let code:
                    var error = KafkaError(code, operation: "create topic", subject: name)
                    if let text = unsafe rd_kafka_topic_result_error_string(topic) {
                        error.reason = unsafe String(cString: text)
                    }
                    outcome[name] = .failed(error)
                }
            }
            return outcome
        })
}

func configuration(
    of topic: String, _ handle: Handle, _ timeout: Duration
) throws(KafkaError) -> [String: String] {
    var wanted = unsafe rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    defer { if let wanted = unsafe wanted { unsafe rd_kafka_ConfigResource_destroy(wanted) } }
    return try unsafe request(
        "describe configuration", topic, handle, timeout, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
        send: { options, queue in
            unsafe rd_kafka_DescribeConfigs(handle.raw, &wanted, 1, options, queue)
        },
        read: { event throws(KafkaError) in
            var count = 0
            let result = unsafe rd_kafka_event_DescribeConfigs_result(event)
            let resources = unsafe rd_kafka_DescribeConfigs_result_resources(result, &count)
            guard count == 1, let resource = unsafe resources?[0] else { return [:] }
            let code = unsafe rd_kafka_ConfigResource_error(resource)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(code, operation: "describe configuration", subject: topic)
            }
            let entries = unsafe rd_kafka_ConfigResource_configs(resource, &count)
            var found: [String: String] = [:]
            for index in 0..<count {
                guard let entry = unsafe entries?[index],
                    let name = unsafe rd_kafka_ConfigEntry_name(entry),
                    let value = unsafe rd_kafka_ConfigEntry_value(entry)
                else { continue }
                unsafe found[String(cString: name)] = unsafe String(cString: value)
            }
            return found
        })
}
