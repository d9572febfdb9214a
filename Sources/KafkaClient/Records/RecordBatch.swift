internal import CLibrdkafka
internal import Synchronization

/// Records as they were fetched: not copied, and freed together when the batch goes.
///
/// Every record pins the whole fetch response it came in, so copy the little that must outlive
/// the batch. Reading takes no lock, allocates nothing and calls nothing through an existential.
// Unchecked: slots and bytes never change after init. librdkafka parses headers on first access,
// which writes to the message, so `headers(at:)` alone takes a lock.
@safe package final class RecordBatch: @unchecked Sendable {
    /// How many records there are; ends of partitions are not records.
    package let count: Int
    /// The bytes of all keys and values.
    package let byteCount: Int
    /// The topics that `topic(at:)` counts; one for a partition queue.
    package let topics: [String]
    /// The ends of partitions met in this batch, in the order they came.
    package let ends: [PartitionEnd]
    /// A failure of the partition or of its fetching, met after the records of this batch.
    ///
    /// Behind records that could not be read nothing more of their partition is shown: there may be
    /// a gap.
    package let failure: KafkaError?
    /// The first partition of which records could not be read.
    let unreadable: TopicPartition?

    @usableFromInline let slots: UnsafeMutablePointer<RecordSlot>
    private let source: Source
    private let headerLock = Mutex(())

    // Safe: what the pointers lead to is owned by this batch and freed in its deinit only.
    @safe private enum Source {
        case fetched(UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>, Handle)
        case stored(UnsafeMutableRawPointer, [[RecordHeader]])
    }

    /// The offset of the last end of partition in this batch.
    @inlinable package var endOffsetSeen: Int64? { ends.last?.offset }

    /// Copies plain records into one block of memory; for fakes and tests.
    package init(
        records: [StoredRecord], topics: [String] = [""], ends: [PartitionEnd] = [],
        failure: KafkaError? = nil
    ) {
        count = records.count
        byteCount = records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
        self.topics = topics
        self.ends = ends
        self.failure = failure
        unreadable = nil
        let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount + 1, alignment: 16)
        unsafe slots = .allocate(capacity: records.count + 1)
        source = unsafe .stored(block, records.map(\.headers))
        var next = 0
        func place(_ bytes: [UInt8]?) -> UnsafeRawPointer? {
            guard let bytes else { return nil }
            let start = unsafe block + next
            unsafe bytes.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                unsafe start.copyMemory(from: base, byteCount: bytes.count)
            }
            next += bytes.count
            return UnsafeRawPointer(start)
        }
        for (index, record) in records.enumerated() {
            let key = unsafe place(record.key)
            let value = unsafe place(record.value)
            unsafe (slots + index).initialize(
                to: RecordSlot(
                    key: key, keyCount: record.key?.count ?? 0, value: value,
                    valueCount: record.value?.count ?? 0, timestamp: record.timestamp,
                    offset: record.offset, topic: record.topic, partition: record.partition))
        }
    }

    /// Takes over `messages`, its first `used` entries and the block itself.
    init(
        taking messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>,
        used: Int, topics: [String], handle: Handle,
        topicIndex: (UnsafeMutablePointer<rd_kafka_message_t>) -> Int32
    ) {
        unsafe slots = .allocate(capacity: used + 1)
        source = unsafe .fetched(messages, handle)
        self.topics = topics
        var kept = 0
        var bytes = 0
        var ends: [PartitionEnd] = []
        var failure: KafkaError?
        // Those with unreadable records, most often none.
        var broken: [(topic: Int32, partition: Int32)] = []
        for index in 0..<used {
            guard let message = unsafe messages[index] else { continue }
            let topic = unsafe topicIndex(message)
            let partition = unsafe message.pointee.partition
            if !broken.isEmpty, broken.contains(where: { $0 == (topic, partition) }) {
                unsafe rd_kafka_message_destroy(message)
                continue
            }
            guard unsafe message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                if unsafe message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF {
                    unsafe ends.append(
                        PartitionEnd(
                            topic: topic, partition: partition,
                            offset: message.pointee.offset))
                } else {
                    let found = unsafe RecordBatch.failure(message, in: topics, topic)
                    if broken.isEmpty { failure = found }
                    // Without a topic it is about a connection, and no record was passed over.
                    if found.isOfUnreadableRecords, unsafe message.pointee.rkt != nil {
                        broken.append((topic, partition))
                    }
                }
                unsafe rd_kafka_message_destroy(message)
                continue
            }
            let slot = unsafe RecordSlot(message, topic: topic)
            unsafe (slots + kept).initialize(to: slot)
            unsafe messages[kept] = unsafe message
            bytes += slot.keyCount + slot.valueCount
            kept += 1
        }
        count = kept
        byteCount = bytes
        self.ends = ends
        self.failure = failure
        unreadable = broken.first.map {
            TopicPartition(
                topic: topics.indices.contains(Int($0.topic)) ? topics[Int($0.topic)] : "",
                partition: $0.partition)
        }
    }

    deinit {
        unsafe slots.deallocate()
        switch source {
        case .fetched(let messages, _):
            for index in 0..<count { unsafe rd_kafka_message_destroy(messages[index]) }
            unsafe messages.deallocate()
        case .stored(let block, _):
            unsafe block.deallocate()
        }
    }

    private static func failure(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>, in topics: [String], _ topic: Int32
    ) -> KafkaError {
        let name = topics.indices.contains(Int(topic)) ? topics[Int(topic)] : ""
        let partition = unsafe TopicPartition(
            topic: name, partition: message.pointee.partition)
        var error = unsafe KafkaError(
            message.pointee.err, operation: "fetch", subject: "\(partition)")
        if let words = unsafe rd_kafka_message_errstr(message) {
            error.reason = unsafe String(cString: words)
        }
        return error
    }

    @inlinable
    func slot(_ index: Int) -> RecordSlot {
        precondition(index >= 0 && index < count, "record index out of range")
        return unsafe slots[index]
    }

    /// Lends the record at `index` (0 to `count` - 1) to `body`.
    @inlinable
    package func withRecord<Output, Failure: Error>(
        at index: Int, _ body: (borrowing RecordView) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let view = RecordView(slot(index))
        return try body(view)
    }

    /// Lends the bytes of the value, none for null.
    @inlinable
    package func withValue<Output, Failure: Error>(
        at index: Int, _ body: (RawSpan) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        try RecordView(slot(index)).withValue(body)
    }

    /// Lends the bytes of the key, none for null.
    @inlinable
    package func withKey<Output, Failure: Error>(
        at index: Int, _ body: (RawSpan) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        try RecordView(slot(index)).withKey(body)
    }

    /// The offset of the record at `index`.
    @inlinable package func offset(at index: Int) -> Int64 { slot(index).offset }
    /// Milliseconds since 1970, or -1.
    @inlinable package func timestamp(at index: Int) -> Int64 { slot(index).timestamp }
    /// The partition of the record at `index`.
    @inlinable package func partition(at index: Int) -> Int32 { slot(index).partition }
    /// Which of `topics` the record at `index` belongs to.
    @inlinable package func topic(at index: Int) -> Int32 { slot(index).topic }
    /// False for Kafka's null.
    @inlinable package func hasKey(at index: Int) -> Bool { unsafe slot(index).key != nil }
    /// False for Kafka's null.
    @inlinable package func hasValue(at index: Int) -> Bool { unsafe slot(index).value != nil }

    /// A copy of the record with its headers; slow, for dead letters and tests.
    package func stored(at index: Int) -> StoredRecord {
        withRecord(at: index) { record in
            StoredRecord(
                key: record.hasKey ? record.withKey(Array.init(copying:)) : nil,
                value: record.hasValue ? record.withValue(Array.init(copying:)) : nil,
                timestamp: record.timestamp, offset: record.offset, partition: record.partition,
                topic: record.topic, headers: headers(at: index))
        }
    }

    /// The headers of the record at `index`, copied; slow, for dead letters.
    package func headers(at index: Int) -> [RecordHeader] {
        precondition(index >= 0 && index < count, "record index out of range")
        switch source {
        case .stored(_, let headers): return headers[index]
        case .fetched(let messages, _):
            let message = unsafe Sending(messages[index])
            return headerLock.withLock { _ in unsafe readHeaders(message.value) }
        }
    }
}

extension Array where Element == UInt8 {
    /// A copy of the bytes.
    package init(copying bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { bytes in unsafe Array(bytes) }
    }
}

extension RecordSlot {
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: Int32) {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let stamp = unsafe rd_kafka_message_timestamp(message, &kind)
        let message = unsafe message.pointee
        unsafe self.init(
            key: UnsafeRawPointer(message.key), keyCount: message.key_len,
            value: UnsafeRawPointer(message.payload), valueCount: message.len,
            timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : stamp,
            offset: message.offset, topic: topic, partition: message.partition)
    }
}

/// Copies the headers of one message.
private func readHeaders(_ message: UnsafeMutablePointer<rd_kafka_message_t>?) -> [RecordHeader] {
    guard let message = unsafe message else { return [] }
    var list: OpaquePointer?
    guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else {
        return []
    }
    var result: [RecordHeader] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while unsafe rd_kafka_header_get_all(list, result.count, &name, &value, &size)
        == RD_KAFKA_RESP_ERR_NO_ERROR, let named = unsafe name
    {
        let bytes = unsafe value.map { start in
            unsafe Array(UnsafeRawBufferPointer(start: start, count: size))
        }
        result.append(RecordHeader(name: unsafe String(cString: named), value: bytes))
    }
    return result
}
