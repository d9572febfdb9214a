extension Condition {
    /// The condition as people say it: `company.employees >= 50 and persona.seniority is vp`.
    ///
    /// For reading only; `canonicalText` is the form that must never change.
    package var plainText: String {
        switch self {
        case .equals(let field, let value): "\(field.name) is \(value.plainText)"
        case .notEquals(let field, let value): "\(field.name) is not \(value.plainText)"
        case .oneOf(let field, let values) where values.count == 1:
            "\(field.name) is \(Condition.choice(values))"
        case .oneOf(let field, let values): "\(field.name) is one of \(Condition.choice(values))"
        case .noneOf(let field, let values): "\(field.name) is none of \(Condition.choice(values))"
        case .atLeast(let field, let limit):
            "\(field.name) >= \(FactValue.number(limit).plainText)"
        case .atMost(let field, let limit):
            "\(field.name) <= \(FactValue.number(limit).plainText)"
        case .exists(let field, let wanted): "\(field.name) is \(wanted ? "known" : "not known")"
        case .all(let parts): parts.map(\.nestedText).joined(separator: " and ")
        case .any(let parts): parts.map(\.nestedText).joined(separator: " or ")
        case .not(let part): "not (\(part.plainText))"
        }
    }

    private var nestedText: String {
        switch self {
        case .all(let parts), .any(let parts): parts.count > 1 ? "(\(plainText))" : plainText
        default: plainText
        }
    }

    private static func choice(_ values: [FactValue]) -> String {
        values.map(\.plainText).joined(separator: ", ")
    }
}

extension FactValue {
    /// The value as people write it: whole numbers without a fraction, text without quotes.
    package var plainText: String {
        switch self {
        case .text(let text): text
        case .number(let number): Int64(exactly: number).map(String.init) ?? number.description
        case .bool(let bool): bool.description
        }
    }
}
