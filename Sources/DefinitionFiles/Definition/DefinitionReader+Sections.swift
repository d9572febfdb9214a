import Qualification

extension DefinitionReader {
    /// Who agreed; a side that is missing or blank is nil and no fault.
    func approvals() -> Approvals {
        var approvals = Approvals(marketing: nil, sales: nil)
        guard let node = root.node("approved_by"), !node.isNull,
            let record = Record(
                node, what: "'approved_by'", required: [], optional: ["marketing", "sales"],
                faults: faults)
        else { return approvals }
        for entry in record.entries {
            if case .scalar(let text, _) = entry.value.content,
                entry.value.isNull || text.allSatisfy(\.isWhitespace)
            {
                continue
            }
            let name = Scalars.text(entry.value, what: "'\(entry.key)'", faults: faults)
            if entry.key == "sales" { approvals.sales = name } else { approvals.marketing = name }
        }
        return approvals
    }

    /// No fault, because a draft is written before it is agreed.
    func warnOfMissing(_ approvals: Approvals) {
        let sides = [("marketing", approvals.marketing), ("sales", approvals.sales)]
        let missing = sides.filter { $0.1 == nil }.map(\.0).joined(separator: " and ")
        guard !missing.isEmpty else { return }
        let place = root.entry("approved_by")?.place ?? root.place
        faults.warn(place, "not approved by \(missing); 'handoff run' refuses it")
    }

    /// The regions and the names that conditions may use (nil: the section is no mapping).
    func regions() -> ([Region], [String]?) {
        guard let node = root.node("regions") else { return ([], []) }
        guard let entries = namedEntries(node, key: "regions", atMost: DefinitionLimits.regions)
        else { return ([], nil) }
        var firstRegion: [String: String] = [:]
        let regions = entries.map { entry in
            Region(name: entry.key, countries: countries(of: entry, seen: &firstRegion))
        }
        return (regions, regions.map(\.name))
    }

    private func countries(of region: YAMLEntry, seen: inout [String: String]) -> [String] {
        let items = Scalars.list(
            region.value, what: "region '\(region.key)'", atMost: DefinitionLimits.texts,
            mayBeEmpty: true, faults: faults)
        if case .list = region.value.content, items.isEmpty {
            faults.warn(region.place, "region '\(region.key)' has no countries")
        }
        var countries: [String] = []
        for item in items {
            guard let text = Scalars.text(item, what: "a country", faults: faults) else {
                continue
            }
            guard let country = Address.country(text) else {
                faults.add(item.place, KnownValues.noCountry(text))
                continue
            }
            if let first = seen[country] {
                faults.warn(item.place, "\(country) is in region '\(first)' already, which wins")
            }
            seen[country] = seen[country] ?? region.key
            if !countries.contains(country) { countries.append(country) }
        }
        return countries
    }

    /// Domains in their normal form.
    func freeMailDomains() -> Set<String> {
        var domains: Set<String> = []
        for (text, place) in root.texts("free_mail_domains", atMost: DefinitionLimits.texts) {
            guard let domain = Address.domain(text), domain.contains("."),
                !domain.contains(where: { $0 == "@" || $0.isWhitespace })
            else {
                faults.add(place, "'\(text)' is not a domain, such as gmail.com")
                continue
            }
            if !domains.insert(domain).inserted { faults.warn(place, "'\(text)' is listed twice") }
        }
        return domains
    }

    /// Account statuses that suppress.
    func suppressedStatuses() -> [String] {
        let known = Account.Status.allCases.map(\.rawValue)
        var statuses: [String] = []
        for (text, place) in root.texts("suppress_account_status", atMost: known.count) {
            guard known.contains(text) else {
                let advice = NearestName.advice(for: text, among: known)
                faults.add(place, "'\(text)' is not a status of accounts\(advice)")
                continue
            }
            if statuses.contains(text) {
                faults.warn(place, "'\(text)' is listed twice")
            } else {
                statuses.append(text)
            }
        }
        return statuses
    }

    /// One list of the persona and the values that conditions may use (nil: the section is no
    /// mapping).
    func persona(_ key: String) -> ([PersonaRule], [String]?) {
        guard let node = root.node("persona") else { return ([], []) }
        // Both lists are read from one mapping; its own faults are said once, by the first.
        let list = key == "seniority" ? faults : FaultList(file: faults.file)
        guard
            let record = Record(
                node, what: "'persona'", required: [], optional: ["seniority", "function"],
                faults: list)
        else { return ([], nil) }
        guard let node = record.node(key) else { return ([], []) }
        let items = Scalars.list(
            node, what: "'\(key)'", atMost: DefinitionLimits.rules, mayBeEmpty: true,
            faults: faults)
        guard case .list = node.content else { return ([], nil) }
        var values: [String] = []
        let rules = items.compactMap { item -> PersonaRule? in
            let record = Record(
                item, what: "an item of '\(key)'", required: ["value", "words"], faults: faults)
            guard let record else { return nil }
            let value = record.text("value")
            if let value { values.append(value) }
            let phrases = phrases(record)
            return value.map { PersonaRule(value: $0, phrases: phrases) }
        }
        return (rules, values)
    }

    private func phrases(_ record: Record) -> [[String]] {
        var phrases: [[String]] = []
        let texts = record.texts("words", atMost: DefinitionLimits.texts, mayBeEmpty: false)
        for (text, place) in texts {
            let words = TitleWords.split(text)
            if words.isEmpty {
                faults.add(place, "'\(text)' has no letter or digit, so no job title can match it")
            } else {
                phrases.append(words)
            }
        }
        return phrases
    }

    /// Rules that put a lead out of profile.
    func disqualifyRules(_ conditions: ConditionReader) -> [DisqualifyRule] {
        var ids = UniqueNames(kind: "disqualify rule", faults: faults)
        return root.list("disqualify", atMost: DefinitionLimits.rules).compactMap { item in
            let record = Record(
                item, what: "a disqualify rule", required: ["id", "when"], faults: faults)
            guard let record else { return nil }
            let id = ids.id(of: record)
            let when = record.node("when").flatMap { conditions.condition($0, in: .lead) }
            guard let id, let when else { return nil }
            return DisqualifyRule(id: id, when: when)
        }
    }

    /// Owners by rule.
    func routingRules(_ conditions: ConditionReader) -> [RoutingRule] {
        root.list("routing", atMost: DefinitionLimits.rules).compactMap { item in
            let record = Record(
                item, what: "a routing rule", required: ["when", "owner_id"], faults: faults)
            guard let record else { return nil }
            let when = record.node("when").flatMap { conditions.condition($0, in: .lead) }
            let owner = record.text("owner_id")
            guard let when, let owner else { return nil }
            return RoutingRule(when: when, ownerID: owner)
        }
    }

    /// What sales may answer; the codes are keys of a mapping, so YAML's own rule makes them
    /// unique.
    func rejectionReasons() -> [RejectionReason] {
        guard let node = root.node("rejection_reasons") else { return [] }
        let entries = namedEntries(node, key: "rejection_reasons", atMost: DefinitionLimits.reasons)
        return (entries ?? []).compactMap { entry in
            let record = Record(
                entry.value, what: "rejection reason '\(entry.key)'", required: ["action"],
                optional: ["after_days"], faults: faults)
            guard let record else { return nil }
            return rejectionAction(record).map { RejectionReason(code: entry.key, action: $0) }
        }
    }

    private func rejectionAction(_ record: Record) -> RejectionReason.Action? {
        let days = record.whole("after_days", in: 0...DefinitionLimits.days)
        guard let action = record.text("action") else { return nil }
        switch action {
        case "recycle":
            if record.entry("after_days") == nil {
                faults.add(
                    record.place, "\(record.what) recycles and so needs the key 'after_days'")
            }
            return days.map { .recycle(afterDays: $0) }
        case "disqualify":
            if let entry = record.entry("after_days") {
                faults.add(
                    entry.place,
                    "'after_days' belongs to action recycle; \(record.what) disqualifies for good")
            }
            return .disqualify
        default:
            let advice = NearestName.advice(for: action, among: ["disqualify", "recycle"])
            let place = record.node("action")?.place ?? record.place
            faults.add(place, "'\(action)' is not an action\(advice)")
            return nil
        }
    }

    /// The entries of a mapping whose keys are names given by the file; nil if it is no mapping.
    private func namedEntries(_ node: YAMLNode, key: String, atMost limit: Int) -> [YAMLEntry]? {
        guard case .mapping(let entries) = node.content else {
            let advice = node.isNull ? "; write {} for none" : ""
            faults.add(node.place, "'\(key)' must be a mapping, not \(node.kind)\(advice)")
            return nil
        }
        guard entries.count <= limit else {
            faults.add(
                node.place, "'\(key)' has \(entries.count) entries; the limit is \(limit)")
            return nil
        }
        for entry in entries {
            // A key is text as written, so it is checked as if it were quoted.
            let name = YAMLNode(.scalar(entry.key, isPlain: false), at: entry.place)
            _ = Scalars.text(name, what: "a name in '\(key)'", faults: faults)
        }
        return entries
    }
}

/// The ids of one namespace, each of which may be used once.
struct UniqueNames {
    private let kind: String
    private let faults: FaultList
    private var first: [String: Place] = [:]

    init(kind: String, faults: FaultList) {
        self.kind = kind
        self.faults = faults
    }

    /// The record's id, also when it is not unique (with a fault); nil if there is none.
    mutating func id(of record: Record) -> String? {
        guard let id = record.text("id"), let place = record.node("id")?.place else { return nil }
        claim(id, at: place)
        return id
    }

    /// Whether a name is in use already.
    func isTaken(_ name: String) -> Bool { first[name] != nil }

    /// Reports a name that is taken.
    mutating func claim(_ name: String, at place: Place) {
        if let first = first[name] {
            faults.add(
                place,
                "another \(kind) is called '\(name)' already, at \(first.line):\(first.column)")
        } else {
            first[name] = place
        }
    }
}
