import Foundation
import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// New versions of the definition, handed to a worker that runs.
    struct ReloadTests {
        /// Replaces the file, sends SIGHUP and waits until the lanes run by it.
        private static func reload(
            _ yaml: String, _ worker: WorkerProcess, _ stage: Stage
        ) async throws {
            let before = worker.readyLanes.count
            try stage.write(definition: yaml)
            worker.send(.hangUp)
            try await Eventually.holds(
                "ready again", within: .seconds(90), state: { worker.lastWords }
            ) { worker.readyLanes.count > before }
        }

        private static func changed(
            _ yaml: String, _ changes: [(path: String, value: JSONValue)]
        ) throws -> String {
            try DefinitionText.changed(yaml, by: changes)
        }

        @Test(
            "a reload does what a stop and a start would, from the next event of each lead on",
            .timeLimit(.minutes(10)), arguments: 1...EndToEnd.seeds(2))
        func versions(_ number: Int) async throws {
            var options = WorldOptions()
            options.referenceChanges = false
            options.definitionChanges = true
            options.records = 200
            let world = try WorldGenerator(
                baseDefinition: try EndToEnd.definition(), options: options
            ).world(seed: UInt64(number) + 600)
            try #require(!world.definitionChanges.isEmpty)
            try await Stage.with(
                definition: world.definitionYAML, settings: Scene.environment(world.settings)
            ) { stage in
                try await stage.feed(world.referenceRecords.map { StageRecord($0, partition: 0) })
                let starts = [0] + world.definitionChanges.map(\.beforeRecord)
                let ends = starts.dropFirst() + [world.records.count]
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                for (place, range) in zip(starts, ends).enumerated() {
                    if place > 0 {
                        let change = world.definitionChanges[place - 1]
                        try await ReloadTests.reload(change.yaml, worker, stage)
                    }
                    // One by one: a worker that runs does not wait for what is not written yet.
                    for record in world.records[range.0..<range.1] {
                        try await stage.feed([StageRecord(record, partition: 0)])
                        try await stage.waitUntilTaken(worker)
                    }
                }
                #expect(try await worker.stop() == .exited(0))
                let expectation = try DefinitionTests.expectation(world)
                let published = try await stage.published()
                let faults = expectation.differences(published, stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }

        @Test("a new product is sold at once, with its topic there", .timeLimit(.minutes(10)))
        func newProduct() async throws {
            let whole = try EndToEnd.definition()
            let less = try ReloadTests.changed(whole, [("products.analytics", nil)])
            let port = try OperatorTests.freePort()
            // The stage makes the topics of the whole definition.
            try await Stage.with(
                definition: whole, settings: ["HANDOFF_HTTP_PORT": "\(port)"]
            ) { stage in
                try stage.write(definition: less)
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let now = AlertTests.now()
                try await stage.feed(AlertTests.qualifying("before", lane: 0, at: now))
                try await stage.waitUntilTaken(worker)
                try await ReloadTests.reload(
                    try ReloadTests.changed(whole, [("version", 9)]), worker, stage)
                try await stage.feed(
                    AlertTests.qualifying("after", lane: 0, at: now)
                        + DefinitionTests.records(DefinitionTests.qualifying, from: 0))
                try await stage.waitUntilTaken(worker)
                let analytics = try await stage.published(["sales.mql.analytics"])
                #expect(analytics.map { $0.header("ce_type") } == ["mql.qualified"])
                let crm = try await stage.published(["sales.mql.crm"])
                let versions = crm.map { output in
                    JSONValue.parse(output.record.value ?? [])?["definition"]?["version"]
                }
                #expect(versions.map { $0?.json } == ["3", "9"])
                // Counters of both lives are there, and those of the product that came.
                let metrics = try await OperatorTests.get("/metrics", port).body
                let qualified = "handoff_messages_total{type=\"mql.qualified\",product="
                #expect(OperatorTests.sum(qualified + "\"crm\"", metrics) == 2, "\(metrics)")
                #expect(OperatorTests.sum(qualified + "\"analytics\"", metrics) == 1)
                #expect(
                    OperatorTests.sum(
                        "handoff_definition_reloads_total{result=\"applied\"}", metrics) == 1)
                #expect(metrics.contains("version=\"9\""))
                #expect(try await worker.stop() == .exited(0))
            }
        }

        @Test(
            "a faulty, unapproved, early or unchanged file, or a missing topic, changes nothing",
            .timeLimit(.minutes(10)))
        func refused() async throws {
            let good = try EndToEnd.definition()
            let port = try OperatorTests.freePort()
            try await Stage.with(
                definition: good,
                settings: ["HANDOFF_HTTP_PORT": "\(port)", "HANDOFF_MERGE_WAIT": "100ms"]
            ) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let cases: [(yaml: String, words: [String])] = [
                    (
                        "name: x\nversion: two\nproducts:\n  - id: CRM\n",
                        ["definition.yaml:2:10:", "definition.yaml:4:9:"]
                    ),
                    (
                        try ReloadTests.changed(good, [("approved_by.sales", nil)]),
                        ["not approved by sales"]
                    ),
                    (
                        try ReloadTests.changed(good, [("effective_from", "2999-01-01")]),
                        ["effective from 2999-01-01"]
                    ),
                    (
                        try ReloadTests.changed(
                            good, [("products.crm.topic", "sales.mql.unknown")]),
                        ["missing topics: \(stage.prefix)sales.mql.unknown"]
                    ),
                ]
                for (count, refused) in cases.enumerated() {
                    try stage.write(definition: refused.yaml)
                    worker.send(.hangUp)
                    try await ReloadTests.waitForCount("failed", count + 1, port, worker)
                    for word in refused.words {
                        #expect(worker.errors.contains(word), "\(word)\n\(worker.lastWords)")
                    }
                }
                let status = try await OperatorTests.get("/status", port).body
                let definition = JSONValue.parse(Array(status.utf8))?["definition"]
                #expect(definition?["sha256"]?.text == Scene.sha256(good))
                #expect(definition?["last_reload"]?["result"]?.text == "failed")
                #expect(definition?["last_reload"]?["faults"]?.items?.count == 1)
                try stage.write(definition: good)
                worker.send(.hangUp)
                try await ReloadTests.waitForCount("unchanged", 1, port, worker)
                #expect(worker.readyLanes.count == 1)
                try await stage.feed(AlertTests.qualifying("a", lane: 0, at: AlertTests.now()))
                try await stage.waitUntilTaken(worker)
                let mqls = try await stage.published(["sales.mql.crm"])
                let hashes = mqls.map { output in
                    JSONValue.parse(output.record.value ?? [])?["definition"]?["sha256"]?.text
                }
                #expect(hashes == [Scene.sha256(good)])
                #expect(try await worker.stop() == .exited(0))
            }
        }

        private static func waitForCount(
            _ result: String, _ count: Int, _ port: Int, _ worker: WorkerProcess
        ) async throws {
            try await Eventually.holds(
                "\(count) \(result)", within: .seconds(90), state: { worker.lastWords }
            ) {
                let metrics = try await OperatorTests.get("/metrics", port).body
                return OperatorTests.sum(
                    "handoff_definition_reloads_total{result=\"\(result)\"}", metrics)
                    == Double(count)
            }
        }

        @Test(
            "many reloads under load, in the start and in the stop: nothing lost, nothing twice",
            .timeLimit(.minutes(10)), arguments: 1...EndToEnd.seeds(1))
        func storm(_ number: Int) async throws {
            let scene = try Scene(seed: UInt64(number) + 700, lanes: 3) { options in
                options.records = 1_200
                options.leads = 20
            }
            // They differ by their version only, so what is decided does not tell them apart.
            let versions = try [8_001, 8_002].map { version in
                try ReloadTests.changed(scene.definition, [("version", .number(Double(version)))])
            }
            try await Stage.with(
                definition: scene.definition, lanes: 3, settings: scene.environment
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage, noise: 12)
                let worker = try stage.start()
                try await Eventually.holds("signals trapped", within: .seconds(90)) {
                    worker.trapsHangUp
                }
                var rounds = 0
                while try await stage.totalLag() > 0 || ReloadTests.applied(worker) < 5 {
                    // A quick worker gets more to do until it has reloaded often enough.
                    if try await stage.totalLag() == 0 {
                        try await scene.feedNoise(stage, count: 5_000)
                    }
                    let before = try await stage.committedCount()
                    for _ in 0...rounds % 3 {
                        try stage.write(definition: versions[rounds % 2])
                        worker.send(.hangUp)
                        rounds += 1
                    }
                    try await Eventually.holds(
                        "progress", within: .seconds(90), state: { worker.lastWords }
                    ) {
                        if try await stage.committedCount() > before { return true }
                        return try await stage.totalLag() == 0
                    }
                }
                worker.send(.terminate)
                while worker.hasEnded == nil {
                    worker.send(.hangUp)
                    await Task.yield()
                }
                #expect(try await worker.waitForEnd() == .exited(0), "\(worker.lastWords)")
                print("\(ReloadTests.applied(worker)) of \(rounds) reloads applied")
                let published = try ReloadTests.unstamped(
                    try await stage.published(), versions, as: scene.definition)
                let faults = try scene.differences(published, stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }

        /// How many reloads a worker says it has carried out.
        private static func applied(_ worker: WorkerProcess) -> Int {
            worker.errors.split(separator: "another definition").count - 1
        }

        /// The outputs as if they had been decided by another definition than one of `versions`.
        private static func unstamped(
            _ outputs: [StageOutput], _ versions: [String], as definition: String
        ) throws -> [StageOutput] {
            let stamps = try versions.map { try ReloadTests.stamp($0) }
            var found: Set<String> = []
            var outputs = outputs
            for place in outputs.indices {
                var text = String(decoding: outputs[place].record.value ?? [], as: UTF8.self)
                for stamp in stamps where text.contains(stamp) {
                    found.insert(stamp)
                    text = text.replacing(stamp, with: try ReloadTests.stamp(definition))
                    outputs[place].record.value = Array(text.utf8)
                }
            }
            #expect(!found.isEmpty, "none was in force for any message")
            return outputs
        }

        private static func stamp(_ yaml: String) throws -> String {
            let version = try Fixtures.definition(yaml).version
            return "\"version\":\(version),\"sha256\":\"\(Scene.sha256(yaml))\""
        }
    }
}
