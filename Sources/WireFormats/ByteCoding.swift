/// Bytes being written: variable-length integers, texts, fixed words.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func byte(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// LEB128: seven bits a byte, least significant first.
    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func count(_ value: Int) {
        unsigned(UInt64(value))
    }

    /// Zigzag: small numbers of either sign stay short.
    mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func word(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func text(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            count(utf8.count)
            unsafe bytes.append(contentsOf: utf8)
        }
    }

    mutating func raw(_ other: [UInt8]) {
        bytes.append(contentsOf: other)
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

    /// A count of items that take at least one byte each, so that a wrong one cannot ask for much memory.
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
        case .malformed(let what): "the profile holds \(what): the changelog or state file is damaged"
        }
    }
}
