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
        var hash = SHA1()
        hash.append(UUID.handoffNamespace.bytes)
        hash.append(Array(name.utf8))
        let digest = hash.finish()
        high = (UUID.bigEndian(digest[0..<8]) & ~0xf000) | 0x5000
        low = (UUID.bigEndian(digest[8..<16]) & ~(0b11 << 62)) | (0b10 << 62)
    }

    /// The id of a lead's MQL for a product: UUIDv5 of `lead|product|cycle` (CONTRACT.md 8).
    package static func mql(lead: String, product: String, cycle: Int) -> UUID {
        UUID(naming: "\(lead)|\(product)|\(cycle)")
    }

    /// The `ce_id` of the n-th message of a type for a lead and product (CONTRACT.md 2).
    package static func message(type: String, lead: String, product: String, number: Int) -> UUID {
        UUID(naming: "\(type)|\(lead)|\(product)|\(number)")
    }

    /// The canonical text with lower-case digits, or nil for any other text.
    package init?(canonical text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in bytes.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = UUID.digit(byte) else { return nil }
            if digits < 16 {
                halves.0 = halves.0 << 4 | digit
            } else {
                halves.1 = halves.1 << 4 | digit
            }
            digits += 1
        }
        high = halves.0
        low = halves.1
    }

    package static func < (left: UUID, right: UUID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// The sixteen bytes in network order.
    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * $0)) }
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        default: nil
        }
    }
}

extension UUID: CustomStringConvertible {
    /// The canonical text with lower-case digits.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
