package import Qualification

extension ReportFold {
    /// Counts what was taken, as of the time given.
    package func report(asOf: Timestamp) -> Report {
        var reading = reading
        let fates = fates(&reading)
        let groups = self.groups.sorted { $0.value < $1.value }.map(\.key)
        let costs = campaignCosts(groups)
        var rows = RowTallies()
        var criteria = CriterionTallies(names: names)
        // In a fixed order, because sums of doubles depend on it.
        for (id, record) in mqls.sorted(by: { $0.key < $1.key }) {
            let group = groups[Int(record.group)]
            guard filter.contains(record.qualifiedAt), filter.contains(product: group.product)
            else { continue }
            let fate = fates[id] ?? Fate()
            let mql = CountedMQL(
                record: record, fate: fate, alerts: alerts[id] ?? 0,
                hasLapsed: lapsed.contains(id), withdrawal: withdrawn[id],
                reason: fate.latest?.reason.map { names.texts[Int($0)] },
                costedCampaign: group.campaign.flatMap { costs[$0] == nil ? nil : $0 })
            rows.update(group) { $0.add(mql, asOf: asOf) }
            criteria.add(mql)
        }
        for lead in leads { rows.update(groups[Int(lead.group)]) { $0.add(lead.lead) } }
        addUnusedCampaigns(costs, &rows)
        return Report(
            asOf: asOf, filter: filter, total: rows.total(costs),
            products: rows.rows(.product, costs, campaigns),
            channels: rows.rows(.channel, costs, campaigns),
            campaigns: rows.rows(.campaign, costs, campaigns),
            definitions: rows.rows(.definition, costs, campaigns),
            cells: rows.rows(.cell, costs, campaigns), criteria: criteria.rows, reading: reading)
    }

    /// What became of each MQL that has a disposition.
    private func fates(_ reading: inout ReadingCounts) -> [UUID: Fate] {
        struct EventOfLead: Hashable {
            var lead: LeadKey
            var event: EventID
        }
        let groups = self.groups.sorted { $0.value < $1.value }.map(\.key)
        let refusedAnyway = broken.count { refused.contains($0) }
        reading.refusedDispositions += refusedAnyway
        reading.malformed += broken.count - refusedAnyway
        var seen: Set<EventOfLead> = []
        var fates: [UUID: Fate] = [:]
        for disposition in dispositions.sorted(by: { $0.place < $1.place }) {
            if refused.contains(disposition.place) {
                reading.refusedDispositions += 1
                continue
            }
            let product = names.texts[Int(disposition.product)]
            guard let mql = mqls[disposition.mql], mql.lead == disposition.lead,
                groups[Int(mql.group)].product == product
            else {
                reading.unmatchedDispositions += 1
                continue
            }
            let event = EventOfLead(lead: disposition.lead, event: disposition.event)
            guard seen.insert(event).inserted else {
                reading.repeatedDispositions += 1
                continue
            }
            fates[disposition.mql, default: Fate()].take(disposition)
        }
        return fates
    }

    /// The campaigns with a cost, and over how many MQLs it is split.
    private func campaignCosts(_ groups: [ReportGroup]) -> [String: CampaignCost] {
        var costs = campaigns.compactMapValues { _, row in
            row?.cost.map { CampaignCost(cost: $0, mqls: 0) }
        }
        for record in mqls.values {
            if let campaign = groups[Int(record.group)].campaign { costs[campaign]?.mqls += 1 }
        }
        return costs
    }

    private func addUnusedCampaigns(
        _ costs: [String: CampaignCost], _ rows: inout RowTallies
    ) {
        guard !filter.hasPeriod else { return }
        for (id, cost) in costs.sorted(by: { $0.key < $1.key }) where cost.mqls == 0 {
            guard let row = campaigns[id]?.row, filter.contains(product: row.product) else {
                continue
            }
            rows.addUnused(row, cost: cost.cost)
        }
    }
}

/// What a row of a report can be about.
enum RowKind {
    case product, channel, campaign, definition, cell

    /// What of a group makes the row.
    func group(_ group: ReportGroup) -> ReportGroup {
        switch self {
        case .product: ReportGroup(product: group.product)
        case .channel: ReportGroup(channel: group.channel)
        case .campaign: ReportGroup(campaign: group.campaign)
        case .definition: ReportGroup(definition: group.definition)
        case .cell: group
        }
    }
}

/// The tallies of all rows of all kinds.
private struct RowTallies {
    private var all = Tally()
    private var tallies: [RowKind: [ReportGroup: Tally]] = [:]

    mutating func update(_ group: ReportGroup, _ change: (inout Tally) -> Void) {
        change(&all)
        for kind in [RowKind.product, .channel, .campaign, .definition, .cell] {
            change(&tallies[kind, default: [:]][kind.group(group), default: Tally()])
        }
    }

    /// A campaign without MQLs belongs to no definition, and to a product only if it says so.
    mutating func addUnused(_ campaign: Campaign, cost: Double) {
        all.addUnused(cost: cost)
        let group = ReportGroup(
            product: campaign.product, channel: campaign.channel, campaign: campaign.id)
        for kind in [RowKind.product, .channel, .campaign] {
            if kind == .product, campaign.product == nil { continue }
            tallies[kind, default: [:]][kind.group(group), default: Tally()]
                .addUnused(cost: cost)
        }
    }

    func total(_ costs: [String: CampaignCost]) -> ReportRow {
        ReportRow(group: ReportGroup(), measures: all.measures(costs))
    }

    func rows(
        _ kind: RowKind, _ costs: [String: CampaignCost],
        _ campaigns: [String: (place: RecordPlace, row: Campaign?)]
    ) -> [ReportRow] {
        let sorted = (tallies[kind] ?? [:]).sorted { $0.key < $1.key }
        return sorted.map { group, tally in
            ReportRow(
                group: group, campaignName: group.campaign.flatMap { campaigns[$0]?.row?.name },
                measures: tally.measures(costs))
        }
    }
}

extension ReportGroup: Comparable {
    package static func < (left: ReportGroup, right: ReportGroup) -> Bool {
        func texts(_ group: ReportGroup) -> [String?] {
            [group.product, group.channel, group.campaign, group.definition?.name]
        }
        for (one, other) in zip(texts(left), texts(right)) where one != other {
            // What has no name comes last.
            guard let one, let other else { return one != nil }
            return one < other
        }
        return (left.definition?.version ?? 0) < (right.definition?.version ?? 0)
    }
}

/// Adds up the MQLs of each criterion.
private struct CriterionTallies {
    private struct Key: Hashable {
        var kind: String
        var id: String
    }

    let names: NameTable
    private var tallies: [Key: (row: CriterionRow, newest: Timestamp)] = [:]

    init(names: NameTable) {
        self.names = names
    }

    /// To be called in a fixed order, because of two MQLs of the same time the last gives the
    /// label.
    mutating func add(_ mql: CountedMQL) {
        for number in Set(mql.record.reasons) {
            let reason = names.reasons[Int(number)]
            let key = Key(kind: reason.group, id: reason.id)
            var (row, newest) =
                tallies[key] ?? (
                    CriterionRow(kind: reason.group, id: reason.id, label: reason.label),
                    .distantPast
                )
            if mql.record.qualifiedAt >= newest {
                (row.label, newest) = (reason.label, mql.record.qualifiedAt)
            }
            row.answers.add(mql)
            tallies[key] = (row, newest)
        }
    }

    var rows: [CriterionRow] {
        tallies.values.map(\.row).sorted { left, right in
            left.kind != right.kind ? left.kind == "fit" : left.id < right.id
        }
    }
}
