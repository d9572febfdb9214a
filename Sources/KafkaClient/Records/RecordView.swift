/// Where the parts of one record lie in memory owned by its batch.
@usableFromInline
@safe struct RecordSlot {
    @usableFromInline var key: UnsafeRawPointer?
    @usableFromInline var value: UnsafeRawPointer?
    @usableFromInline var keyCount: Int
    @usableFromInline var valueCount: Int
    @usableFromInline var timestamp: Int64
    @usableFromInline var offset: Int64
    @usableFromInline var topic: Int32
    @usableFromInline var partition: Int32

    init(
        key: UnsafeRawPointer?, keyCount: Int, value: UnsafeRawPointer?, valueCount: Int,
        timestamp: Int64, offset: Int64, topic: Int32, partition: Int32
    ) {
        unsafe self.key = unsafe key
        unsafe self.value = unsafe value
        self.keyCount = keyCount
        self.valueCount = valueCount
        self.timestamp = timestamp
        self.offset = offset
        self.topic = topic
        self.partition = partition
    }
}

/// One record of a batch, borrowed while a closure runs; it cannot be kept.
@safe package struct RecordView: ~Copyable {
    @usableFromInline let slot: RecordSlot

    @inlinable
    init(_ slot: RecordSlot) { self.slot = slot }

    /// The record's offset.
    @inlinable package var offset: Int64 { slot.offset }
    /// Milliseconds since 1970, or -1.
    @inlinable package var timestamp: Int64 { slot.timestamp }
    /// The record's partition.
    @inlinable package var partition: Int32 { slot.partition }
    /// Which of the batch's `topics`.
    @inlinable package var topic: Int32 { slot.topic }
    /// False for Kafka's null.
    @inlinable package var hasKey: Bool { unsafe slot.key != nil }
    /// False for Kafka's null: a deletion on a compacted topic.
    @inlinable package var hasValue: Bool { unsafe slot.value != nil }

    /// The bytes of the key, none for null; valid while `body` runs.
    @inlinable
    package func withKey<Output, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let bytes = unsafe UnsafeRawBufferPointer(start: slot.key, count: slot.keyCount)
        return try body(unsafe RawSpan(_unsafeBytes: bytes))
    }

    /// The bytes of the value, none for null; valid while `body` runs.
    @inlinable
    package func withValue<Output, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let bytes = unsafe UnsafeRawBufferPointer(start: slot.value, count: slot.valueCount)
        return try body(unsafe RawSpan(_unsafeBytes: bytes))
    }
}

extension RecordBatch {
    /// Lends the bytes of the key and the value of the record at `index`, nil for null.
    @inlinable
    package func withKeyAndValue<Output, Failure: Error>(
        at index: Int, _ body: (Span<UInt8>?, Span<UInt8>?) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let slot = slot(index)
        let key = unsafe UnsafeBufferPointer(
            start: slot.key?.assumingMemoryBound(to: UInt8.self), count: slot.keyCount)
        let value = unsafe UnsafeBufferPointer(
            start: slot.value?.assumingMemoryBound(to: UInt8.self), count: slot.valueCount)
        return try unsafe body(
            slot.key == nil ? nil : key.span, slot.value == nil ? nil : value.span)
    }
}
