import DefinitionFiles
import Foundation
import Qualification

/// The example of the contract, and ways to break it.
enum Example {
    /// The whole file.
    static let text: String = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = tests.appending(path: "TestSupport/Fixtures/definition.example.yaml")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    /// The example with one text replaced where it first occurs.
    static func replacing(_ old: String, with new: String) -> String {
        guard let range = text.firstRange(of: old) else { return "'\(old)' is not in the example" }
        return text.replacingCharacters(in: range, with: new)
    }

    static func read(_ text: String) throws(DefinitionFaults) -> Definition {
        try DefinitionFile.read(Array(text.utf8), path: "d.yaml", sha256: "5eed")
    }

    /// The faults of a text, each as `line:column: message`; empty if it reads.
    static func faults(of text: String) -> [String] {
        faults(of: Array(text.utf8))
    }

    static func faults(of bytes: [UInt8]) -> [String] {
        do {
            _ = try DefinitionFile.read(bytes, path: "d.yaml", sha256: "5eed")
            return []
        } catch {
            return error.faults.map { "\($0.line):\($0.column): \($0.message)" }
        }
    }

    static func warnings(of text: String) throws -> [String] {
        try DefinitionFile.check(Array(text.utf8), path: "d.yaml", sha256: "5eed").warnings
            .map(\.description)
    }
}
