import Foundation
import Operations
import Testing

/// `/metrics`, its documentation, and a parser that is not ours.
struct ExpositionTests {
    @Test func samplesAreWrittenAsTheFormatWants() {
        let text = Sample.text("/metrics")
        for line in [
            "# HELP handoff_records_total Records taken", "# TYPE handoff_records_total counter\n",
            "handoff_records_total{lane=\"0\",source=\"leads\"} 12\n",
            "handoff_speed_to_lead_seconds_bucket{product=\"crm\",le=\"60\"} 1\n",
            "handoff_speed_to_lead_seconds_bucket{product=\"crm\",le=\"300.5\"} 1\n",
            "handoff_speed_to_lead_seconds_bucket{product=\"crm\",le=\"+Inf\"} 3\n",
            "handoff_speed_to_lead_seconds_sum{product=\"crm\"} 1234.5\n",
            "handoff_speed_to_lead_seconds_count{product=\"crm\"} 3\n",
            "handoff_lane_state{lane=\"0\",state=\"running\"} 1\n", "handoff_ready 1\n",
            "handoff_lag_records 7\n",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    @Test func aLagThatIsNotKnownIsLeftOut() {
        let lanes = [Sample.lane(0), Sample.lane(1, lag: nil)]
        let text = Sample.text("/metrics", Sample.status(lanes: lanes))
        #expect(!text.contains("\nhandoff_lag_records "))
        #expect(text.contains("\nhandoff_lane_lag_records{lane=\"0\"} 7"))
        #expect(!text.contains("handoff_lane_lag_records{lane=\"1\"}"))
    }

    @Test func labelsAreEscaped() {
        let text = Sample.text("/metrics", Sample.status(name: "a\"b\\c\nd"))
        #expect(text.contains(#"name="a\"b\\c\nd""#))
    }

    @Test func theProcessIsMeasured() {
        let facts = ProcessFacts.read()
        #expect((facts.residentBytes ?? 0) > 1 << 20)
        #expect((facts.cpuSeconds ?? -1) >= 0)
        #expect((facts.openFiles ?? 0) > 2)
        #expect((facts.maxFiles ?? 0) > 2)
        #expect(abs((facts.startedAt ?? 0) - Date().timeIntervalSince1970) < 7_200)
    }

    @Test func namesFollowTheConventions() throws {
        for metric in Metric.all {
            #expect(metric.name.wholeMatch(of: /(handoff|process)_[a-z_]+/) != nil)
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            if metric.kind == .histogram { #expect(metric.name.hasSuffix("_seconds")) }
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
            for label in metric.labels { #expect(!label.contains("lead"), "\(metric.name)") }
        }
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    }

    /// Name, type, labels and meaning must be the same, in the same order.
    @Test func theDocumentationIsTheCatalogue() throws {
        let page = try String(
            contentsOf: Sample.root.appending(path: "schemas/metrics.md"), encoding: .utf8)
        let documented = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let built = Metric.all.map { metric in
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |"
        }
        #expect(documented == built)
    }

    @Test(
        "a real parser reads the same back",
        .enabled(if: Sample.python != nil, "HANDOFF_TEST_PYTHON is not set"))
    func parsed() throws {
        let script = """
            import json, sys
            from prometheus_client.parser import text_string_to_metric_families as parse
            text = open(sys.argv[1], encoding="utf-8").read()
            print(json.dumps({family.name: [family.type, family.documentation, len(family.samples)]
                for family in parse(text)}))
            """
        let status = Sample.status(name: "a\"b\\c\nd")
        let (code, said) = try Sample.runPython(script, Sample.text("/metrics", status))
        try #require(code == 0, "\(said)")
        let found = try #require(
            JSONSerialization.jsonObject(with: Data(said.utf8)) as? [String: [Any]])
        #expect(found.count == Metric.all.count)
        for metric in Metric.all {
            // The parser takes the ending of counters off.
            let isCounter = metric.kind == .counter
            let name = isCounter ? String(metric.name.dropLast("_total".count)) : metric.name
            let family = try #require(found[name] ?? found[metric.name], "\(name)")
            #expect(family[0] as? String == metric.kind.rawValue, "\(name)")
            #expect(family[1] as? String == metric.help, "\(name)")
        }
    }
}
