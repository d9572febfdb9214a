import KafkaClient
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// New versions of the definition, each with a stop of the worker and a start.
    struct DefinitionTests {
        @Test(
            "a new version acts from each lead's next event, and is stamped on what it decides",
            .timeLimit(.minutes(4)), arguments: 1...EndToEnd.seeds(2))
        func versions(_ number: Int) async throws {
            let seed = UInt64(number) + 400
            var options = WorldOptions()
            options.timers = false
            options.referenceChanges = false
            options.definitionChanges = true
            options.productRemoval = true
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
                let hashes = Set(
                    published.compactMap { output in
                        JSONValue.parse(output.record.value ?? [])?["definition"]?["sha256"]?.text
                    })
                #expect(hashes.count > 1, "seed \(seed): only \(hashes)")
                #expect(hashes.isSubset(of: definitions.map(Scene.sha256)))
            }
        }

        /// As `World.expectation`, with the hashes that the program finds in the files.
        private static func expectation(_ world: World) throws -> Expectation {
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
            return Expectation(lane: 0, records: world.records, outputs: outputs)
        }
    }
}
