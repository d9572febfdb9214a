import Foundation
import Qualification
import ReferenceModel
import Reports
import Testing

@Suite("The table, the JSON and the page")
struct PageTests {
    @Test("nothing of a message can act in the page or the terminal")
    func hostileTexts() {
        let report = Self.hostile()
        let page = report.page
        for bad in ["<img", "onerror=\"", "\u{1b}", "\u{202e}", "</script><"] {
            #expect(!page.contains(bad), "\(bad)")
        }
        #expect(page.contains("&lt;img src=x&gt;"))
        // The page's own, and no other.
        #expect(page.split(separator: "<script").count == 2)
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("url(h"))
        let text = report.text()
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(!text.contains("\u{202e}"))
    }

    @Test("the JSON in the page is the JSON, and every number shown is one of it")
    func sameNumbers() throws {
        let report = Self.rich()
        let page = report.page
        let start = try #require(page.range(of: #"id="report-data">"#)).upperBound
        let end = try #require(page.range(of: "</script>", range: start..<page.endIndex)).lowerBound
        let inside = page[start..<end].trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(inside == report.json.pretty)
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(inside.utf8)) as? [String: Any])
        var compared = 0
        for row in page.matches(of: try Regex(#"<tr data-key="([^"]*)">(.*?)</tr>"#)) {
            let key = String(row.output[1].substring ?? "")
            let cells = String(row.output[2].substring ?? "")
            let cell = try Regex(#"data-measure="([^"]*)"(?: data-value="([^"]*)")?>"#)
            for match in cells.matches(of: cell) {
                let measure = String(match.output[1].substring ?? "")
                let shown = match.output[2].substring.flatMap { Double($0) }
                let found = Self.value(key, measure, in: json)
                #expect(measure == "group" || shown == found ?? nil, "\(key) \(measure)")
                compared += 1
            }
        }
        #expect(compared > 300)
    }

    @Test("tables line up and end with what was read")
    func table() {
        let lines = Self.rich().text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "handoff report, as of 2026-09-30T00:00:00.000Z")
        #expect(lines.last?.hasPrefix("read ") == true)
        let heading = lines.firstIndex { $0.contains("leads  MQLs") } ?? 0
        let right = lines[heading].count
        #expect(lines[heading + 1].count == right && lines[heading + 2].count == right)
    }

    @Test("money and shares never claim more than they know")
    func wording() {
        var sample = Sample()
        for number in 0..<300 {
            sample.lead("l\(number)", mqlAt: "2026-09-02T08:00:00.000Z")
            if number > 0 {
                sample.answer("l\(number)", "accepted", at: "2026-09-02T09:00:00.000Z")
            }
        }
        sample.answer("l0", "rejected", at: "2026-09-02T09:00:00.000Z", reason: "wrong_size")
        #expect(sample.report().text().contains("accepted > 99 % of those answered"))
    }

    @Test("shares of accepted are of those answered, in the sentence, the tiles and the criteria")
    func acceptedShare() {
        var sample = Sample()
        for lead in ["a", "b", "c", "d"] {
            sample.lead(
                lead, mqlAt: "2026-09-02T08:00:00.000Z", reasons: [("engagement", "trial")])
        }
        sample.answer("a", "accepted", at: "2026-09-02T09:00:00.000Z")
        sample.answer("b", "rejected", at: "2026-09-02T09:00:00.000Z", reason: "wrong_size")
        let report = sample.report()
        #expect(
            report.text().contains(
                "sales answered 50 % of them and accepted 50 % of those answered"))
        #expect(
            report.text().contains("trial                  4         1   50 %"), "\(report.text())")
        #expect(report.page.contains("<b>50 %</b>accepted<span>1 of 2 answered</span>"))
        #expect(report.page.contains("4 MQLs, 50 % of those answered accepted"))
    }

    @Test("the funnel tells the lost ones, and which are open")
    func lostAndOpen() {
        var sample = Sample()
        for lead in ["a", "b", "c"] { sample.lead(lead, mqlAt: "2026-09-02T08:00:00.000Z") }
        sample.answer("a", "lost", at: "2026-09-02T09:00:00.000Z", reason: "no_budget")
        sample.answer("b", "accepted", at: "2026-09-02T09:00:00.000Z")
        let lines = sample.report().text().split(separator: "\n").map { line in
            line.split(separator: " ").map(String.init)
        }
        let heading = lines.first { $0.contains("MQLs") && $0.contains("lost") } ?? []
        let total = lines.first { $0.first == "total" } ?? []
        #expect(heading.count + 1 == total.count, "\(heading) \(total)")
        func number(_ name: String) -> String? {
            heading.firstIndex(of: name).map { total[$0 + 1] }
        }
        #expect(number("lost") == "1" && number("open") == "2" && number("accepted") == "1")
    }

    @Test("an empty period is a sentence, not a table of nothing")
    func emptyPeriod() {
        var sample = Sample()
        sample.lead("a", mqlAt: "2026-09-02T08:00:00.000Z")
        sample.campaign("c", cost: 100, channel: "email")
        let since = Sample.time("2026-09-20T00:00:00.000Z")
        let text = sample.report(ReportFilter(since: since)).text()
        #expect(
            text.split(separator: "\n").dropFirst(2).map(String.init) == [
                "No lead had a status record and no MQL was qualified in this period.",
                "read 2 records",
            ], "\(text)")
    }

    @Test("what cost per won is over is said, if it is not over all")
    func costDenominators() {
        var sample = Sample()
        sample.campaign("c", cost: 100, channel: "email")
        sample.lead("a", mqlAt: "2026-09-02T08:00:00.000Z", campaign: "c")
        sample.lead("b", mqlAt: "2026-09-02T08:00:00.000Z", campaign: nil)
        for lead in ["a", "b"] { sample.answer(lead, "won", at: "2026-09-02T09:00:00.000Z") }
        #expect(
            sample.report().text().contains(
                "the cost over the MQLs of campaigns with a cost, in total 1, 0, 1"))
    }

    // MARK: Reports

    private static func hostile() -> Report {
        let evil = "<img src=x>' onerror=\u{1b}[2J\u{202e}</script><script>"
        let written = String(
            decoding: Array(JSONTree.text(evil).compact.utf8.dropFirst().dropLast()), as: UTF8.self)
        var sample = Sample()
        sample.lead(
            "a", mqlAt: "2026-09-02T08:00:00.000Z", channel: written, campaign: written,
            reasons: [("fit", written)])
        sample.answer("a", "rejected", at: "2026-09-02T09:00:00.000Z", reason: written)
        return sample.report()
    }

    /// A report with something in every row and measure.
    static func rich(channel: String = "event") -> Report {
        var random = SplitMix64(seed: 3)
        var sample = Sample()
        for number in 0..<8 {
            sample.campaign("c\(number)", cost: Double(number * 1000) / 3, channel: "email")
        }
        for number in 0..<120 {
            let (lead, product) = ("lead-\(number)", random.pick(["crm", "billing", "analytics"]))
            sample.lead(
                lead, product, mqlAt: random.chance(70) ? "2026-09-02T08:00:00.000Z" : nil,
                channel: random.pick(["email", channel, "paid_search", nil]),
                campaign: random.pick(["c1", "c2", "c3", "c4", nil]), version: random.number(1...2),
                reasons: [("fit", "size"), ("engagement", random.pick(["trial", "demo"]))])
            let steps = [
                ["accepted", "contacted", "opportunity", "won"], ["rejected"],
                ["contacted", "lost"],
                ["accepted"], [],
            ]
            for (hour, type) in random.pick(steps).enumerated() {
                sample.answer(
                    lead, type, at: "2026-09-0\(random.number(3...5))T0\(hour):30:00.000Z", product,
                    reason: random.pick(["bad_timing", "wrong_size"]), revenue: "1234.567")
            }
        }
        return sample.report()
    }

    /// The number that a cell of a row shows; nil if the JSON has none there.
    private static func value(_ key: String, _ measure: String, in json: [String: Any]) -> Double? {
        let parts = key.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count > 1 ? String(parts[1]) : ""
        let names = [
            "by_product": "product", "by_channel": "channel", "by_campaign": "campaign_id",
        ]
        let rows = (json[String(parts[0])] as? [[String: Any]]) ?? []
        let total = json["total"] as? [String: Any]
        var found: Any?
        switch parts[0] {
        case "total": found = total
        case "by_definition":
            found = rows.first {
                let definition = $0["definition"] as? [String: Any]
                return "\(definition?["name"] ?? "") \(definition?["version"] ?? 0)" == name
            }
        case "criteria":
            found = rows.first { "\($0["group"] ?? "") \($0["criterion"] ?? "")" == name }
        case "reason":
            let products = (json["by_product"] as? [[String: Any]]) ?? []
            let row =
                measure == "total"
                ? total : products.first { $0["product"] as? String == measure }
            let counts = row?["rejected_by_reason"] as? [String: Any]
            return (counts?[name] as? NSNumber)?.doubleValue ?? 0
        case "first_contacts":
            let speed = total?["speed_to_lead"] as? [String: Any]
            found = (speed?["first_contacts"] as? [[String: Any]])?[Int(name) ?? 0]
        default: found = rows.first { ($0[names[String(parts[0])] ?? ""] as? String ?? "") == name }
        }
        for step in measure.split(separator: ".") {
            found = (found as? [String: Any])?[String(step)]
        }
        // A reason that a criterion never met is not in its list.
        if found == nil, measure.hasPrefix("rejected_by_reason") { return 0 }
        return (found as? NSNumber)?.doubleValue
    }
}
