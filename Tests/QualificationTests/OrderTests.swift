import Foundation
import Qualification
import ReferenceModel
import Testing

/// Scores are a function of the set of events: order and repetition do not matter (CONTRACT.md 5).
struct OrderTests {
    /// How many seeds a run tries; `HANDOFF_TEST_SEEDS` asks for more.
    static var seeds: ClosedRange<UInt64> {
        1...(ProcessInfo.processInfo.environment["HANDOFF_TEST_SEEDS"].flatMap(UInt64.init) ?? 100)
    }

    @Test(arguments: seeds)
    func anyOrderAndRepetitionGiveTheSameFactsAndScores(_ seed: UInt64) throws {
        let set = try EventSet(seed: seed)
        let profile = try set.inOrder()
        let facts = set.facts(of: profile)
        let scores = try set.scores(of: profile)
        for round in 0..<6 {
            let other = try set.shuffled()
            #expect(set.facts(of: other) == facts, "seed \(seed) round \(round)")
            #expect(try set.scores(of: other) == scores, "seed \(seed) round \(round)")
            #expect(other.asOf == profile.asOf)
            #expect(other.recent == profile.recent)
            #expect(other.firstTouch == profile.firstTouch)
            #expect(other.lastTouch == profile.lastTouch)
            #expect(other.remembered.activityCount == profile.remembered.activityCount)
        }
    }

    @Test(arguments: seeds)
    func theReasonsOfEveryMQLSumToItsScores(_ seed: UInt64) throws {
        let set = try EventSet(seed: seed)
        for _ in 0..<3 { _ = try set.shuffled() }
        for (lead, body) in set.qualified {
            let fit = lead.fitReasons.reduce(Points.zero) { $0 + $1.points }
            let engagement = lead.engagementReasons.reduce(Points.zero) { $0 + $1.points }
            #expect(fit == lead.score.fit, "seed \(seed)")
            #expect(engagement == lead.score.engagement, "seed \(seed)")
            #expect(lead.fitReasons.allSatisfy { $0.points != .zero })
            let reasons = JSONValue.parse(body)?["reasons"]?.items ?? []
            #expect(reasons.count == lead.fitReasons.count + lead.engagementReasons.count)
            let sum = reasons.reduce(Points.zero) {
                $0 + Points(rounding: $1["points"]?.double ?? .nan)
            }
            #expect(
                sum == fit + engagement, "seed \(seed): \(String(decoding: body, as: UTF8.self))")
        }
    }

    @Test func theRandomSetsLeadToMQLs() throws {
        var count = 0
        for seed in UInt64(1)...20 {
            let set = try EventSet(seed: seed)
            _ = try set.inOrder()
            count += set.qualified.count
        }
        #expect(count >= 10)
    }
}
