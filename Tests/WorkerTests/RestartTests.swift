import Foundation
import Qualification
import ReferenceModel
import TestSupport
import Testing

/// Persistence is invisible: restarts, evictions and flushes at any place change no output.
struct RestartTests {
    /// Fewer than `WorldTests` has by default, because each is run several times.
    static var seeds: ClosedRange<UInt64> {
        1...(ProcessInfo.processInfo.environment["HANDOFF_TEST_SEEDS"].flatMap(UInt64.init) ?? 15)
    }

    /// Runs a world and does something of its own choice after each record.
    private static func run(
        _ world: World, hotBytes: Int = 1 << 30,
        after: (LaneDriver, Int) throws -> Void = { _, _ in }
    ) throws -> LaneDriver {
        let driver = try LaneDriver(
            definition: try Fixtures.definition(
                world.definitionYAML, sha256: world.definitionSHA256),
            settings: world.settings, hotBytes: hotBytes)
        for record in world.referenceRecords { try driver.take(record) }
        for (place, record) in world.records.enumerated() {
            try driver.take(record)
            try after(driver, place)
        }
        driver.commit()
        driver.flush()
        return driver
    }

    private static func expectSame(_ one: LaneDriver, _ other: LaneDriver, _ seed: UInt64) {
        let left = one.outputs.map(RestartTests.text)
        let right = other.outputs.map(RestartTests.text)
        let place = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(left.count == right.count, "seed \(seed)")
        #expect(
            place == nil,
            "seed \(seed), output \(place?.offset ?? 0):\n\(place.map { "\($0.element)" } ?? "")")
        #expect(one.drops == other.drops, "seed \(seed)")
    }

    private static func text(_ output: ExampleCase.Output) -> String {
        let headers = output.headers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(output.topic) \(output.key ?? []) \(output.body.json) \(headers)"
    }

    @Test(arguments: RestartTests.seeds)
    func restartsAtRandomPlacesChangeNothing(_ seed: UInt64) throws {
        let world = try WorldTests.generator().world(seed: seed)
        var random = SplitMix64(seed: seed &+ 77)
        let whole = try RestartTests.run(world)
        let restarted = try RestartTests.run(world, hotBytes: random.pick([0, 4_000, 1 << 30])) {
            driver, _ in
            if random.chance(10) { try driver.restart() }
        }
        RestartTests.expectSame(whole, restarted, seed)
        #expect(restarted.loads > 0, "seed \(seed)")
        #expect(Set(whole.stored.keys) == Set(restarted.stored.keys))
    }

    @Test(arguments: RestartTests.seeds)
    func movesToAnotherMachineChangeNothing(_ seed: UInt64) throws {
        let world = try WorldTests.generator().world(seed: seed &+ 4_000_000)
        var random = SplitMix64(seed: seed &+ 80)
        let whole = try RestartTests.run(world)
        let moved = try RestartTests.run(world, hotBytes: random.pick([0, 1 << 30])) { driver, _ in
            if random.chance(20) { driver.commit() }
            if random.chance(10) {
                driver.commit()
                try driver.crash()
            }
        }
        RestartTests.expectSame(whole, moved, seed)
    }

    @Test(arguments: RestartTests.seeds)
    func evictionsAtRandomPlacesChangeNothing(_ seed: UInt64) throws {
        let world = try WorldTests.generator().world(seed: seed &+ 1_000_000)
        var random = SplitMix64(seed: seed &+ 78)
        let whole = try RestartTests.run(world)
        let evicted = try RestartTests.run(world, hotBytes: random.pick([0, 3_000])) { driver, _ in
            if random.chance(25) {
                driver.flush()
                driver.commit()
                driver.flush()
            }
        }
        RestartTests.expectSame(whole, evicted, seed)
    }

    @Test(arguments: RestartTests.seeds)
    func evictionsBeforeTheFlushChangeNothing(_ seed: UInt64) throws {
        let world = try WorldTests.generator().world(seed: seed &+ 3_000_000)
        var random = SplitMix64(seed: seed &+ 79)
        let whole = try RestartTests.run(world)
        let evicted = try RestartTests.run(world, hotBytes: 0) { driver, _ in
            if random.chance(30) { driver.commit() }
            if random.chance(10) { driver.flush() }
        }
        RestartTests.expectSame(whole, evicted, seed)
    }

    @Test(arguments: RestartTests.seeds)
    func aNewDefinitionActsFromTheNextEventOn(_ seed: UInt64) throws {
        let options = { (options: inout WorldOptions) in options.definitionChanges = true }
        try RestartTests.compareWithTheModel(
            try WorldTests.generator(options).world(seed: seed), seed)
    }

    @Test(arguments: RestartTests.seeds)
    func aProductMayLeaveTheDefinition(_ seed: UInt64) throws {
        let options = { (options: inout WorldOptions) in
            options.definitionChanges = true
            options.productRemoval = true
        }
        let world = try WorldTests.generator(options).world(seed: seed)
        try RestartTests.compareWithTheModel(world, seed)
    }

    private static func compareWithTheModel(_ world: World, _ seed: UInt64) throws {
        let expected = try world.expectation()
        var changes = world.definitionChanges[...]
        let driver = try LaneDriver(
            definition: try Fixtures.definition(
                world.definitionYAML, sha256: world.definitionSHA256),
            settings: world.settings)
        for record in world.referenceRecords { try driver.take(record) }
        for (place, record) in world.records.enumerated() {
            while let change = changes.first, change.beforeRecord == place {
                try driver.restart(
                    definition: try Fixtures.definition(change.yaml, sha256: change.sha256))
                changes = changes.dropFirst()
            }
            try driver.take(record)
        }
        driver.commit()
        let faults = WorldTests.differences(
            expected.outputs, driver.outputs, drops: driver.drops, expected.drops)
        let isEqual = faults.isEmpty
        #expect(isEqual, "seed \(seed):\n\(faults.joined(separator: "\n"))")
    }

    @Test(arguments: RestartTests.seeds)
    func theReasonsOfEveryMQLSumToItsScores(_ seed: UInt64) throws {
        let world = try WorldTests.generator().world(seed: seed &+ 2_000_000)
        let driver = try RestartTests.run(world)
        for output in driver.outputs where output.body["type"]?.text == "mql.qualified" {
            let body = output.body
            for group in ["fit", "engagement"] {
                let reasons = (body["reasons"]?.items ?? []).filter { $0["group"]?.text == group }
                let sum = reasons.reduce(Points.zero) {
                    $0 + Points(rounding: $1["points"]?.double ?? .infinity)
                }
                let score = body["score"]?[group]?.double.map(Points.init(rounding:))
                #expect(sum == score, "seed \(seed) \(group): \(body.json)")
            }
        }
    }
}
