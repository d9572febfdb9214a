import Qualification

/// Writes one JSON text into bytes: keys in the order of the calls, nothing for what is absent.
struct JSONWriter: ~Copyable {
    private let writer = ByteWriter()
    /// What `members(of:_:)` wrote last.
    private var kept: (owner: AnyObject, bytes: [UInt8])?
    /// Whether the next member or item needs a comma before it.
    private var needsComma = false

    /// Gives what was written to `body`, without a copy.
    func withBytes(_ body: (Span<UInt8>) -> Void) { writer.withBytes(body) }

    /// A copy of what was written.
    var bytes: [UInt8] { writer.bytes }

    /// Empties it, keeping the memory for the next text.
    mutating func removeAll() {
        writer.removeAll()
        needsComma = false
    }

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"), close: UInt8(ascii: "}"), body)
    }

    mutating func object(_ key: String, _ body: (inout JSONWriter) -> Void) {
        self.key(key)
        object(body)
    }

    /// Members that are a function of one immutable object: copied if they are those written last,
    /// as for the messages that an event leaves about one lead.
    mutating func members(of owner: AnyObject, _ body: (inout JSONWriter) -> Void) {
        separate()
        if let kept, kept.owner === owner {
            writer.raw(kept.bytes.span)
            return
        }
        let start = writer.count
        needsComma = false
        body(&self)
        kept = (owner, writer.copy(from: start))
        needsComma = true
    }

    /// Forgets what `members(of:_:)` wrote last, so that it outlives nobody's erasure.
    mutating func forgetMembers() {
        kept = nil
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
        quoted(value.text.span)
    }

    mutating func id(_ key: String, _ value: UUID?) {
        guard let value else { return }
        self.key(key)
        separate()
        quoted(value.text.span)
    }

    mutating func points(_ key: String, _ value: Points?) {
        guard let value else { return }
        self.key(key)
        separate()
        if value.hundredths < 0 { writer.byte(UInt8(ascii: "-")) }
        let magnitude = value.hundredths.magnitude
        writer.decimal(Int64(magnitude / 100))
        // The text of `Points`, without making one.
        let (tenths, hundredths) = (UInt8(magnitude % 100 / 10), UInt8(magnitude % 10))
        if tenths == 0, hundredths == 0 { return }
        writer.byte(UInt8(ascii: "."))
        writer.byte(UInt8(ascii: "0") + tenths)
        if hundredths != 0 { writer.byte(UInt8(ascii: "0") + hundredths) }
    }

    mutating func integer(_ key: String, _ value: Int64?) {
        guard let value else { return }
        self.key(key)
        separate()
        writer.decimal(value)
    }

    mutating func number(_ key: String, _ value: Double?) {
        guard let value else { return }
        self.key(key)
        separate()
        if let whole = Int64(exactly: value) {
            writer.decimal(whole)
        } else {
            writer.raw(value.description)
        }
    }

    mutating func bool(_ key: String, _ value: Bool) {
        self.key(key)
        separate()
        writer.raw(value ? "true" : "false")
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
        writer.enclosed(
            key.utf8Span.span, by: JSONWriter.quote, before: UInt8(ascii: ":"),
            after: needsComma ? UInt8(ascii: ",") : 0)
        needsComma = false
    }

    private static let quote = UInt8(ascii: "\"")

    private mutating func quoted(_ text: Span<UInt8>) {
        writer.enclosed(text, by: JSONWriter.quote)
    }

    private mutating func separate() {
        if needsComma { writer.byte(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ open: UInt8, close: UInt8, _ body: (inout JSONWriter) -> Void) {
        separate()
        writer.byte(open)
        needsComma = false
        body(&self)
        writer.byte(close)
        needsComma = true
    }

    /// Only what RFC 8259 (section 7) demands is escaped; nearly no text holds any of it.
    private mutating func string(_ value: String) {
        let text = value.utf8Span.span
        let plain = placeToEscape(text)
        guard plain < text.count else { return quoted(text) }
        writer.byte(UInt8(ascii: "\""))
        writer.raw(text.extracting(0..<plain))
        for place in plain..<text.count { escape(text[place]) }
        writer.byte(UInt8(ascii: "\""))
    }

    /// The place of the first byte to escape, or the end.
    private func placeToEscape(_ text: Span<UInt8>) -> Int {
        var place = 0
        while place &+ 8 <= text.count, JSONWriter.isPlain(text.word(at: place)) { place &+= 8 }
        while place < text.count {
            let byte = text[place]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return place
            }
            place &+= 1
        }
        return place
    }

    /// Whether none of eight bytes has to be escaped: the usual test for a zero byte, on their
    /// distance from quote, backslash and the controls.
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ ones &* UInt64(JSONWriter.quote)
        let backslashes = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let found =
            (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes
            | (backslashes &- ones) & ~backslashes
        return found & (0x80 &* ones) == 0
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            writer.byte(UInt8(ascii: "\\"))
            writer.byte(byte)
        case 0x0a: writer.raw("\\n")
        case 0x0d: writer.raw("\\r")
        case 0x09: writer.raw("\\t")
        case 0..<0x20:
            writer.raw("\\u00")
            writer.byte(JSONWriter.digits[Int(byte >> 4)])
            writer.byte(JSONWriter.digits[Int(byte & 15)])
        default: writer.byte(byte)
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
