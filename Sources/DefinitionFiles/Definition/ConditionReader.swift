import Qualification

/// Where a condition stands; it decides which fields it may ask for.
enum ConditionPlace {
    /// Fit, disqualify, routing: fields about the lead.
    case lead
    /// `where` of an engagement criterion: fields about the activity.
    case activity
}

/// The names that a file declares and its conditions may use; nil = the declaration itself is at
/// fault, so names are not checked against it.
struct DeclaredNames {
    var regions: [String]?
    var seniority: [String]?
    var function: [String]?
}

/// Reads conditions (CONTRACT.md 4), refusing those that could never hold.
struct ConditionReader {
    static let operators = [
        "equals", "not_equals", "in", "not_in", "at_least", "at_most", "exists",
    ]
    private static let combiners = ["all", "any", "not"]

    let names: DeclaredNames
    let faults: FaultList

    /// The condition, or nil with at least one fault.
    func condition(_ node: YAMLNode, in place: ConditionPlace, depth: Int = 1) -> Condition? {
        guard depth <= DefinitionLimits.conditionDepth else {
            faults.add(
                node.place,
                "conditions are nested more than \(DefinitionLimits.conditionDepth) deep")
            return nil
        }
        guard case .mapping(let written) = node.content else {
            let advice =
                if case .list = node.content { "; combine several with all: or any:" } else { "" }
            faults.add(
                node.place,
                "a condition must be a mapping such as {field: lead.country, equals: US}, "
                    + "not \(node.kind)\(advice)")
            return nil
        }
        let entries = Record.known(
            written, among: ["field"] + Self.operators + Self.combiners, what: "a condition",
            faults: faults)
        if let combiner = entries.first(where: { Self.combiners.contains($0.key) }) {
            for other in entries where other.key != combiner.key {
                faults.add(
                    other.place,
                    "'\(other.key)' cannot stand beside '\(combiner.key)' in one condition; "
                        + "combine them with all: [..]")
            }
            return combination(combiner, in: place, depth: depth)
        }
        return comparison(entries, at: node.place, in: place)
    }

    private func combination(_ entry: YAMLEntry, in place: ConditionPlace, depth: Int)
        -> Condition?
    {
        if entry.key == "not" {
            return condition(entry.value, in: place, depth: depth + 1).map { .not($0) }
        }
        let items = Scalars.list(
            entry.value, what: "'\(entry.key)'", atMost: DefinitionLimits.rules,
            mayBeEmpty: false, faults: faults)
        let parts = items.map { condition($0, in: place, depth: depth + 1) }
        guard !parts.isEmpty, !parts.contains(where: { $0 == nil }) else { return nil }
        let conditions = parts.compactMap { $0 }
        return entry.key == "all" ? .all(conditions) : .any(conditions)
    }

    private func comparison(_ entries: [YAMLEntry], at place: Place, in where: ConditionPlace)
        -> Condition?
    {
        let found = entries.filter { Self.operators.contains($0.key) }
        let fieldEntry = entries.first { $0.key == "field" }
        if fieldEntry == nil, !found.isEmpty || entries.isEmpty {
            faults.add(place, "a condition lacks the key 'field'")
        }
        if found.isEmpty, fieldEntry != nil || entries.isEmpty {
            let list = Self.operators.joined(separator: ", ")
            faults.add(place, "a condition needs one operator: \(list)")
        }
        for other in found.dropFirst() {
            faults.add(
                other.place,
                "a condition has exactly one operator, and this has '\(found[0].key)' already; "
                    + "combine several with all: [..]")
        }
        let field = fieldEntry.flatMap { self.field($0.value, in: `where`) }
        guard let entry = found.first else { return nil }
        return OperatorReader(names: names, faults: faults).comparison(entry, of: field)
    }

    private func field(_ node: YAMLNode, in place: ConditionPlace) -> Field? {
        guard let name = Scalars.text(node, what: "'field'", faults: faults) else { return nil }
        let about = Field.aboutLeads.first { $0.name == name }?.field
        let prefix = "activity.properties."
        let property = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        switch place {
        case .lead:
            if let about { return about }
            if name == "campaign.channel" || name.hasPrefix("activity.") {
                faults.add(
                    node.place,
                    "'\(name)' can be used only in the 'where' of an engagement criterion")
                return nil
            }
            let advice = NearestName.advice(for: name, among: Field.aboutLeads.map(\.name))
            faults.add(node.place, "'\(name)' is not a field of a lead\(advice)")
        case .activity:
            if name == "campaign.channel" { return .campaignChannel }
            if let property, !property.isEmpty { return .activityProperty(property) }
            let advice =
                if about != nil { "" } else {
                    NearestName.advice(for: name, among: ["campaign.channel", prefix + "NAME"])
                }
            faults.add(
                node.place,
                "a 'where' may ask only for activity.properties.NAME and campaign.channel, "
                    + "not '\(name)'\(advice)")
        }
        return nil
    }
}
