/// Bytes being written: variable-length integers, texts, fixed words.
///
/// Owns a buffer that it keeps and that only grows. Memory of its own instead of an array, which
/// looks for other owners and for its end at every write: a byte took 40 instructions, and writing
/// bytes was a fifth of all that a lane did (callgrind). Every write reserves first.
@safe final class ByteWriter {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity = 4096
    private(set) var count = 0

    init() {
        unsafe start = .allocate(capacity: capacity)
    }

    deinit {
        unsafe start.deallocate()
    }

    /// Gives what was written to `body`, without a copy.
    func withBytes(_ body: (Span<UInt8>) -> Void) {
        unsafe body(UnsafeBufferPointer(start: start, count: count).span)
    }

    /// A copy of what was written.
    var bytes: [UInt8] { copy(from: 0) }

    /// A copy of what was written from a place on.
    func copy(from place: Int) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: start, count: count)[place...])
    }

    func removeAll() {
        count = 0
    }

    func byte(_ byte: UInt8) {
        reserve(1)
        unsafe start[count] = byte
        count &+= 1
    }

    /// LEB128: seven bits a byte, least significant first.
    func unsigned(_ value: UInt64) {
        reserve(10)
        var place = count
        var rest = value
        while rest >= 0x80 {
            unsafe start[place] = UInt8(truncatingIfNeeded: rest) | 0x80
            place &+= 1
            rest >>= 7
        }
        unsafe start[place] = UInt8(truncatingIfNeeded: rest)
        count = place &+ 1
    }

    func count(_ value: Int) {
        unsigned(UInt64(value))
    }

    /// Zigzag: small numbers of either sign stay short.
    func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    func word(_ value: UInt64) {
        reserve(8)
        unsafe UnsafeMutableRawPointer(start + count)
            .storeBytes(of: value.littleEndian, as: UInt64.self)
        count &+= 8
    }

    func text(_ text: String) {
        count(text.utf8.count)
        raw(text)
    }

    /// Bytes with their number before them.
    func sized(_ bytes: Span<UInt8>) {
        count(bytes.count)
        raw(bytes)
    }

    /// The bytes of a text alone.
    func raw(_ text: String) {
        raw(text.utf8Span.span)
    }

    func raw(_ other: Span<UInt8>) {
        reserve(other.count)
        unsafe other.withUnsafeBufferPointer { other in
            guard let first = other.baseAddress else { return }
            unsafe (start + count).update(from: first, count: other.count)
        }
        count &+= other.count
    }

    /// The decimal digits of a number.
    func decimal(_ value: Int64) {
        reserve(20)
        if value < 0 { byte(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let first = count
        repeat {
            byte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        var (low, high) = (first, count - 1)
        while low < high {
            unsafe swap(&start[low], &start[high])
            low += 1
            high -= 1
        }
    }

    /// Bytes between two others, and one more behind them unless it is 0; all in one, for it is
    /// done for every key and text of a message.
    func enclosed(
        _ text: Span<UInt8>, by quote: UInt8, before last: UInt8 = 0, after first: UInt8 = 0
    ) {
        reserve(text.count &+ 4)
        if first != 0 {
            unsafe start[count] = first
            count &+= 1
        }
        unsafe start[count] = quote
        unsafe text.withUnsafeBufferPointer { text in
            guard let source = text.baseAddress else { return }
            unsafe (start + count + 1).update(from: source, count: text.count)
        }
        count &+= text.count &+ 1
        unsafe start[count] = quote
        count &+= 1
        if last != 0 {
            unsafe start[count] = last
            count &+= 1
        }
    }

    private func reserve(_ more: Int) {
        if capacity &- count >= more { return }
        capacity += max(capacity, more)
        let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe wider.update(from: start, count: count)
        unsafe start.deallocate()
        unsafe start = wider
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
        if place < bytes.count, bytes[place] < 0x80 {
            defer { place += 1 }
            return UInt64(bytes[place])
        }
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
