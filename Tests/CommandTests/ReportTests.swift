import Foundation
import KafkaClient
import TestSupport
import Testing

@Suite("handoff report", .timeLimit(.minutes(10)))
struct ReportTests {
    /// Two leads handed over, one answered three times, one lead not; with everything that can be
    /// wrong on the topics.
    private static func place() async throws -> Place {
        let place = try await Place()
        try #require(try await place.run(["topics", "ensure"]).exitCode == 0)
        let (ann, bob, cid) = (
            Story(lead: "ann", partition: 1), Story(lead: "bob"), Story(lead: "c")
        )
        try await place.publish([
            ann.status(), ann.qualified(), bob.status(), bob.qualified(), cid.status("not_ready"),
            ann.alert(),
            // Offsets 0 to 3 of partition 1; 2 is refused, 3 applied without a field.
            ann.answer("accepted", 10), ann.answer("contacted", 11), ann.answer("lost", 12),
            ann.answer("won", 13, #","revenue":1250.5,"note":5"#),
            ann.deadLetter("unknown_reason", partition: 1, offset: 2, prefix: place.prefix),
            ann.deadLetter("field_ignored", partition: 1, offset: 3, prefix: place.prefix),
            Published(
                topic: "reference.campaigns", key: "c1",
                value: #"{"campaign_id":"c1","name":"Autumn","channel":"email","cost":500}"#),
            Published(topic: "reference.campaigns", key: "c2", value: "{"),
            Published(topic: "sales.mql.crm", key: "ann", value: "not JSON"),
            Published(topic: "sales.mql.crm", key: "ann", value: nil),
            Published(topic: "marketing.nurture", key: "x", value: #"{"type":"other"}"#),
            Published(topic: "sales.dispositions", key: "", value: "[]"),
        ])
        try await place.publishInVain([
            Story(lead: "vain").status(), Story(lead: "vain").qualified(),
        ])
        return place
    }

    @Test("JSON, table and page of the same topics; what is malformed is counted and skipped")
    func reports() async throws {
        let place = try await Self.place()
        let run = try await place.run(["report", "--format", "json"])
        #expect(run.exitCode == 0, "\(run.errors)")
        let report = try JSONDecoder().decode(Shown.self, from: Data(run.output.utf8))
        let crm = try #require(report.by_product.first)
        #expect(report.by_product.count == 1 && crm.product == "crm")
        #expect(crm.leads == 3 && crm.mqls == 2 && crm.accepted == 1 && crm.won == 1)
        #expect(crm.revenue == 1250.5 && crm.lost == 0 && crm.alerts.warning == 1)
        #expect(crm.speed_to_lead.median_seconds == 10_800)
        #expect(crm.cost?.total == 500 && crm.cost?.per_mql == 250)
        #expect(report.by_campaign.first?.campaign_name == "Autumn")
        #expect(report.reading.malformed == 4)
        #expect(report.reading.refused_dispositions == 1)
        let table = try await place.run(["report"])
        #expect(table.exitCode == 0 && table.output.contains("3 leads gave 2 MQLs"))
        #expect(!table.output.contains("read\n"), "progress belongs to standard error")
        let file = place.folder.url.appending(path: "report.html")
        let page = try await place.run(["report", "--format", "html", "--output", file.path])
        #expect(page.exitCode == 0 && page.output.isEmpty)
        let html = try String(contentsOf: file, encoding: .utf8)
        #expect(html.hasPrefix("<!doctype html>") && html.contains(#""won": 1"#))
    }

    @Test("JSON is what schemas/report.json says")
    func schema() async throws {
        let place = try await Self.place()
        let file = place.folder.url.appending(path: "report.json")
        let run = try await place.run(["report", "--format", "json", "--output", file.path])
        #expect(run.exitCode == 0)
        let python = ProcessInfo.processInfo.environment["HANDOFF_TEST_PYTHON"] ?? "python3"
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = [
            python, Fixtures.repository + "/deploy/lib/validate.py", "--report", file.path,
        ]
        let said = Pipe()
        check.standardOutput = said
        try check.run()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(text)")
    }

    @Test("filters by product and period")
    func filters() async throws {
        let place = try await Self.place()
        func total(_ more: [String]) async throws -> Int {
            let run = try await place.run(["report", "--format", "json"] + more)
            #expect(run.exitCode == 0, "\(run.errors)")
            return try JSONDecoder().decode(Shown.self, from: Data(run.output.utf8)).total.mqls
        }
        #expect(try await total(["--product", "crm"]) == 2)
        #expect(try await total(["--product", "analytics"]) == 0)
        #expect(try await total(["--since", "2026-09-02"]) == 2)
        #expect(try await total(["--since", "2026-09-02T08:00:00.001Z"]) == 0)
        #expect(try await total(["--until", "2026-09-02T10:00:00+02:00"]) == 0)
    }

    @Test("wrong usage: 2; missing topics: 4, each named; no broker: 3 within 30 s")
    func exitCodes() async throws {
        let place = try await Place()
        let wrong = [
            (["--product", "crn"], "the definition"), (["--format", "xml"], "xml"),
            (["--since", "soon"], "soon"), (["--since", "1d", "--until", "2d"], "before --until"),
            (["--definition", "/nowhere.yaml"], "/nowhere.yaml"),
        ]
        for (arguments, words) in wrong {
            let run = try await place.run(["report"] + arguments)
            #expect(run.exitCode == 2 && run.errors.contains(words), "\(arguments): \(run.errors)")
        }
        let missing = try await place.run(["report"])
        #expect(missing.exitCode == 4 && missing.errors.contains("handoff topics ensure"))
        #expect(missing.errors.contains(place.prefix + "sales.mql.crm"))
        #expect(missing.errors.contains(place.prefix + "reference.campaigns"))
        let start = ContinuousClock.now
        let away = try await place.run(["report", "--bootstrap-servers", "127.0.0.1:1"])
        #expect(away.exitCode == 3 && ContinuousClock.now - start < .seconds(30))
        try #require(try await place.run(["topics", "ensure"]).exitCode == 0)
        let noFolder = try await place.run(["report", "--output", "/no/such/folder/r.json"])
        #expect(noFolder.exitCode == 1 && noFolder.errors.contains("cannot be written"))
        let empty = try await place.run(["report"])
        #expect(
            empty.exitCode == 0 && empty.output.contains("no MQL was qualified in the topics yet"))
    }

    private struct Shown: Decodable {
        struct Speed: Decodable { var median_seconds: Double? }
        struct Cost: Decodable {
            var total: Double
            var per_mql: Double?
        }
        struct Alerts: Decodable { var warning: Int }
        struct Row: Decodable {
            var product: String?
            var campaign_name: String?
            var leads: Int
            var mqls: Int
            var accepted: Int
            var won: Int
            var lost: Int
            var revenue: Double?
            var alerts: Alerts
            var speed_to_lead: Speed
            var cost: Cost?
        }
        struct Reading: Decodable {
            var malformed: Int
            var refused_dispositions: Int
        }
        var total: Row
        var by_product: [Row]
        var by_campaign: [Row]
        var reading: Reading
    }
}
