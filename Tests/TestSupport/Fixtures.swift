import DefinitionFiles
package import Qualification
package import ReferenceModel

import Foundation

/// The files that tests share.
package enum Fixtures {
    /// The folder of the fixtures.
    package static var folder: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
    }

    /// The root of the repository.
    package static var repository: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
    }

    /// The bytes of a fixture.
    package static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
    }

    /// The contract's example definition as text.
    package static func exampleDefinitionText() throws -> String {
        String(decoding: try bytes("definition.example.yaml"), as: UTF8.self)
    }

    /// The contract's example definition, in force whatever the date.
    package static func runnableDefinition(
        _ changes: [(path: String, value: JSONValue)] = []
    ) throws -> String {
        try DefinitionText.changed(
            try exampleDefinitionText(), by: [("effective_from", "2020-01-01")] + changes)
    }

    /// A definition from its text, with the hash of the text unless another is given.
    package static func definition(_ yaml: String, sha256: String? = nil) throws -> Definition {
        let bytes = Array(yaml.utf8)
        return try DefinitionFile.read(
            bytes, path: "definition.yaml", sha256: sha256 ?? SHA256.hexadecimal(bytes))
    }

    /// The contract's example definition.
    package static func exampleDefinition() throws -> Definition {
        try definition(try exampleDefinitionText())
    }
}
