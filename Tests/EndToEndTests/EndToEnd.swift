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

    /// The contract's example definition, in force whatever the date.
    static func definition(
        _ changes: [(path: String, value: JSONValue)] = []
    ) throws -> String {
        try Fixtures.runnableDefinition(changes)
    }
}
