/// One record in plain memory: for fakes, tests and the slow paths.
package struct StoredRecord: Sendable, Equatable {
    /// The key; `nil` is Kafka's null, which differs from an empty key.
    package var key: [UInt8]?
    /// The value; `nil` is Kafka's null (a deletion on a compacted topic).
    package var value: [UInt8]?
    /// Milliseconds since 1970, or -1 when the record has no timestamp.
    package var timestamp: Int64
    /// The record's offset in its partition.
    package var offset: Int64
    /// The record's partition.
    package var partition: Int32
    /// Which of the batch's `topics` it belongs to.
    package var topic: Int32
    /// Headers in the order of the record.
    package var headers: [RecordHeader]

    /// A record with everything given.
    package init(
        key: [UInt8]?, value: [UInt8]?, timestamp: Int64 = -1, offset: Int64,
        partition: Int32 = 0, topic: Int32 = 0, headers: [RecordHeader] = []
    ) {
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.offset = offset
        self.partition = partition
        self.topic = topic
        self.headers = headers
    }
}

/// One header of a record as it was read.
package struct RecordHeader: Sendable, Equatable {
    /// The name; bytes that are not UTF-8 are replaced.
    package var name: String
    /// The value; `nil` is Kafka's null.
    package var value: [UInt8]?

    /// A header with its value.
    package init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A partition whose end (the last stable offset, when reading committed) was reached.
package struct PartitionEnd: Sendable, Equatable {
    /// Which of the batch's `topics`.
    package var topic: Int32
    /// The partition.
    package var partition: Int32
    /// The offset that the next record there will have at least; past markers and aborted records.
    package var offset: Int64

    /// An end seen at `offset`.
    package init(topic: Int32 = 0, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}
