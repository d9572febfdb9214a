import Foundation
import ReferenceModel
import TestSupport
import Testing

/// Everything that drives the built program against a broker; one after the other, because each of
/// these tests keeps several processes busy.
@Suite(.serialized)
enum EndToEnd {
    /// `HANDOFF_TEST_SEEDS` asks for more random worlds than a normal run tries.
    static func seeds(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["HANDOFF_TEST_SEEDS"].flatMap(Int.init) ?? usual
    }

    /// A Python with confluent-kafka and jsonschema; empty if there is none.
    static let python = ProcessInfo.processInfo.environment["HANDOFF_TEST_PYTHON"] ?? ""

    /// For tests that look, or act, from outside.
    static let needsPython: ConditionTrait = .enabled(
        if: !python.isEmpty, "HANDOFF_TEST_PYTHON is not set")

    /// The contract's example definition, in force whatever the date.
    static func definition(
        _ changes: [(path: String, value: JSONValue)] = []
    ) throws -> String {
        try Fixtures.runnableDefinition(changes)
    }
}
