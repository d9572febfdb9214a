import Testing

/// Arrows between targets point one way only; this table is the design.
struct ImportTests {
    /// What each target may import.
    ///
    /// A new target is added here first.
    private static let allowed: [String: Set<String>] = [
        "Qualification": ["Synchronization"],
        "WireFormats": ["Qualification", "CSimdjson", "Synchronization"],
        "Reports": ["Qualification", "WireFormats"],
        "DefinitionFiles": ["Qualification", "Yams", "Foundation"],
        "Configuration": ["Qualification", "DefinitionFiles", "Yams", "Foundation"],
        "KafkaClient": ["CLibrdkafka", "Logging", "Dispatch", "Glibc", "Synchronization"],
        "Storage": ["Qualification", "CSQLite", "Glibc", "Synchronization"],
        "Worker": [
            "Qualification", "WireFormats", "KafkaClient", "Storage", "Logging", "Dispatch",
            "Foundation", "Synchronization",
        ],
        "Operations": ["Dispatch", "Foundation", "Glibc", "Synchronization"],
        "handoff": [
            "Qualification", "WireFormats", "DefinitionFiles", "Configuration", "KafkaClient",
            "Storage", "Worker", "Operations", "Reports", "ArgumentParser", "Logging",
            "ServiceLifecycle", "UnixSignals", "Yams", "Dispatch", "Foundation", "Glibc",
            "Synchronization",
        ],
    ]

    @Test func targetsImportWhatTheDesignAllows() throws {
        var faults: [String] = []
        for file in try SourceFile.sources.get() {
            guard let allowed = ImportTests.allowed[file.target] else {
                faults.append("\(file.path): target \(file.target) is not in the table of imports")
                continue
            }
            for (number, module) in file.imports where !allowed.contains(module) {
                faults.append("\(file.path):\(number): \(file.target) may not import \(module)")
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func thePureCoreKnowsNothingButTheStandardLibrary() {
        #expect(ImportTests.allowed["Qualification"] == ["Synchronization"])
        #expect(ImportTests.allowed["Worker"]?.contains("DefinitionFiles") == false)
    }

    @Test func importsAreFoundInEveryForm() {
        let file = SourceFile(
            path: "Sources/X/a.swift",
            text: """
                package import A
                @preconcurrency import B
                import struct C.D
                // import E
                @_implementationOnly internal import F
                let text = "import G"
                """)
        #expect(file.imports.map(\.module) == ["A", "B", "C", "F"])
    }
}

extension SourceFile {
    /// The modules imported, with the numbers of their lines.
    var imports: [(line: Int, module: String)] {
        code.enumerated().compactMap { number, line in
            var words = line.split(separator: " ")[...]
            let modifiers: Set<Substring> = [
                "public", "package", "internal", "fileprivate", "private",
            ]
            while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
                words = words.dropFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            words = words.dropFirst()
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
            ]
            if let first = words.first, kinds.contains(first) { words = words.dropFirst() }
            let module = words.first?.split(separator: ".").first
            return module.map { (number + 1, String($0)) }
        }
    }
}
