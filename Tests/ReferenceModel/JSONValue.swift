/// A JSON document as the model compares it: objects without order, numbers by value.
package enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// Any number; one beyond what a double holds is infinite.
    case number(Double)
    /// A text, compared byte by byte.
    case string(String)
    /// A list, in order.
    case array([JSONValue])
    /// Members by name; of duplicate names the last one counts.
    case object([String: JSONValue])
}

extension JSONValue {
    /// Makes an object of the members that have a value, since bodies leave out what is absent.
    package static func compact(_ members: [String: JSONValue?]) -> JSONValue {
        .object(members.compactMapValues { $0 })
    }

    /// The members when this is an object.
    package var members: [String: JSONValue]? {
        if case .object(let members) = self { return members }
        return nil
    }

    /// The items when this is a list.
    package var items: [JSONValue]? {
        if case .array(let items) = self { return items }
        return nil
    }

    /// The text when this is a string.
    package var text: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The value when this is a number.
    package var double: Double? {
        if case .number(let number) = self { return number }
        return nil
    }

    /// The value when this is a boolean.
    package var truth: Bool? {
        if case .bool(let truth) = self { return truth }
        return nil
    }

    /// The member of that name when this is an object that has it.
    package subscript(name: String) -> JSONValue? {
        members?[name]
    }

    /// Whether the contract counts this value as absent: null, an empty or a blank text.
    package var isBlank: Bool {
        switch self {
        case .null: true
        case .string(let text): text.allSatisfy(\.isWhitespace)
        default: false
        }
    }
}

extension JSONValue: Equatable {
    /// Compares by value; texts by their UTF-8 bytes, not by canonical equivalence.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }
}

// Literals keep bodies and generated events readable.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A text.
    package init(stringLiteral value: String) { self = .string(value) }
    /// A boolean.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A number.
    package init(floatLiteral value: Double) { self = .number(value) }
    /// A whole number.
    package init(integerLiteral value: Int) { self = .number(Double(value)) }
    /// The literal null.
    package init(nilLiteral: ()) { self = .null }
    /// A list.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; of duplicate names the last one counts.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

extension JSONValue {
    /// The document as compact JSON text, members sorted by name so that it is reproducible.
    package var json: String {
        switch self {
        case .null: return "null"
        case .bool(let truth): return truth ? "true" : "false"
        case .number(let number):
            let isSmallInteger = number == number.rounded() && abs(number) < 1e15
            return isSmallInteger ? String(Int64(number)) : String(number)
        case .string(let text): return Self.quoted(text)
        case .array(let items): return "[" + items.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            let parts = members.sorted { $0.key < $1.key }.map {
                Self.quoted($0.key) + ":" + $0.value.json
            }
            return "{" + parts.joined(separator: ",") + "}"
        }
    }

    /// The text as a JSON string with its quotes.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Lists where this document is not what an expectation of `examples.json` asks for.
    ///
    /// Listed members must be there and equal, others may be there; null means absent; a list has
    /// the same length and its items are compared the same way.
    package func mismatches(expected: JSONValue, at path: String) -> [String] {
        switch (expected, self) {
        case (.object(let wanted), .object(let members)):
            return wanted.sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
                let place = path + "." + name
                guard let actual = members[name] else {
                    return value == .null ? [] : ["\(place): absent, expected \(value.json)"]
                }
                if value == .null { return ["\(place): \(actual.json), expected to be absent"] }
                return actual.mismatches(expected: value, at: place)
            }
        case (.array(let wanted), .array(let items)):
            guard wanted.count == items.count else {
                return ["\(path): \(json), expected \(wanted.count) items \(expected.json)"]
            }
            return zip(items, wanted).enumerated().flatMap { index, pair in
                pair.0.mismatches(expected: pair.1, at: "\(path)[\(index)]")
            }
        default:
            return self == expected ? [] : ["\(path): \(json), expected \(expected.json)"]
        }
    }
}
