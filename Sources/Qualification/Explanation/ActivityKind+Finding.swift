extension Rulebook {
    /// Every activity that would add points to engagement, each once, in the order of the criteria.
    var helpfulKinds: [ActivityKind] {
        var kinds: [ActivityKind] = []
        for criterion in definition.engagement where criterion.points > .zero || criterion.handRaise
        {
            let type = criterion.activities.first { !definition.withdrawsConsent.contains($0) }
            guard let type else { continue }
            var kind = ActivityKind(
                criterion: criterion.id, label: criterion.label, type: type,
                condition: criterion.condition?.plainText, properties: [:], channel: nil,
                isHandRaise: criterion.handRaise)
            if let condition = criterion.condition {
                guard kind.meet(condition) else { continue }
            }
            kinds.append(kind)
        }
        return kinds
    }
}

extension ActivityKind {
    /// Chooses properties and channel for which a condition holds; false if none were found.
    ///
    /// Takes each comparison at its word and lets the condition itself judge the result.
    fileprivate mutating func meet(_ condition: Condition) -> Bool {
        var values: [Field: FactValue] = [:]
        ActivityKind.choose(condition, &values)
        guard condition.holds({ values[$0] }) else { return false }
        for (field, value) in values {
            switch (field, value) {
            case (.activityProperty(let name), _): properties[name] = value
            case (.campaignChannel, .text(let text)): channel = text
            default: return false
            }
        }
        return true
    }

    private static func choose(_ condition: Condition, _ values: inout [Field: FactValue]) {
        switch condition {
        case .equals(let field, let value): values[field] = value
        case .oneOf(let field, let choices): values[field] = choices.first
        case .notEquals(let field, let other): values[field] = different(from: [other])
        case .noneOf(let field, let others): values[field] = different(from: others)
        case .atLeast(let field, let limit), .atMost(let field, let limit):
            values[field] = .number(limit)
        case .exists(let field, let wanted):
            if wanted, values[field] == nil { values[field] = .text("any") }
        case .all(let parts): for part in parts { choose(part, &values) }
        case .any(let parts): if let first = parts.first { choose(first, &values) }
        case .not: break
        }
    }

    private static func different(from others: [FactValue]) -> FactValue? {
        let candidates: [FactValue] =
            switch others.first {
            case .text, nil: (0...others.count).map { .text("other\($0)") }
            case .number: (0...others.count).map { .number(Double($0)) }
            case .bool: [.bool(true), .bool(false)]
            }
        return candidates.first { candidate in !others.contains { candidate.matches($0) } }
    }
}
