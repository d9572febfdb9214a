import Yams

/// Reads the bytes of a file as one YAML document, reporting everything that is wrong with its
/// form.
package enum YAMLDocument {
    /// Limits on what one file may hold; far above any real file, so that a wrong one cannot take
    /// the machine's memory or time.
    package struct Limits: Sendable {
        /// Bytes of the file.
        package var bytes = 1 << 20
        /// Nodes after aliases are followed (a few lines of nested aliases can stand for billions).
        package var nodes = 200_000
        /// Mappings and lists inside one another.
        package var depth = 64
        /// Keys written twice that are looked for one after the other, each with a new parse.
        package var repeatedKeys = 50

        /// The limits as above.
        package init() {}
    }

    /// The root node, or nil if the file cannot be read as one YAML document.
    ///
    /// Faults go to `faults`, also those that leave a root to read on with. A file without any node
    /// is a fault unless it may be empty.
    package static func read(
        _ bytes: [UInt8], limits: Limits = Limits(), mayBeEmpty: Bool = false, faults: FaultList
    ) -> YAMLNode? {
        guard bytes.count <= limits.bytes else {
            faults.add(.start, "the file has \(bytes.count) bytes; the limit is \(limits.bytes)")
            return nil
        }
        guard let text = text(of: bytes, faults: faults) else { return nil }
        var source = RepeatedKeys(text: text)
        while true {
            do {
                let parser = try Parser(yaml: source.text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.nextRoot() else {
                    if !mayBeEmpty { faults.add(.start, "the file is empty") }
                    return nil
                }
                refuseSecondDocument(parser, text: text, faults: faults)
                var tree = TreeBuilder(keys: source.replaced, limits: limits, faults: faults)
                return tree.node(root, depth: 0)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let place = Place(context.mark)
                guard source.replaced.count < limits.repeatedKeys,
                    source.replaceKey(at: place, among: keys)
                else {
                    // Every replaced key has an equal, wherever the parse would have met it.
                    for (place, key) in source.replaced { faults.addRepeated(key, at: place) }
                    faults.addRepeated(keys.first ?? "", at: place)
                    return nil
                }
            } catch {
                let found = YAMLSyntax.fault(error, text: text)
                faults.add(found.place, found.message)
                return nil
            }
        }
    }

    /// The text without byte-order mark, or nil with a fault that names the first bad byte.
    private static func text(of bytes: [UInt8], faults: FaultList) -> String? {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            faults.add(.start, "the file is UTF-16; save it as UTF-8")
            return nil
        }
        let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        // Decoding with repairs keeps everything before the first bad byte as it is.
        let repaired = String(decoding: bytes, as: UTF8.self).unicodeScalars
        var place = Place.start
        for scalar in repaired {
            if scalar == "\u{fffd}" { break }
            place = scalar == "\n" ? Place(line: place.line + 1, column: 1) : place.next
        }
        faults.add(place, "not UTF-8 here; save the file as UTF-8")
        return nil
    }

    private static func refuseSecondDocument(_ parser: Parser, text: String, faults: FaultList) {
        do {
            guard let second = try parser.nextRoot() else { return }
            faults.add(
                second.mark.map { Place($0) } ?? .start,
                "a second YAML document starts here; write everything into one document")
        } catch {
            let found = YAMLSyntax.fault(error, text: text)
            faults.add(found.place, found.message)
        }
    }
}

extension FaultList {
    fileprivate func addRepeated(_ key: String, at place: Place) {
        add(place, "'\(key)' is written more than once here")
    }
}

extension Place {
    /// The place of a mark of Yams.
    init(_ mark: Mark) {
        self.init(line: max(1, mark.line), column: max(1, mark.column))
    }

    /// One scalar to the right.
    var next: Place { Place(line: line, column: column + 1) }
}

/// Turns errors of Yams into one sentence and a place.
enum YAMLSyntax {
    static func fault(_ error: any Error, text: String) -> (place: Place, message: String) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let place = Place(mark)
            let doing = context.map { " (\($0.text) from line \($0.mark.line))" } ?? ""
            let advice = startsWithTab(line: place.line, of: text) ? "; indent with spaces" : ""
            return (place, "not valid YAML: \(problem)\(doing)\(advice)")
        case YamlError.reader(let problem, let offset, _, _):
            return (place(ofCharacter: offset ?? 0, in: text), "not valid YAML: \(problem)")
        case YamlError.memory: return (.start, "not valid YAML: nested too deeply")
        default: return (.start, "not valid YAML: \(error)")
        }
    }

    private static func startsWithTab(line: Int, of text: String) -> Bool {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(line - 1) else { return false }
        return lines[line - 1].prefix { $0.isWhitespace }.contains("\t")
    }

    private static func place(ofCharacter offset: Int, in text: String) -> Place {
        var place = Place.start
        for character in text.prefix(max(0, offset)) {
            place =
                character.isNewline
                ? Place(line: place.line + 1, column: 1)
                : Place(line: place.line, column: place.column + character.unicodeScalars.count)
        }
        return place
    }
}
