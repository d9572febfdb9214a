import Testing

/// Files, functions and lines stay small enough to be read at once.
struct SizeTests {
    private static let lineLimit = 100
    private static let fileLimit = 500
    private static let functionLimit = 60

    private static func files() throws -> [SourceFile] {
        try SourceFile.sources.get() + SourceFile.tests.get()
            + SourceFile.all(below: "Sources", endings: [".h", ".cpp"])
    }

    @Test func filesHaveAtMost500Lines() throws {
        for file in try SizeTests.files() where file.lines.count > SizeTests.fileLimit + 1 {
            Issue.record("\(file.path): \(file.lines.count) lines; split it by noun")
        }
    }

    @Test func linesHaveAtMost100Columns() throws {
        var faults: [String] = []
        for file in try SizeTests.files() {
            for (number, line) in file.lines.enumerated() where line.count > SizeTests.lineLimit {
                faults.append("\(file.path):\(number + 1): \(line.count) columns")
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func functionsHaveAtMost60Lines() throws {
        var faults: [String] = []
        for file in try SizeTests.files() where file.path.hasSuffix(".swift") {
            for function in file.functions where function.length > SizeTests.functionLimit {
                faults.append(
                    "\(file.path):\(function.line): \(function.length) lines; split what it does")
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func functionsAreMeasuredFromTheirNameToTheirEnd() {
        let file = SourceFile(
            path: "a.swift",
            text: """
                protocol P {
                    func a() -> Int
                    func b(
                        c: Int
                    )
                }
                func d() {
                    let e = { f in "}" }
                }

                init?(g: Int)
                    throws
                {
                    // }
                }
                deinit { h() }
                """)
        #expect(file.functions.map(\.line) == [7, 11, 16])
        #expect(file.functions.map(\.length) == [3, 5, 1])
    }
}

extension SourceFile {
    /// Functions, initialisers and deinitialisers with a body: first line and number of lines.
    var functions: [(line: Int, length: Int)] {
        guard let start = try? Regex(#"(^|\s)(func\s|init[?<(]|deinit\b|subscript[<(])"#) else {
            return []
        }
        return code.indices.compactMap { number in
            guard let match = code[number].firstMatch(of: start),
                let end = endOfBody(number, code[number][match.range.lowerBound...])
            else { return nil }
            return (number + 1, end - number + 1)
        }
    }

    /// The line of the brace that closes the body of a declaration; nil if it has none.
    private func endOfBody(_ first: Int, _ head: Substring) -> Int? {
        var brackets = 0
        var braces = 0
        for number in first..<code.count {
            let line = number == first ? head : code[number][...]
            for character in line {
                switch character {
                case "(", "[": brackets += 1
                case ")", "]": brackets -= 1
                case "{" where brackets == 0 || braces > 0: braces += 1
                case "}" where braces > 0:
                    braces -= 1
                    if braces == 0 { return number }
                case "}" where brackets == 0: return nil
                default: break
                }
            }
            if braces == 0, brackets == 0, !continues(after: number) { return nil }
        }
        return nil
    }

    /// Whether the line behind this one belongs to the same signature.
    private func continues(after number: Int) -> Bool {
        guard number + 1 < code.count else { return false }
        let next = code[number + 1].drop { $0 == " " }
        return ["{", "->", "throws", "async", "where", ")"].contains { next.hasPrefix($0) }
    }
}
