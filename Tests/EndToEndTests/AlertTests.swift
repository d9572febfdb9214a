import Foundation
import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// The follow-up clock `wall` of real workers.
    struct AlertTests {
        /// Warning, breach and escalation so many seconds after an MQL of crm.
        static func definition(warning: Int, breach: Int, escalation: Int) throws -> String {
            try EndToEnd.definition([
                ("products.crm.follow_up_within", .string("\(breach)s")),
                ("products.crm.warn_before", .string("\(breach - warning)s")),
                ("products.crm.escalate_after", .string("\(escalation - breach)s")),
            ])
        }

        static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

        /// What makes a lead an MQL of crm.
        static func qualifying(_ lead: String, lane: Int, at: Int64) -> [StageRecord] {
            let events = [
                (
                    ModelTopic.leads, "lead.captured",
                    """
                    "email":"\(lead)@acme.example","job_title":"VP Sales","country":"US",\
                    "employees":80,"industry":"software","annual_revenue":20000000,\
                    "consent":{"contact":true},"product_interest":["crm"]
                    """
                ), (ModelTopic.activities, "demo_requested", #""product":"crm""#),
            ]
            return events.map { topic, type, more in
                let value = """
                    {"event_id":"\(type)-\(at)","type":"\(type)",\
                    "occurred_at":"\(Timestamp(milliseconds: at))","lead_id":"\(lead)",\(more)}
                    """
                return StageRecord(
                    topic: topic, partition: lane, key: Array(lead.utf8), value: Array(value.utf8),
                    timestamp: at)
            }
        }

        /// The alerts published so far as "lead level".
        static func alerts(_ stage: Stage) async throws -> [String] {
            try await stage.published([ModelTopic.alerts]).map { output in
                let body = JSONValue.parse(output.record.value ?? [])
                return "\(body?["lead_id"]?.text ?? "-") \(Int(body?["level"]?.double ?? 0))"
            }
        }

        @Test("an idle lane fires each alert when it is due", .timeLimit(.minutes(10)))
        func idle() async throws {
            let definition = try AlertTests.definition(warning: 2, breach: 4, escalation: 6)
            try await Stage.with(definition: definition) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let start = AlertTests.now()
                try await stage.feed(AlertTests.qualifying("ann", lane: 0, at: start))
                try await stage.waitUntilTaken(worker)
                for (level, seconds) in [(1, 2), (2, 4), (3, 6)] as [(Int, Int64)] {
                    try await Eventually.holds("level \(level)", within: .seconds(60)) {
                        try await AlertTests.alerts(stage).count >= level
                    }
                    #expect(AlertTests.now() >= start + seconds * 1_000)
                }
                #expect(try await AlertTests.alerts(stage) == ["ann 1", "ann 2", "ann 3"])
                // Written when due, not a poll later; generous, for the machine is shared.
                let stamps = try await stage.published([ModelTopic.alerts]).map(\.record.timestamp)
                for (stamp, seconds) in zip(stamps, [2, 4, 6] as [Int64]) {
                    #expect(stamp >= start + seconds * 1_000)
                    #expect(stamp < start + seconds * 1_000 + 5_000)
                }
            }
        }

        @Test(
            "timers that came due while nobody ran fire once, however often workers die",
            .timeLimit(.minutes(10)))
        func downtime() async throws {
            // More than an epoch may hold of each lane.
            let leads = 1_500
            // Late enough that all are taken, and the worker killed, before the first is due.
            let definition = try AlertTests.definition(warning: 30, breach: 31, escalation: 32)
            try await Stage.with(definition: definition, lanes: 2) { stage in
                let first = try stage.start("one")
                try await first.waitUntilReady()
                let start = AlertTests.now()
                try await stage.feed(
                    (0..<leads).flatMap {
                        AlertTests.qualifying("lead-\($0)", lane: $0 % 2, at: start)
                    })
                try await stage.waitUntilTaken(first)
                try await first.kill()
                try await Eventually.holds("all are due", within: .seconds(60)) {
                    AlertTests.now() > start + 33_000
                }
                var seen = 0
                // Without its disk: the lanes' timers come from the changelog. Of the same name,
                // because the development broker never ends the transaction of a dead worker; read
                // while one is alive for the same reason.
                for _ in 0..<4 where seen < 3 * leads {
                    try stage.removeState("one")
                    let worker = try stage.start("one")
                    seen = try await Eventually.value("some fire", within: .seconds(90)) {
                        let count = try await AlertTests.alerts(stage).count
                        return count > seen ? count : nil
                    }
                    try await worker.kill()
                }
                try stage.removeState("one")
                let last = try stage.start("one")
                try await last.waitUntilReady()
                try await Eventually.holds("all fire", within: .seconds(90)) {
                    try await AlertTests.alerts(stage).count >= 3 * leads
                }
                #expect(try await last.stop() == .exited(0))
                let alerts = try await AlertTests.alerts(stage)
                #expect(alerts.count == 3 * leads)
                #expect(Set(alerts).count == 3 * leads)
            }
        }
    }

    /// Forgetting and erasing, on the topics and on the disk.
    struct ForgettingTests {
        /// Every byte of a worker's state folder.
        private static func disk(_ stage: Stage, _ name: String) throws -> Data {
            let folder = URL(fileURLWithPath: stage.stateFolder(name))
            let files = try FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: nil)
            return files.reduce(into: Data()) { bytes, file in
                // A log may go between listing and reading.
                bytes += FileManager.default.contents(atPath: file.path) ?? Data()
            }
        }

        private static func holds(_ text: String, _ stage: Stage) throws -> Bool {
            try disk(stage, "one").range(of: Data(text.utf8)) != nil
        }

        /// Whether the newest profile of each lead in the changelog holds an address; a lead
        /// without a profile is absent.
        private static func kept(_ stage: Stage) async throws -> [String: Bool] {
            var kept: [String: Bool] = [:]
            for output in try await stage.published([Stage.changelog]) {
                guard let key = output.record.key, let value = output.record.value else { continue }
                let lead = String(decoding: key, as: UTF8.self)
                guard ["ancient", "erased", "fresh"].contains(lead) else { continue }
                kept[lead] = String(decoding: value, as: UTF8.self).contains("\(lead)@acme")
            }
            return kept
        }

        @Test("what is forgotten or erased leaves changelog and disk", .timeLimit(.minutes(10)))
        func leavesNoBytes() async throws {
            let day: Int64 = 86_400_000
            let now = AlertTests.now()
            try await Stage.with(
                definition: try EndToEnd.definition(),
                settings: [
                    "HANDOFF_FORGET_INTERVAL": "1s", "HANDOFF_FLUSH_INTERVAL": "200ms",
                ]
            ) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let ages: [(lead: String, days: Int64)] = [
                    ("ancient", 800), ("erased", 2), ("fresh", 1),
                ]
                for (lead, days) in ages {
                    try await stage.feed(
                        AlertTests.qualifying(lead, lane: 0, at: now - days * day))
                }
                try await stage.waitUntilTaken(worker)
                let erasure = """
                    {"event_id":"x","type":"lead.erased","lead_id":"erased",\
                    "occurred_at":"\(Timestamp(milliseconds: now))"}
                    """
                try await stage.feed([
                    StageRecord(
                        topic: ModelTopic.leads, partition: 0, key: Array("erased".utf8),
                        value: Array(erasure.utf8), timestamp: now)
                ])
                // The changelog first: a folder that is read while a log is folded into its file
                // can look as if it held nothing.
                try await Eventually.holds("stubs are left", within: .seconds(90)) {
                    try await ForgettingTests.kept(stage)
                        == ["ancient": false, "erased": false, "fresh": true]
                }
                try await Eventually.holds("no byte is left", within: .seconds(90)) {
                    try !ForgettingTests.holds("ancient@acme", stage)
                        && !ForgettingTests.holds("erased@acme", stage)
                        && ForgettingTests.holds("fresh@acme", stage)
                }
                // The alerts of the ancient MQL were due long ago and fire before it is forgotten.
                let alerts = try await AlertTests.alerts(stage)
                #expect(alerts.filter { $0.hasPrefix("ancient") }.count == 3)
                #expect(try await worker.stop() == .exited(0))
            }
        }
    }
}
