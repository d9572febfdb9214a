// SHA-1 makes name-based UUIDs, SHA-256 identifies a definition file. One is needed for every
// message, the other once per start; a cryptography package would add more than a minute to every
// clean build for these hundred lines. The tests hold them against the vectors of FIPS 180-4.

/// SHA-1 (FIPS 180-4), for name-based UUIDs only.
///
/// In place: every message has an id, and with arrays for words and state its digest was a fifth of
/// what writing the message takes.
package struct SHA1 {
    private var state: InlineArray<5, UInt32> = [
        0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0,
    ]
    private var block = InlineArray<16, UInt32>(repeating: 0)
    private var count = 0

    /// An empty message.
    package init() {}

    /// A message that begins with the bytes of a name space (RFC 9562, 5.5).
    init(namespace: UUID) {
        append(bigEndian: namespace.high)
        append(bigEndian: namespace.low)
    }

    /// Adds bytes to the message.
    package mutating func append(_ bytes: Span<UInt8>) {
        var place = 0
        // Whole words where they fit: byte by byte costs half as much as the digest itself.
        while place < bytes.count {
            if count & 3 == 0, place &+ 8 <= bytes.count {
                append(bigEndian: bytes.word(at: place).byteSwapped)
                place &+= 8
            } else {
                append(bytes[place])
                place &+= 1
            }
        }
    }

    /// Adds the eight bytes of a word, most significant first.
    package mutating func append(bigEndian word: UInt64) {
        guard count & 3 == 0 else {
            for place in 0..<8 {
                append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * place)))
            }
            return
        }
        append(word: UInt32(truncatingIfNeeded: word >> 32))
        append(word: UInt32(truncatingIfNeeded: word))
    }

    private mutating func append(word: UInt32) {
        block[(count & 63) >> 2] = word
        count += 4
        if count & 63 == 0 { compress() }
    }

    /// Adds the decimal digits of a number that is not negative.
    mutating func append(decimal number: Int) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }

    /// Adds one byte to the message.
    mutating func append(_ byte: UInt8) {
        let place = (count & 63) >> 2
        block[place] = block[place] << 8 | UInt32(byte)
        count += 1
        if count & 63 == 0 { compress() }
    }

    /// The first sixteen of the twenty bytes of the digest, which is all that a UUID takes.
    package mutating func finish() -> (high: UInt64, low: UInt64) {
        let bits = UInt64(count) * 8
        append(0x80)
        while count & 63 != 56 { append(0) }
        append(bigEndian: bits)
        return (
            UInt64(state[0]) << 32 | UInt64(state[1]), UInt64(state[2]) << 32 | UInt64(state[3])
        )
    }

    private mutating func compress() {
        var words = block
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        // Four loops, one for each function and constant: a choice in each of the 80 steps costs as
        // much as the step.
        func step(_ index: Int, _ choice: UInt32, _ constant: UInt32) {
            if index >= 16 {
                let mixed =
                    words[(index &- 3) & 15] ^ words[(index &- 8) & 15] ^ words[(index &- 14) & 15]
                    ^ words[index & 15]
                words[index & 15] = mixed << 1 | mixed >> 31
            }
            let next = (a << 5 | a >> 27) &+ choice &+ e &+ constant &+ words[index & 15]
            (a, b, c, d, e) = (next, a, b << 30 | b >> 2, c, d)
        }
        for index in 0..<20 { step(index, (b & c) | (~b & d), 0x5a82_7999) }
        for index in 20..<40 { step(index, b ^ c ^ d, 0x6ed9_eba1) }
        for index in 40..<60 { step(index, (b & c) | (b & d) | (c & d), 0x8f1b_bcdc) }
        for index in 60..<80 { step(index, b ^ c ^ d, 0xca62_c1d6) }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }
}

/// SHA-256 (FIPS 180-4), for the identity of definition files.
package enum SHA256 {
    /// The digest of a whole message as lower-case hexadecimal digits.
    package static func hexadecimal(_ message: [UInt8]) -> String {
        var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
            0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        for block in paddedBlocks(message) { compress(block, into: &state) }
        return bigEndianBytes(state).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private static func compress(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        var words = bigEndianWords(block)
        for index in 16..<64 {
            let (early, late) = (words[index - 15], words[index - 2])
            let small0 = early.rotated(left: 25) ^ early.rotated(left: 14) ^ (early >> 3)
            let small1 = late.rotated(left: 15) ^ late.rotated(left: 13) ^ (late >> 10)
            words.append(words[index - 16] &+ small0 &+ words[index - 7] &+ small1)
        }
        var v = state
        for index in 0..<64 {
            let large1 = v[4].rotated(left: 26) ^ v[4].rotated(left: 21) ^ v[4].rotated(left: 7)
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let first = v[7] &+ large1 &+ choice &+ constants[index] &+ words[index]
            let large0 = v[0].rotated(left: 30) ^ v[0].rotated(left: 19) ^ v[0].rotated(left: 10)
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            let second = large0 &+ majority
            v = [first &+ second, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        state = zip(state, v).map { $0 &+ $1 }
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
        0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
        0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
        0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
        0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
        0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
        0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
        0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
        0xc671_78f2,
    ]
}

/// The message with FIPS 180-4 padding, cut into blocks of 64 bytes.
private func paddedBlocks(_ message: [UInt8]) -> [ArraySlice<UInt8>] {
    let zeros = (119 - message.count % 64) % 64
    let bits = UInt64(message.count) * 8
    let padded =
        message + [0x80] + [UInt8](repeating: 0, count: zeros)
        + (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
    return stride(from: 0, to: padded.count, by: 64).map { padded[$0..<$0 + 64] }
}

private func bigEndianWords(_ block: ArraySlice<UInt8>) -> [UInt32] {
    stride(from: block.startIndex, to: block.endIndex, by: 4).map { start in
        block[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

private func bigEndianBytes(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
}

extension UInt32 {
    fileprivate func rotated(left count: UInt32) -> UInt32 {
        self << count | self >> (32 - count)
    }
}
