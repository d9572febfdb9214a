import Testing

/// What other targets see is documented.
///
/// The rule: each `package` or `public` type, function, initialiser, subscript, computed property
/// and stored property has a `///` comment directly above it (attributes may stand between).
/// Exempt are what a protocol of the standard library already explains (operators, `description`,
/// `hash(into:)`), what meets a requirement of one of our own protocols, which carry the comments,
/// enumeration cases, and the stored properties of plain data: structs that consist of nothing
/// but them, whose names say all there is to say.
struct DocumentationTests {
    @Test func whatOtherTargetsSeeIsDocumented() throws {
        let files = try SourceFile.sources.get()
        let requirements = Set(files.flatMap(\.requirements))
        let faults = files.flatMap { file in
            file.undocumented.filter { !$0.isPlainData && !requirements.contains($0.name) }
                .map { "\(file.path):\($0.line): \($0.text)" }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func undocumentedDeclarationsAreFound() {
        let file = SourceFile(
            path: "a.swift",
            text: """
                package struct A {
                    /// Said.
                    @inlinable
                    package var b: Int { 1 }
                    package var c: Int { 1 }
                    package static func == (left: A, right: A) -> Bool { true }
                    package init() {}
                }
                /// Plain data.
                package struct D {
                    package var e: Int
                }
                """)
        #expect(file.undocumented.filter { !$0.isPlainData }.map(\.line) == [1, 5, 7])
        #expect(file.undocumented.filter(\.isPlainData).map(\.line) == [11])
    }
}

/// A declaration that lacks its comment.
struct Undocumented {
    let line: Int
    let text: String
    let name: String
    let isPlainData: Bool
}

extension SourceFile {
    /// The `package` and `public` declarations without a `///` above them.
    var undocumented: [Undocumented] {
        let pattern =
            #"^\s*(@\w+(\(.*\))?\s+)*(package|public)\s+(?!import\b)(?!extension\b)"#
            + #"((static|final|mutating|nonisolated|override|convenience|class|indirect|lazy|"#
            + #"consuming|borrowing|private\(set\)|weak)\s+)*"#
            + #"(struct|class|enum|actor|protocol|typealias|func|var|let|init|subscript)\b\s*"#
            + #"([A-Za-z_]\w*)?"#
        guard let regex = try? Regex(pattern) else { return [] }
        return code.indices.compactMap { number in
            guard let match = code[number].firstMatch(of: regex), !isDocumented(number),
                let kind = match.output[6].substring.map(String.init)
            else { return nil }
            let name = match.output[7].substring.map(String.init) ?? kind
            let isOperator = kind == "func" && match.output[7].substring == nil
            if isOperator || ["description", "hash", "debugDescription"].contains(name) {
                return nil
            }
            return Undocumented(
                line: number + 1, text: lines[number].drop { $0 == " " }.description, name: name,
                isPlainData: ["var", "let"].contains(kind) && isInPlainData(number))
        }
    }

    private func isDocumented(_ number: Int) -> Bool {
        var place = number - 1
        while place >= 0 {
            let line = lines[place].drop { $0 == " " }
            if line.hasPrefix("///") { return true }
            // Attributes, and notes to maintainers, may stand between comment and declaration.
            guard line.hasPrefix("@") || line.hasPrefix("// ") else { return false }
            place -= 1
        }
        return false
    }

    /// Whether the lines around are a struct of stored properties, nested types and initialisers.
    private func isInPlainData(_ number: Int) -> Bool {
        let indent = code[number].prefix { $0 == " " }.count
        guard indent > 0 else { return false }
        let start = code[..<number].lastIndex { line in
            !line.allSatisfy { $0 == " " } && line.prefix { $0 == " " }.count < indent
        }
        guard let start, code[start].contains("struct ") else { return false }
        let end = code[number...].firstIndex {
            $0.prefix { $0 == " " }.count < indent && $0.contains("}")
        }
        let body = code[(start + 1)..<(end ?? code.count)]
            .filter { $0.prefix { $0 == " " }.count == indent }
        let isPlain = body.allSatisfy { line in
            !line.contains("func ") && !(line.contains("var ") && line.contains("{"))
        }
        return isPlain
    }

    /// The names that our own protocols require: documented there, so not again where they are met.
    var requirements: [String] {
        guard let start = try? Regex(#"\bprotocol\s+\w+.*\{"#),
            let member = try? Regex(#"^\s+(?:static\s+|mutating\s+)*(?:func|var)\s+(\w+)"#)
        else { return [] }
        var names: [String] = []
        for number in code.indices where code[number].contains(start) {
            for line in code[(number + 1)...].prefix(while: { !$0.hasPrefix("}") }) {
                let match = line.firstMatch(of: member)
                if let name = match?.output[1].substring { names.append(String(name)) }
            }
        }
        return names
    }
}
