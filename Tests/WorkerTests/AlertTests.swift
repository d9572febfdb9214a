import Qualification
import ReferenceModel
import TestSupport
import Testing

@testable import Worker

/// The follow-up clock `wall`: each alert exactly once, whatever happens (CONTRACT.md 8).
struct AlertTests {
    @Test func eachFiresAtItsTimeAndCarriesIt() throws {
        let driver = try AlertScene.driver(leads: 1)
        #expect(driver.nextAlert <= AlertScene.time(20))
        try driver.fire(at: Timestamp(milliseconds: AlertScene.time(20).milliseconds - 1))
        driver.commit()
        #expect(AlertScene.alerts(driver).isEmpty)
        #expect(driver.nextAlert == AlertScene.time(20))
        for (hour, level) in [(20, 1), (24, 2), (48, 3)] as [(Int64, Int)] {
            try driver.fire(at: AlertScene.time(hour))
            driver.commit()
            #expect(AlertScene.alerts(driver).count == level)
        }
        let last = try #require(driver.outputs.last)
        #expect(last.topic == ModelTopic.alerts)
        #expect(last.body["as_of"]?.text == AlertScene.time(48).description)
        #expect(last.body["follow_up_by"]?.text == AlertScene.time(24).description)
        #expect(last.body["owner_id"]?.text == "desk-crm")
        #expect(last.headers["ce_type"] == "sla.escalated")
        #expect(driver.nextAlert == .distantFuture)
    }

    @Test func ofAllLeadsTheOldestFirst() throws {
        let driver = try AlertScene.driver(leads: 30)
        try driver.fire(at: AlertScene.time(100))
        driver.commit()
        let times = driver.outputs.filter { $0.topic == ModelTopic.alerts }
            .compactMap { $0.body["as_of"]?.text }
        #expect(times == times.sorted())
        #expect(Set(AlertScene.alerts(driver)) == AlertScene.all(30))
    }

    @Test func aKillBetweenFiringAndCommitFiresAgain() throws {
        let driver = try AlertScene.driver(leads: 3)
        try driver.fire(at: AlertScene.time(30))
        try driver.crash()
        #expect(AlertScene.alerts(driver).isEmpty)
        try driver.fire(at: AlertScene.time(30))
        driver.commit()
        #expect(AlertScene.alerts(driver).count == 6)
        try driver.crash()
        try driver.fire(at: AlertScene.time(30))
        driver.commit()
        #expect(AlertScene.alerts(driver).count == 6)
    }

    @Test func aLaneThatMovesTakesItsTimersAlong() throws {
        let driver = try AlertScene.driver(leads: 5)
        for hour in stride(from: Int64(19), through: 49, by: 1) {
            try driver.crash()
            try driver.fire(at: AlertScene.time(hour))
            driver.commit()
        }
        let alerts = AlertScene.alerts(driver)
        #expect(alerts.count == 15)
        #expect(Set(alerts) == AlertScene.all(5))
    }

    @Test func aClockThatJumpsBackNeitherRepeatsNorLoses() throws {
        let driver = try AlertScene.driver(leads: 4)
        for hour in [21, 2, 25, 0, 24, 23, 60, 1, 60] as [Int64] {
            try driver.fire(at: AlertScene.time(hour))
            driver.commit()
            if hour == 0 { try driver.restart() }
        }
        let alerts = AlertScene.alerts(driver)
        #expect(alerts.count == 12)
        #expect(Set(alerts) == AlertScene.all(4))
    }

    /// Thousands of timers came due while the worker was down: bounded parts, oldest first, events
    /// in between, a kill now and then.
    @Test func threeDaysOfDowntime() throws {
        let leads = 1_500
        let driver = try AlertScene.driver(leads: leads) { $0.alertsPerEpoch = 400 }
        try driver.crash()
        let now = AlertScene.time(48 + 72)
        var random = SplitMix64(seed: 5)
        var epochs = 0
        var isDone = false
        while !isDone {
            let before = AlertScene.alerts(driver).count
            isDone = try driver.fire(at: now, limit: random.pick([64, 5_000]))
            // Events are taken between two parts, whatever is left to fire.
            let late = now.milliseconds + Int64(epochs)
            try driver.take(AlertScene.demo("lead-\(random.number(0...(leads - 1)))", late))
            if random.chance(20) {
                try driver.crash()
                isDone = false
                continue
            }
            driver.commit()
            epochs += 1
            #expect(AlertScene.alerts(driver).count - before <= 400)
        }
        #expect(epochs > 10)
        let times = driver.outputs.filter { $0.topic == ModelTopic.alerts }
            .compactMap { $0.body["as_of"]?.text }
        let isSorted = times == times.sorted()
        #expect(isSorted)
        #expect(times.count == 3 * leads)
        let isComplete = Set(AlertScene.alerts(driver)) == AlertScene.all(leads)
        #expect(isComplete)
    }

    @Test func anAnswerEndsThemAndAReopeningStartsNone() throws {
        let driver = try AlertScene.driver(leads: 4)
        let at = AlertScene.time(1).milliseconds
        try driver.take(AlertScene.answer("lead-1", "accepted", at))
        try driver.take(AlertScene.answer("lead-2", "rejected", at))
        try driver.fire(at: AlertScene.time(21))
        try driver.take(AlertScene.answer("lead-2", "reopened", at + 1))
        try driver.take(AlertScene.answer("lead-3", "contacted", at))
        try driver.take(
            AlertScene.event(ModelTopic.leads, "lead.erased", "lead-0", at, #""x":1"#))
        try driver.fire(at: AlertScene.time(500))
        driver.commit()
        #expect(AlertScene.alerts(driver) == ["lead-0 1", "lead-3 1"])
    }

    /// Flushes, evictions and half-loaded windows at random; the model is a list.
    @Test(arguments: UInt64(1)...12)
    func agreesWithAListWhateverIsWhere(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let driver = try AlertScene.driver(leads: 0, hotBytes: random.pick([0, 4_000, 1 << 30])) {
            $0.alertsPerEpoch = random.pick([3, 1_000])
        }
        var expected: Set<String> = []
        var open: [String] = []
        var now = AlertScene.start
        for step in 0..<250 {
            now += Int64(random.number(0...90)) * AlertScene.minute
            let lead = "lead-\(step)"
            switch random.number(0...9) {
            case 0...4:
                try driver.take(AlertScene.captured(lead, now))
                try driver.take(AlertScene.demo(lead, now))
                open.append(lead)
                expected.formUnion((1...3).map { "\(lead) \($0)" })
            case 5 where !open.isEmpty:
                try AlertTests.fireAll(driver, now)
                let lead = open.remove(at: random.number(0...(open.count - 1)))
                let fired = Set(AlertScene.alerts(driver))
                try driver.take(AlertScene.answer(lead, "contacted", now))
                for level in 1...3 where !fired.contains("\(lead) \(level)") {
                    expected.remove("\(lead) \(level)")
                }
            case 6: driver.flush()
            case 7: driver.commit()
            case 8: try AlertTests.fireAll(driver, now)
            default:
                driver.commit()
                if random.chance(50) { try driver.crash() } else { try driver.restart() }
            }
        }
        try AlertTests.fireAll(driver, now + 100 * AlertScene.hour)
        let alerts = AlertScene.alerts(driver)
        #expect(alerts.count == expected.count, "seed \(seed)")
        #expect(Set(alerts) == expected, "seed \(seed)")
    }

    private static func fireAll(_ driver: LaneDriver, _ now: Int64) throws {
        while try !driver.fire(at: Timestamp(milliseconds: now)) { driver.commit() }
        driver.commit()
    }

    /// By the stream clock a burst that does not fit into an epoch keeps its event waiting.
    @Test func anEventWaitsForTheAlertsBeforeIt() throws {
        let driver = try AlertScene.driver(leads: 20) {
            $0.clock = .stream
            $0.alertsPerEpoch = 7
        }
        try driver.take(AlertScene.demo("lead-3", AlertScene.time(24, 15).milliseconds))
        driver.commit()
        let alerts = AlertScene.alerts(driver)
        // The warnings of all, and the breaches of those that qualified up to minute 15.
        #expect(alerts.count == 20 + 16)
        #expect(driver.outputs.count { $0.topic == ModelTopic.alerts } == alerts.count)
    }
}
