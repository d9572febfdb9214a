import KafkaClient
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// New versions of the definition, each with a stop of the worker and a start.
    struct DefinitionTests {
        @Test(
            "a new version acts from each lead's next event, and is stamped on what it decides",
            .timeLimit(.minutes(10)), arguments: 1...EndToEnd.seeds(2))
        func versions(_ number: Int) async throws {
            try await DefinitionTests.check(seed: UInt64(number) + 400)
        }

        @Test("sales hears of an erasure though the product is gone", .timeLimit(.minutes(10)))
        func removedProduct() async throws {
            let topic = "sales.mql.analytics"
            let definition = try EndToEnd.definition()
            try await Stage.with(definition: definition) { stage in
                try await DefinitionTests.take(DefinitionTests.qualifying, stage)
                #expect(try await stage.published([topic]).count == 1)
                try stage.write(
                    definition: try DefinitionText.changed(
                        definition, by: [("version", 4), ("products.analytics", nil)]))
                try await DefinitionTests.take(
                    [(ModelTopic.leads, #""type":"lead.erased""#)], stage, from: 10)
                let types = try await stage.published([topic]).map { $0.header("ce_type") ?? "" }
                #expect(types == ["mql.qualified", "mql.withdrawn"])
            }
        }

        @Test(
            "an older version, or another group on the same topics, is warned of",
            .timeLimit(.minutes(10)))
        func notes() async throws {
            let definition = try EndToEnd.definition()
            let newer = try DefinitionText.changed(definition, by: [("version", 4)])
            let (older, other) = ("older than the one that leads were decided by", "another group")
            try await Stage.with(definition: newer, lanes: 2) { stage in
                let first = try await DefinitionTests.take(
                    DefinitionTests.qualifying, stage, lane: 1)
                #expect(!first.errors.contains(older) && !first.errors.contains(other))
                try stage.write(definition: definition)
                let worker = try stage.start()
                try await Eventually.holds("warned", within: .seconds(60), state: { worker.errors })
                { worker.errors.contains(older) }
                let line = worker.errors.split(separator: "\n").first { $0.contains(older) } ?? ""
                #expect(line.contains("version=3") && line.contains("decided_by=4"), "\(line)")
                #expect(!worker.errors.contains(other))
                #expect(try await worker.stop() == .exited(0))
                let second = try stage.start(
                    "two", settings: ["HANDOFF_GROUP_ID": Broker.unique("second")])
                try await Eventually.holds("warned", within: .seconds(60), state: { second.errors })
                { second.errors.contains(other) }
                #expect(try await second.stop() == .exited(0))
            }
        }

        /// Makes an MQL of analytics.
        static let qualifying = [
            (
                ModelTopic.leads,
                #""type":"lead.captured","email":"pat@acme.example","country":"US","#
                    + #""job_title":"VP Sales","employees":2000,"industry":"software","#
                    + #""product_interest":["analytics"],"consent":{"contact":true}"#
            ),
            (ModelTopic.activities, #""type":"trial_started""#),
            (ModelTopic.activities, #""type":"demo_requested""#),
        ]

        /// Starts a worker, gives it events of one lead one by one, and stops it.
        @discardableResult
        private static func take(
            _ events: [(topic: String, fields: String)], _ stage: Stage, from first: Int = 0,
            lane: Int = 0
        ) async throws -> WorkerProcess {
            let worker = try stage.start()
            for record in records(events, from: first, lane: lane) {
                try await stage.feed([record])
                try await stage.waitUntilTaken(worker)
            }
            #expect(try await worker.stop() == .exited(0))
            return worker
        }

        /// Events of one lead, a minute apart.
        static func records(
            _ events: [(topic: String, fields: String)], from first: Int, lane: Int = 0
        ) -> [StageRecord] {
            events.enumerated().map { number, event in
                let minute = first + number
                let value = """
                    {"event_id":"\(minute)","occurred_at":"2026-09-07T10:\(minute + 10):00Z",\
                    "lead_id":"pat",\(event.fields)}
                    """
                return StageRecord(
                    topic: event.topic, partition: lane, key: Array("pat".utf8),
                    value: Array(value.utf8),
                    timestamp: 1_788_775_800_000 + Int64(minute) * 60_000)
            }
        }

        static func check(seed: UInt64) async throws {
            var options = WorldOptions()
            options.referenceChanges = false
            options.definitionChanges = true
            let world = try WorldGenerator(
                baseDefinition: try EndToEnd.definition(), options: options
            ).world(seed: seed)
            try #require(!world.definitionChanges.isEmpty, "seed \(seed) changes nothing")
            try await Stage.with(
                definition: world.definitionYAML, settings: Scene.environment(world.settings)
            ) { stage in
                try await stage.feed(world.referenceRecords.map { StageRecord($0, partition: 0) })
                let definitions = [world.definitionYAML] + world.definitionChanges.map(\.yaml)
                let starts = [0] + world.definitionChanges.map(\.beforeRecord)
                let ends = starts.dropFirst() + [world.records.count]
                for (definition, range) in zip(definitions, zip(starts, ends)) {
                    try stage.write(definition: definition)
                    try await stage.feed(
                        world.records[range.0..<range.1].map { StageRecord($0, partition: 0) })
                    let worker = try stage.start()
                    try await worker.waitUntilReady(lanes: [0])
                    try await stage.waitUntilTaken(worker)
                    #expect(try await worker.stop() == .exited(0))
                }
                let expectation = try DefinitionTests.expectation(world)
                let published = try await stage.published()
                let faults = expectation.differences(published, stage)
                #expect(faults.isEmpty, "seed \(seed): \(faults.joined(separator: "\n"))")
                let isStamped = published.allSatisfy { output in
                    let body = JSONValue.parse(output.record.value ?? [])
                    let hash = body?["definition"]?["sha256"]?.text
                    return hash.map(definitions.map(Scene.sha256).contains) ?? true
                }
                #expect(isStamped)
            }
        }

        /// As `World.expectation`, with the hashes that the program finds in the files.
        static func expectation(_ world: World) throws -> LaneExpectation {
            let model = try ReferenceModel(
                definitionYAML: world.definitionYAML,
                definitionSHA256: Scene.sha256(world.definitionYAML), settings: world.settings)
            model.loadReference(world.referenceRecords)
            var changes = world.definitionChanges[...]
            var outputs: [ModelOutput] = []
            for (index, record) in world.records.enumerated() {
                while let change = changes.first, change.beforeRecord == index {
                    try model.replaceDefinition(
                        yaml: change.yaml, sha256: Scene.sha256(change.yaml))
                    changes = changes.dropFirst()
                }
                outputs += model.take(record)
            }
            return LaneExpectation(lane: 0, records: world.records, outputs: outputs)
        }
    }
}
