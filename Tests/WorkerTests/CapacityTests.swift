import Qualification
import ReferenceModel
import Storage
import TestSupport
import Testing

@testable import Worker

/// `daily_capacity` by the clock `wall`: never more than the share, nobody lost, best first.
struct CapacityTests {
    @Test func theBestOfThoseWhoWaitAreReleasedEachDay() throws {
        let scene = try CapacityScene()
        for lead in 0..<5 { try scene.enter("lead-\(lead)", views: lead) }
        #expect(scene.heard() == ["mql lead-0", "mql lead-1"] + (2..<5).map { "wait lead-\($0)" })
        try scene.day(0, hours: 23)
        #expect(scene.heard().isEmpty)
        try scene.day(1)
        #expect(scene.heard() == ["mql lead-4", "mql lead-3"])
        try scene.day(2)
        #expect(scene.heard() == ["mql lead-2"])
        try scene.enter("lead-5", views: 0, day: 2)
        try scene.enter("lead-6", views: 0, day: 2)
        #expect(scene.heard() == ["mql lead-5", "wait lead-6"])
    }

    @Test func aReleasedMQLTellsTheEventItWaitedAfterAndHasItsWholeTime() throws {
        let scene = try CapacityScene(capacity: 1)
        try scene.enter("first", views: 0)
        try scene.enter("second", views: 2)
        let waited = scene.now
        let status = try #require(scene.bodies(of: ModelTopic.nurture).last)
        #expect(status["status"]?.text == "waiting_for_capacity")
        let codes = status["reasons"]?.items?.compactMap { $0["code"]?.text }
        #expect(codes == ["waiting_for_capacity"])
        #expect(status["mql_id"] == nil)
        try scene.day(1, hours: 3)
        let mql = try #require(scene.bodies(of: "sales.mql.crm").last)
        #expect(mql["lead_id"]?.text == "second")
        #expect(mql["qualified_at"]?.text == Timestamp(milliseconds: waited).description)
        #expect(mql["follow_up_by"]?.text == AlertScene.time(48).description)
        #expect(mql["why_now"]?["type"]?.text == "demo_requested")
        #expect(mql["why_now"]?["product"]?.text == "crm")
        #expect(mql["why_now"]?["at"]?.text == Timestamp(milliseconds: waited).description)
        try scene.driver.fire(at: AlertScene.time(44))
        scene.driver.commit()
        #expect(AlertScene.alerts(scene.driver) == ["first 1", "first 2", "second 1"])
    }

    @Test func ofEqualScoresTheEarlierThenTheIDDecides() throws {
        let scene = try CapacityScene(capacity: 1)
        try scene.enter("taken", views: 0)
        let at = scene.now
        for lead in ["c", "b\u{e9}", "b"] { try scene.enter(lead, views: 1, at: at + 9) }
        try scene.enter("z", views: 1, at: at + 8)
        _ = scene.heard()
        for (day, lead) in ["z", "b", "b\u{e9}", "c"].enumerated() {
            try scene.day(Int64(day) + 1)
            #expect(scene.heard() == ["mql \(lead)"])
        }
    }

    @Test(arguments: ["kept in memory", "on the disk", "restarted", "restored"])
    func itGoesWithTheLane(_ how: String) throws {
        let scene = try CapacityScene()
        let move = {
            switch how {
            case "on the disk":
                scene.driver.commit()
                scene.driver.flush()
            case "restarted": try scene.driver.restart()
            case "restored":
                scene.driver.commit()
                try scene.driver.crash()
            default: break
            }
        }
        for lead in 0..<6 {
            try scene.enter("lead-\(lead)", views: lead % 4)
            try move()
        }
        #expect(scene.heard().filter { $0.hasPrefix("mql") } == ["mql lead-0", "mql lead-1"])
        for leads in [["lead-3", "lead-2"], ["lead-5", "lead-4"]] {
            try scene.day(leads[0] == "lead-3" ? 1 : 2)
            #expect(scene.heard() == leads.map { "mql \($0)" })
            try move()
            // The share of the day is used up, wherever the lane is.
            try scene.day(leads[0] == "lead-3" ? 1 : 2, hours: 1)
            #expect(scene.heard().isEmpty)
        }
        scene.driver.commit()
        scene.driver.flush()
        #expect(scene.driver.storedWaiting("crm").isEmpty)
    }

    @Test func aKillBetweenReleaseAndCommitReleasesAgain() throws {
        let scene = try CapacityScene()
        for lead in 0..<5 { try scene.enter("lead-\(lead)", views: lead) }
        _ = scene.heard()
        try scene.driver.release(at: AlertScene.time(24))
        try scene.driver.crash()
        #expect(scene.heard().isEmpty)
        try scene.day(1)
        #expect(scene.heard() == ["mql lead-4", "mql lead-3"])
        try scene.driver.crash()
        try scene.day(1)
        #expect(scene.heard().isEmpty)
        #expect(scene.driver.capacity.used == ["crm": 2])
    }

    @Test func aLeadThatWaitsMayLeaveInEveryWay() throws {
        let scene = try CapacityScene(capacity: 1)
        for lead in ["first", "suppressed", "refused", "erased", "stays"] {
            try scene.enter(lead, views: lead == "stays" ? 0 : 2)
        }
        scene.driver.commit()
        scene.driver.flush()
        #expect(scene.driver.storedWaiting("crm").count == 4)
        _ = scene.heard()
        let entry = Suppression(entry: "suppressed@acme.example")
        scene.driver.change(.suppression(entry), offset: 0)
        #expect(try scene.driver.followReference())
        try scene.lead("refused", #""consent":{"contact":false}"#)
        try scene.lead("erased", nil)
        #expect(
            scene.heard() == ["suppressed suppressed", "suppressed refused", "lead.erased erased"])
        scene.driver.flush()
        #expect(scene.driver.storedWaiting("crm") == ["stays"])
        try scene.day(1)
        #expect(scene.heard() == ["mql stays"])
    }

    @Test func aLeadMayWaitForTwoProducts() throws {
        let scene = try CapacityScene(capacity: 1, analytics: 1)
        try scene.enter("first", views: 0, for: nil)
        try scene.enter("second", views: 1, for: nil)
        try scene.enter("third", views: 2, for: "crm")
        #expect(
            scene.heard() == [
                "mql first", "mql first", "wait second", "wait second", "wait third",
            ])
        try scene.driver.restart()
        scene.driver.flush()
        #expect(scene.driver.storedWaiting("crm") == ["third", "second"])
        #expect(scene.driver.storedWaiting("analytics") == ["second"])
        try scene.day(1)
        #expect(scene.heard() == ["mql third", "mql second"])
        let last = try #require(scene.bodies(of: "sales.mql.analytics").last)
        #expect(last["also_open"]?.items?.isEmpty == true)
        try scene.day(2)
        #expect(scene.heard() == ["mql second"])
        let also = scene.bodies(of: "sales.mql.crm").last?["also_open"]?.items
        #expect(also?.first?["product"]?.text == "analytics")
    }

    @Test func aNewScoreIsANewPlace() throws {
        let scene = try CapacityScene(capacity: 1)
        try scene.enter("first", views: 0)
        try scene.enter("a", views: 2)
        try scene.enter("b", views: 0)
        scene.driver.commit()
        scene.driver.flush()
        for _ in 0..<4 { try scene.view("b") }
        _ = scene.heard()
        try scene.day(1)
        #expect(scene.heard() == ["mql b"])
        let reason = scene.bodies(of: "sales.mql.crm").last?["why_now"]
        #expect(reason?["type"]?.text == "page_view")
    }

    @Test func withoutCapacityWaitingLeadsGoAtTheirNextEventOrTheNextDay() throws {
        let scene = try CapacityScene(capacity: 1)
        for lead in 0..<4 { try scene.enter("lead-\(lead)", views: lead) }
        _ = scene.heard()
        try scene.driver.restart(definition: CapacityScene.definition(nil, nil))
        try scene.day(0, hours: 2)
        #expect(scene.heard().isEmpty)
        try scene.view("lead-1")
        #expect(scene.heard() == ["mql lead-1"])
        try scene.day(1)
        #expect(scene.heard() == ["mql lead-3", "mql lead-2"])
    }

    @Test func leadsOfAPausedProductKeepTheirPlaces() throws {
        let scene = try CapacityScene(capacity: 1)
        for lead in 0..<4 { try scene.enter("lead-\(lead)", views: lead) }
        _ = scene.heard()
        try scene.driver.restart(definition: CapacityScene.definition(1, nil, paused: true))
        try scene.day(1)
        #expect(scene.heard().isEmpty)
        try scene.view("lead-3")
        #expect(scene.heard() == ["paused lead-3"])
        try scene.driver.restart(definition: CapacityScene.definition(1, nil))
        try scene.day(2)
        #expect(scene.heard() == ["mql lead-2"])
        try scene.day(3)
        #expect(scene.heard() == ["mql lead-1"])
    }

    @Test func aClockThatJumpsBackOverMidnightKeepsTheLaterDay() throws {
        let scene = try CapacityScene()
        for lead in 0..<5 { try scene.enter("lead-\(lead)", views: lead) }
        _ = scene.heard()
        try scene.day(1)
        #expect(scene.heard() == ["mql lead-4", "mql lead-3"])
        try scene.day(0, hours: 23)
        try scene.enter("late", views: 5)
        #expect(scene.heard() == ["wait late"])
        try scene.driver.restart()
        try scene.day(0, hours: 23)
        try scene.day(1)
        #expect(scene.heard().isEmpty)
        try scene.day(2)
        #expect(scene.heard() == ["mql late", "mql lead-2"])
    }

    /// A long queue takes several epochs, events and kills in between; who qualifies meanwhile gets
    /// behind those with better scores.
    @Test func aLongReleaseIsBoundedAndKeepsItsOrder() throws {
        let scene = try CapacityScene(capacity: 60) { $0.alertsPerEpoch = 9 }
        for lead in 0..<200 { try scene.enter("lead-\(lead)", views: lead % 6) }
        scene.driver.commit()
        scene.driver.flush()
        _ = scene.heard()
        var random = SplitMix64(seed: 7)
        var released: [String] = []
        var (epochs, isDone, fresh) = (0, false, 0)
        while !isDone {
            isDone = try scene.driver.release(at: AlertScene.time(24), limit: random.number(1...7))
            if random.chance(20) {
                try scene.driver.crash()
                isDone = false
                continue
            }
            let mqls = scene.heard().filter { $0.hasPrefix("mql") }
            #expect(mqls.count <= 9)
            released += mqls
            epochs += 1
            if epochs == 2 {
                // The best score of all: it must not wait for another day.
                try scene.enter("fresh", views: 9, day: 1)
                fresh = released.count
                #expect(scene.heard() == ["wait fresh"])
            }
        }
        #expect(epochs > 6)
        #expect(released.count == 60)
        #expect(Set(released).count == 60)
        #expect(released[fresh] == "mql fresh")
        released.remove(at: fresh)
        let views = released.compactMap { Int($0.dropFirst("mql lead-".count)).map { $0 % 6 } }
        #expect(views.count == 59)
        let isSorted = views == views.sorted(by: >)
        #expect(isSorted)
    }

    @Test(arguments: [1, 2, 3, 6, 7, 50])
    func theSharesOfADayAddUpToTheCapacity(_ lanes: Int) {
        for capacity in [1, 2, 5, 6, 50, 51, 1_000_000_000] {
            for product in ["crm", "analytics"] {
                var totals = [Int](repeating: 0, count: lanes)
                for day in 20_700..<20_700 + lanes {
                    let shares = (0..<lanes).map { lane in
                        LaneCapacity.share(
                            of: capacity, product: product, lane: lane, lanes: lanes,
                            day: UTCDay(number: Int32(day)))
                    }
                    #expect(shares.reduce(0, +) == capacity)
                    let (least, most) = (shares.min() ?? 0, shares.max() ?? 0)
                    #expect(most - least <= 1)
                    for lane in shares.indices { totals[lane] += shares[lane] }
                }
                // The remainder goes round: over as many days as lanes all have had the same.
                #expect(Set(totals).count == 1)
            }
        }
    }
}
