import Qualification
import ReferenceModel
import Reports
import Testing

@Suite("The order of reading makes no difference")
struct OrderTests {
    @Test(
        "any mix of partitions and topics gives the same report, to the last byte",
        arguments: 1...40)
    func order(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let sample = Self.sample(&random)
        let filter = random.chance(30) ? ReportFilter(product: "crm") : ReportFilter()
        let expected = sample.report(filter)
        for _ in 0..<5 {
            let mixed = sample.shuffled(using: &random).report(filter)
            #expect(mixed.json.compact == expected.json.compact, "seed \(seed)")
            #expect(mixed.page == expected.page, "seed \(seed)")
        }
    }

    @Test("rows add up to the total, and standings to the MQLs", arguments: 1...20)
    func sums(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let report = Self.sample(&random).report()
        let total = report.total.measures
        #expect(total.standing.values.reduce(0, +) == total.mqls)
        #expect(total.speed.buckets.reduce(0) { $0 + $1.count } == total.contacted)
        #expect(total.speed.neverContacted + total.contacted == total.mqls)
        for rows in [
            report.products, report.channels, report.campaigns, report.definitions, report.cells,
        ] {
            #expect(rows.reduce(0) { $0 + $1.measures.mqls } == total.mqls)
            #expect(rows.reduce(0) { $0 + $1.measures.accepted } == total.accepted)
            #expect(rows.reduce(0) { $0 + $1.measures.rejectedCount } == total.rejectedCount)
            #expect(rows.allSatisfy { $0.measures.leads <= total.leads })
            #expect(rows.reduce(0) { $0 + $1.measures.leads } >= total.leads)
        }
    }

    private static func sample(_ random: inout SplitMix64) -> Sample {
        var sample = Sample()
        let types = ["accepted", "contacted", "opportunity", "won", "lost", "rejected", "reopened"]
        for number in 0..<3 where random.chance(80) {
            sample.campaign("c\(number)", cost: random.chance(80) ? 10 / 3 : nil, channel: "x")
        }
        for number in 0..<random.number(1...25) {
            let (lead, partition) = ("lead-\(number)", Int32(random.number(0...3)))
            let product = random.pick(["crm", "billing"])
            let day = "2026-09-0\(random.number(1...9))T0"
            sample.lead(
                lead, product, mqlAt: random.chance(70) ? "\(day)0:00:00.000Z" : nil,
                channel: random.pick(["a", "b", nil]), campaign: random.pick(["c0", "c1", nil]),
                version: random.number(1...2), reasons: [("fit", "f\(random.number(0...2))")],
                partition: partition)
            for _ in 0..<random.number(0...5) {
                let place = sample.answer(
                    lead, random.pick(types), at: "\(day)\(random.number(1...5)):00:00.000Z",
                    product,
                    id: "\(random.number(0...6))", reason: random.pick(["p", "q"]),
                    revenue: random.pick(["0.1", "0.7", "1e3", nil]), partition: partition)
                if random.chance(5) { sample.refuse(place) }
            }
            if random.chance(10) { sample.message(.sales, lead, "mql.lapsed") }
            if random.chance(10) { sample.message(.alerts, lead, "sla.warning") }
            if random.chance(10) {
                sample.message(.sales, lead, "mql.withdrawn", reason: random.pick(["x", "y"]))
            }
        }
        return sample
    }
}
