import Qualification
import Reports
import Testing

@Suite("Speed to lead and costs")
struct SpeedAndCostTests {
    private static func contacted(_ minutes: [Int]) -> Sample {
        var sample = Sample()
        for (number, minute) in minutes.enumerated() {
            sample.lead("l\(number)", mqlAt: "2026-09-02T08:00:00.000Z")
            let at = Sample.time("2026-09-02T08:00:00.000Z") + .minutes(minute)
            sample.answer("l\(number)", "contacted", at: "\(at)")
        }
        return sample
    }

    @Test(
        "median and 90th percentile",
        arguments: [
            ([7], 7.0, 7), ([1, 3], 2, 3), ([5, 1, 3], 3, 5),
            ([1, 2, 3, 4, 5, 6, 7, 8, 9, 100], 5.5, 9),
            ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 6, 10),
        ])
    func percentiles(_ minutes: [Int], _ median: Double, _ p90: Int) {
        let speed = Self.contacted(minutes).report().total.measures.speed
        #expect(speed.median == Int64(median * 60_000) && speed.p90 == Int64(p90) * 60_000)
    }

    @Test("the first contact counts, one before the act as none at all late")
    func firstContact() {
        var sample = Self.contacted([30])
        sample.answer("l0", "contacted", at: "2026-09-02T07:00:00.000Z")
        let speed = sample.report().total.measures.speed
        #expect(speed.median == 0 && speed.buckets[0].count == 1)
    }

    @Test("a contact at the deadline is in time, a millisecond later is not")
    func deadline() {
        var sample = Sample()
        for lead in ["in", "late", "overdue", "young"] {
            let day = lead == "young" ? "2026-09-29T00:00:00.001Z" : "2026-09-02T08:00:00.000Z"
            sample.lead(lead, mqlAt: day)
        }
        sample.answer("in", "contacted", at: "2026-09-03T08:00:00.000Z")
        sample.answer("late", "contacted", at: "2026-09-03T08:00:00.001Z")
        let speed = sample.report(asOf: "2026-09-30T00:00:00.000Z").total.measures.speed
        #expect(speed.withinDeadline == 1 && speed.due == 3 && speed.overdue == 1)
        #expect(speed.neverContacted == 2 && speed.shareWithinDeadline == 1.0 / 3)
        let later = sample.report(asOf: "2026-09-30T00:00:00.001Z").total.measures.speed
        #expect(later.due == 4 && later.overdue == 2)
    }

    @Test("buckets hold every first contact once, limits included")
    func buckets() {
        let speed = Self.contacted([0, 5, 6, 60, 240, 1440, 4320, 4321]).report().total.measures
            .speed
        #expect(speed.buckets.map(\.count) == [2, 2, 1, 1, 1, 1])
    }

    @Test("a campaign's cost is split evenly over its MQLs, those outside the filter included")
    func costs() throws {
        var sample = Sample()
        sample.campaign("c1", cost: 300)
        sample.campaign("c2", cost: 50, channel: "social")
        sample.campaign("c3", cost: nil)
        sample.lead("a", "crm", mqlAt: "2026-09-02T08:00:00.000Z", campaign: "c1")
        sample.lead("b", "crm", mqlAt: "2026-09-03T08:00:00.000Z", campaign: "c1")
        sample.lead("a", "billing", mqlAt: "2026-09-04T08:00:00.000Z", campaign: "c1")
        sample.lead("c", "crm", mqlAt: "2026-09-02T08:00:00.000Z", campaign: "c3")
        sample.lead("d", "crm", mqlAt: "2026-09-02T08:00:00.000Z")
        sample.answer("a", "accepted", at: "2026-09-02T09:00:00.000Z")
        sample.answer("c", "accepted", at: "2026-09-02T09:00:00.000Z")
        let report = sample.report()
        let total = try #require(report.total.measures.cost)
        #expect(total.total == 350 && total.mqls == 3 && total.accepted == 1 && total.won == 0)
        #expect(total.perAccepted == 350 && total.perWon == nil)
        let crm = try #require(report.products.first { $0.group.product == "crm" })
        #expect(crm.measures.cost?.total == 200 && crm.measures.cost?.perMQL == 100)
        let social = try #require(report.channels.first { $0.group.channel == "social" })
        #expect(social.measures.mqls == 0 && social.measures.cost?.total == 50)
        #expect(social.measures.cost?.perMQL == nil)
        #expect(report.campaigns.map(\.group.campaign) == ["c1", "c2", "c3", nil])
        #expect(report.campaigns[2].measures.cost == nil)
        #expect(report.definitions.map { $0.measures.cost?.total } == [300])
        let early = sample.report(ReportFilter(until: Sample.time("2026-09-03T00:00:00.000Z")))
        #expect(early.total.measures.cost?.total == 100 && early.total.measures.mqls == 3)
    }

    @Test("of a campaign's records the last one counts; a deleted one has no cost")
    func campaignRecords() {
        var sample = Sample()
        sample.campaign("c1", cost: 10)
        sample.campaign("c1", cost: 20)
        sample.lead("a", mqlAt: "2026-09-02T08:00:00.000Z", campaign: "c1")
        #expect(sample.report().total.measures.cost?.total == 20)
        var fold = ReportFold()
        fold.take(.campaign(Campaign(id: "c")), RecordPlace(partition: 0, offset: 1))
        fold.take(.campaignDeleted("c"), RecordPlace(partition: 0, offset: 2))
        #expect(fold.report(asOf: .earliestAccepted).campaigns.isEmpty)
    }

    @Test("criteria: contributions to accepted and to rejected MQLs, by reason")
    func criteria() {
        var sample = Sample()
        let both = [(group: "fit", id: "size"), (group: "engagement", id: "trial")]
        sample.lead("a", mqlAt: "2026-09-02T08:00:00.000Z", reasons: both)
        sample.lead("b", mqlAt: "2026-09-02T08:00:00.000Z", reasons: both)
        sample.lead("c", mqlAt: "2026-09-02T08:00:00.000Z", reasons: [both[1]])
        sample.answer("a", "accepted", at: "2026-09-02T09:00:00.000Z")
        sample.answer("b", "rejected", at: "2026-09-02T09:00:00.000Z", reason: "wrong_size")
        let rows = sample.report().criteria
        #expect(rows.map(\.id) == ["size", "trial"] && rows.map(\.mqls) == [2, 3])
        #expect(rows.map(\.accepted) == [1, 1] && rows.map(\.answered) == [2, 2])
        #expect(rows.map(\.rejected) == [["wrong_size": 1], ["wrong_size": 1]])
        #expect(rows.map(\.label) == ["L size", "L trial"])
    }

    @Test("filters: the product, and the period of qualified_at with whatever came of it later")
    func filters() {
        var sample = Sample()
        sample.lead("a", "crm", mqlAt: "2026-09-02T08:00:00.000Z")
        sample.lead("a", "billing", mqlAt: "2026-09-02T08:00:00.000Z")
        sample.lead("b", "crm", mqlAt: "2026-09-05T08:00:00.000Z")
        sample.answer("a", "won", at: "2026-09-20T09:00:00.000Z", revenue: "10")
        let crm = sample.report(ReportFilter(product: "crm"))
        #expect(crm.total.measures.mqls == 2 && crm.products.count == 1)
        let early = sample.report(
            ReportFilter(
                since: Sample.time("2026-09-02T08:00:00.000Z"),
                until: Sample.time("2026-09-05T08:00:00.000Z"), product: "crm"))
        #expect(early.total.measures.mqls == 1 && early.total.measures.leads == 1)
        #expect(early.total.measures.revenue == 10 && early.reading.unmatchedDispositions == 0)
    }
}
