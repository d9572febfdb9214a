import Foundation
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// What `handoff run` says when it cannot run (CONTRACT.md 9).
    struct ExitCodeTests {
        /// Ends a worker started with these settings and compares its code and its words.
        static func expect(
            _ code: Int32, says words: [String], _ stage: Stage, settings: [String: String] = [:],
            within time: Duration = .seconds(30)
        ) async throws {
            let worker = try stage.start("other", settings: settings)
            let end = try await worker.waitForEnd(within: time)
            #expect(end == .exited(code), "\(worker.lastWords)")
            for word in words { #expect(worker.errors.contains(word), "\(worker.errors)") }
        }

        @Test("a broker that is not there: 3", .timeLimit(.minutes(10)))
        func noBroker() async throws {
            try await Stage.with(definition: try EndToEnd.definition()) { stage in
                try await ExitCodeTests.expect(
                    3, says: ["127.0.0.1:1"], stage,
                    settings: ["HANDOFF_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
            }
        }

        @Test("missing and unequal topics: 4", .timeLimit(.minutes(10)))
        func topics() async throws {
            try await Stage.with(definition: try EndToEnd.definition(), lanes: 2) { stage in
                try await ExitCodeTests.expect(
                    4, says: ["missing topics", "absent.marketing.leads", "topics ensure"], stage,
                    settings: ["HANDOFF_TOPIC_PREFIX": "absent."])
                let prefix = Broker.unique("uneven") + "."
                var counts = ["marketing.nurture": 1, "sales.alerts": 1, Stage.deadLetters: 1]
                for topic in Stage.references + stage.productTopics { counts[topic] = 1 }
                for topic in Stage.inputs + [Stage.changelog] { counts[topic] = 2 }
                counts["sales.dispositions"] = 3
                try await Stage.create(counts, prefix, stage.admin)
                try await ExitCodeTests.expect(
                    4,
                    says: [
                        "\(prefix)marketing.leads has 2", "\(prefix)sales.dispositions has 3",
                    ], stage, settings: ["HANDOFF_TOPIC_PREFIX": prefix])
            }
        }

        @Test("a definition that may not run: 2", .timeLimit(.minutes(10)))
        func definitions() async throws {
            try await Stage.with(definition: try EndToEnd.definition()) { stage in
                try stage.write(definition: try EndToEnd.definition([("approved_by.sales", nil)]))
                try await ExitCodeTests.expect(2, says: ["not approved by sales"], stage)
                try stage.write(
                    definition: try EndToEnd.definition([("effective_from", "2999-01-01")]))
                try await ExitCodeTests.expect(2, says: ["effective from 2999-01-01"], stage)
                try stage.write(
                    definition: try EndToEnd.definition([
                        ("products.crm.fit_at_least", "many"), ("history_days", -1),
                        ("fit.core_region.when.field", "company.regoin"),
                    ]))
                try await ExitCodeTests.expect(
                    2, says: ["many", "history_days", "company.regoin", "company.region"], stage)
            }
        }

        @Test("an instance_id that another worker takes over", .timeLimit(.minutes(10)))
        func instance() async throws {
            try await Stage.with(definition: try EndToEnd.definition()) { stage in
                let name = ["HANDOFF_INSTANCE_ID": Broker.unique("twin")]
                let first = try stage.start(settings: name)
                try await first.waitUntilReady(lanes: [0])
                let second = try stage.start("other", settings: name)
                let end = try await first.waitForEnd()
                #expect(end == .exited(1), "\(first.lastWords)")
                let words = first.errors.split(separator: "\n").last ?? ""
                #expect(words.contains("another worker of this group has the same instance_id"))
                try await second.waitUntilReady(lanes: [0])
                #expect(try await second.stop() == .exited(0))
            }
        }

        @Test("a state folder that another worker has", .timeLimit(.minutes(10)))
        func folder() async throws {
            try await Stage.with(definition: try EndToEnd.definition()) { stage in
                let first = try stage.start()
                try await first.waitUntilReady(lanes: [0])
                let second = try stage.start(
                    "other",
                    settings: [
                        "HANDOFF_STATE_FOLDER": stage.stateFolder("one")
                    ])
                let end = try await second.waitForEnd(within: .seconds(30))
                #expect(end == .exited(1), "\(second.lastWords)")
                #expect(second.errors.contains(stage.stateFolder("one")), "\(second.errors)")
                #expect(second.errors.contains("\(first.id)"), "\(second.errors)")
                #expect(first.hasEnded == nil)
                #expect(try await first.stop() == .exited(0))
            }
        }
    }
}
