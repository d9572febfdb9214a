import Qualification
import ReferenceModel
import Testing

/// Symbols, ids and stamps: what compares as bytes must compare as bytes.
struct SymbolTests {
    @Test func equalBytesAreOneSymbolAlsoWhenTheTableGrows() {
        let table = SymbolTable()
        var known: [[UInt8]: Symbol] = [:]
        var random = SplitMix64(seed: 11)
        for _ in 0..<20_000 {
            let bytes = (0..<random.number(0...6)).map { _ in UInt8(random.number(0...9)) }
            let symbol = table.intern(bytes.span)
            if let before = known[bytes] { #expect(before == symbol) }
            known[bytes] = symbol
        }
        #expect(Set(known.values).count == known.count)
        #expect(table.byteCount == known.keys.reduce(0) { $0 + $1.count })
        for (bytes, symbol) in known {
            var isSame = false
            table.withBytes(of: symbol) { isSame = $0.equals(bytes.span) }
            #expect(isSame)
        }
    }

    @Test func theEmptyTextIsNone() {
        let table = SymbolTable()
        #expect(table.intern("") == .none)
        #expect(!Symbol.none.isSome)
        #expect(table.optionalText(.none) == nil)
        #expect(table.text(.none) == "")
        #expect(table.intern("a").isSome)
    }

    @Test func canonicallyEqualTextsAreDifferentSymbolsAndIds() {
        let table = SymbolTable()
        #expect(table.intern("caf\u{e9}") != table.intern("cafe\u{301}"))
        #expect(EventID("caf\u{e9}") != EventID("cafe\u{301}"))
        #expect(EventID("caf\u{e9}").stableHash != EventID("cafe\u{301}").stableHash)
    }

    @Test(arguments: [
        ("a", "b"), ("a", "aa"), ("B", "a"), ("10", "9"), ("z", "\u{e9}"), ("", "a"),
        ("\u{ffff}", "\u{10000}"), ("e1", "\u{e9}1"),
        ("0d8b5cba-c9b6-567d-ada7-4a1a00340d9a", "0d8b5cba-c9b6-567d-ada7-4a1a00340d9b"),
        ("0d8b5cba-c9b6-567d-ada7-4a1a00340d9a", "0d8b5cbac9b6567dada74a1a00340d9a"),
        ("0D8B5CBA-C9B6-567D-ADA7-4A1A00340D9A", "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a"),
        ("9fffffff-ffff-ffff-ffff-ffffffffffff", "a0000000-0000-0000-0000-000000000000"),
    ])
    func idsAreOrderedByTheirBytes(_ smaller: String, _ greater: String) {
        #expect(EventID(smaller) < EventID(greater))
        #expect(!(EventID(greater) < EventID(smaller)))
        #expect(EventID(smaller) != EventID(greater))
    }

    @Test func anIdKeepsItsTextExactly() {
        for text in [
            "e", "caf\u{e9}", "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a",
            "0D8B5CBA-C9B6-567D-ADA7-4A1A00340D9A", "0d8b5cba-c9b6-567d-ada7-4a1a00340d9g",
            "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a ", "{0d8b5cba-c9b6-567d-ada7-4a1a00340d9}",
        ] {
            #expect(Array(EventID(text).text.utf8) == Array(text.utf8))
        }
        #expect(EventID("0d8b5cba-c9b6-567d-ada7-4a1a00340d9a").uuid != nil)
        #expect(EventID("0D8B5CBA-C9B6-567D-ADA7-4A1A00340D9A").uuid == nil)
    }

    @Test func stampsAreOrderedByTimeThenById() {
        let stamps = [(1, "b"), (2, "a"), (2, "b"), (3, "")].map { at, id in
            Stamp(at: Timestamp(milliseconds: at), eventID: EventID(id))
        }
        var random = SplitMix64(seed: 5)
        for _ in 0..<10 { #expect(stamps.shuffled(using: &random).sorted() == stamps) }
    }

    @Test func theStableHashNeverChanges() {
        // Profiles keep these numbers: a change would make every remembered id unknown.
        let texts = ["a", "event 1", "0123456789abcdef0", ""]
        let hashes = texts.map { Array($0.utf8).span.stableHash }
        #expect(
            hashes == StableHashes.ofTexts,
            "\(hashes.map { String($0, radix: 16) })")
        let uuid = UUID(high: 0x0d8b_5cba_c9b6_567d, low: 0xada7_4a1a_0034_0d9a)
        #expect(uuid.stableHash == StableHashes.ofUUID, "\(String(uuid.stableHash, radix: 16))")
        #expect(EventID(uuid.description).stableHash == uuid.stableHash)
    }

    @Test func bytesPrecedeAsTextsDo() {
        var random = SplitMix64(seed: 8)
        for _ in 0..<2_000 {
            let left = (0..<random.number(0...4)).map { _ in UInt8(random.number(0...3)) }
            let right = (0..<random.number(0...4)).map { _ in UInt8(random.number(0...3)) }
            #expect(left.span.precedes(right.span) == left.lexicographicallyPrecedes(right))
            #expect(left.span.equals(right.span) == (left == right))
        }
    }
}

/// Hashes as the first release wrote them.
enum StableHashes {
    static let ofTexts: [UInt64] = [
        0xc37d_7a33_b5c9_00e4, 0xea0b_b58a_b90b_637e, 0x21b6_d25f_fd13_6a77, 0x8223_4897_c7d0_4a2c,
    ]
    static let ofUUID: UInt64 = 0xb2c9_3219_933d_20b0
}
