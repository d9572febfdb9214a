/// The headers of a record to be written, in one flat buffer that can be used again.
package struct RecordHeaders: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        var nameCount: Int32
        /// -1 for Kafka's null.
        var valueCount: Int32
    }

    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Field] = []

    /// No headers.
    package init() {}

    /// A copy of headers as they were read.
    package init(_ headers: [RecordHeader]) {
        for header in headers {
            if let value = header.value {
                append(header.name, value)
            } else {
                appendNull(header.name)
            }
        }
    }

    /// How many there are.
    package var count: Int { fields.count }

    /// Adds a header with text as its value.
    package mutating func append(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: value.utf8)
        fields.append(
            Field(nameCount: Int32(name.utf8.count), valueCount: Int32(value.utf8.count)))
    }

    /// Adds a header with bytes as its value.
    package mutating func append(_ name: String, _ value: [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: value)
        fields.append(Field(nameCount: Int32(name.utf8.count), valueCount: Int32(value.count)))
    }

    /// Adds a header, copying the bytes of its value.
    package mutating func append(_ name: String, _ value: RawSpan) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(copying: value)
        fields.append(
            Field(nameCount: Int32(name.utf8.count), valueCount: Int32(value.byteCount)))
    }

    /// The same from a span of bytes.
    package mutating func append(_ name: String, _ value: Span<UInt8>) {
        bytes.append(contentsOf: name.utf8)
        unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        fields.append(
            Field(nameCount: Int32(name.utf8.count), valueCount: Int32(value.count)))
    }

    /// Adds a header whose value is Kafka's null.
    package mutating func appendNull(_ name: String) {
        bytes.append(contentsOf: name.utf8)
        fields.append(Field(nameCount: Int32(name.utf8.count), valueCount: -1))
    }

    /// Empties it, keeping the memory for the next record.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }
}

extension Array where Element == UInt8 {
    /// Appends a copy of the bytes.
    package mutating func append(copying bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { bytes in unsafe self.append(contentsOf: bytes) }
    }
}
