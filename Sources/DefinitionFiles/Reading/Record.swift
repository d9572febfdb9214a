package import Qualification

/// One mapping of a file with the keys it may have: the readers of its values report what is wrong
/// with them and return nil, so that reading goes on to the next fault.
package struct Record {
    /// Where the mapping starts; missing keys are reported here.
    package let place: Place
    /// What the mapping is, for messages: `a product`.
    package let what: String
    /// In the order of the file, known keys only.
    package let entries: [YAMLEntry]
    /// Where faults go.
    package let faults: FaultList

    /// Reads the keys of a mapping; nil if the node is no mapping.
    package init?(
        _ node: YAMLNode, what: String, required: [String], optional: [String] = [],
        faults: FaultList
    ) {
        guard case .mapping(let entries) = node.content else {
            let keys = required.isEmpty ? optional : required
            faults.add(
                node.place,
                "\(what) must be a mapping of keys (\(keys.joined(separator: ", "))), "
                    + "not \(node.kind)")
            return nil
        }
        place = node.place
        self.what = what
        self.faults = faults
        self.entries = Record.known(
            entries, among: required + optional, what: what, faults: faults)
        let written = Set(self.entries.map(\.key))
        for key in required where !written.contains(key) {
            faults.add(node.place, "\(what) lacks the key '\(key)'")
        }
    }

    /// The entries with known keys.
    ///
    /// A misspelt key is reported and then read as the one it means: so a misspelt section still
    /// has its own faults reported, and is not reported as missing too.
    static func known(
        _ entries: [YAMLEntry], among known: [String], what: String, faults: FaultList
    ) -> [YAMLEntry] {
        var written = Set(entries.map(\.key))
        return entries.compactMap { entry in
            guard !known.contains(entry.key) else { return entry }
            let advice = NearestName.advice(for: entry.key, among: known)
            faults.add(entry.place, "'\(entry.key)' is not a key of \(what)\(advice)")
            guard let meant = NearestName.nearest(to: entry.key, among: known),
                written.insert(meant).inserted
            else { return nil }
            return YAMLEntry(key: meant, place: entry.place, value: entry.value)
        }
    }

    /// The entry of a key, nil if the file does not have it.
    package func entry(_ key: String) -> YAMLEntry? {
        entries.first { $0.key == key }
    }

    /// The value of a key, nil if the file does not have it.
    package func node(_ key: String) -> YAMLNode? { entry(key)?.value }

    /// A text.
    package func text(_ key: String) -> String? {
        node(key).flatMap { Scalars.text($0, what: "'\(key)'", faults: faults) }
    }

    /// `true` or `false`.
    package func bool(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let text, let isPlain) = node.content,
            case .bool(let value) = ScalarKind(text, isPlain: isPlain)
        else {
            faults.add(
                node.place, "'\(key)' must be true or false, not \(Scalars.shown(node))")
            return nil
        }
        return value
    }

    /// A whole number in a range.
    package func whole(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        guard let value = Scalars.plain(node).flatMap({ Int($0) }),
            case .number? = Scalars.kind(node), range.contains(value)
        else {
            faults.add(
                node.place,
                "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "not \(Scalars.shown(node))")
            return nil
        }
        return value
    }

    /// Points: a number with at most two decimals, in a range.
    package func points(_ key: String, in range: ClosedRange<Points>) -> Points? {
        guard let node = node(key) else { return nil }
        guard let text = Scalars.plain(node), case .number? = Scalars.kind(node),
            let points = Points(decimal: text), range.contains(points)
        else {
            faults.add(
                node.place,
                "'\(key)' must be a number from \(range.lowerBound) to \(range.upperBound) with at "
                    + "most two decimals, not \(Scalars.shown(node))")
            return nil
        }
        return points
    }

    /// A length of time longer than zero, such as `24h`.
    package func span(_ key: String, atMost limit: Span24h) -> Span24h? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let text, _) = node.content, let span = Span24h(written: text),
            span > Span24h(milliseconds: 0), span <= limit
        else {
            faults.add(
                node.place,
                "'\(key)' must be a whole number and one of s, m, h, d, such as 24h, longer than "
                    + "zero and at most \(limit.total / Span24h.milliseconds)d, "
                    + "not \(Scalars.shown(node))")
            return nil
        }
        return span
    }

    /// A UTC day.
    package func day(_ key: String) -> UTCDay? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let text, _) = node.content, let day = UTCDay(written: text) else {
            faults.add(
                node.place,
                "'\(key)' must be a date such as 2026-09-01, not \(Scalars.shown(node))")
            return nil
        }
        return day
    }

    /// A list, each item with its place; empty if it is none (with a fault) or missing.
    package func list(_ key: String, atMost limit: Int, mayBeEmpty: Bool = true) -> [YAMLNode] {
        guard let node = node(key) else { return [] }
        return Scalars.list(
            node, what: "'\(key)'", atMost: limit, mayBeEmpty: mayBeEmpty, faults: faults)
    }

    /// A list of texts, each with its place.
    package func texts(_ key: String, atMost limit: Int, mayBeEmpty: Bool = true)
        -> [(text: String, place: Place)]
    {
        list(key, atMost: limit, mayBeEmpty: mayBeEmpty).compactMap { item in
            Scalars.text(item, what: "an item of '\(key)'", faults: faults).map { ($0, item.place) }
        }
    }
}
