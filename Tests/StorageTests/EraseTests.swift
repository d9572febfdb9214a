import Foundation
import Storage
import Testing

/// What erasing promises: nothing a person once had in a profile stays on the disk (CONTRACT.md 8).
@Suite struct EraseTests {
    let state = TemporaryState()

    @Test func erasedProfilesLeaveNoByteBehind() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        try writer.write(
            [.init("lead-1", "ann@example.com"), .init("lead-2", "bob@example.com")],
            mark: mark(1))
        try writer.write([.init("lead-1", "ann@second.example.com")], mark: mark(2))
        #expect(holds("ann@"))
        try writer.erase([bytes("lead-1"), bytes("never there")])
        #expect(!holds("ann@"))
        #expect(!holds("lead-1"))
        #expect(holds("bob@example.com"))
        #expect(try reader.value(for: bytes("lead-1")) == nil)
        #expect(try writer.mark() == mark(2))
    }

    @Test func aStubWrittenAndScrubbedLeavesOnlyTheStub() throws {
        let writer = try ProfileWriter(folder: state.folder(), lane: 0)
        let long = String(repeating: "ann@example.com ", count: 2_000)
        try writer.write([.init("lead-1", long)], mark: mark(1))
        try writer.write([.init("lead-1", "stub")], mark: mark(2))
        try writer.scrub()
        #expect(!holds("ann@"))
        #expect(holds("stub"))
    }

    /// SQLite's own secure_delete fails this: rows that pages pass on to each other stay readable.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func noFormerVersionOfAnyRowSurvivesAScrub(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let writer = try ProfileWriter(folder: state.folder(), lane: 0)
        var current: [Int: Int] = [:]
        for round in 1...8 {
            var changes: [ProfileChange] = []
            for lead in 0..<1_500 where random.next() % 3 == 0 {
                let isGone = random.next() % 5 == 0
                current[lead] = isGone ? nil : round
                let sizes = [40, 90, 200, 500, 700, 900, 1_500, 5_000, 30_000]
                let size = sizes[Int(random.next() % (round == 1 ? 9 : 8))]
                let value = isGone ? nil : Self.value(lead: lead, version: round, count: size)
                changes.append(ProfileChange(key: Self.key(lead), value: value))
            }
            changes.sort { $0.key.lexicographicallyPrecedes($1.key) }
            try writer.write(changes, mark: mark(Int64(round)))
            // Later rounds begin with pages that a scrub and a dropped cache left.
            if round == 5 { try writer.scrub() }
        }
        try writer.scrub()
        let onDisk = tokens()
        let former = onDisk.filter { current[$0.lead] != $0.version }
        // Counts only: a failure would print every token.
        let leads = Set(onDisk.map(\.lead))
        #expect(former.count == 0)
        #expect(leads.symmetricDifference(current.keys).count == 0)
        #expect(try writer.scrub().cleanedPages == 0)
        try expectSound(current)

        // Nor does a page that was in memory bring them back with the next rows on it.
        let next = current.keys.sorted().map {
            ProfileChange(key: Self.key($0), value: Self.value(lead: $0, version: 9, count: 300))
        }
        try writer.write(next, mark: mark(9))
        try writer.checkpoint()
        #expect(Set(tokens().map(\.lead)).subtracting(current.keys).count == 0)
    }

    private func expectSound(_ current: [Int: Int]) throws {
        var settings = ProfileStoreSettings()
        settings.check = .always
        let other = TemporaryState()
        try state.copy("lane-0.sqlite", to: other)
        let folder = try other.folder()
        _ = try ProfileWriter(folder: folder, lane: 0, settings: settings)
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try reader.count() == current.count)
        for (lead, version) in current {
            let value = try #require(try reader.value(for: Self.key(lead)))
            #expect(value == Self.value(lead: lead, version: version, count: value.count))
        }
    }

    private func holds(_ text: String) -> Bool {
        ["lane-0.sqlite", "lane-0.sqlite-wal"].contains {
            state.bytes(of: $0).range(of: Data(text.utf8)) != nil
        }
    }

    /// Every whole token `<lead.version>` in the raw files: a byte search, for they are large.
    private func tokens() -> [(lead: Int, version: Int)] {
        let raw = [UInt8](state.bytes(of: "lane-0.sqlite") + state.bytes(of: "lane-0.sqlite-wal"))
        var found: [(lead: Int, version: Int)] = []
        for start in raw.indices.dropLast(8) {
            // "<10042.7>": 10,000 + lead, and a version of one digit.
            guard raw[start] == UInt8(ascii: "<"), raw[start + 8] == UInt8(ascii: ">"),
                raw[start + 6] == UInt8(ascii: ".")
            else { continue }
            var lead = 0
            for place in start + 1...start + 5 { lead = lead * 10 + Int(raw[place]) - 48 }
            found.append((lead - 10_000, Int(raw[start + 7]) - 48))
        }
        return found
    }

    private static func key(_ lead: Int) -> [UInt8] {
        // Not in the order of the leads.
        bytes("\(String(UInt32(truncatingIfNeeded: lead &* 2_654_435_761), radix: 36))-\(lead)")
    }

    private static func value(lead: Int, version: Int, count: Int) -> [UInt8] {
        let whole = String(repeating: "<\(10_000 + lead).\(version)>", count: count / 9 + 1)
        return Array(whole.utf8.prefix(count))
    }
}

/// A small generator, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
