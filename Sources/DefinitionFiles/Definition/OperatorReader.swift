import Qualification

/// Reads the operator and value of a comparison and checks the value against what the field can
/// hold.
struct OperatorReader {
    /// The kind of a field's values; a comparison of different kinds is always false (CONTRACT.md
    /// 4).
    private enum FieldKind: String {
        case text = "text"
        case number = "a number"
        case bool = "true or false"
    }

    let names: DeclaredNames
    let faults: FaultList

    /// The comparison; nil if the field is unknown or the value is at fault, which is then
    /// reported.
    func comparison(_ entry: YAMLEntry, of field: Field?) -> Condition? {
        switch entry.key {
        case "exists": return exists(entry, of: field)
        case "at_least", "at_most": return limit(entry, of: field)
        case "in", "not_in": return list(entry, of: field)
        default:
            guard let value = value(entry.value, for: entry.key, of: field), let field else {
                return nil
            }
            return entry.key == "equals" ? .equals(field, value) : .notEquals(field, value)
        }
    }

    private func exists(_ entry: YAMLEntry, of field: Field?) -> Condition? {
        guard case .bool(let wanted)? = Scalars.kind(entry.value) else {
            faults.add(
                entry.value.place,
                "'exists' must be true or false, not \(Scalars.shown(entry.value))")
            return nil
        }
        return field.map { .exists($0, wanted) }
    }

    private func limit(_ entry: YAMLEntry, of field: Field?) -> Condition? {
        if let field, let kind = kind(of: field), kind != .number {
            faults.add(
                entry.place,
                "'\(entry.key)' compares numbers, and \(field.name) is \(kind.rawValue)")
        }
        guard case .number(let limit)? = Scalars.kind(entry.value) else {
            let advice = Scalars.kind(entry.value) == .doubtful ? "; write plain digits" : ""
            faults.add(
                entry.value.place,
                "'\(entry.key)' must be a number, not \(Scalars.shown(entry.value))\(advice)")
            return nil
        }
        return field.map { entry.key == "at_least" ? .atLeast($0, limit) : .atMost($0, limit) }
    }

    private func list(_ entry: YAMLEntry, of field: Field?) -> Condition? {
        let what = "'\(entry.key)'"
        if case .scalar = entry.value.content {
            let instead = entry.key == "in" ? "equals" : "not_equals"
            faults.add(
                entry.value.place,
                "\(what) must be a list, not \(Scalars.shown(entry.value)); "
                    + "use '\(instead)' for one value")
            return nil
        }
        let items = Scalars.list(
            entry.value, what: what, atMost: DefinitionLimits.texts, mayBeEmpty: false,
            faults: faults)
        let values = items.map { value($0, for: entry.key, of: field) }
        guard let field, !values.isEmpty, !values.contains(where: { $0 == nil }) else { return nil }
        let known = values.compactMap { $0 }
        return entry.key == "in" ? .oneOf(field, known) : .noneOf(field, known)
    }

    /// One value to compare with, checked against the field.
    private func value(_ node: YAMLNode, for operation: String, of field: Field?) -> FactValue? {
        guard let kind = Scalars.kind(node) else {
            let advice =
                if case .list = node.content { "; use 'in' or 'not_in' for several" } else { "" }
            faults.add(
                node.place, "'\(operation)' must be a single value, not \(node.kind)\(advice)")
            return nil
        }
        switch kind {
        case .null:
            faults.add(node.place, "'\(operation)' has no value; use 'exists' for missing fields")
            return nil
        case .doubtful:
            faults.add(
                node.place,
                "\(Scalars.shown(node)) is a number to some readers of YAML only; "
                    + "write plain digits, or quote it to mean text")
            return nil
        case .text:
            guard let text = Scalars.text(node, what: "'\(operation)'", faults: faults) else {
                return nil
            }
            warnOfKind(.text, field, node)
            guard let field, self.kind(of: field) == .text else { return .text(text) }
            return KnownValues(names: names, faults: faults)
                .checked(text, of: field, at: node.place).map { .text($0) }
        case .number(let number):
            warnOfKind(.number, field, node)
            return .number(number)
        case .bool(let bool):
            warnOfKind(.bool, field, node)
            return .bool(bool)
        }
    }

    private func warnOfKind(_ found: FieldKind, _ field: Field?, _ node: YAMLNode) {
        guard let field, let wanted = kind(of: field), wanted != found else { return }
        let advice: String
        switch (wanted, found) {
        case (.text, _): advice = "; quote it"
        case (.bool, .text): advice = "; write true or false without quotes"
        case (.number, .text): advice = "; write digits without quotes"
        default: advice = ""
        }
        let compared =
            switch found {
            case .text: "the text"
            case .number: "the number"
            case .bool: "the boolean"
            }
        // Not a fault: the contract gives it a meaning (false), and generated files may have it.
        faults.warn(
            node.place,
            "comparing \(field.name), which is \(wanted.rawValue), with \(compared) "
                + "'\(Scalars.written(node))' is always false\(advice)")
    }

    /// The kind of a field's values; nil if it can be any.
    private func kind(of field: Field) -> FieldKind? {
        switch field {
        case .companyEmployees, .companyAnnualRevenue: .number
        case .leadFreeMail, .accountKnown: .bool
        case .activityProperty: nil
        case .leadCountry, .leadRegion, .leadJobTitle, .leadEmailDomain, .leadCompanyName,
            .leadPhone, .leadEmail, .companyIndustry, .companyCountry, .companyRegion,
            .accountStatus, .accountOwnerID, .personaSeniority, .personaFunction, .sourceChannel,
            .sourceCampaignID, .campaignChannel:
            .text
        }
    }
}

/// Checks texts against the values that a field can have at all: declared names, countries,
/// statuses.
struct KnownValues {
    let names: DeclaredNames
    let faults: FaultList

    /// The text as facts have it (countries in their normal form), or nil with a fault.
    func checked(_ text: String, of field: Field, at place: Place) -> String? {
        switch field {
        case .leadCountry, .companyCountry:
            guard let country = Address.country(text) else {
                faults.add(place, KnownValues.noCountry(text))
                return nil
            }
            return country
        case .leadRegion, .companyRegion:
            return declared(text, names.regions, kind: "a region of this file", at: place)
        case .personaSeniority:
            return declared(text, names.seniority, kind: "a seniority of this file", at: place)
        case .personaFunction:
            return declared(text, names.function, kind: "a function of this file", at: place)
        case .accountStatus:
            let statuses = Account.Status.allCases.map(\.rawValue)
            return declared(text, statuses, kind: "a status of accounts", at: place)
        case .leadEmailDomain:
            guard text.contains("."), !text.contains(where: { "@/: ".contains($0) }) else {
                faults.add(
                    place, "'\(text)' is not the domain of an e-mail address, such as example.com")
                return nil
            }
            return text
        case .leadEmail:
            guard Address.email(text) == text.lowercased() else {
                faults.add(place, "'\(text)' is not an e-mail address")
                return nil
            }
            return text
        default: return text
        }
    }

    /// The message for a country that does not exist.
    static func noCountry(_ text: String) -> String {
        "'\(text)' is not a country; write the two letters of ISO 3166-1, such as US"
    }

    private func declared(_ text: String, _ known: [String]?, kind: String, at place: Place)
        -> String?
    {
        guard let known else { return text }
        // Conditions compare text without regard to case.
        if known.contains(where: { $0.lowercased() == text.lowercased() }) { return text }
        let advice = NearestName.advice(for: text, among: known)
        faults.add(place, "'\(text)' is not \(kind)\(advice)")
        return nil
    }
}
