/// A JSON value to be written; members keep their order, absent ones are left out.
package indirect enum JSONTree: Sendable, Equatable {
    case object([(name: String, value: JSONTree?)])
    case array([JSONTree])
    case text(String)
    case whole(Int)
    case number(Double)
    case flag(Bool)
    /// JSON text that was checked before.
    case raw(String)

    package static func == (left: JSONTree, right: JSONTree) -> Bool {
        left.compact == right.compact
    }

    /// The text without any space.
    package var compact: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    /// The text with a line for each member and item.
    package var pretty: String {
        var text = ""
        write(to: &text, indent: 0)
        return text
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .object(let members):
            let there = members.compactMap { member in member.value.map { (member.name, $0) } }
            JSONTree.list(there, "{", "}", to: &text, indent) { member, text, indent in
                JSONTree.quote(member.0, to: &text)
                text += indent == nil ? ":" : ": "
                member.1.write(to: &text, indent: indent)
            }
        case .array(let items):
            JSONTree.list(items, "[", "]", to: &text, indent) { item, text, indent in
                item.write(to: &text, indent: indent)
            }
        case .text(let value): JSONTree.quote(value, to: &text)
        case .whole(let value): text += String(value)
        case .number(let value):
            text += Int64(exactly: value).map(String.init) ?? value.description
        case .flag(let value): text += value ? "true" : "false"
        case .raw(let value): text += value
        }
    }

    private static func list<Item>(
        _ items: [Item], _ open: String, _ close: String, to text: inout String, _ indent: Int?,
        _ write: (Item, inout String, Int?) -> Void
    ) {
        text += open
        let inner = indent.map { $0 + 1 }
        for (place, item) in items.enumerated() {
            if place > 0 { text += "," }
            if let inner { text += "\n" + String(repeating: "  ", count: inner) }
            write(item, &text, inner)
        }
        if let indent, !items.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
        text += close
    }

    /// Escapes what RFC 8259 demands, and besides it what a terminal or an HTML page would act on:
    /// every control character, and `<`, so that the text can stand in a page as it is.
    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar == "<" || Shown.isHidden(scalar):
                for unit in String(Character(scalar)).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
