import Foundation
import ReferenceModel
import TestSupport
import Testing

/// The cases that must agree (CONTRACT.md, examples.json), through bytes in and bytes out.
struct ExampleTests {
    static func cases() throws -> [ExampleCase] {
        try ExampleCases.load(
            path: Fixtures.folder + "/examples.json",
            exampleDefinition: try Fixtures.exampleDefinitionText()
        )
    }

    @Test(arguments: try cases())
    func exampleHolds(_ example: ExampleCase) throws {
        let driver = try LaneDriver(
            definition: try Fixtures.definition(example.definitionYAML),
            settings: example.settings)
        for record in example.referenceRecords + example.records { try driver.take(record) }
        driver.commit()
        let faults = example.mismatches(outputs: driver.outputs, drops: driver.drops)
        let isEqual = faults.isEmpty
        #expect(isEqual, "\(example.name): \(example.why)\n\(faults.joined(separator: "\n"))")
    }

    @Test(arguments: try cases())
    func restartAfterEveryRecordChangesNothing(_ example: ExampleCase) throws {
        let driver = try LaneDriver(
            definition: try Fixtures.definition(example.definitionYAML),
            settings: example.settings, hotBytes: 0)
        for record in example.referenceRecords + example.records {
            try driver.take(record)
            try driver.restart()
        }
        let faults = example.mismatches(outputs: driver.outputs, drops: driver.drops)
        let isEqual = faults.isEmpty
        #expect(isEqual, "\(example.name): \(faults.joined(separator: "\n"))")
    }

    @Test func allAreTried() throws {
        let all = try ExampleTests.cases()
        #expect(all.count >= 78)
        #expect(all.count { $0.settings.slaClock == .stream } >= 7)
    }
}
