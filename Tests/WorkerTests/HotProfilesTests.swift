import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing
import WireFormats

@testable import Worker

/// Profiles in memory: nothing is lost by growing, dropping and flushing, in any order.
struct HotProfilesTests {
    private static func entry(_ number: Int) -> ProfileEntry {
        let key = Array("lead \(number)".utf8)
        return ProfileEntry(
            key: key, hash: key.span.stableHash, profile: Profile(leadID: "lead \(number)"))
    }

    private static func find(_ number: Int, _ hot: HotProfiles) -> ProfileEntry? {
        let key = Array("lead \(number)".utf8)
        return hot.entry(for: key.span, hash: key.span.stableHash)
    }

    @Test(arguments: UInt64(1)...10)
    func agreesWithADictionaryUnderGrowthAndSweeps(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let hot = HotProfiles()
        var expected: [Int: ProfileEntry] = [:]
        for _ in 0..<4_000 {
            let number = random.number(0...3_000)
            let found = HotProfilesTests.find(number, hot)
            #expect(found === expected[number])
            if let found {
                found.isDirty = random.chance(10)
                found.isRecent = random.chance(50)
            } else {
                let new = HotProfilesTests.entry(number)
                hot.insert(new)
                expected[number] = new
            }
            guard random.chance(1) else { continue }
            hot.sweep(limit: random.pick([0, hot.bytes / 2, hot.bytes]))
            let kept = Set(hot.entries.map(ObjectIdentifier.init))
            let lost = expected.filter { !kept.contains(ObjectIdentifier($0.value)) }
            #expect(lost.values.allSatisfy { !$0.isDirty })
            for number in lost.keys { expected[number] = nil }
            #expect(hot.count == expected.count)
            #expect(hot.bytes >= 0)
        }
    }

    @Test func equalHashesOfDifferentKeysAreKeptApart() {
        let hot = HotProfiles()
        for number in 0..<50 {
            let key = Array("lead \(number)".utf8)
            hot.insert(ProfileEntry(key: key, hash: 7, profile: Profile(leadID: "x")))
        }
        for number in 0..<50 {
            let key = Array("lead \(number)".utf8)
            #expect(hot.entry(for: key.span, hash: 7)?.key == key)
        }
        #expect(hot.entry(for: Array("lead 50".utf8).span, hash: 7) == nil)
    }

    @Test func aSweepNeverDropsWhatIsNowhereElse() {
        let hot = HotProfiles()
        let entries = (0..<4).map(HotProfilesTests.entry)
        entries[0].isDirty = true
        entries[1].inFlight = [1]
        entries[2].unflushed = [2]
        for entry in entries {
            entry.isRecent = false
            hot.insert(entry)
        }
        hot.sweep(limit: 0)
        #expect(HotProfilesTests.find(0, hot)?.isDecoded == true)
        #expect(HotProfilesTests.find(1, hot)?.inFlight == [1])
        #expect(HotProfilesTests.find(2, hot)?.unflushed == [2])
        #expect(HotProfilesTests.find(3, hot) == nil)
        #expect(hot.count == 3)
    }

    @Test func whatWasUsedSinceTheLastSweepStaysOnce() {
        let hot = HotProfiles()
        hot.insert(HotProfilesTests.entry(1))
        hot.sweep(limit: 0)
        #expect(HotProfilesTests.find(1, hot) != nil)
        hot.sweep(limit: 0)
        #expect(HotProfilesTests.find(1, hot) == nil)
        #expect(hot.bytes == 0)
    }

    @Test func bytesAreThoseOfTheEntries() {
        let hot = HotProfiles()
        let entry = HotProfilesTests.entry(1)
        hot.insert(entry)
        let before = hot.bytes
        entry.unflushed = Array(repeating: 0, count: 1_000)
        hot.resize(entry)
        #expect(hot.bytes == before + 1_000)
        entry.unflushed = nil
        hot.resize(entry)
        #expect(hot.bytes == before)
    }

    /// The way a profile goes under memory pressure: dropped while committed, then flushed, then
    /// asked for before the next sweep.
    @Test func aProfileThatWasDroppedBeforeItsFlushIsReadBack() throws {
        let driver = try LaneDriver(
            definition: try Fixtures.exampleDefinition(), settings: ModelSettings(), hotBytes: 0)
        func activity(_ lead: String, _ number: Int) -> ModelRecord {
            let json = """
                {"event_id":"e\(number)","type":"page_view","lead_id":"\(lead)",\
                "occurred_at":"2026-09-07T10:00:00Z"}
                """
            return ModelRecord(
                topic: ModelTopic.activities, key: Array(lead.utf8), value: Array(json.utf8),
                timestampMs: 1_788_775_200_000)
        }
        try driver.take(activity("a", 1))
        driver.commit()
        try driver.take(activity("b", 2))
        driver.commit()
        driver.flush()
        try driver.take(activity("a", 1))
        #expect(driver.drops["repeat"] == 1)
    }
}
