package import Qualification

/// Reads `definition.yaml` (CONTRACT.md 4).
package enum DefinitionFile {
    /// A definition that passed every check, with what is allowed and probably not meant.
    package struct Checked: Sendable, Equatable {
        /// The definition.
        package var definition: Definition
        /// Sorted by place.
        package var warnings: [Fault]
    }

    /// The definition in a file's bytes.
    ///
    /// Missing approvals are no fault: they are nil in `Definition.approvals`, and `run` refuses
    /// them.
    /// - Parameters:
    ///   - bytes: The whole file, UTF-8 with or without byte-order mark.
    ///   - path: The file's name for messages.
    ///   - sha256: Lower-case hexadecimal digest of `bytes`, stamped on every message.
    /// - Throws: Every fault of the file at once; only a YAML syntax error hides others.
    package static func read(_ bytes: [UInt8], path: String, sha256: String)
        throws(DefinitionFaults) -> Definition
    {
        try check(bytes, path: path, sha256: sha256).definition
    }

    /// As `read`, with the warnings that `handoff check` shows.
    package static func check(_ bytes: [UInt8], path: String, sha256: String)
        throws(DefinitionFaults) -> Checked
    {
        let faults = FaultList(file: path)
        let definition = YAMLDocument.read(bytes, faults: faults)
            .flatMap { DefinitionReader($0, faults: faults) }
            .flatMap { $0.definition(sha256: sha256) }
        guard faults.isEmpty, let definition else { throw DefinitionFaults(faults.faults) }
        return Checked(definition: definition, warnings: Set(faults.warnings).sorted())
    }
}

/// Reads the sections of a definition, each of them even when others are at fault.
struct DefinitionReader {
    /// Sections without which a file can only be unfinished; the others are empty when missing.
    private static let required = [
        "name", "version", "effective_from", "history_days", "fit", "engagement", "products",
        "rejection_reasons",
    ]
    private static let optional = [
        "approved_by", "regions", "free_mail_domains", "required", "suppress_account_status",
        "persona", "routing", "disqualify", "withdraws_consent",
    ]

    let root: Record
    let faults: FaultList

    init?(_ node: YAMLNode, faults: FaultList) {
        guard !node.isNull else {
            faults.add(node.place, "the file is empty")
            return nil
        }
        let record = Record(
            node, what: "a definition", required: Self.required, optional: Self.optional,
            faults: faults)
        guard let record else { return nil }
        root = record
        self.faults = faults
    }

    /// The definition, or nil with at least one fault.
    func definition(sha256: String) -> Definition? {
        let name = root.text("name")
        let version = root.whole("version", in: 1...1_000_000_000)
        let effectiveFrom = root.day("effective_from")
        let historyDays = root.whole("history_days", in: 1...DefinitionLimits.days)
        let (seniority, seniorityNames) = persona("seniority")
        let (function, functionNames) = persona("function")
        let (regions, regionNames) = regions()
        let conditions = ConditionReader(
            names: DeclaredNames(
                regions: regionNames, seniority: seniorityNames, function: functionNames),
            faults: faults)
        let criteria = CriteriaReader(
            root: root, conditions: conditions, historyDays: historyDays ?? 0)
        let (fit, engagement) = criteria.criteria()
        let approvals = approvals()
        warnOfMissing(approvals)
        let freeMail = freeMailDomains()
        let required = Self.requiredFields(root, "required")
        let statuses = suppressedStatuses()
        let disqualify = disqualifyRules(conditions)
        let routing = routingRules(conditions)
        let products = ProductsReader(root: root, required: required).products()
        let reasons = rejectionReasons()
        let withdrawing = criteria.activityTypes(of: root, "withdraws_consent")
        guard faults.isEmpty, let name, let version, let effectiveFrom, let historyDays else {
            return nil
        }
        let definition = Definition(
            name: name, version: version, sha256: sha256, effectiveFrom: effectiveFrom,
            approvals: approvals, historyDays: historyDays, regions: regions,
            freeMailDomains: freeMail, required: required, suppressedAccountStatuses: statuses,
            seniority: seniority, function: function, fit: fit, engagement: engagement,
            disqualify: disqualify, routing: routing, products: products,
            rejectionReasons: reasons, withdrawsConsent: withdrawing)
        Reachability(root: root, definition: definition).warn(faults)
        return definition
    }

    /// Fields that must exist; also used for `extra_required` of a product.
    static func requiredFields(_ record: Record, _ key: String) -> [Field] {
        let allowed = Field.aboutLeads.filter {
            $0.name.hasPrefix("lead.") || $0.name.hasPrefix("company.")
        }
        var fields: [Field] = []
        for (name, place) in record.texts(key, atMost: DefinitionLimits.texts) {
            guard let field = allowed.first(where: { $0.name == name })?.field else {
                let advice = NearestName.advice(for: name, among: allowed.map(\.name))
                record.faults.add(
                    place, "'\(name)' is not a field of a lead or company\(advice)")
                continue
            }
            if fields.contains(field) {
                record.faults.warn(place, "'\(name)' is listed twice")
            } else {
                fields.append(field)
            }
        }
        return fields
    }
}
