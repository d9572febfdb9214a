/// Records on their way out, in one flat buffer: lanes fill it, a producer sends it.
///
/// Topics are numbers, namely indexes into the `topics` the producer was made with. Sending
/// copies, so the buffer may be emptied and filled again as soon as `send` has returned.
package struct OutboundRecords: Sendable {
    struct Entry: Sendable {
        var start: Int
        /// -1 for Kafka's null, here and below.
        var keyCount: Int32
        var valueCount: Int32
        var topic: Int32
        var partition: Int32
        var timestamp: Int64
        var firstHeader: Int32
        var headerCount: Int32
    }

    /// Lets the key decide the partition, as Java clients do (murmur2).
    package static let byKey: Int32 = -1

    private(set) var bytes: [UInt8] = []
    /// Topics beside those of the producer, see `number(ofOther:)`.
    private(set) var otherTopics: [String] = []
    private(set) var entries: [Entry] = []
    private(set) var fields: [RecordHeaders.Field] = []

    /// An empty buffer with room for so many records and bytes.
    package init(records: Int = 0, bytes: Int = 0) {
        entries.reserveCapacity(records)
        self.bytes.reserveCapacity(bytes)
    }

    /// The number of a topic that the producer was not made with; it looks it up when sending.
    ///
    /// For the rare record, such as a withdrawal to the topic of a product that is no longer sold.
    package mutating func number(ofOther topic: String) -> Int32 {
        if let known = otherTopics.firstIndex(of: topic) { return -1 - Int32(known) }
        otherTopics.append(topic)
        return -Int32(otherTopics.count)
    }

    /// The name of a topic by its number, if it is not one of the producer's.
    package func otherTopic(_ number: Int32) -> String? {
        number < 0 ? otherTopics[-1 - Int(number)] : nil
    }

    /// How many records it holds.
    package var count: Int { entries.count }
    /// How many of them go to a topic.
    package func count(ofTopic topic: Int32) -> Int { entries.count { $0.topic == topic } }
    /// The bytes of all keys, values and headers.
    package var byteCount: Int { bytes.count }
    /// Whether there is nothing to send.
    package var isEmpty: Bool { entries.isEmpty }

    /// Appends a record without headers, stamped when it is sent: the cheapest kind.
    ///
    /// A nil value is Kafka's null, which deletes on a compacted topic.
    package mutating func append(
        topic: Int32, partition: Int32, key: RawSpan?, value: RawSpan?
    ) {
        append(topic: topic, partition: partition, key: key, value: value, timestamp: 0)
    }

    /// Appends a record; a `timestamp` (milliseconds since 1970) of 0 means "when it is sent".
    package mutating func append(
        topic: Int32, partition: Int32, key: RawSpan?, value: RawSpan?, timestamp: Int64
    ) {
        var entry = Entry(
            start: bytes.count, keyCount: -1, valueCount: -1, topic: topic,
            partition: partition, timestamp: timestamp, firstHeader: 0, headerCount: 0)
        if let key {
            bytes.append(copying: key)
            entry.keyCount = Int32(key.byteCount)
        }
        if let value {
            bytes.append(copying: value)
            entry.valueCount = Int32(value.byteCount)
        }
        entries.append(entry)
    }

    /// Appends a record with headers; they are copied, so the caller's buffer can be used again.
    package mutating func append(
        topic: Int32, partition: Int32, key: RawSpan?, value: RawSpan?, timestamp: Int64 = 0,
        headers: borrowing RecordHeaders
    ) {
        append(topic: topic, partition: partition, key: key, value: value, timestamp: timestamp)
        attach(headers)
    }

    /// The same from spans of bytes (a `Span` cannot be turned into a `RawSpan` safely).
    package mutating func append(
        topic: Int32, partition: Int32, key: Span<UInt8>?, value: Span<UInt8>?,
        timestamp: Int64 = 0, headers: borrowing RecordHeaders = RecordHeaders()
    ) {
        var entry = Entry(
            start: bytes.count, keyCount: -1, valueCount: -1, topic: topic,
            partition: partition, timestamp: timestamp, firstHeader: 0, headerCount: 0)
        if let key {
            unsafe key.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
            entry.keyCount = Int32(key.count)
        }
        if let value {
            unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
            entry.valueCount = Int32(value.count)
        }
        entries.append(entry)
        attach(headers)
    }

    /// The same from arrays.
    package mutating func append(
        topic: Int32, partition: Int32, key: [UInt8]?, value: [UInt8]?, timestamp: Int64 = 0,
        headers: borrowing RecordHeaders = RecordHeaders()
    ) {
        let start = bytes.count
        if let key { bytes.append(contentsOf: key) }
        if let value { bytes.append(contentsOf: value) }
        entries.append(
            Entry(
                start: start, keyCount: key.map { Int32($0.count) } ?? -1,
                valueCount: value.map { Int32($0.count) } ?? -1, topic: topic,
                partition: partition, timestamp: timestamp, firstHeader: 0, headerCount: 0))
        attach(headers)
    }

    private mutating func attach(_ headers: borrowing RecordHeaders) {
        guard headers.count > 0 else { return }
        entries[entries.count - 1].firstHeader = Int32(fields.count)
        entries[entries.count - 1].headerCount = Int32(headers.count)
        bytes.append(contentsOf: headers.bytes)
        fields.append(contentsOf: headers.fields)
    }

    /// Appends all records of another buffer, in their order.
    package mutating func append(contentsOf other: OutboundRecords) {
        let shift = bytes.count
        let fieldShift = Int32(fields.count)
        let others = other.otherTopics.map { number(ofOther: $0) }
        bytes.append(contentsOf: other.bytes)
        fields.append(contentsOf: other.fields)
        entries.reserveCapacity(entries.count + other.entries.count)
        for var entry in other.entries {
            entry.start += shift
            if entry.topic < 0 { entry.topic = others[-1 - Int(entry.topic)] }
            entry.firstHeader += fieldShift
            entries.append(entry)
        }
    }

    /// Empties it.
    package mutating func removeAll(keepingCapacity: Bool = true) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
        entries.removeAll(keepingCapacity: keepingCapacity)
        fields.removeAll(keepingCapacity: keepingCapacity)
        otherTopics.removeAll()
    }

    /// A copy of one record, for tests and fakes; `offset` is its place here.
    package func stored(at index: Int) -> StoredRecord {
        let entry = entries[index]
        var next = entry.start
        func take(_ count: Int32) -> [UInt8]? {
            guard count >= 0 else { return nil }
            defer { next += Int(count) }
            return Array(bytes[next..<next + Int(count)])
        }
        let key = take(entry.keyCount)
        let value = take(entry.valueCount)
        let range = Int(entry.firstHeader)..<Int(entry.firstHeader + entry.headerCount)
        let headers = fields[range].map { field in
            RecordHeader(
                name: String(decoding: take(field.nameCount) ?? [], as: UTF8.self),
                value: take(field.valueCount))
        }
        return StoredRecord(
            key: key, value: value, timestamp: entry.timestamp, offset: Int64(index),
            partition: entry.partition, topic: entry.topic, headers: headers)
    }
}
