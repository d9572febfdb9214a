/// Reads one JSON text from front to end and skips whatever nobody asks for.
///
/// A report wants a tenth of a message of two kilobytes, so what is not wanted is passed over
/// without making anything of it. Depth is bounded; every fault is `Malformed`.
struct JSONScanner {
    /// The text is not JSON, or is nested deeper than `depthLimit`.
    struct Malformed: Error {}

    /// No message of handoff is nested deeper than 6.
    private static let depthLimit = 64

    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0

    /// Reads the one object that the bytes must be, from the first byte to the last.
    static func object(
        _ bytes: [UInt8], _ member: (inout JSONScanner, String) throws(Malformed) -> Void
    ) throws(Malformed) {
        var scanner = JSONScanner(bytes: bytes)
        guard try scanner.object(member) else { throw Malformed() }
        scanner.passSpace()
        guard scanner.place == bytes.count else { throw Malformed() }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: Values

    /// Gives each member to `member`, which must read or skip its value; false for what is no
    /// object, which is skipped.
    @discardableResult
    mutating func object(
        _ member: (inout JSONScanner, String) throws(Malformed) -> Void
    ) throws(Malformed) -> Bool {
        guard try open(UInt8(ascii: "{")) else { return false }
        if take(UInt8(ascii: "}")) { return close() }
        repeat {
            passSpace()
            guard next == UInt8(ascii: "\"") else { throw Malformed() }
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw Malformed() }
            try member(&self, key)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw Malformed() }
        return close()
    }

    /// Lets `item` read or skip each item; false for what is no array, which is skipped.
    @discardableResult
    mutating func array(
        _ item: (inout JSONScanner) throws(Malformed) -> Void
    ) throws(Malformed) -> Bool {
        guard try open(UInt8(ascii: "[")) else { return false }
        if take(UInt8(ascii: "]")) { return close() }
        repeat { try item(&self) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw Malformed() }
        return close()
    }

    /// A text, nil for any other value.
    mutating func text() throws(Malformed) -> String? {
        passSpace()
        if next == UInt8(ascii: "\"") { return try string() }
        try skip()
        return nil
    }

    /// A number, nil for any other value.
    mutating func number() throws(Malformed) -> Double? {
        passSpace()
        let start = place
        try skip()
        guard let first = bytes[safe: start],
            first == UInt8(ascii: "-") || isDigit(first)
        else { return nil }
        return Double(String(decoding: bytes[start..<place], as: UTF8.self))
    }

    /// A text, number or truth value as text; nil for null, objects and arrays, which are skipped.
    mutating func scalar() throws(Malformed) -> String? {
        passSpace()
        if next == UInt8(ascii: "\"") { return try string() }
        let start = place
        try skip()
        switch bytes[safe: start] {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "n"): return nil
        default: return String(decoding: bytes[start..<place], as: UTF8.self)
        }
    }

    /// Whether an object comes next.
    mutating func isAtObject() -> Bool {
        passSpace()
        return next == UInt8(ascii: "{")
    }

    /// Passes over one value of any kind.
    mutating func skip() throws(Malformed) {
        passSpace()
        switch next {
        case UInt8(ascii: "{"):
            try object { (scanner, _) throws(Malformed) in try scanner.skip() }
        case UInt8(ascii: "["):
            try array { (scanner) throws(Malformed) in try scanner.skip() }
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try skipNumber()
        }
    }

    // MARK: Parts

    private var next: UInt8? { bytes[safe: place] }

    private mutating func passSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            place += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        passSpace()
        guard next == byte else { return false }
        place += 1
        return true
    }

    /// Steps into an object or array; skips the value and tells false if it is another.
    private mutating func open(_ bracket: UInt8) throws(Malformed) -> Bool {
        passSpace()
        guard next == bracket else {
            try skip()
            return false
        }
        place += 1
        depth += 1
        guard depth <= JSONScanner.depthLimit else { throw Malformed() }
        return true
    }

    private mutating func close() -> Bool {
        depth -= 1
        return true
    }

    private mutating func word(_ word: StaticString) throws(Malformed) {
        for byte in word.description.utf8 {
            guard next == byte else { throw Malformed() }
            place += 1
        }
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// RFC 8259, section 6.
    private mutating func skipNumber() throws(Malformed) {
        if next == UInt8(ascii: "-") { place += 1 }
        let isZero = next == UInt8(ascii: "0")
        try digits()
        if isZero, isDigit(bytes[safe: place - 2]), isDigit(bytes[safe: place - 1]) {
            throw Malformed()
        }
        if next == UInt8(ascii: ".") {
            place += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            place += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { place += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(Malformed) {
        guard isDigit(next) else { throw Malformed() }
        while isDigit(next) { place += 1 }
    }

    // MARK: Texts

    private mutating func skipString() throws(Malformed) {
        place += 1
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"):
                guard next != nil else { throw Malformed() }
                place += 1
            case 0..<0x20: throw Malformed()
            default: break
            }
        }
        throw Malformed()
    }

    private mutating func string() throws(Malformed) -> String {
        let start = place + 1
        try skipString()
        let raw = bytes[start..<(place - 1)]
        let text =
            raw.contains(UInt8(ascii: "\\"))
            ? JSONScanner.unescaped(raw) : String(validating: raw, as: UTF8.self)
        guard let text else { throw Malformed() }
        return text
    }

    /// The text with its escapes resolved; nil for a wrong escape or bad UTF-8.
    private static func unescaped(_ raw: ArraySlice<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var place = raw.startIndex
        while place < raw.endIndex {
            guard raw[place] == UInt8(ascii: "\\") else {
                bytes.append(raw[place])
                place += 1
                continue
            }
            place += 2
            switch raw[place - 1] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
                bytes.append(raw[place - 1])
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0c)
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = codePoint(raw, &place) else { return nil }
                bytes.append(contentsOf: String(Character(scalar)).utf8)
            default: return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The character of `\uXXXX`, or of two of them; `place` is behind the `u`.
    private static func codePoint(
        _ raw: ArraySlice<UInt8>, _ place: inout Int
    ) -> Unicode.Scalar? {
        guard let first = hexadecimal(raw, &place) else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard raw[safe: place] == UInt8(ascii: "\\"), raw[safe: place + 1] == UInt8(ascii: "u")
        else { return nil }
        place += 2
        guard let second = hexadecimal(raw, &place), (0xdc00..<0xe000).contains(second) else {
            return nil
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private static func hexadecimal(_ raw: ArraySlice<UInt8>, _ place: inout Int) -> UInt32? {
        guard place + 4 <= raw.endIndex else { return nil }
        let digits = raw[place..<(place + 4)]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        place += 4
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}

extension RandomAccessCollection {
    /// The element at a place, nil outside.
    fileprivate subscript(safe place: Index) -> Element? {
        place >= startIndex && place < endIndex ? self[place] : nil
    }
}
