import Foundation
import Testing

/// What the repository holds, and what it names.
struct RepositoryTests {
    @Test func everySchemaThatIsNamedExists() throws {
        let regex = try Regex(#"\bschemas/([a-z0-9-]+(/[a-z0-9.-]+)?\.(json|yaml|sql|md))"#)
        let files =
            try SourceFile.all(below: "Sources", endings: [".swift", ".h", ".cpp"])
            + SourceFile.tests.get() + SourceFile.all(below: "deploy", endings: [""])
        for file in files {
            for (number, line) in file.lines.enumerated() {
                for match in line.matches(of: regex) {
                    guard let name = match.output[1].substring else { continue }
                    let path = SourceFile.root.appendingPathComponent("schemas/\(name)").path
                    let exists = FileManager.default.fileExists(atPath: path)
                    #expect(exists, "\(file.path):\(number + 1): schemas/\(name) does not exist")
                }
            }
        }
    }

    @Test func everySchemaIsReadableJSONOrText() throws {
        for file in try SourceFile.all(below: "schemas", endings: [".json"]) {
            let text = file.lines.joined(separator: "\n")
            #expect(throws: Never.self, "\(file.path)") {
                try JSONSerialization.jsonObject(with: Data(text.utf8))
            }
        }
    }

    @Test func whatIsBuiltIsNotTracked() throws {
        let ignore = try String(
            contentsOf: SourceFile.root.appendingPathComponent(".gitignore"), encoding: .utf8)
        let ignored = ignore.split(separator: "\n").map(String.init)
        for name in [".build/", "Package.resolved", ".swiftpm/"] { #expect(ignored.contains(name)) }
        guard let tracked = try RepositoryTests.trackedFiles() else { return }
        for path in tracked {
            #expect(path != "Package.resolved")
            #expect(!path.hasPrefix(".build") && !path.hasPrefix(".swiftpm/"), "\(path)")
            #expect(!path.hasSuffix(".pyc") && !path.hasSuffix(".o"), "\(path)")
        }
    }

    /// The files that git tracks; nil without git, as in a source archive.
    private static func trackedFiles() throws -> [String]? {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", SourceFile.root.path, "ls-files"]
        let output = Pipe()
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        try git.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
