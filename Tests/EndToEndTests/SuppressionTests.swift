import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// Reference data that stops leads which have no event of their own.
    struct SuppressionTests {
        static func suppression(_ entry: String, at: Int64) -> StageRecord {
            StageRecord(
                topic: ModelTopic.suppressions, partition: 0, key: Array(entry.utf8),
                value: Array(#"{"entry":"\#(entry)","reason":"asked"}"#.utf8), timestamp: at)
        }

        private static func account(_ domain: String, _ status: String, at: Int64) -> StageRecord {
            StageRecord(
                topic: ModelTopic.accounts, partition: 0, key: Array(domain.utf8),
                value: Array(#"{"domain":"\#(domain)","status":"\#(status)"}"#.utf8), timestamp: at)
        }

        /// The withdrawals of crm published so far, as "lead code".
        static func withdrawn(_ stage: Stage) async throws -> [String] {
            try await stage.published(["sales.mql.crm"]).compactMap { output -> String? in
                let body = JSONValue.parse(output.record.value ?? [])
                guard body?["type"]?.text == "mql.withdrawn" else { return nil }
                let code = body?["codes"]?.items?.first?.text ?? "-"
                return "\(body?["lead_id"]?.text ?? "-") \(code)"
            }.sorted()
        }

        @Test(
            "idle lanes withdraw the MQLs of leads that become suppressed, once, over a restart",
            .timeLimit(.minutes(10)))
        func withdrawal() async throws {
            try await Stage.with(definition: try EndToEnd.definition([]), lanes: 2) { stage in
                let first = try stage.start("one")
                try await first.waitUntilReady()
                let now = AlertTests.now()
                try await stage.feed(
                    ["ann", "bob", "cyd", "dan"].enumerated().flatMap { place, lead in
                        AlertTests.qualifying(lead, lane: place % 2, at: now)
                    })
                try await stage.waitUntilTaken(first)
                #expect(try await SuppressionTests.withdrawn(stage).isEmpty)

                try await stage.feed([SuppressionTests.suppression("ann@acme.example", at: now)])
                try await Eventually.holds("ann is withdrawn", within: .seconds(60)) {
                    try await SuppressionTests.withdrawn(stage) == ["ann do_not_contact"]
                }
                // While nobody runs, and on a machine that has nothing of the state.
                try await first.kill()
                try stage.removeState("one")
                try await stage.feed([
                    SuppressionTests.account("acme.example", "customer", at: now)
                ])
                let second = try stage.start("one")
                try await second.waitUntilReady()
                let all = [
                    "ann do_not_contact", "bob account_status:customer",
                    "cyd account_status:customer", "dan account_status:customer",
                ]
                try await Eventually.holds("all are withdrawn", within: .seconds(60)) {
                    try await SuppressionTests.withdrawn(stage).count >= all.count
                }
                #expect(try await SuppressionTests.withdrawn(stage) == all)
                let ending = try await second.stop()
                #expect(ending == .exited(0))
                #expect(try await SuppressionTests.withdrawn(stage) == all)
            }
        }
    }
}
