import Qualification
import ReferenceModel
import TestSupport
import Testing

@testable import Worker

/// What goes by itself: idle profiles and the stubs of erased leads (CONTRACT.md 8, Forgetting).
struct ForgettingTests {
    private static let day: Int64 = 24 * AlertScene.hour

    private static func after(days: Int64) -> Timestamp {
        Timestamp(milliseconds: AlertScene.start + days * day)
    }

    /// Commits, writes to the disk and forgets, as a lane does.
    private static func sweep(_ driver: LaneDriver, after days: Int64) throws {
        driver.commit()
        driver.flush()
        while try !driver.forget(at: after(days: days)) { driver.commit() }
        driver.commit()
    }

    private static func value(_ driver: LaneDriver, _ lead: String) -> [UInt8]? {
        driver.changelog[Array(lead.utf8)]
    }

    @Test func aLeadGoesAfterItsDaysAndItsCyclesStay() throws {
        let driver = try AlertScene.driver(leads: 2)
        try driver.fire(at: ForgettingTests.after(days: 5))
        try ForgettingTests.sweep(driver, after: 730)
        #expect(driver.counters.forgotten == 0)
        let whole = try #require(ForgettingTests.value(driver, "lead-0"))
        try ForgettingTests.sweep(driver, after: 731)
        #expect(driver.counters.forgotten == 2)
        let stub = try #require(ForgettingTests.value(driver, "lead-0"))
        #expect(stub.count < whole.count / 2)
        #expect(!String(decoding: stub, as: UTF8.self).contains("acme"))
        // Once, and then never again.
        try ForgettingTests.sweep(driver, after: 5_000)
        #expect(driver.counters.forgotten == 2)
        #expect(ForgettingTests.value(driver, "lead-0") == stub)

        let back = ForgettingTests.after(days: 800).milliseconds
        try driver.take(AlertScene.captured("lead-0", back))
        try driver.take(AlertScene.demo("lead-0", back))
        driver.commit()
        let mql = try #require(
            driver.outputs.last { $0.body["type"]?.text == "mql.qualified" }?.body)
        #expect(mql["cycle"]?.double == 2)
        #expect(mql["novelty"]?.text == "requalified")
        #expect(mql["previous"]?.items?.isEmpty == true)
        let ids = driver.outputs.compactMap { $0.headers["ce_id"] }
        #expect(Set(ids).count == ids.count)
    }

    @Test func activitiesAloneGoAfterTheHistoryAndLeaveNothing() throws {
        let driver = try AlertScene.driver(leads: 0)
        try driver.take(AlertScene.demo("stranger", AlertScene.start))
        try ForgettingTests.sweep(driver, after: 90)
        #expect(ForgettingTests.value(driver, "stranger") != nil)
        try ForgettingTests.sweep(driver, after: 91)
        #expect(ForgettingTests.value(driver, "stranger") == nil)
        #expect(driver.flush())
        #expect(driver.stored.isEmpty)
        // Known again from the next event on, as if it were the first.
        try driver.take(AlertScene.demo("stranger", ForgettingTests.after(days: 91).milliseconds))
        driver.commit()
        #expect(ForgettingTests.value(driver, "stranger") != nil)
    }

    @Test func anEventOrAnAnswerKeepsItAlive() throws {
        let driver = try AlertScene.driver(leads: 3)
        try driver.fire(at: ForgettingTests.after(days: 5))
        try driver.take(
            AlertScene.answer("lead-0", "won", ForgettingTests.after(days: 100).milliseconds))
        try driver.take(
            AlertScene.demo("lead-1", ForgettingTests.after(days: 100).milliseconds))
        try ForgettingTests.sweep(driver, after: 731)
        #expect(driver.counters.forgotten == 1)
        // What is newer in memory than on the disk is judged by what is in memory.
        driver.flush()
        try driver.take(
            AlertScene.demo("lead-1", ForgettingTests.after(days: 900).milliseconds))
        try driver.forget(at: ForgettingTests.after(days: 1_000))
        driver.commit()
        #expect(driver.counters.forgotten == 2)
    }

    @Test func aPendingAlertIsWaitedFor() throws {
        let driver = try AlertScene.driver(leads: 1)
        try ForgettingTests.sweep(driver, after: 3_000)
        #expect(driver.counters.forgotten == 0)
        try driver.fire(at: ForgettingTests.after(days: 3_000))
        try ForgettingTests.sweep(driver, after: 3_000)
        #expect(driver.counters.forgotten == 1)
        #expect(AlertScene.alerts(driver).count == 3)
    }

    @Test func theStubOfAnErasedLeadGoesAfterItsOwnDays() throws {
        let driver = try AlertScene.driver(leads: 2)
        let at = ForgettingTests.after(days: 10).milliseconds
        try driver.take(
            AlertScene.event(ModelTopic.leads, "lead.erased", "lead-0", at, #""x":1"#))
        try driver.take(AlertScene.demo("lead-0", at - 5))
        #expect(driver.drops["erased"] == 1)
        try ForgettingTests.sweep(driver, after: 410)
        #expect(ForgettingTests.value(driver, "lead-0") != nil)
        try ForgettingTests.sweep(driver, after: 411)
        #expect(ForgettingTests.value(driver, "lead-0") == nil)
        try driver.crash()
        try driver.take(AlertScene.demo("lead-0", at - 5))
        #expect(driver.drops["erased"] == 1)
    }

    @Test func manyGoInBoundedParts() throws {
        let driver = try AlertScene.driver(leads: 0) { $0.forgottenPerEpoch = 40 }
        for number in 0..<150 {
            try driver.take(AlertScene.demo("stranger-\(number)", AlertScene.start))
        }
        driver.commit()
        driver.flush()
        var parts = 0
        while try !driver.forget(at: ForgettingTests.after(days: 200), limit: 25) {
            parts += 1
            #expect(driver.counters.forgotten <= 40 * parts)
            driver.commit()
        }
        driver.commit()
        #expect(driver.counters.forgotten == 150)
        #expect(driver.changelog.isEmpty)
    }

    @Test func aCrashBeforeTheCommitForgetsNothing() throws {
        let driver = try AlertScene.driver(leads: 0)
        try driver.take(AlertScene.demo("stranger", AlertScene.start))
        driver.commit()
        driver.flush()
        try driver.forget(at: ForgettingTests.after(days: 200))
        try driver.crash()
        #expect(ForgettingTests.value(driver, "stranger") != nil)
        try ForgettingTests.sweep(driver, after: 200)
        #expect(ForgettingTests.value(driver, "stranger") == nil)
    }
}
