import Qualification
import Reports
import Testing

@Suite("What a report counts")
struct FoldTests {
    private static let day = "2026-09-02T"

    @Test("nothing read: zeros, and no number over nothing")
    func nothing() {
        let report = ReportFold().report(asOf: Timestamp(milliseconds: 1_800_000_000_000))
        let total = report.total.measures
        #expect(total.leads == 0 && total.mqls == 0 && total.revenue == nil && total.cost == nil)
        #expect(total.speed.median == nil && total.speed.shareWithinDeadline == nil)
        #expect(report.products.isEmpty && report.cells.isEmpty && report.criteria.isEmpty)
        #expect(!report.json.compact.contains("null") && !report.page.contains("nan"))
    }

    @Test("a lead counts once in the total and once for each product, channel and definition")
    func leads() {
        var sample = Sample()
        sample.lead("a", "crm")
        sample.lead("a", "crm")
        sample.lead("a", "billing")
        sample.lead("a", "billing", version: 2)
        sample.lead("b", nil, channel: nil, campaign: "c1")
        let report = sample.report()
        #expect(report.total.measures.leads == 2)
        #expect(report.products.map(\.group.product) == ["billing", "crm", nil])
        #expect(report.products.map(\.measures.leads) == [1, 1, 1])
        #expect(report.channels.map(\.group.channel) == ["email", nil])
        #expect(report.definitions.map(\.measures.leads) == [2, 1])
        #expect(report.cells.count == 4)
    }

    @Test("stages count whatever came after; rejected, lost and won by the latest answer")
    func funnel() {
        var sample = Sample()
        for lead in ["w", "r", "l", "o", "none"] {
            sample.lead(lead, mqlAt: "\(Self.day)08:00:00.000Z")
        }
        sample.answer("w", "accepted", at: "\(Self.day)09:00:00.000Z")
        sample.answer("w", "contacted", at: "\(Self.day)10:00:00.000Z")
        sample.answer("w", "opportunity", at: "\(Self.day)11:00:00.000Z")
        sample.answer("w", "won", at: "\(Self.day)12:00:00.000Z", revenue: "1000.5")
        sample.answer("r", "accepted", at: "\(Self.day)09:00:00.000Z")
        sample.answer("r", "rejected", at: "\(Self.day)10:00:00.000Z", reason: "bad_timing")
        // Written first, but later in time.
        sample.answer("l", "lost", at: "\(Self.day)11:00:00.000Z", reason: "no_budget")
        sample.answer("l", "won", at: "\(Self.day)10:00:00.000Z", revenue: "7")
        sample.answer("o", "rejected", at: "\(Self.day)09:00:00.000Z", reason: "competitor")
        sample.answer("o", "reopened", at: "\(Self.day)10:00:00.000Z")
        let found = sample.report().total.measures
        #expect(found.mqls == 5 && found.answered == 4 && found.accepted == 2)
        #expect(found.contacted == 1 && found.opportunities == 1)
        #expect(found.won == 1 && found.revenue == 1000.5 && found.wonWithoutRevenue == 0)
        #expect(found.rejected == ["bad_timing": 1] && found.lost == ["no_budget": 1])
        #expect(found.standing == [.won: 1, .rejected: 1, .lost: 1, .working: 1, .waiting: 1])
    }

    @Test("of two answers at one time, the greater event id is the latest")
    func ties() {
        var sample = Sample()
        sample.lead("a", mqlAt: "\(Self.day)08:00:00.000Z")
        sample.answer("a", "won", at: "\(Self.day)09:00:00.000Z", id: "2")
        sample.answer("a", "rejected", at: "\(Self.day)09:00:00.000Z", id: "1", reason: "x")
        let found = sample.report().total.measures
        #expect(found.won == 1 && found.rejected.isEmpty && found.wonWithoutRevenue == 1)
        #expect(found.revenue == nil)
    }

    @Test(
        "a revenue that is no number, or beyond 2^53, is none",
        arguments: ["1e400", "1e16", "\"5\""])
    func badRevenue(_ revenue: String) {
        var sample = Sample()
        sample.lead("a", mqlAt: "\(Self.day)08:00:00.000Z")
        sample.answer("a", "won", at: "\(Self.day)09:00:00.000Z", revenue: revenue)
        let found = sample.report().total.measures
        #expect(found.won == 1 && found.revenue == nil && found.wonWithoutRevenue == 1)
    }

    @Test("an event id counts once for its lead, the first of its partition")
    func repeats() {
        var sample = Sample()
        sample.lead("a", mqlAt: "\(Self.day)08:00:00.000Z")
        sample.lead("b", mqlAt: "\(Self.day)08:00:00.000Z")
        sample.answer("a", "won", at: "\(Self.day)09:00:00.000Z", id: "e", revenue: "5")
        sample.answer("a", "won", at: "\(Self.day)09:00:00.000Z", id: "e", revenue: "5")
        sample.answer("a", "contacted", at: "\(Self.day)10:00:00.000Z", id: "e")
        sample.answer("b", "contacted", at: "\(Self.day)10:00:00.000Z", id: "e")
        let report = sample.report()
        #expect(report.total.measures.revenue == 5 && report.total.measures.contacted == 1)
        #expect(report.reading.repeatedDispositions == 2)
    }

    @Test("what is in the dead letters does not count, and its event id is free again")
    func refused() {
        var sample = Sample()
        sample.lead("a", mqlAt: "\(Self.day)08:00:00.000Z")
        let bad = sample.answer(
            "a", "rejected", at: "\(Self.day)09:00:00.000Z", id: "e", reason: "unheard_of")
        sample.refuse(bad)
        sample.answer("a", "rejected", at: "\(Self.day)09:00:00.000Z", id: "e", reason: "no_budget")
        let report = sample.report()
        #expect(report.total.measures.rejected == ["no_budget": 1])
        #expect(report.reading.refusedDispositions == 1)
        #expect(report.reading.repeatedDispositions == 0)
    }

    @Test("an answer for an unknown MQL, or one of another lead or product, does not count")
    func unmatched() {
        var sample = Sample()
        sample.lead("a", mqlAt: "\(Self.day)08:00:00.000Z")
        sample.answer("a", "won", at: "\(Self.day)09:00:00.000Z", cycle: 2)
        sample.answer("b", "won", at: "\(Self.day)09:00:00.000Z")
        let id = Sample.mqlID("a")
        for (lead, product) in [("b", "crm"), ("a", "billing")] {
            sample.add(
                .dispositions, key: lead,
                #"{"event_id":"x","type":"won","lead_id":"\#(lead)","product":"\#(product)","#
                    + #""occurred_at":"2026-09-02T09:00:00Z","mql_id":"\#(id)"}"#)
        }
        let report = sample.report()
        #expect(report.reading.unmatchedDispositions == 4)
        #expect(report.total.measures.answered == 0)
    }

    @Test("withdrawn and lapsed MQLs, and alerts by level")
    func endings() {
        var sample = Sample()
        for lead in ["x", "y", "z", "v"] { sample.lead(lead, mqlAt: "\(Self.day)08:00:00.000Z") }
        sample.message(.sales, "x", "mql.withdrawn", reason: "erased")
        sample.answer("x", "won", at: "\(Self.day)09:00:00.000Z")
        sample.message(.sales, "y", "mql.withdrawn", reason: "suppressed")
        sample.message(.sales, "z", "mql.lapsed")
        sample.message(.sales, "v", "mql.lapsed")
        sample.answer("v", "accepted", at: "\(Self.day)09:00:00.000Z")
        for type in ["sla.warning", "sla.breached", "sla.breached"] {
            sample.message(.alerts, "z", type)
        }
        sample.message(.sales, "z", "mql.updated")
        let report = sample.report()
        let found = report.total.measures
        #expect(found.withdrawn == ["erased": 1, "suppressed": 1] && found.lapsed == 2)
        #expect(found.standing == [.won: 1, .withdrawn: 1, .lapsed: 1, .working: 1])
        #expect(found.alerts == [1, 1, 0] && report.reading.otherTypes == 1)
        // Of the withdrawn one nobody can tell whether the deadline would have been kept.
        #expect(found.speed.neverContacted == 4 && found.speed.overdue == 2)
    }

    @Test("malformed records are counted and skipped")
    func malformed() {
        var sample = Sample()
        let good = #"{"type":"mql.lapsed","lead_id":"a","mql_id":"\#(Sample.mqlID("a"))"}"#
        for value in [
            nil, "", "x", "[]", "{}", good + "}", String(good.dropLast()),
            #"{"type":"mql.lapsed"}"#,
            good.replacing(#""a""#, with: #""b""#), good.replacing("-", with: ""),
        ] {
            sample.add(.sales, key: "a", value)
        }
        sample.add(.sales, key: "a", good)
        sample.add(.dispositions, key: "a", #"{"type":"rejected","lead_id":"a"}"#)
        sample.add(.alerts, key: "a", #"{"type":"sla.warning","lead_id":"a"}"#)
        sample.add(.nurture, key: "a", #"{"lead_id":"a"}"#)
        let report = sample.report()
        #expect(report.reading.malformed == 13 && report.reading.records == 14)
    }
}
