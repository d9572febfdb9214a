import Foundation

/// A file of the repository as text, for rules that no compiler checks.
struct SourceFile: Sendable {
    /// The path from the root of the repository.
    let path: String
    /// Its lines as written.
    let lines: [String]
    /// Its lines with the contents of comments and texts blanked; as long as `lines`.
    let code: [String]

    /// The target, which is the folder below `Sources`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    /// The root of the repository, two folders above this file's.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The Swift files of the program, read once.
    static let sources = Result { try all(below: "Sources") }
    /// The Swift files of the tests.
    static let tests = Result { try all(below: "Tests") }

    /// All files below a folder whose names end in one of the endings, by path.
    static func all(below folder: String, endings: [String] = [".swift"]) throws -> [SourceFile] {
        let top = root.appendingPathComponent(folder)
        let names = FileManager.default.enumerator(atPath: top.path)?.allObjects as? [String] ?? []
        let wanted = names.filter { name in endings.contains { name.hasSuffix($0) } }
        return try wanted.sorted().compactMap {
            let url = top.appendingPathComponent($0)
            if url.hasDirectoryPath { return nil }
            let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
            return SourceFile(path: folder + "/" + $0, text: text)
        }
    }

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var blanker = Blanker(text)
        code = blanker.blanked().split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// `path:line: what` for every line of code that matches.
    func places(matching pattern: String, _ what: String) throws -> [String] {
        let regex = try Regex(pattern)
        return code.enumerated().filter { $0.element.contains(regex) }
            .map { "\(path):\($0.offset + 1): \(what)" }
    }
}

/// Replaces what stands in comments and text literals by spaces; line ends stay.
struct Blanker {
    /// Code in an interpolation goes on until the parenthesis that closes it.
    private enum Mode {
        case code(openParentheses: Int)
        case text(hashes: Int, isMultiline: Bool)
    }

    private let source: [UInt8]
    private var place = 0
    private var result: [UInt8] = []
    private static let newline = UInt8(ascii: "\n")
    private var modes: [Mode] = [.code(openParentheses: 0)]

    init(_ text: String) {
        source = Array(text.utf8)
    }

    mutating func blanked() -> String {
        while place < source.count {
            switch modes.last {
            case .text(let hashes, let isMultiline)?: takeText(hashes, isMultiline)
            case .code(let open)?: takeCode(open)
            case nil: return String(decoding: result, as: UTF8.self)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func starts(_ text: String) -> Bool {
        let wanted = text.utf8
        return place + wanted.count <= source.count
            && source[place..<place + wanted.count].elementsEqual(wanted)
    }

    private mutating func keep(_ count: Int = 1) {
        result += source[place..<min(place + count, source.count)]
        place += count
    }

    private mutating func blank(_ count: Int = 1) {
        for byte in source[place..<min(place + count, source.count)] {
            result.append(byte == Blanker.newline ? byte : UInt8(ascii: " "))
        }
        place += count
    }

    private mutating func takeCode(_ open: Int) {
        if starts("//") {
            while place < source.count, source[place] != Blanker.newline { blank() }
        } else if starts("/*") {
            blankBlockComment()
        } else if let hashes = literalStart() {
            keep(hashes)
            let isMultiline = starts("\"\"\"")
            keep(isMultiline ? 3 : 1)
            modes.append(.text(hashes: hashes, isMultiline: isMultiline))
        } else if source[place] == UInt8(ascii: "("), modes.count > 1 {
            modes[modes.count - 1] = .code(openParentheses: open + 1)
            keep()
        } else if source[place] == UInt8(ascii: ")"), modes.count > 1 {
            if open == 1 {
                modes.removeLast()
                blank()
            } else {
                modes[modes.count - 1] = .code(openParentheses: open - 1)
                keep()
            }
        } else {
            keep()
        }
    }

    /// The number of `#` before a quotation mark that begins a literal here.
    private func literalStart() -> Int? {
        var hashes = 0
        while place + hashes < source.count, source[place + hashes] == UInt8(ascii: "#") {
            hashes += 1
        }
        guard place + hashes < source.count, source[place + hashes] == UInt8(ascii: "\"") else {
            return nil
        }
        return hashes
    }

    private mutating func takeText(_ hashes: Int, _ isMultiline: Bool) {
        let mark = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + mark
        if starts("\\" + mark + "(") {
            blank(2 + hashes)
            modes.append(.code(openParentheses: 1))
        } else if starts("\\" + mark) {
            blank(2 + hashes)
        } else if starts(end) {
            keep(end.count)
            modes.removeLast()
        } else {
            blank()
        }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && place < source.count
    }
}
