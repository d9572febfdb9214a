/// The text of a file in which the first of two equal keys can be given a stand-in.
///
/// Yams gives up at the first mapping with two equal keys, which would hide every other fault of
/// the file. So the first of the two is replaced by a stand-in of the same length, which leaves all
/// places as they are, and the file is parsed again; `TreeBuilder` puts the key back and reports
/// the second.
struct RepeatedKeys {
    /// What to parse.
    private(set) var text: String
    /// The keys that have a stand-in, by place.
    private(set) var replaced: [Place: String] = [:]
    /// Cut only when a key is repeated: most files have none.
    private var lines: [[Unicode.Scalar]] = []

    init(text: String) {
        self.text = text
    }

    /// Gives the key at `place` a stand-in; false if none of `keys` is written out there.
    mutating func replaceKey(at place: Place, among keys: [String]) -> Bool {
        if lines.isEmpty { lines = RepeatedKeys.lines(of: text) }
        guard lines.indices.contains(place.line - 1) else { return false }
        let line = lines[place.line - 1]
        for key in keys {
            let scalars = Array(key.unicodeScalars)
            guard !scalars.isEmpty, let start = start(of: scalars, in: line, from: place.column - 1)
            else { continue }
            lines[place.line - 1].replaceSubrange(
                start..<start + scalars.count, with: standIn(length: scalars.count))
            text = String(String.UnicodeScalarView(lines.joined()))
            replaced[place] = key
            return true
        }
        return false
    }

    private func start(of key: [Unicode.Scalar], in line: [Unicode.Scalar], from column: Int)
        -> Int?
    {
        guard column >= 0, column < line.count else { return nil }
        let isQuoted = line[column] == "\"" || line[column] == "'"
        let start = isQuoted ? column + 1 : column
        return line[start...].starts(with: key) ? start : nil
    }

    /// Private-use characters that no two replaced keys share.
    private func standIn(length: Int) -> [Unicode.Scalar] {
        let first: UInt32 = 0xe000
        var scalars = [Unicode.Scalar](repeating: "\u{e000}", count: length)
        scalars[length - 1] = Unicode.Scalar(first + 1 + UInt32(replaced.count)) ?? "\u{e000}"
        return scalars
    }

    /// Each line with its line break, cut where libyaml counts a new line.
    private static func lines(of text: String) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var wasReturn = false
        for scalar in text.unicodeScalars {
            if wasReturn, scalar != "\n" { lines.append([]) }
            lines[lines.count - 1].append(scalar)
            wasReturn = scalar == "\r"
            if ["\n", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) { lines.append([]) }
        }
        return lines
    }
}
