import ReferenceModel
import TestSupport
import Testing

@testable import Qualification

/// What a standing says that a score is at most, against the score itself after every event.
struct CeilingTests {
    @Test(
        "no score is ever above its bound, and every status is as the score says", arguments: 1...20
    )
    func bounds(_ seed: Int) throws {
        let desk = try Desk(seed: UInt64(seed))
        for _ in 0..<150 {
            try desk.step()
            for place in desk.definition.products.indices { try desk.check(place) }
        }
        // Else the bound is of no use, or the thresholds are far from what is reached.
        #expect(desk.spared > 20)
        #expect(desk.reached > 20)
    }

    /// A lead with random activities; its products are paused, so that each event decides anew
    /// whether it is ready.
    private final class Desk {
        let definition: Definition
        private let symbols = SymbolTable()
        private let qualifier: Qualifier
        private var profile = Profile(leadID: "a")
        private var random: SplitMix64
        private var now = UTCDay(number: 20_703).start
        private var number = 0
        private static let daysLater: [Int32] = [0, 1, 2, 5, 12, 40]
        /// How many decisions needed no sum, and how many found the threshold reached.
        private(set) var spared = 0
        private(set) var reached = 0

        init(seed: UInt64) throws {
            random = SplitMix64(seed: seed)
            definition = try Desk.definition()
            qualifier = Qualifier(
                definition: definition, symbols: symbols, reference: MemoryReference(),
                limits: Qualifier.Limits())
            let event = LeadEvent(
                header: nextHeader(at: now), kind: .captured, fields: [(.consent, .bool(true))],
                productInterest: [symbols.intern("p1"), symbols.intern("p2")], campaign: .none,
                channel: .none)
            _ = try qualifier.apply(event, to: &profile)
        }

        private static let criteria: JSONValue = [
            [
                "id": "views", "activity": "page_view", "points": 2, "half_life_days": 7,
                "daily_limit": 3, "max_points": 12,
            ],
            [
                "id": "watched", "activity": "video_watched", "points": 9, "half_life_days": 10,
                "where": ["field": "activity.properties.seconds", "at_least": 30],
            ],
            [
                "id": "met", "activity": ["webinar_attended", "event_attended"], "points": 7,
                "half_life_days": 20, "daily_limit": 1, "max_points": 21,
            ],
            [
                "id": "trial", "activity": "trial_started", "points": 6.5, "half_life_days": 30,
                "max_points": 13,
            ],
            ["id": "left", "activity": "unsubscribed", "points": -12, "half_life_days": 2],
            [
                "id": "bored", "activity": ["unsubscribed", "video_watched"], "points": -3.25,
                "half_life_days": 1, "daily_limit": 2, "max_points": 10,
            ],
        ]

        /// The example with other criteria, and with nothing that keeps a lead from being ready but
        /// its engagement.
        private static func definition() throws -> Definition {
            var definition = try Fixtures.definition(
                try DefinitionText.changed(
                    try Fixtures.exampleDefinitionText(), by: [("engagement", criteria)]))
            definition.required = []
            definition.disqualify = []
            let example = try #require(definition.products.first)
            definition.products = [4, 9, 15, 24, 36].enumerated().map { place, least in
                var product = example
                product.id = "p\(place)"
                product.topic = "sales.mql.p\(place)"
                product.fitAtLeast = .zero
                product.engagementAtLeast = Points(hundredths: Int64(least) * 100)
                product.handRaiseFitAtLeast = nil
                product.extraRequired = []
                product.dailyCapacity = nil
                product.paused = true
                return product
            }
            return definition
        }

        private func nextHeader(at: Timestamp) -> EventHeader {
            number += 1
            return EventHeader(
                stamp: Stamp(at: at, eventID: EventID("e\(number)")), recordedAt: at)
        }

        /// The next activity: some are late, some come after days of silence.
        func step() throws {
            now = now + .days(random.pick([0, 0, 0, 0, 1, 2, 6, 25]))
            let late = random.chance(30) ? random.number(1...25) : 0
            let types = definition.engagement.flatMap(\.activities) + ["nothing_known"]
            let tag = random.pick(["", "", "p0", "p1", "p2", "p3", "p4", "nothing_known"])
            let event = ActivityEvent(
                header: nextHeader(at: now - .days(late)), type: symbols.intern(random.pick(types)),
                product: symbols.intern(tag), campaign: .none, channel: .none,
                properties: [(name: "seconds", value: .number(Double(random.number(10...60))))])
            guard try qualifier.apply(event, to: &profile) == .applied else { throw NotApplied() }
            qualifier.takeMessages { _ in }
        }

        func check(_ place: Int) throws {
            let entry = qualifier.rulebook.products[place]
            guard let record = profile.products.first(where: { $0.product == entry.symbol })
            else { return }
            let standing = try #require(profile.standing)
            let today = profile.asOf.day
            for later in Desk.daysLater {
                let day = UTCDay(number: today.number + later)
                let engagement = Engagement(
                    rulebook: qualifier.rulebook, asOf: day, tag: entry.symbol)
                let total = engagement.total(profile.counts)
                try #require(
                    standing.mayReach(total, place, on: day),
                    "\(entry.product.id) after event \(number), \(later) days later: \(total)")
                guard later == 0 else { continue }
                let isReached = total >= entry.engagementAtLeast
                try #require(
                    record.status == (isReached ? .paused : .notReady),
                    "\(entry.product.id) after event \(number): \(total)")
                if isReached { reached += 1 }
                if !standing.mayReach(entry.engagementAtLeast, place, on: day) { spared += 1 }
            }
        }
    }

    @Test("what one trial does bounds no score of another")
    func trials() throws {
        let criteria: JSONValue = [
            ["id": "big", "activity": "big", "points": 20, "half_life_days": 7],
            ["id": "small", "activity": "small", "points": 5, "half_life_days": 7],
        ]
        var definition = try Fixtures.definition(
            try DefinitionText.changed(
                try Fixtures.exampleDefinitionText(), by: [("engagement", criteria)]))
        definition.required = []
        definition.products[0].fitAtLeast = .zero
        definition.products[0].engagementAtLeast = Points(hundredths: 2_400)
        let symbols = SymbolTable()
        let qualifier = Qualifier(
            definition: definition, symbols: symbols, reference: MemoryReference(),
            limits: Qualifier.Limits())
        let product = symbols.intern(definition.products[0].id)
        var first = Trial(
            qualifier: qualifier, product: product, profile: Profile(leadID: "a"),
            time: UTCDay(number: 20_703).start)
        try first.tell([(.consent, .bool(true))], isInterested: true)
        var second = first
        func kind(_ type: String) -> ActivityKind {
            ActivityKind(
                criterion: type, label: type, type: type, properties: [:], isHandRaise: false)
        }
        try first.act(kind("big"))
        // Comes near enough for its sum to be added up, and noted: 5 points, and not 20.
        try second.act(kind("small"))
        try first.act(kind("small"))
        #expect(first.engagement == Points(hundredths: 2_500))
        #expect(first.qualified != nil && second.qualified == nil)
    }

    private struct NotApplied: Error {}
}
