import Qualification
import Reports

/// An explanation as people read it on a terminal.
struct ExplanationText {
    private let explanation: Explanation

    init(_ explanation: Explanation) {
        self.explanation = explanation
    }

    var text: String {
        if let erasedAt = explanation.erasedAt, !explanation.hasLeadEvent,
            explanation.asOf == nil
        {
            return "lead \(Shown.plain(explanation.leadID)) was erased at \(erasedAt): nothing is "
                + "kept but the numbers of its cycles and messages"
        }
        return ([head] + explanation.products.map(section)).joined(separator: "\n\n")
    }

    private var head: String {
        let contact = explanation.lead.contact
        let name = [contact.firstName, contact.lastName].compactMap { $0 }.joined(separator: " ")
        let company = explanation.lead.account?.name ?? contact.companyName
        let known = [
            name.isEmpty ? nil : name, contact.jobTitle, company, contact.email,
        ].compactMap { $0 }
        let definition = explanation.definition
        var lines = ["lead \(explanation.leadID)"]
        if !known.isEmpty { lines.append("  " + known.joined(separator: ", ")) }
        if let asOf = explanation.asOf { lines.append("  as of \(asOf), the lead's last event") }
        lines.append("  by definition \(definition.name), version \(definition.version)")
        if let published = explanation.published {
            lines.append("  last published: \(show(published))")
        }
        if !explanation.hasLeadEvent {
            lines.append("  no lead event yet, only activities: nothing is decided")
        }
        return (lines + ["", "fit \(explanation.fit)"] + reasons(explanation.fitReasons, "  "))
            .map(Shown.plain).joined(separator: "\n")
    }

    // MARK: Products

    private func section(_ product: ProductExplanation) -> String {
        var lines = [title(product)]
        if let now = change(product) { lines.append("  \(now)") }
        let needed = product.product
        lines.append("  fit \(explanation.fit) of \(needed.fitAtLeast)")
        lines.append("  engagement \(product.engagement) of \(needed.engagementAtLeast)")
        lines += reasons(product.engagementReasons, "    ")
        if let least = needed.handRaiseFitAtLeast {
            lines.append("  a raised hand stands in for both from fit \(least) on")
        }
        if !product.needs.isEmpty {
            lines.append("  what is missing:")
            for need in product.needs {
                lines.append("    - \(ExplanationWords.need(need))")
                guard case .fit = need else { continue }
                lines += product.fitChances.map { "      \(ExplanationWords.chance($0))" }
            }
        }
        lines += outlook(product)
        return lines.map(Shown.plain).joined(separator: "\n")
    }

    private func title(_ product: ProductExplanation) -> String {
        let id = product.product.id
        if let published = product.published { return "\(id): \(show(published))" }
        return product.isInterested ? "\(id): nothing published yet" : "\(id): not interested"
    }

    private func show(_ published: PublishedStatus) -> String {
        var text = "\(published.status.name) (\(published.codes.joined(separator: ", ")))"
        if let id = published.mqlID { text += ", mql_id \(id)" }
        return text
    }

    /// What the decision would be now, if that is not what was published.
    private func change(_ product: ProductExplanation) -> String? {
        let reason = "the definition or reference data have changed since"
        switch product.verdict {
        case nil: return nil
        case .qualified: return "its next event makes it an MQL: \(reason)"
        case .status(let status, let codes):
            if product.published?.status == status,
                Set(product.published?.codes ?? []) == Set(codes)
            {
                return nil
            }
            let list = codes.joined(separator: ", ")
            return "at its next event, as things are: \(status.name) (\(list)); \(reason)"
        }
    }

    private func outlook(_ product: ProductExplanation) -> [String] {
        guard let trial = product.trial else { return [] }
        if product.ways.isEmpty {
            let codes = product.obstacles.joined(separator: ", ")
            let rest = codes.isEmpty ? "" : "; still in the way: \(codes)"
            return ["  nothing that the lead does in one day would be enough by itself\(rest)"]
        }
        var lines = ["  what would do\(moment(product, trial)):"]
        for way in product.ways {
            lines.append("    - \(ExplanationWords.way(way, product.product))")
        }
        return lines
    }

    private func moment(
        _ product: ProductExplanation, _ trial: (at: Timestamp, engagement: Points)
    ) -> String {
        guard trial.at.day != explanation.asOf?.day else { return "" }
        return " on \(trial.at.day), when engagement without it is \(trial.engagement)"
    }

    // MARK: Lines of scores

    private func reasons(_ reasons: [Reason], _ indent: String) -> [String] {
        guard !reasons.isEmpty else { return [] }
        let rows = reasons.map { reason in
            [
                ExplanationWords.signed(reason.points), reason.label,
                ExplanationWords.evidence(reason.evidence),
            ]
        }
        return Terminal.table(rows).split(separator: "\n").map { indent + $0 }
    }
}
