/// A node of a YAML file as it was written: nothing is converted, every node knows its place.
package struct YAMLNode: Sendable {
    /// What a node can be.
    package enum Content: Sendable {
        /// A scalar; `isPlain` is false for quoted text, which is text whatever it looks like.
        case scalar(String, isPlain: Bool)
        case list([YAMLNode])
        case mapping([YAMLEntry])
    }

    /// What the node is.
    package var content: Content
    /// Where it starts.
    package var place: Place

    /// Makes a node.
    package init(_ content: Content, at place: Place) {
        self.content = content
        self.place = place
    }

    /// The node's kind for a message, such as `a list`.
    package var kind: String {
        switch content {
        case .scalar: isNull ? "empty" : "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Nothing written, or YAML's `null` and `~`.
    package var isNull: Bool {
        guard case .scalar(let text, true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}

/// One key and its value.
package struct YAMLEntry: Sendable {
    /// The key as written.
    package var key: String
    /// Where the key starts.
    package var place: Place
    /// The value.
    package var value: YAMLNode

    /// Makes an entry.
    package init(key: String, place: Place, value: YAMLNode) {
        self.key = key
        self.place = place
        self.value = value
    }
}

/// How a scalar reads where its kind decides, as in the value of a condition.
///
/// YAML 1.1 and 1.2 disagree about words such as `NO` and numbers such as `010`. Only what both
/// read alike is a boolean or a number here: `true`, `false` and plain decimal numbers.
package enum ScalarKind: Equatable {
    case text(String)
    case number(Double)
    case bool(Bool)
    case null
    /// Looks like a number, but readers of YAML disagree which.
    case doubtful

    /// Classifies a scalar.
    package init(_ text: String, isPlain: Bool) {
        guard isPlain else {
            self = .text(text)
            return
        }
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        default:
            if PlainNumber.isDecimal(text), let number = Double(text), number.isFinite {
                self = .number(number)
            } else {
                self = PlainNumber.isDoubtful(text) ? .doubtful : .text(text)
            }
        }
    }
}

/// The forms of numbers in plain scalars.
package enum PlainNumber {
    /// Decimal digits with an optional sign, fraction and exponent, and without leading zeros.
    package static func isDecimal(_ text: String) -> Bool {
        var rest = unsigned(text)
        let whole = rest.prefix(while: \.isDigit)
        if whole.count > 1, whole.first == UInt8(ascii: "0") { return false }
        rest = rest.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: \.isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let mark = rest.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        let exponent = unsigned(String(decoding: rest.dropFirst(), as: UTF8.self))
        return !exponent.isEmpty && exponent.allSatisfy(\.isDigit)
    }

    /// Octal, hexadecimal, underscores, sexagesimal, infinities: a number to some readers of YAML
    /// only.
    package static func isDoubtful(_ text: String) -> Bool {
        let rest = unsigned(text)
        let lower = String(decoding: rest, as: UTF8.self).lowercased()
        if [".inf", ".nan"].contains(lower) { return true }
        guard let first = rest.first else { return false }
        if lower.hasPrefix("0x") {
            return rest.count > 2
                && rest.dropFirst(2).allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: "_") }
        }
        if lower.hasPrefix("0o") || lower.hasPrefix("0b") {
            return rest.count > 2
                && rest.dropFirst(2).allSatisfy { $0.isDigit || $0 == UInt8(ascii: "_") }
        }
        guard first.isDigit || first == UInt8(ascii: ".") else { return false }
        return rest.contains(where: \.isDigit)
            && rest.allSatisfy { $0.isDigit || "_:.".utf8.contains($0) }
            && rest.filter { $0 == UInt8(ascii: ".") }.count <= 1
            || isDecimal(text)
    }

    private static func unsigned(_ text: String) -> Substring.UTF8View.SubSequence {
        let bytes = text.utf8[...]
        let isSigned = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+")
        return isSigned ? bytes.dropFirst() : bytes
    }
}

extension UInt8 {
    /// An ASCII decimal digit.
    package var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    fileprivate var isHexDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }
}
