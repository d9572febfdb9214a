/// A place in bytes that somebody else owns, which are handed to every read.
///
/// Reads what `ByteReader` reads. That one owns an array, which is copied and counted for each
/// profile; for a restore, which looks once at bytes that librdkafka holds, that was most of it.
struct ByteCursor {
    private(set) var place = 0

    @inline(__always)
    mutating func byte(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> UInt8 {
        guard place < bytes.count else { throw .truncated }
        let byte = bytes[place]
        place &+= 1
        return byte
    }

    @inline(__always)
    mutating func unsigned(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> UInt64 {
        if place < bytes.count, bytes[place] < 0x80 {
            let value = UInt64(bytes[place])
            place &+= 1
            return value
        }
        return try long(bytes)
    }

    private mutating func long(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte(bytes)
            guard shift < 64 else { throw .malformed("a number longer than 64 bits") }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A count of items that take at least one byte each.
    @inline(__always)
    mutating func count(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> Int {
        let value = try unsigned(bytes)
        guard value <= UInt64(bytes.count - place) else {
            throw .malformed("a count of \(value) with \(bytes.count - place) bytes left")
        }
        return Int(value)
    }

    /// A number that is no count of bytes that follow.
    mutating func number(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> Int {
        let value = try unsigned(bytes)
        guard value <= UInt64(Int64.max) else { throw .malformed("a number beyond 2^63") }
        return Int(value)
    }

    @inline(__always)
    mutating func signed(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> Int64 {
        let value = try unsigned(bytes)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func word(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> UInt64 {
        guard bytes.count - place >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[place + offset]) << UInt64(8 * offset) }
        place += 8
        return value
    }

    @inline(__always)
    mutating func skip(_ count: Int, _ bytes: Span<UInt8>) throws(ProfileCodecError) {
        guard bytes.count - place >= count else { throw .truncated }
        place &+= count
    }

    /// Where a text lies.
    mutating func text(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> Range<Int> {
        let count = try count(bytes)
        defer { place += count }
        return place..<place + count
    }
}
