internal import CLibrdkafka

/// Owns a C list of partitions and offsets.
@safe struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// Copies the offsets; partitions without one get `RD_KAFKA_OFFSET_INVALID`.
    init(_ offsets: [TopicPartition: Int64]) {
        unsafe raw = rd_kafka_topic_partition_list_new(Int32(offsets.count))
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            let entry = unsafe rd_kafka_topic_partition_list_add(
                raw, partition.topic, partition.partition)
            unsafe entry?.pointee.offset = offset
        }
    }

    /// The same for partitions without offsets.
    init(_ partitions: [TopicPartition]) {
        self.init(
            Dictionary(
                partitions.map { ($0, Int64(RD_KAFKA_OFFSET_INVALID)) },
                uniquingKeysWith: { first, _ in first }))
    }

    deinit { unsafe rd_kafka_topic_partition_list_destroy(raw) }

    /// Partition, offset and error of each entry.
    static func entries(
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?
    ) -> [(partition: TopicPartition, offset: Int64, error: rd_kafka_resp_err_t)] {
        guard let list = unsafe list else { return [] }
        return unsafe (0..<Int(list.pointee.cnt)).map { index in
            let entry = unsafe list.pointee.elems[index]
            let name = unsafe String(cString: entry.topic)
            return unsafe (
                TopicPartition(topic: name, partition: entry.partition), entry.offset, entry.err
            )
        }
    }

    /// The offsets that a call has filled in; partitions without one are absent.
    ///
    /// - Throws: the error of the first partition that has one.
    static func offsets(
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?, _ operation: String
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        var offsets: [TopicPartition: Int64] = [:]
        for entry in unsafe entries(list) {
            guard entry.error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(
                    entry.error, operation: operation, subject: "\(entry.partition)")
            }
            if entry.offset >= 0 { offsets[entry.partition] = entry.offset }
        }
        return offsets
    }

    /// The same of this list.
    func offsets(_ operation: String) throws(KafkaError) -> [TopicPartition: Int64] {
        try unsafe PartitionList.offsets(raw, operation)
    }
}
