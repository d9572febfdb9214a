/// A 128-bit UUID (RFC 9562), compared byte by byte.
package struct UUID: Hashable, Comparable, Sendable {
    /// The first eight bytes, most significant first.
    package let high: UInt64
    /// The last eight bytes.
    package let low: UInt64

    /// The namespace of every id that handoff makes (CONTRACT.md 8).
    package static let handoffNamespace = UUID(
        high: 0x6f1d_1f5e_2d0b_5c7e, low: 0x9a55_0f6c_1f0b_9d11)

    /// Makes a UUID from its two halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The name-based UUID, version 5, of `name` in handoff's namespace (RFC 9562, 5.5).
    package init(naming name: String) {
        var hash = SHA1(namespace: UUID.handoffNamespace)
        hash.append(name.utf8Span.span)
        self.init(digest: hash.finish())
    }

    private init(digest: (high: UInt64, low: UInt64)) {
        high = (digest.high & ~0xf000) | 0x5000
        low = (digest.low & ~(0b11 << 62)) | (0b10 << 62)
    }

    /// The id of a lead's MQL for a product: UUIDv5 of `lead|product|cycle` (CONTRACT.md 8).
    package static func mql(lead: String, product: String, cycle: Int) -> UUID {
        UUID(naming: "\(lead)|\(product)|\(cycle)")
    }

    /// The `ce_id` of the n-th message of a type for a lead and product (CONTRACT.md 2).
    package static func message(type: String, lead: String, product: String, number: Int) -> UUID {
        var hash = SHA1(namespace: handoffNamespace)
        hash.append(type.utf8Span.span)
        hash.append(separator)
        hash.append(lead.utf8Span.span)
        hash.append(separator)
        hash.append(product.utf8Span.span)
        hash.append(separator)
        hash.append(decimal: number)
        return UUID(digest: hash.finish())
    }

    /// The canonical text with lower-case digits, or nil for any other text.
    package init?(canonical text: String) {
        let bytes = Array(text.utf8)
        self.init(canonical: bytes.span)
    }

    /// The same from UTF-8 bytes, without a copy, for it is done for every event.
    package init?(canonical bytes: Span<UInt8>) {
        guard bytes.count == 36, bytes[8] == UUID.dash, bytes[13] == UUID.dash,
            bytes[18] == UUID.dash, bytes[23] == UUID.dash
        else { return nil }
        // Eight digits each; those of two groups are put together from the words around the dash.
        let second = bytes.word(at: 9) & 0xffff_ffff | bytes.word(at: 14) << 32
        let third = bytes.word(at: 19) & 0xffff_ffff | bytes.word(at: 24) << 32
        guard let first = UUID.number(bytes.word(at: 0)), let second = UUID.number(second),
            let third = UUID.number(third), let last = UUID.number(bytes.word(at: 28))
        else { return nil }
        high = first << 32 | second
        low = third << 32 | last
    }

    /// A 64-bit hash that is the same in every process and release.
    package var stableHash: UInt64 {
        let product = (high ^ 0xa076_1d64_78bd_642f)
            .multipliedFullWidth(by: low ^ 0xe703_7ed1_a0b4_28db)
        return product.high ^ product.low
    }

    private static let dash = UInt8(ascii: "-")
    private static let separator = UInt8(ascii: "|")

    /// The number that eight lower-case hexadecimal digits mean, the first in the lowest byte; nil
    /// if one of them is none.
    ///
    /// All eight at once: one by one, reading the ids of events took 670 instructions each.
    private static func number(_ digits: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x80 &* ones
        if digits & high != 0 { return nil }
        // The top bit of a byte of `atLeast(x)` says that the digit is x or greater.
        func atLeast(_ byte: UInt8) -> UInt64 {
            (digits | high) &- UInt64(byte) &* ones
        }
        let letters = atLeast(UInt8(ascii: "a")) & ~atLeast(UInt8(ascii: "f") + 1) & high
        let numerals = atLeast(UInt8(ascii: "0")) & ~atLeast(UInt8(ascii: "9") + 1) & high
        guard letters | numerals == high else { return nil }
        // 'a' is 0x61: its low four bits are 1, and 9 more make 10.
        var nibbles = (digits & (0x0f &* ones)) &+ (letters >> 7) &* 9
        nibbles = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff
        nibbles = (nibbles << 8 | nibbles >> 16) & 0x0000_ffff_0000_ffff
        return (nibbles << 16 | nibbles >> 32) & 0xffff_ffff
    }

    package static func < (left: UUID, right: UUID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// The sixteen bytes in network order.
    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * $0)) }
    }
}

extension UUID: CustomStringConvertible {
    /// The canonical text with lower-case digits.
    package var description: String {
        let text = text
        return String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
    }

    /// The same text in UTF-8, without making a string.
    package var text: InlineArray<36, UInt8> {
        var text = InlineArray<36, UInt8>(repeating: UUID.dash)
        var place = 0
        for nibble in 0..<32 {
            if place == 8 || place == 13 || place == 18 || place == 23 { place += 1 }
            let half = nibble < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (nibble & 15)) & 15)
            text[place] =
                digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
            place += 1
        }
        return text
    }
}
