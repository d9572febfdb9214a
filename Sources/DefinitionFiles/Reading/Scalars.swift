/// Readers of nodes outside a record, and the words for them in messages.
package enum Scalars {
    /// The longest text that a file may hold as one value, in bytes of UTF-8.
    package static let longestText = 1_000

    /// A text as written: `NO` and `2026` are text, unquoted `true` and `false` are refused because
    /// whoever wrote them may have meant a switch.
    package static func text(_ node: YAMLNode, what: String, faults: FaultList) -> String? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            faults.add(node.place, "\(what) must be text, not \(shown(node))")
            return nil
        }
        if case .bool = ScalarKind(text, isPlain: isPlain) {
            faults.add(
                node.place,
                "\(what) must be text, not the boolean \(text); quote it to mean the word")
            return nil
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            faults.add(node.place, "\(what) must not be blank")
            return nil
        }
        guard text.utf8.count <= longestText else {
            faults.add(node.place, "\(what) is longer than \(longestText) bytes")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            faults.add(node.place, "\(what) must not contain line breaks or control characters")
            return nil
        }
        return text
    }

    /// The items of a list.
    package static func list(
        _ node: YAMLNode, what: String, atMost limit: Int, mayBeEmpty: Bool, faults: FaultList
    ) -> [YAMLNode] {
        guard case .list(let items) = node.content else {
            let advice = mayBeEmpty && node.isNull ? "; write [] for none" : ""
            faults.add(node.place, "\(what) must be a list, not \(node.kind)\(advice)")
            return []
        }
        if items.isEmpty, !mayBeEmpty {
            faults.add(node.place, "\(what) must have at least one item")
        }
        guard items.count <= limit else {
            faults.add(
                node.place, "\(what) has \(items.count) items; the limit is \(limit)")
            return []
        }
        return items
    }

    /// The text of a scalar, quoted or not; empty for a list or mapping.
    package static func written(_ node: YAMLNode) -> String {
        guard case .scalar(let text, _) = node.content else { return "" }
        return text
    }

    /// The text of an unquoted scalar.
    package static func plain(_ node: YAMLNode) -> String? {
        guard case .scalar(let text, true) = node.content else { return nil }
        return text
    }

    /// How a scalar reads; nil for a list or mapping.
    package static func kind(_ node: YAMLNode) -> ScalarKind? {
        guard case .scalar(let text, let isPlain) = node.content else { return nil }
        return ScalarKind(text, isPlain: isPlain)
    }

    /// The value for a message: `'abc'`, `the text "30" (remove the quotes)`, `a list`.
    package static func shown(_ node: YAMLNode) -> String {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            return node.kind == "empty" ? "empty" : node.kind
        }
        let cut = text.count > 60 ? "\(text.prefix(60))..." : text
        if isPlain { return "'\(cut)'" }
        let looksPlain =
            switch ScalarKind(text, isPlain: true) {
            case .number, .bool: true
            case .text, .null, .doubtful: false
            }
        return "the text \"\(cut)\"\(looksPlain ? " (remove the quotes)" : "")"
    }
}
