import Yams

/// A value a condition compares: of a field, or as written in the definition.
enum ModelScalar: Hashable {
    case text(String)
    case number(Double)
    case truth(Bool)

    var json: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .number(number)
        case .truth(let truth): .bool(truth)
        }
    }

    var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }

    var number: Double? {
        if case .number(let number) = self { return number }
        return nil
    }

    /// The kind a YAML scalar has; a word such as NO is text, only true and false are booleans.
    init(_ scalar: Node.Scalar) {
        let written = scalar.string
        guard scalar.style == .plain || scalar.style == .any else {
            self = .text(written)
            return
        }
        switch written {
        case "true", "True", "TRUE": self = .truth(true)
        case "false", "False", "FALSE": self = .truth(false)
        default:
            let startsLikeNumber = written.first.map { "+-.0123456789".contains($0) } ?? false
            let number = startsLikeNumber ? Double(written) : nil
            self = number.map(ModelScalar.number) ?? .text(written)
        }
    }

    func isSameKind(as other: ModelScalar) -> Bool {
        switch (self, other) {
        case (.text, .text), (.number, .number), (.truth, .truth): true
        default: false
        }
    }

    /// Equality of conditions: text without regard to case.
    func matches(_ other: ModelScalar) -> Bool {
        switch (self, other) {
        case (.text(let one), .text(let two)):
            one.lowercased().utf8.elementsEqual(two.lowercased().utf8)
        default: self == other
        }
    }
}

/// A condition of the definition (section 4).
indirect enum Condition: Hashable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case exists(field: String, wanted: Bool)
    case oneOf(field: String, values: [ModelScalar], wanted: Bool)
    case atLeast(field: String, limit: ModelScalar)
    case atMost(field: String, limit: ModelScalar)

    /// Every field the condition names.
    var fields: [String] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.fields)
        case .not(let part): part.fields
        case .exists(let field, _), .oneOf(let field, _, _), .atLeast(let field, _),
            .atMost(let field, _):
            [field]
        }
    }

    /// A comparison on a missing field, or of different kinds, is false.
    func holds(_ value: (String) -> ModelScalar?) -> Bool {
        switch self {
        case .all(let parts): return parts.allSatisfy { $0.holds(value) }
        case .any(let parts): return parts.contains { $0.holds(value) }
        case .not(let part): return !part.holds(value)
        case .exists(let field, let wanted): return (value(field) != nil) == wanted
        case .oneOf(let field, let values, let wanted):
            guard let actual = value(field), values.contains(where: actual.isSameKind) else {
                return false
            }
            return values.contains(where: actual.matches) == wanted
        case .atLeast(let field, let limit):
            guard let actual = value(field)?.number, let limit = limit.number else { return false }
            return actual >= limit
        case .atMost(let field, let limit):
            guard let actual = value(field)?.number, let limit = limit.number else { return false }
            return actual <= limit
        }
    }
}

extension Condition {
    init(_ node: Node) throws(ModelDefinition.Fault) {
        if let parts = node["all"]?.sequence {
            self = .all(try Self.parts(parts))
        } else if let parts = node["any"]?.sequence {
            self = .any(try Self.parts(parts))
        } else if let part = node["not"] {
            self = .not(try Condition(part))
        } else {
            self = try Self.comparison(node)
        }
    }

    private static func parts(_ nodes: Node.Sequence) throws(ModelDefinition.Fault) -> [Condition] {
        var parts: [Condition] = []
        for node in nodes { parts.append(try Condition(node)) }
        return parts
    }

    private static func comparison(_ node: Node) throws(ModelDefinition.Fault) -> Condition {
        guard let field = node["field"]?.scalar?.string else {
            throw ModelDefinition.Fault(what: "a condition without a field")
        }
        func one(_ name: String) -> ModelScalar? {
            node[name]?.scalar.map { ModelScalar($0) }
        }
        func several(_ name: String) -> [ModelScalar]? {
            node[name]?.sequence.map { $0.compactMap { $0.scalar.map { ModelScalar($0) } } }
        }
        if let value = one("equals") { return .oneOf(field: field, values: [value], wanted: true) }
        if let value = one("not_equals") {
            return .oneOf(field: field, values: [value], wanted: false)
        }
        if let values = several("in") { return .oneOf(field: field, values: values, wanted: true) }
        if let values = several("not_in") {
            return .oneOf(field: field, values: values, wanted: false)
        }
        if let limit = one("at_least") { return .atLeast(field: field, limit: limit) }
        if let limit = one("at_most") { return .atMost(field: field, limit: limit) }
        if case .truth(let wanted) = one("exists") { return .exists(field: field, wanted: wanted) }
        throw ModelDefinition.Fault(what: "a condition on \(field) without an operator")
    }
}
