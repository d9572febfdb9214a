import Qualification

/// Writes one JSON text into bytes: keys in the order of the calls, nothing for what is absent.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether the next member or item needs a comma before it.
    private var needsComma = false

    init() {
        bytes.reserveCapacity(2048)
    }

    /// Empties it, keeping the memory for the next text.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"), close: UInt8(ascii: "}"), body)
    }

    mutating func object(_ key: String, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        object(body)
    }

    /// An array, there even if `items` is empty.
    mutating func array<Items: Sequence>(
        _ key: String, _ items: Items, _ body: (inout JSONWriter, Items.Element) -> Void
    ) {
        self.key(key)
        open(UInt8(ascii: "["), close: UInt8(ascii: "]")) { writer in
            for item in items { body(&writer, item) }
        }
    }

    mutating func text(_ key: String, _ value: String?) {
        guard let value else { return }
        self.key(key)
        separate()
        string(value)
    }

    mutating func time(_ key: String, _ value: Timestamp) {
        self.key(key)
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.appendText(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func id(_ key: String, _ value: UUID?) {
        guard let value else { return }
        self.key(key)
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.appendText(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func points(_ key: String, _ value: Points?) {
        guard let value else { return }
        self.key(key)
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    mutating func integer(_ key: String, _ value: Int64?) {
        guard let value else { return }
        self.key(key)
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func number(_ key: String, _ value: Double?) {
        guard let value else { return }
        self.key(key)
        separate()
        if let whole = Int64(exactly: value) {
            bytes.append(contentsOf: String(whole).utf8)
        } else {
            bytes.append(contentsOf: value.description.utf8)
        }
    }

    mutating func bool(_ key: String, _ value: Bool) {
        self.key(key)
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func fact(_ key: String, _ value: FactValue) {
        switch value {
        case .text(let value): text(key, value)
        case .number(let value): number(key, value)
        case .bool(let value): bool(key, value)
        }
    }

    /// A text as an item of an array.
    mutating func item(_ value: String) {
        separate()
        string(value)
    }

    /// Keys are ours and plain ASCII, so they need no escaping.
    private mutating func key(_ key: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: key.utf8)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ open: UInt8, close: UInt8, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(open)
        needsComma = false
        body(&self)
        bytes.append(close)
        needsComma = true
    }

    /// Only what RFC 8259 (section 7) demands is escaped; nearly no text holds any of it.
    private mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        if let place = placeToEscape(from: start) {
            let rest = Array(bytes[place...])
            bytes.removeSubrange(place...)
            for byte in rest { escape(byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func placeToEscape(from start: Int) -> Int? {
        let written = bytes.span
        var place = start
        while place < written.count {
            let byte = written[place]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return place
            }
            place &+= 1
        }
        return nil
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0a: bytes.append(contentsOf: "\\n".utf8)
        case 0x0d: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(JSONWriter.digits[Int(byte >> 4)])
            bytes.append(JSONWriter.digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
