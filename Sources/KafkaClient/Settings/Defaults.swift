/// Our defaults, each with its reason, and what may not be changed.
enum Defaults {
    /// Properties that are ours to set, with the sentence an operator gets.
    static let refused: [String: String] = [
        "bootstrap.servers": "it has a setting of its own",
        "metadata.broker.list": "bootstrap.servers has a setting of its own",
        "client.id": "it is given by the program",
        "group.id": "it has a setting of its own",
        "group.instance.id": "it has a setting of its own",
        "transactional.id": "it follows from the group and the instance",
        "transaction.timeout.ms": "it has a setting of its own",
        "enable.auto.commit":
            "offsets are committed with the transaction; anything else loses or repeats records",
        "enable.auto.offset.store": "offsets are committed with the transaction",
        "auto.commit.enable": "offsets are committed with the transaction",
        "isolation.level": "aborted records must never be read as input",
        "auto.offset.reset": "skipping records that were never processed would lose them",
        "enable.partition.eof": "the end of a partition is how a reader knows it has caught up",
        "enable.idempotence": "without it a retried record is written twice",
        "acks": "anything below all loses acknowledged records",
        "request.required.acks": "anything below all loses acknowledged records",
        "client.rack":
            "librdkafka before 2.1.1 may end the process when it goes back to a leader",
        "partition.assignment.strategy":
            "lanes need the same partition number of every input, which only range gives",
    ]

    static let common: [(name: String, value: String)] = [
        // Small requests must not wait for an acknowledgement (default on until 2.10.0, #4986).
        ("socket.nagle.disable", "true"),
        // A half-open connection is noticed by the kernel even when nothing is sent.
        ("socket.keepalive.enable", "true"),
        // A request stuck on a dead broker must not hold up the coordinator look-up (#4970).
        ("socket.timeout.ms", "10000"),
        // Back soon after a broker's restart; the default waits up to 10 s.
        ("reconnect.backoff.max.ms", "1000"),
        // A mistyped topic must be an error, not a new topic with the broker's defaults.
        ("allow.auto.create.topics", "false"),
        // Idle connections are closed by brokers as a matter of course.
        ("log.connection.close", "false"),
    ]

    static let consumer: [(name: String, value: String)] = [
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "earliest"),
        // How long an idle fetch waits: it bounds nothing but the chatter of an idle worker and
        // the time until librdkafka looks again at queues that were full.
        ("fetch.wait.max.ms", "100"),
        ("fetch.min.bytes", "1"),
        // One fetch response is pinned in memory until its last record is freed.
        ("max.partition.fetch.bytes", "1048576"),
        ("fetch.max.bytes", "16777216"),
        // Kafka keeps to these limits. Of a broker that does not (the development broker sends
        // whole partitions) an answer above this one is refused, and asked for again for ever.
        ("receive.message.max.bytes", "1000000000"),
        // Un-forwarded queues are limited one by one (rdkafka_fetcher.c:1024), and a queued
        // record costs about 400 bytes beside its own: 18 partitions of small records stay
        // below 130 MB, and of large ones below 150 MB.
        ("queued.min.messages", "10000"),
        ("queued.max.messages.kbytes", "8192"),
        ("fetch.error.backoff.ms", "100"),
        ("check.crcs", "true"),
    ]

    static let group: [(name: String, value: String)] = [
        ("partition.assignment.strategy", "range"),
        ("session.timeout.ms", "30000"),
        // Rebalances are noticed at the next heartbeat, so this is most of their length.
        ("heartbeat.interval.ms", "1000"),
        ("max.poll.interval.ms", "120000"),
        // A broker that has just started may not know all topics, and librdkafka then leaves the
        // group's share of them to others until it looks again (by default after five minutes).
        ("topic.metadata.refresh.interval.ms", "30000"),
        // What is known stays as long as by default, which is three times that of above.
        ("metadata.max.age.ms", "900000"),
    ]

    static let producer: [(name: String, value: String)] = [
        ("enable.idempotence", "true"),
        ("acks", "all"),
        ("compression.codec", "lz4"),
        // A commit flushes, so lingering only shapes batches.
        ("linger.ms", "10"),
        ("batch.size", "1000000"),
        ("batch.num.messages", "100000"),
        // The coordinator answers CONCURRENT_TRANSACTIONS while the last marker is being written;
        // with the default of 100 ms that wait is most of a commit (measured 103 -> 25 ms).
        ("retry.backoff.ms", "10"),
        // The bytes bound memory; the count must allow a whole epoch of small records.
        ("queue.buffering.max.messages", "500000"),
        ("queue.buffering.max.kbytes", "65536"),
        // Dead letters carry the original record plus headers, up to 4 MiB.
        ("message.max.bytes", "4259840"),
        // The partitioner of Java clients, so that both put a key into the same partition.
        ("partitioner", "murmur2_random"),
    ]

    /// Everything for one kind, in the order in which it must be set.
    static func properties(for kind: ClientKind) -> [(name: String, value: String)] {
        switch kind {
        case .groupConsumer: common + consumer + group
        case .reader: common + consumer
        case .admin: common + [("enable.auto.commit", "false")]
        case .transactionalProducer, .plainProducer: common + producer
        }
    }
}
