import CSimdjson
import Qualification

/// One JSON object at a time, parsed by simdjson into the fields that handoff knows.
///
/// Owns the C++ parser and its buffers, which are reused: a parse of 300 bytes costs about 0.3 us
/// and no allocation. Used by one lane; views into it are valid until the next `parse`.
@safe final class JSONObjectParser {
    private let raw: OpaquePointer

    enum ParseError: Error {
        case notJSON
        case notAnObject
    }

    init() {
        guard let raw = unsafe handoff_parser_create() else {
            preconditionFailure("no memory for a JSON parser")
        }
        unsafe self.raw = raw
    }

    deinit {
        unsafe handoff_parser_destroy(raw)
    }

    /// Parses one object; the fields of this parser are then those of the object.
    func parse(_ bytes: RawSpan) throws(ParseError) {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe handoff_parse(raw, buffer.baseAddress, buffer.count)
        }
        switch result {
        case HANDOFF_PARSED: return
        case HANDOFF_NOT_AN_OBJECT: throw .notAnObject
        default: throw .notJSON
        }
    }

    /// A field of the object just parsed.
    subscript(field: handoff_field) -> JSONValue {
        unsafe JSONValue(handoff_parsed_fields(raw)[Int(field.rawValue)])
    }

    /// `source.channel`.
    var sourceChannel: JSONValue {
        unsafe JSONValue(handoff_parsed_object(raw).pointee.source_channel)
    }

    /// `source.campaign_id`.
    var sourceCampaignID: JSONValue {
        unsafe JSONValue(handoff_parsed_object(raw).pointee.source_campaign_id)
    }

    /// `consent.contact`.
    var consentContact: JSONValue {
        unsafe JSONValue(handoff_parsed_object(raw).pointee.consent_contact)
    }

    /// The items of `product_interest`.
    var interests: [JSONValue] {
        let object = unsafe handoff_parsed_object(raw).pointee
        return unsafe (0..<Int(object.interest_count)).map {
            unsafe JSONValue(object.interests[$0])
        }
    }

    /// The members of `properties`, in the order of the text.
    var propertyCount: Int { unsafe Int(handoff_parsed_object(raw).pointee.property_count) }

    /// The value of the property at a place.
    func propertyValue(at place: Int) -> JSONValue {
        unsafe JSONValue(handoff_parsed_object(raw).pointee.properties[place].value)
    }

    /// The name of the property at a place.
    func propertyName(at place: Int) -> String {
        let property = unsafe handoff_parsed_object(raw).pointee.properties[place]
        let name = unsafe UnsafeBufferPointer(
            start: property.name, count: Int(property.name_length))
        return unsafe String(decoding: name, as: UTF8.self)
    }
}

/// A JSON value as the parser left it.
///
/// Its bytes are valid until the parser's next `parse`.
@safe struct JSONValue {
    private let raw: handoff_value

    init(_ raw: handoff_value) {
        unsafe self.raw = raw
    }

    var kind: handoff_kind { unsafe raw.kind }

    /// Missing, null, `""` and blanks count as absent (CONTRACT.md 3).
    var isAbsent: Bool {
        switch kind {
        case HANDOFF_ABSENT: true
        case HANDOFF_TEXT: isBlank
        default: false
        }
    }

    var isText: Bool { kind == HANDOFF_TEXT }

    /// The text as a string; empty if it is none.
    var text: String {
        isText ? unsafe String(decoding: bytes, as: UTF8.self) : ""
    }

    /// The text as a symbol of the lane; none if it is no text.
    func symbol(_ symbols: SymbolTable) -> Symbol {
        isText ? unsafe symbols.intern(bytes.span) : .none
    }

    /// The number, nil if it is none or too large to be exact.
    var number: Double? { kind == HANDOFF_NUMBER ? unsafe raw.number : nil }

    var bool: Bool? {
        switch kind {
        case HANDOFF_TRUE: true
        case HANDOFF_FALSE: false
        default: nil
        }
    }

    /// Gives the text's bytes to `body`.
    func withBytes<R>(_ body: (Span<UInt8>) -> R) -> R {
        unsafe body(bytes.span)
    }

    /// The length in bytes, an upper bound of that in characters.
    var byteCount: Int { unsafe Int(raw.length) }

    /// A short rendering for a sentence about a fault.
    var shown: String {
        switch kind {
        case HANDOFF_TEXT:
            "\"\(String(String.UnicodeScalarView(text.unicodeScalars.prefix(100))))\""
        case HANDOFF_NUMBER:
            number.map { number in Int64(exactly: number).map(String.init) ?? "\(number)" } ?? ""
        case HANDOFF_HUGE_NUMBER: "a number beyond 2^53"
        case HANDOFF_TRUE: "true"
        case HANDOFF_FALSE: "false"
        case HANDOFF_OBJECT: "an object"
        case HANDOFF_ARRAY: "an array"
        default: "null"
        }
    }

    private var bytes: UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: raw.text, count: Int(raw.length))
    }

    private var isBlank: Bool {
        guard let first = unsafe bytes.first else { return true }
        // Almost every text starts with a visible ASCII character; only others need the full look.
        if first > 0x20 && first < 0x7f { return false }
        return text.allSatisfy(\.isWhitespace)
    }
}
