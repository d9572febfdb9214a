import Qualification
import WireFormats

/// A record of an output topic as `handoff tap` shows it.
package struct TapRecord: Sendable {
    /// What the topic holds.
    package enum Kind: String, Sendable, CaseIterable {
        /// A product's MQLs, with their updates and ends.
        case mql
        /// Status changes.
        case nurture
        /// Follow-up alerts.
        case alert
        /// Records that could not be used.
        case deadLetter = "dead-letter"
    }

    /// What its topic holds.
    package var kind: Kind
    /// The topic as the broker calls it.
    package var topic: String
    /// Where in the topic.
    package var place: RecordPlace
    /// Kafka's timestamp in milliseconds since 1970; negative if it has none.
    package var timestamp: Int64
    /// The key; empty for null.
    package var key: [UInt8]
    /// The value; nil is Kafka's null.
    package var value: [UInt8]?
    /// The headers in their order; a null value is nil.
    package var headers: [(name: String, value: [UInt8]?)]

    /// A record.
    package init(
        kind: Kind, topic: String, place: RecordPlace, timestamp: Int64, key: [UInt8],
        value: [UInt8]?, headers: [(name: String, value: [UInt8]?)]
    ) {
        self.kind = kind
        self.topic = topic
        self.place = place
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// The text of a header, if it has one.
    func header(_ name: String) -> String? {
        headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    /// One line of JSON: topic, partition, offset, timestamp (RFC 3339), key, headers and value.
    ///
    /// The value stands there as it is if it is a JSON object, else in base64 as `value_base64`;
    /// the same goes for a key that is not UTF-8. Characters that steer a terminal are escaped.
    package var json: String {
        let keyText = String(validating: key, as: UTF8.self)
        let body = value.flatMap(TapRecord.oneLine)
        return JSONTree.object([
            ("topic", .text(topic)), ("partition", .whole(Int(place.partition))),
            ("offset", .whole(Int(place.offset))),
            ("timestamp", stamp.map(JSONTree.text)),
            ("key", keyText.map(JSONTree.text)),
            ("key_base64", keyText == nil ? .text(Base64.text(key)) : nil),
            (
                "headers",
                .object(
                    headers.map { header in
                        let text = header.value.map { String(decoding: $0, as: UTF8.self) }
                        return (header.name, text.map(JSONTree.text))
                    })
            ),
            ("value", body.map(JSONTree.raw)),
            ("value_base64", body == nil ? value.map { .text(Base64.text($0)) } : nil),
        ]).compact
    }

    /// Kafka's timestamp in RFC 3339, if there is one.
    var stamp: String? {
        guard timestamp >= 0 else { return nil }
        return min(Timestamp(milliseconds: timestamp), .latestAccepted).description
    }

    /// The JSON object in one line, or nil if the bytes are none.
    private static func oneLine(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self), (try? FlatBody(bytes)) != nil
        else { return nil }
        guard text.unicodeScalars.contains(where: Shown.isHidden) else { return text }
        var line = String.UnicodeScalarView()
        // Between values it is space; within a text JSON does not allow it.
        for scalar in text.unicodeScalars { line.append(scalar.value < 0x20 ? " " : scalar) }
        return Shown.json(String(line))
    }
}

/// The scalars of a JSON object by their path (`lead.email`), and its reasons.
struct FlatBody {
    private(set) var values: [String: String] = [:]
    /// Items of the arrays `reasons` and `codes`: those of an object flat, a text under `""`.
    private(set) var reasons: [[String: String]] = []

    init(_ bytes: [UInt8]) throws(JSONScanner.Malformed) {
        var values: [String: String] = [:]
        var reasons: [[String: String]] = []
        try JSONScanner.object(bytes) { (scanner, name) throws(JSONScanner.Malformed) in
            if name == "reasons" || name == "codes" {
                try scanner.array { (scanner) throws(JSONScanner.Malformed) in
                    var item: [String: String] = [:]
                    try FlatBody.read(&scanner, "", &item)
                    reasons.append(item)
                }
            } else {
                try FlatBody.read(&scanner, name, &values)
            }
        }
        (self.values, self.reasons) = (values, reasons)
    }

    private static func read(
        _ scanner: inout JSONScanner, _ path: String, _ values: inout [String: String]
    ) throws(JSONScanner.Malformed) {
        guard scanner.isAtObject() else {
            if let scalar = try scanner.scalar() { values[path] = scalar }
            return
        }
        var found: [String: String] = [:]
        try scanner.object { (scanner, name) throws(JSONScanner.Malformed) in
            try read(&scanner, path.isEmpty ? name : "\(path).\(name)", &found)
        }
        values.merge(found) { $1 }
    }

    subscript(_ path: String) -> String? { values[path] }
}

/// RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let piece = bytes[start..<min(start + 3, bytes.count)]
            var bits = UInt32(0)
            for byte in piece { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - piece.count))
            for place in 0..<4 {
                let index = Int(bits >> UInt32(18 - 6 * place) & 63)
                text.append(place <= piece.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
