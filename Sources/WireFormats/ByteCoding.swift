/// Bytes being written: variable-length integers, texts, fixed words.
///
/// Writes into a buffer that is kept, by place: `append` would check capacity and uniqueness for
/// each byte.
struct ByteWriter {
    private var buffer = [UInt8](repeating: 0, count: 4096)
    private(set) var count = 0

    /// A copy of what was written.
    var bytes: [UInt8] { Array(buffer[0..<count]) }

    /// A copy of what was written from a place on.
    func copy(from start: Int) -> [UInt8] { Array(buffer[start..<count]) }

    mutating func removeAll() {
        count = 0
    }

    mutating func byte(_ byte: UInt8) {
        reserve(1)
        buffer[count] = byte
        count += 1
    }

    /// LEB128: seven bits a byte, least significant first.
    mutating func unsigned(_ value: UInt64) {
        reserve(10)
        // Through a span, here and below: the array would look for other owners at each byte.
        var place = count
        var span = buffer.mutableSpan
        var rest = value
        while rest >= 0x80 {
            span[place] = UInt8(truncatingIfNeeded: rest) | 0x80
            place &+= 1
            rest >>= 7
        }
        span[place] = UInt8(truncatingIfNeeded: rest)
        count = place &+ 1
    }

    mutating func count(_ value: Int) {
        unsigned(UInt64(value))
    }

    /// Zigzag: small numbers of either sign stay short.
    mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func word(_ value: UInt64) {
        reserve(8)
        let start = count
        var span = buffer.mutableSpan
        for offset in 0..<8 {
            span[start &+ offset] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
        }
        count = start &+ 8
    }

    mutating func text(_ text: String) {
        let utf8 = text.utf8
        count(utf8.count)
        reserve(utf8.count)
        var place = count
        var span = buffer.mutableSpan
        for byte in utf8 {
            span[place] = byte
            place &+= 1
        }
        count = place
    }

    mutating func raw(_ other: Span<UInt8>) {
        reserve(other.count)
        let start = count
        var span = buffer.mutableSpan
        for place in other.indices { span[start &+ place] = other[place] }
        count = start &+ other.count
    }

    private mutating func reserve(_ more: Int) {
        if buffer.count - count >= more { return }
        buffer += [UInt8](repeating: 0, count: max(buffer.count, more))
    }
}

/// Bytes being read; every read checks the end, because changelogs outlive programs.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { place == bytes.count }

    mutating func byte() throws(ProfileCodecError) -> UInt8 {
        guard place < bytes.count else { throw .truncated }
        defer { place += 1 }
        return bytes[place]
    }

    mutating func unsigned() throws(ProfileCodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 64 else { throw .malformed("a number longer than 64 bits") }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A count of items that take at least one byte each, so that a wrong one cannot ask for much
    /// memory.
    mutating func count() throws(ProfileCodecError) -> Int {
        let value = try unsigned()
        guard value <= UInt64(bytes.count - place) else {
            throw .malformed("a count of \(value) with \(bytes.count - place) bytes left")
        }
        return Int(value)
    }

    /// A number that is no count of bytes that follow.
    mutating func number() throws(ProfileCodecError) -> Int {
        let value = try unsigned()
        guard value <= UInt64(Int64.max) else { throw .malformed("a number beyond 2^63") }
        return Int(value)
    }

    mutating func signed() throws(ProfileCodecError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func word() throws(ProfileCodecError) -> UInt64 {
        guard bytes.count - place >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[place + offset]) << UInt64(8 * offset) }
        place += 8
        return value
    }

    mutating func raw(_ count: Int) throws(ProfileCodecError) -> [UInt8] {
        guard bytes.count - place >= count else { throw .truncated }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    mutating func skip(_ count: Int) throws(ProfileCodecError) {
        guard bytes.count - place >= count else { throw .truncated }
        place += count
    }

    mutating func text() throws(ProfileCodecError) -> String {
        let count = try count()
        defer { place += count }
        return String(decoding: bytes[place..<place + count], as: UTF8.self)
    }
}

/// Why bytes are no profile.
package enum ProfileCodecError: Error, Equatable, CustomStringConvertible {
    /// They end too early.
    case truncated
    /// They are of a version that this program does not know.
    case unknownVersion(UInt8)
    /// They contradict the format.
    case malformed(String)

    package var description: String {
        switch self {
        case .truncated: "the profile ends too early: the changelog or state file is damaged"
        case .unknownVersion(let version):
            "the profile has format version \(version); run a newer handoff"
        case .malformed(let what):
            "the profile holds \(what): the changelog or state file is damaged"
        }
    }
}
