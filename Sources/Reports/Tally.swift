import Qualification

/// What became of one MQL: its dispositions, each counted once.
struct Fate {
    var latest: DispositionRecord?
    var firstContact: Timestamp?
    /// One bit for each type of disposition that came, by its place in `allCases`.
    private var seen: UInt8 = 0

    mutating func take(_ disposition: DispositionRecord) {
        seen |= Fate.bit(disposition.answer)
        if disposition.answer == .contacted {
            firstContact = min(disposition.at, firstContact ?? disposition.at)
        }
        if latest.map({ disposition.isLater(than: $0) }) ?? true { latest = disposition }
    }

    func has(_ answer: Disposition.Answer) -> Bool { seen & Fate.bit(answer) != 0 }

    private static func bit(_ answer: Disposition.Answer) -> UInt8 {
        1 << UInt8(Disposition.Answer.allCases.firstIndex(of: answer) ?? 7)
    }
}

/// One MQL with everything that a row counts of it.
struct CountedMQL {
    var record: QualifiedRecord
    var fate: Fate
    var alerts: UInt8
    var hasLapsed: Bool
    var withdrawal: String?
    /// The reason of the latest disposition.
    var reason: String?
    /// The campaign, if it has a cost.
    var costedCampaign: String?

    /// Whether a contact is still owed: sales has not closed it, and nobody took it back.
    var isStillToContact: Bool {
        if withdrawal != nil { return false }
        switch standing {
        case .won, .lost, .rejected, .withdrawn: return false
        case .working, .lapsed, .waiting: return true
        }
    }

    var standing: Standing {
        switch fate.latest?.answer {
        case .won: return .won
        case .lost: return .lost
        case .rejected: return .rejected
        case .accepted, .contacted, .opportunity, .reopened:
            return withdrawal == nil ? .working : .withdrawn
        case nil:
            if withdrawal != nil { return .withdrawn }
            return hasLapsed ? .lapsed : .waiting
        }
    }
}

/// Adds up the MQLs of one row.
struct Tally {
    private var measures = Measures()
    private var leads: Set<LeadKey> = []
    private var speeds: [Int64] = []
    /// MQLs, accepted and won, by campaign with a cost.
    private var costed: [String: (mqls: Int, accepted: Int, won: Int)] = [:]
    private var unusedCosts: [Double] = []

    mutating func add(_ lead: LeadKey) { leads.insert(lead) }

    /// A campaign that made no MQL at all.
    mutating func addUnused(cost: Double) { unusedCosts.append(cost) }

    mutating func add(_ mql: CountedMQL, asOf: Timestamp) {
        measures.answers.add(mql)
        if mql.record.isRequalified { measures.requalified += 1 }
        if mql.fate.has(.contacted) { measures.contacted += 1 }
        if mql.fate.has(.opportunity) { measures.opportunities += 1 }
        if mql.hasLapsed { measures.lapsed += 1 }
        if let reason = mql.withdrawal { measures.withdrawn[reason, default: 0] += 1 }
        let standing = mql.standing
        measures.standing[standing, default: 0] += 1
        if standing == .won {
            if let revenue = mql.fate.latest?.revenue {
                measures.revenue = (measures.revenue ?? 0) + revenue
            } else {
                measures.wonWithoutRevenue += 1
            }
        }
        for level in 0..<3 where mql.alerts & (1 << UInt8(level)) != 0 {
            measures.alerts[level] += 1
        }
        addSpeed(mql, asOf)
        if let campaign = mql.costedCampaign {
            var sum = costed[campaign] ?? (0, 0, 0)
            sum.mqls += 1
            if mql.fate.has(.accepted) { sum.accepted += 1 }
            if standing == .won { sum.won += 1 }
            costed[campaign] = sum
        }
    }

    private mutating func addSpeed(_ mql: CountedMQL, _ asOf: Timestamp) {
        let deadline = mql.record.followUpBy
        guard let contact = mql.fate.firstContact else {
            measures.speed.neverContacted += 1
            if deadline <= asOf, mql.isStillToContact {
                measures.speed.due += 1
                measures.speed.overdue += 1
            }
            return
        }
        // Also of those contacted only the ones whose deadline has passed: else a young period
        // would look better than it is, for its late ones are not known yet.
        if deadline <= asOf {
            measures.speed.due += 1
            if contact <= deadline { measures.speed.withinDeadline += 1 }
        }
        speeds.append(max(0, contact.milliseconds - mql.record.qualifiedAt.milliseconds))
    }

    /// The measures; `campaigns` has the cost and the number of all MQLs of each campaign.
    func measures(_ campaigns: [String: CampaignCost]) -> Measures {
        var result = measures
        result.leads = leads.count
        let sorted = speeds.sorted()
        if !sorted.isEmpty {
            let middle = sorted.count / 2
            result.speed.median =
                sorted.count % 2 == 1
                ? sorted[middle] : sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2
            result.speed.p90 = sorted[(sorted.count * 9 + 9) / 10 - 1]
        }
        for speed in sorted {
            let place = SpeedToLead.limits.firstIndex { $0.map { speed <= $0 } ?? true }
            result.speed.buckets[place ?? SpeedToLead.limits.count - 1].count += 1
        }
        if !costed.isEmpty || !unusedCosts.isEmpty { result.cost = costs(campaigns) }
        return result
    }

    private func costs(_ campaigns: [String: CampaignCost]) -> Costs {
        var costs = Costs(total: 0, mqls: 0, accepted: 0, won: 0)
        // In a fixed order, because sums of doubles depend on it.
        for (id, sum) in costed.sorted(by: { $0.key < $1.key }) {
            guard let campaign = campaigns[id] else { continue }
            costs.total += campaign.cost * Double(sum.mqls) / Double(campaign.mqls)
            costs.mqls += sum.mqls
            costs.accepted += sum.accepted
            costs.won += sum.won
        }
        for cost in unusedCosts.sorted() { costs.total += cost }
        return costs
    }
}

/// What a campaign cost, and how many MQLs it made, whatever the filter.
struct CampaignCost {
    var cost: Double
    var mqls: Int
}
