import Foundation
import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// Dead letters of a real worker, mended and redriven.
    struct RedriveTests {
        private static func redrive(
            _ stage: Stage, _ arguments: [String] = [], says words: String
        ) async throws {
            let run = try await stage.command(["dead-letters", "redrive"] + arguments)
            #expect(run.ending == .exited(0), "\(run.errors)")
            let text = run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(text.contains(words), "\(run.output)\(run.errors)")
        }

        private static func disposition(
            _ type: String, lead: String, id: String, at: Int64, lane: Int, more: String = ""
        ) -> StageRecord {
            let mql = UUID.mql(lead: lead, product: "crm", cycle: 1)
            let value = """
                {"event_id":"\(id)","type":"\(type)","lead_id":"\(lead)","product":"crm",\
                "occurred_at":"\(Timestamp(milliseconds: at))","mql_id":"\(mql)"\(more)}
                """
            return StageRecord(
                topic: ModelTopic.dispositions, partition: lane, key: Array(lead.utf8),
                value: Array(value.utf8), timestamp: at,
                headers: [RecordHeader(name: "trace", value: [0, 255])])
        }

        private static func letters(_ stage: Stage) async throws -> [StageOutput] {
            try await stage.published([Stage.deadLetters])
        }

        private static func reasons(_ stage: Stage) async throws -> [String] {
            try await letters(stage).map { $0.header("handoff.error.reason") ?? "-" }
        }

        /// How often the worker has counted something.
        private static func count(
            _ start: String, _ wanted: Double, _ port: Int, _ worker: WorkerProcess
        ) async throws {
            try await Eventually.holds(
                "\(start) \(wanted)", within: .seconds(90), state: { worker.lastWords }
            ) {
                let metrics = try await OperatorTests.get("/metrics", port).body
                return OperatorTests.sum(start, metrics) == wanted
            }
        }

        /// All inputs taken, the redriven ones, too.
        private static func settle(_ stage: Stage, _ worker: WorkerProcess) async throws {
            try await stage.waitUntilDone(worker)
        }

        @Test(
            "answers before their MQL or in the wrong lane find it, and count once",
            .timeLimit(.minutes(10)))
        func unknownMQL() async throws {
            let port = try OperatorTests.freePort()
            try await Stage.with(
                definition: try EndToEnd.definition(), lanes: 2,
                settings: ["HANDOFF_HTTP_PORT": "\(port)", "HANDOFF_MERGE_WAIT": "100ms"]
            ) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0, 1])
                let now = AlertTests.now()
                // The lead lives in lane 1; its answer goes to lane 0.
                let answer = RedriveTests.disposition(
                    "accepted", lead: "ann", id: "a", at: now, lane: 0)
                try await stage.feed([answer])
                try await stage.waitUntilTaken(worker)
                #expect(try await RedriveTests.reasons(stage) == ["unknown_mql"])
                try await RedriveTests.redrive(
                    stage, ["--execute"],
                    says: "left: no partition of the changelog holds its lead")
                try await stage.feed(AlertTests.qualifying("ann", lane: 1, at: now - 60_000))
                try await stage.waitUntilTaken(worker)
                try await RedriveTests.redrive(stage, says: "1 would be redriven")
                try await RedriveTests.redrive(stage, ["--execute"], says: "redriven: 1 of 1")
                try await RedriveTests.settle(stage, worker)
                let accepted = "handoff_dispositions_total{product=\"crm\",answer=\"accepted\"}"
                try await RedriveTests.count(accepted, 1, port, worker)
                try await RedriveTests.redrive(stage, ["--execute"], says: "redriven: 0 of 1")
                // Somebody sends the answer once more, to the right lane: a repeat.
                var again = answer
                again.partition = 1
                try await stage.feed([again])
                try await RedriveTests.settle(stage, worker)
                try await RedriveTests.count(
                    "handoff_events_dropped_total{reason=\"repeat\"}", 1, port, worker)
                try await RedriveTests.count(accepted, 1, port, worker)
                #expect(try await RedriveTests.letters(stage).count == 1)
                #expect(try await worker.stop() == .exited(0))
            }
        }

        /// A lead of a minute ago, as a producer wrote it whose clock was nine minutes ahead.
        private static func early(_ now: Int64) -> StageRecord {
            let value = """
                {"event_id":"early","type":"lead.captured",\
                "occurred_at":"\(Timestamp(milliseconds: now - 60_000))","lead_id":"bob"}
                """
            return StageRecord(
                topic: ModelTopic.leads, partition: 0, key: Array("bob".utf8),
                value: Array(value.utf8), timestamp: now - 600_000)
        }

        @Test(
            "of two lanes that hold a lead, its answer goes to the one that knows the MQL",
            .timeLimit(.minutes(10)))
        func twoHomes() async throws {
            try await Stage.with(
                definition: try EndToEnd.definition(), lanes: 2,
                settings: ["HANDOFF_MERGE_WAIT": "100ms"]
            ) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0, 1])
                let now = AlertTests.now()
                try await stage.feed(AlertTests.qualifying("ann", lane: 1, at: now - 60_000))
                // Somebody's partitioner disagrees.
                try await stage.feed(
                    AlertTests.qualifying("ann", lane: 0, at: now - 60_000).suffix(1))
                try await stage.waitUntilTaken(worker)
                try await stage.feed([
                    RedriveTests.disposition("accepted", lead: "ann", id: "a", at: now, lane: 0)
                ])
                try await stage.waitUntilTaken(worker)
                #expect(try await RedriveTests.reasons(stage) == ["unknown_mql"])
                try await RedriveTests.redrive(stage, ["--execute"], says: "redriven: 1 of 1")
                try await RedriveTests.settle(stage, worker)
                #expect(try await RedriveTests.letters(stage).count == 1)
                #expect(try await worker.stop() == .exited(0))
            }
        }

        @Test(
            "a reason that a reloaded definition has, and a clock that ran ahead",
            .timeLimit(.minutes(10)))
        func mended() async throws {
            let definition = try EndToEnd.definition()
            try await Stage.with(
                definition: definition, settings: ["HANDOFF_MERGE_WAIT": "100ms"]
            ) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let now = AlertTests.now()
                try await stage.feed(AlertTests.qualifying("ann", lane: 0, at: now - 900_000))
                try await stage.waitUntilTaken(worker)
                try await stage.feed([
                    RedriveTests.disposition(
                        "rejected", lead: "ann", id: "r", at: now - 600_000, lane: 0,
                        more: #","reason":"whim""#), RedriveTests.early(now),
                ])
                try await stage.waitUntilTaken(worker)
                #expect(
                    try await RedriveTests.reasons(stage).sorted()
                        == ["occurred_in_future", "unknown_reason"])
                // Nothing has been mended for one of them: it comes back, with the count.
                try await RedriveTests.redrive(stage, ["--execute"], says: "redriven: 2 of 2")
                try await RedriveTests.settle(stage, worker)
                let letters = try await RedriveTests.letters(stage)
                #expect(letters.count == 3)
                let back = try #require(letters.last)
                #expect(back.header("handoff.error.reason") == "unknown_reason")
                #expect(back.header("handoff.redrives") == "1")
                #expect(back.record.headers.first?.value == [0, 255])
                try stage.write(
                    definition: try DefinitionText.changed(
                        definition,
                        by: [
                            ("version", 9),
                            (
                                "rejection_reasons.whim",
                                ["action": "recycle", "after_days": 30]
                            ),
                        ]))
                worker.send(.hangUp)
                try await Eventually.holds(
                    "reloaded", within: .seconds(90), state: { worker.lastWords }
                ) { worker.readyLanes.count == 2 }
                try await RedriveTests.redrive(stage, ["--execute"], says: "redriven: 1 of 3")
                try await RedriveTests.settle(stage, worker)
                try await RedriveTests.redrive(stage, ["--execute"], says: "redriven: 0 of 3")
                let nurture = try await stage.published([ModelTopic.nurture])
                let statuses = nurture.filter { $0.header("ce_subject") == "ann" }.map { output in
                    JSONValue.parse(output.record.value ?? [])?["status"]?.text ?? "-"
                }
                #expect(statuses.suffix(2) == ["handed_off", "recycled"], "\(statuses)")
                #expect(nurture.count { $0.header("ce_subject") == "bob" } == 1)
                #expect(try await RedriveTests.letters(stage).count == 3)
                #expect(try await worker.stop() == .exited(0))
            }
        }

        @Test("a record that dies each time is left at the cap", .timeLimit(.minutes(10)))
        func cap() async throws {
            try await Stage.with(definition: try EndToEnd.definition()) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                try await stage.feed([
                    StageRecord(
                        topic: ModelTopic.activities, partition: 0, key: nil,
                        value: Array("hello".utf8))
                ])
                try await stage.waitUntilTaken(worker)
                for _ in 1...2 {
                    try await RedriveTests.redrive(
                        stage, ["--execute", "--max-redrives", "2"], says: "redriven: 1 of")
                    try await RedriveTests.settle(stage, worker)
                }
                try await RedriveTests.redrive(
                    stage, ["--execute", "--max-redrives", "2"],
                    says: "left: redriven --max-redrives times already")
                try await RedriveTests.settle(stage, worker)
                let counts = try await RedriveTests.letters(stage).map {
                    $0.header("handoff.redrives")
                }
                #expect(counts == [nil, "1", "2"])
                #expect(try await worker.stop() == .exited(0))
            }
        }
    }
}
