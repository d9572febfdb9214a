import Foundation
import Qualification
import ReferenceModel
import TestSupport
import Testing
import Worker

/// Random worlds: the product and a model written apart from it say the same (CONTRACT.md 3-8).
struct WorldTests {
    /// How many seeds a run tries; `HANDOFF_TEST_SEEDS` asks for more.
    static var seeds: ClosedRange<UInt64> {
        1...(ProcessInfo.processInfo.environment["HANDOFF_TEST_SEEDS"].flatMap(UInt64.init) ?? 120)
    }

    static func generator(_ change: (inout WorldOptions) -> Void = { _ in }) throws
        -> WorldGenerator
    {
        var options = WorldOptions()
        change(&options)
        return WorldGenerator(
            baseDefinition: try Fixtures.exampleDefinitionText(), options: options)
    }

    /// What differs between the model and a driver, by topic and in order; empty if nothing.
    static func differences(
        _ expected: [ModelOutput], _ actual: [ExampleCase.Output], drops: [String: Int],
        _ wantedDrops: [String: Int]
    ) -> [String] {
        var faults: [String] = []
        let topics = Set(expected.map(\.topic)).union(actual.map(\.topic))
        for topic in topics.sorted() {
            let wanted = expected.filter { $0.topic == topic }
            let got = actual.filter { $0.topic == topic }
            if wanted.count != got.count {
                faults.append("\(topic): \(got.count) records, expected \(wanted.count)")
            }
            for (place, (want, have)) in zip(wanted, got).enumerated() {
                faults += different(want, have).map { "\(topic)[\(place)] \($0)" }
                if faults.count > 5 { return faults }
            }
        }
        for (counter, number) in wantedDrops where (drops[counter] ?? 0) != number {
            faults.append("\(counter): \(drops[counter] ?? 0), expected \(number)")
        }
        return faults
    }

    private static func different(_ want: ModelOutput, _ have: ExampleCase.Output) -> [String] {
        var faults: [String] = []
        if want.key != have.key { faults.append("key differs") }
        for (name, value) in want.headers where have.headers[name] != value {
            faults.append("header \(name): \(have.headers[name] ?? "-"), expected \(value)")
        }
        var body = have.body
        if case .object(var members) = body {
            members["summary"] = nil
            body = .object(members)
        }
        if want.topic != ModelTopic.deadLetters, body != want.body {
            faults.append("\n  have \(body.json)\n  want \(want.body.json)")
        }
        for field in want.ignoredFields
        where !(have.headers["handoff.error.detail"] ?? "").contains(field) {
            faults.append("ignored field \(field) not named: \(have.headers)")
        }
        return faults
    }

    @Test(arguments: seeds)
    func agreesWithTheModel(_ seed: UInt64) throws {
        let world = try WorldTests.generator().world(seed: seed)
        let expected = try world.expectation()
        let driver = try LaneDriver(
            definition: try Fixtures.definition(
                world.definitionYAML, sha256: world.definitionSHA256),
            settings: world.settings)
        for record in world.referenceRecords + world.records { try driver.take(record) }
        driver.commit()
        let faults = WorldTests.differences(
            expected.outputs, driver.outputs, drops: driver.drops, expected.drops)
        let isEqual = faults.isEmpty
        #expect(isEqual, "seed \(seed):\n\(faults.joined(separator: "\n"))")
    }

    /// Many leads and little capacity: most have to wait, and restarts and kills come in between.
    @Test(arguments: seeds.prefix(30))
    func crowdsAgreeWithTheModel(_ seed: UInt64) throws {
        let world = try WorldTests.crowd(seed)
        let expected = try world.expectation()
        let driver = try LaneDriver(
            definition: try Fixtures.definition(
                world.definitionYAML, sha256: world.definitionSHA256),
            settings: world.settings
        ) { $0.alertsPerEpoch = 3 }
        var random = SplitMix64(seed: seed)
        for record in world.referenceRecords + world.records {
            try driver.take(record)
            if random.chance(20) { driver.commit() }
            if random.chance(10) { driver.flush() }
            if random.chance(3) { try driver.restart() }
            if random.chance(3) {
                driver.commit()
                try driver.crash()
            }
        }
        driver.commit()
        let faults = WorldTests.differences(
            expected.outputs, driver.outputs, drops: driver.drops, expected.drops)
        let isEqual = faults.isEmpty
        #expect(isEqual, "seed \(seed):\n\(faults.joined(separator: "\n"))")
    }

    private static func crowd(_ seed: UInt64) throws -> World {
        var options = WorldOptions()
        options.leads = 30
        let products = ["crm", "analytics", "billing"]
        let base = try DefinitionText.changed(
            try Fixtures.exampleDefinitionText(),
            by: products.map { ("products.\($0).daily_capacity", 1) })
        return try WorldGenerator(baseDefinition: base, options: options).world(seed: seed)
    }

    /// Or the comparison would say nothing of `daily_capacity`.
    @Test func manyLeadsOfCrowdsWaitAndAreReleased() throws {
        var (waiting, released) = (0, 0)
        for seed in UInt64(1)...30 {
            let world = try WorldTests.crowd(seed)
            for output in try world.expectation().outputs {
                if output.body["status"]?.text == "waiting_for_capacity" { waiting += 1 }
                let isOfAnother = world.records[output.sourceIndex].key != output.key
                if output.body["type"]?.text == "mql.qualified", isOfAnother { released += 1 }
            }
        }
        #expect(waiting > 60, "\(waiting) waited")
        #expect(released > 30, "\(released) were released by the event of another lead")
        print("\(waiting) waited, \(released) were released by the event of another lead")
    }
}
