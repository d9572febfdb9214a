import Qualification
import ReferenceModel
import Testing

/// Counts and remembered ids against plain dictionaries and lists.
struct CountsTests {
    private struct Key: Hashable {
        var type: UInt32
        var day: Int32
        var tag: UInt32
    }

    @Test(arguments: UInt64(1)...20)
    func countsAgreeWithADictionary(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var counts = ActivityCounts()
        var expected: [Key: UInt32] = [:]
        for _ in 0..<400 {
            let key = Key(
                type: UInt32(random.number(1...4)), day: Int32(random.number(-3...6)),
                tag: UInt32(random.number(0...3)))
            counts.add(
                type: Symbol(index: key.type), day: UTCDay(number: key.day),
                tag: Symbol(index: key.tag))
            expected[key, default: 0] += 1
            if random.chance(3) {
                let day = Int32(random.number(-3...6))
                counts.forget(before: UTCDay(number: day))
                expected = expected.filter { $0.key.day >= day }
            }
        }
        #expect(counts.cells.count == expected.count)
        for cell in counts.cells {
            let key = Key(type: cell.type.index, day: cell.day.number, tag: cell.tag.index)
            #expect(expected[key] == cell.count)
        }
        let order = counts.cells.map {
            [Int($0.type.index), Int($0.day.number), Int($0.tag.index)]
        }
        #expect(order == order.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(ActivityCounts(cells: counts.cells.shuffled(using: &random)).cells == counts.cells)
    }

    @Test(arguments: UInt64(1)...20)
    func rememberedIdsAgreeWithAList(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var remembered = RememberedEvents()
        var expected: [RememberedEvents.Entry] = []
        let sources: [EventSource] = [.leads, .activities, .dispositions]
        for number in 0..<300 {
            let entry = RememberedEvents.Entry(
                at: Timestamp(milliseconds: Int64(random.number(0...60))), hash: UInt64(number),
                source: random.pick(sources))
            remembered.insert(entry)
            expected.append(entry)
            if random.chance(4) {
                let time = Timestamp(milliseconds: Int64(random.number(0...20)))
                remembered.forget(before: time)
                expected.removeAll { $0.at <= time }
            }
            let edge = Timestamp(milliseconds: Int64(random.number(-1...61)))
            #expect(
                remembered.activities(after: edge)
                    == expected.count { $0.source == .activities && $0.at > edge })
        }
        #expect(remembered.entries.map(\.at) == expected.map(\.at).sorted())
        for entry in expected {
            for source in sources {
                #expect(
                    remembered.contains(hash: entry.hash, source: source)
                        == (source == entry.source))
            }
        }
        #expect(
            RememberedEvents(entries: remembered.entries).activityCount == remembered.activityCount)
    }

    @Test func theLastActivitiesAreTheNewestInAnyOrderOfArrival() {
        var random = SplitMix64(seed: 4)
        let all = (0..<9).map { number in
            RecentActivity(
                stamp: Stamp(
                    at: Timestamp(milliseconds: Int64(number / 2)),
                    eventID: EventID("\(number % 2)")),
                type: Symbol(index: 1), tag: .none, campaign: .none)
        }
        for _ in 0..<20 {
            var profile = Profile(leadID: "a")
            for activity in all.shuffled(using: &random) { profile.remember(activity) }
            #expect(profile.recent == all.suffix(5).reversed())
        }
    }

    @Test func unknownTagsBeyondTheLimitAreNotTakenButKnownOnesAre() {
        var profile = Profile(leadID: "a")
        for number in UInt32(1)...300 {
            profile.addInterest(Symbol(index: number), isKnown: false)
            profile.freshen(
                tag: Symbol(index: number), at: Timestamp(milliseconds: 1), isKnown: false)
        }
        profile.addInterest(.none)
        profile.addInterest(Symbol(index: 1))
        profile.freshen(tag: Symbol(index: 1), at: Timestamp(milliseconds: 2))
        profile.freshen(tag: Symbol(index: 1), at: Timestamp(milliseconds: 0))
        #expect(profile.interests.count == Profile.tagLimit)
        #expect(profile.freshness.count == Profile.tagLimit)
        #expect(profile.freshness.first?.at == Timestamp(milliseconds: 2))
        profile.addInterest(Symbol(index: 999))
        profile.freshen(tag: Symbol(index: 999), at: Timestamp(milliseconds: 1))
        #expect(profile.interests.last == Symbol(index: 999))
        #expect(profile.freshness.last?.tag == Symbol(index: 999))
    }

    @Test(arguments: UInt64(1)...20)
    func aFieldHasTheValueOfTheGreatestStampInAnyOrder(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let events = (0..<30).map { number in
            (
                field: random.pick(LeadField.allCases), value: FactValue.number(Double(number)),
                stamp: Stamp(
                    at: Timestamp(milliseconds: Int64(random.number(0...4))),
                    eventID: EventID("\(number)"))
            )
        }
        var expected: [LeadField: (value: FactValue, stamp: Stamp)] = [:]
        for event in events.sorted(by: { $0.stamp < $1.stamp }) {
            expected[event.field] = (event.value, event.stamp)
        }
        for _ in 0..<5 {
            var fields = LeadFields()
            for event in events.shuffled(using: &random) {
                _ = fields.merge(event.field, event.value, stamp: event.stamp)
            }
            #expect(fields.entries.map(\.field.rawValue) == expected.keys.map(\.rawValue).sorted())
            for field in LeadField.allCases { #expect(fields[field] == expected[field]?.value) }
        }
    }
}
