import KafkaClient
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// Bad input, one real record for each code, and the good record behind it.
    struct DeadLetterTests {
        struct Bad: Sendable {
            var code: String
            /// Words that the detail must have: the field and the value.
            var words: [String]
            var topic = ModelTopic.leads
            var key: String? = "pat"
            var value: String?
            var stamp: Int64 = 1_788_775_200_000  // 2026-09-07T10:00:00Z
        }

        static func event(
            _ type: String, _ more: String = "", id: String = "\"e1\"",
            at: String = "\"2026-09-07T10:00:00Z\"", lead: String = "pat"
        ) -> String {
            """
            {"event_id":\(id),"type":\(type),"occurred_at":\(at),"lead_id":"\(lead)"\(more)}
            """
        }

        static let captured = "\"lead.captured\""
        static let mql = "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a"

        static let bad: [Bad] = [
            Bad(
                code: "too_large", words: ["1048577"],
                value: event(captured)
                    + String(repeating: " ", count: 1_048_577 - event(captured).utf8.count)),
            Bad(code: "not_json", words: [], topic: ModelTopic.activities, value: "hello"),
            Bad(code: "not_json", words: ["null"], topic: ModelTopic.dispositions, value: nil),
            Bad(code: "not_json", words: [], value: "[1]"),
            Bad(code: "missing_field", words: ["event_id"], value: event(captured, id: "\"\"")),
            Bad(
                code: "missing_field", words: ["mql_id"], topic: ModelTopic.dispositions,
                value: event("\"accepted\"", #","product":"crm""#)),
            Bad(
                code: "wrong_type", words: ["type", "7"], topic: ModelTopic.activities,
                value: event("7")),
            Bad(
                code: "bad_timestamp", words: ["occurred_at", "2026-02-30T10:00:00Z"],
                value: event(captured, at: "\"2026-02-30T10:00:00Z\"")),
            Bad(
                code: "bad_value", words: ["event_id", "xxx"],
                value: event(captured, id: "\"" + String(repeating: "x", count: 101) + "\"")),
            Bad(
                code: "unknown_type", words: ["type", "lead.merged"],
                value: event("\"lead.merged\"")),
            Bad(code: "key_mismatch", words: ["pat", "joe"], key: "joe", value: event(captured)),
            Bad(code: "key_mismatch", words: ["pat"], key: nil, value: event(captured)),
            Bad(
                code: "occurred_in_future", words: ["occurred_at", "2026-09-07T10:05:00.001Z"],
                topic: ModelTopic.activities,
                value: event("\"page_view\"", at: "\"2026-09-07T10:05:00.001Z\"")),
            Bad(
                code: "unknown_product", words: ["product", "payroll"],
                topic: ModelTopic.dispositions,
                value: event("\"accepted\"", #","product":"payroll","mql_id":"\#(mql)""#)),
            Bad(
                code: "unknown_reason", words: ["reason", "whim"], topic: ModelTopic.dispositions,
                value: event(
                    "\"lost\"", #","product":"crm","mql_id":"\#(mql)","reason":"whim""#)),
            Bad(
                code: "unknown_mql", words: ["mql_id", mql], topic: ModelTopic.dispositions,
                value: event("\"accepted\"", #","product":"crm","mql_id":"\#(mql)""#)),
            Bad(
                code: "field_ignored", words: ["email", "pat(at)acme", "employees", "country"],
                value: event(
                    captured, #","email":"pat(at)acme","employees":true,"country":"XX""#)),
        ]

        @Test("each code has a record; the next record is processed", .timeLimit(.minutes(10)))
        func codes() async throws {
            try await Stage.with(definition: try EndToEnd.definition()) { stage in
                let worker = try stage.start()
                let original = [
                    RecordHeader(name: "trace", value: [0, 255]),
                    RecordHeader(name: "null", value: nil),
                ]
                for (number, bad) in DeadLetterTests.bad.enumerated() {
                    let lead = "next-\(number)"
                    let good = DeadLetterTests.event(DeadLetterTests.captured, lead: lead)
                    try await stage.feed([
                        StageRecord(
                            topic: bad.topic, partition: 0, key: bad.key.map { Array($0.utf8) },
                            value: bad.value.map { Array($0.utf8) }, timestamp: bad.stamp,
                            headers: original)
                    ])
                    try await stage.waitUntilTaken(worker)
                    try await stage.feed([
                        StageRecord(
                            topic: ModelTopic.leads, partition: 0, key: Array(lead.utf8),
                            value: Array(good.utf8), timestamp: bad.stamp + 1)
                    ])
                    try await stage.waitUntilTaken(worker)
                }
                let published = try await stage.published()
                let letters = published.filter { $0.topic == Stage.deadLetters }
                try #require(
                    letters.count == DeadLetterTests.bad.count,
                    "\(letters.map { $0.header("handoff.error.reason") ?? "-" })")
                for (bad, letter) in zip(DeadLetterTests.bad, letters) {
                    DeadLetterTests.compare(bad, letter, original, stage)
                }
                let decided = Set(
                    published.filter { $0.topic == ModelTopic.nurture }
                        .compactMap { $0.header("ce_subject") })
                let wanted = Set(DeadLetterTests.bad.indices.map { "next-\($0)" })
                // The one whose fields were ignored was applied as well.
                #expect(decided == wanted.union(["pat"]))
            }
        }

        private static func compare(
            _ bad: Bad, _ letter: StageOutput, _ original: [RecordHeader], _ stage: Stage
        ) {
            let detail = letter.header("handoff.error.detail") ?? ""
            #expect(letter.header("handoff.error.reason") == bad.code, "\(detail)")
            for word in bad.words {
                #expect(detail.contains(word), "\(bad.code): \(detail)")
            }
            #expect(detail.utf8.count < 2_000, "\(bad.code): \(detail.utf8.count) bytes")
            #expect(letter.record.key == bad.key.map { Array($0.utf8) })
            let isSame = letter.record.value == bad.value.map { Array($0.utf8) }
            #expect(isSame, "\(bad.code): other bytes")
            #expect(Array(letter.record.headers.prefix(2)) == original)
            #expect(letter.header("handoff.error.topic") == stage.prefix + bad.topic)
            #expect(letter.header("handoff.error.partition") == "0")
            let offset = letter.header("handoff.error.offset").flatMap { Int($0) }
            #expect(offset != nil)
            #expect(letter.header("handoff.error.worker-version")?.isEmpty == false)
        }
    }
}
