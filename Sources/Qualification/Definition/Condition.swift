/// A fact that conditions can ask for (CONTRACT.md 4).
package enum Field: Hashable, Sendable {
    case leadCountry, leadRegion, leadJobTitle, leadEmailDomain, leadFreeMail, leadCompanyName
    case leadPhone, leadEmail
    case companyEmployees, companyAnnualRevenue, companyIndustry, companyCountry, companyRegion
    case accountStatus, accountOwnerID, accountKnown
    case personaSeniority, personaFunction
    case sourceChannel, sourceCampaignID
    /// `activity.properties.NAME`; only in the `where` of an engagement criterion.
    case activityProperty(String)
    /// `campaign.channel` of the activity's campaign; only in the `where` of an engagement
    /// criterion.
    case campaignChannel

    /// The fields about a lead, each with the name that files and evidence use, in the contract's
    /// order.
    package static let aboutLeads: [(name: String, field: Field)] = [
        ("lead.country", .leadCountry), ("lead.region", .leadRegion),
        ("lead.job_title", .leadJobTitle), ("lead.email_domain", .leadEmailDomain),
        ("lead.free_mail", .leadFreeMail), ("lead.company_name", .leadCompanyName),
        ("lead.phone", .leadPhone), ("lead.email", .leadEmail),
        ("company.employees", .companyEmployees),
        ("company.annual_revenue", .companyAnnualRevenue),
        ("company.industry", .companyIndustry), ("company.country", .companyCountry),
        ("company.region", .companyRegion),
        ("account.status", .accountStatus), ("account.owner_id", .accountOwnerID),
        ("account.known", .accountKnown),
        ("persona.seniority", .personaSeniority), ("persona.function", .personaFunction),
        ("source.channel", .sourceChannel), ("source.campaign_id", .sourceCampaignID),
    ]

    /// The name that files and evidence use.
    package var name: String {
        switch self {
        case .activityProperty(let name): "activity.properties.\(name)"
        case .campaignChannel: "campaign.channel"
        default: Field.aboutLeads.first { $0.field == self }?.name ?? ""
        }
    }
}

/// A value that a field can have and a condition can name.
package enum FactValue: Hashable, Sendable {
    case text(String)
    case number(Double)
    case bool(Bool)

    /// Equal kinds and equal values, text without regard to case; different kinds are never equal.
    package func matches(_ other: FactValue) -> Bool {
        switch (self, other) {
        case (.text(let left), .text(let right)):
            left == right || left.lowercased() == right.lowercased()
        case (.number(let left), .number(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        default: false
        }
    }

    /// Whether both are of one kind: a comparison of different kinds is false, `not_equals`
    /// included.
    package func isSameKind(as other: FactValue) -> Bool {
        switch (self, other) {
        case (.text, .text), (.number, .number), (.bool, .bool): true
        default: false
        }
    }
}

/// A condition of the definition: comparisons combined by all, any and not.
package indirect enum Condition: Sendable, Equatable {
    case equals(Field, FactValue)
    case notEquals(Field, FactValue)
    case oneOf(Field, [FactValue])
    case noneOf(Field, [FactValue])
    case atLeast(Field, Double)
    case atMost(Field, Double)
    case exists(Field, Bool)
    case all([Condition])
    case any([Condition])
    case not(Condition)

    /// Whether the condition holds for the facts that `value` gives (nil = the field is missing).
    ///
    /// A comparison on a missing field is false, so `not` around one is true (CONTRACT.md 4).
    package func holds(_ value: (Field) -> FactValue?) -> Bool {
        switch self {
        case .equals(let field, let wanted): value(field)?.matches(wanted) ?? false
        case .notEquals(let field, let other):
            value(field).map { $0.isSameKind(as: other) && !$0.matches(other) } ?? false
        case .oneOf(let field, let wanted):
            value(field).map { fact in wanted.contains { fact.matches($0) } } ?? false
        case .noneOf(let field, let others):
            value(field).map { fact in
                others.contains { fact.isSameKind(as: $0) } && !others.contains { fact.matches($0) }
            } ?? false
        case .atLeast(let field, let limit): number(value(field)).map { $0 >= limit } ?? false
        case .atMost(let field, let limit): number(value(field)).map { $0 <= limit } ?? false
        case .exists(let field, let wanted): (value(field) != nil) == wanted
        case .all(let parts): parts.allSatisfy { $0.holds(value) }
        case .any(let parts): parts.contains { $0.holds(value) }
        case .not(let part): !part.holds(value)
        }
    }

    /// Every field that the condition names, each once, in the order of the text.
    package var fields: [Field] {
        var seen: [Field] = []
        collectFields(into: &seen)
        return seen
    }

    private func collectFields(into seen: inout [Field]) {
        switch self {
        case .equals(let field, _), .notEquals(let field, _), .oneOf(let field, _),
            .noneOf(let field, _), .atLeast(let field, _), .atMost(let field, _),
            .exists(let field, _):
            if !seen.contains(field) { seen.append(field) }
        case .all(let parts), .any(let parts): for part in parts { part.collectFields(into: &seen) }
        case .not(let part): part.collectFields(into: &seen)
        }
    }

    private func number(_ value: FactValue?) -> Double? {
        guard case .number(let number) = value else { return nil }
        return number
    }
}
