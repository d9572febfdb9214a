import Foundation

/// One criterion's part of a score, in hundredths of a point.
struct Contribution {
    let criterion: String
    let label: String
    let group: String
    let points: Int64
    let evidence: JSONValue

    var json: JSONValue {
        [
            "criterion": .string(criterion), "label": .string(label), "group": .string(group),
            "points": .hundredths(points), "evidence": evidence,
        ]
    }
}

/// A score and what it is made of; only contributions that are not 0 are listed.
struct Score {
    let contributions: [Contribution]

    var total: Int64 { contributions.reduce(0) { $0 + $1.points } }
}

extension JSONValue {
    /// A number of hundredths of a point as points.
    static func hundredths(_ points: Int64) -> JSONValue {
        .number(Double(points) / 100)
    }
}

/// The scores of section 6.
extension Facts {
    func fitScore() -> Score {
        let contributions = definition.fit.compactMap { criterion -> Contribution? in
            let match = criterion.choices.first { $0.condition.holds(value) }
            guard let match else { return nil }
            let points = ModelDefinition.hundredths(match.points)
            guard points != 0 else { return nil }
            var evidence: [String: JSONValue] = [:]
            for field in match.condition.fields { evidence[field] = value(field)?.json }
            return Contribution(
                criterion: criterion.id, label: criterion.label, group: "fit", points: points,
                evidence: .object(evidence))
        }
        return Score(contributions: contributions)
    }

    func engagementScore(of product: String, asOf: Int64) -> Score {
        let today = Moment.utcDay(asOf)
        let contributions = definition.engagement.compactMap { criterion -> Contribution? in
            let counts = dayCounts(of: criterion, for: product, today: today)
            guard let lastDay = counts.last?.day else { return nil }
            var raw = 0.0
            for (day, count) in counts {
                let limited = min(count, criterion.dailyLimit ?? count)
                let decay = pow(2, -Double(today - day) / criterion.halfLifeDays)
                raw += Double(limited) * criterion.points * decay
            }
            if let limit = criterion.maxPoints { raw = max(-limit, min(limit, raw)) }
            let points = ModelDefinition.hundredths(raw)
            guard points != 0 else { return nil }
            let count = counts.reduce(0) { $0 + $1.count }
            return Contribution(
                criterion: criterion.id, label: criterion.label, group: "engagement",
                points: points,
                evidence: [
                    "count": .number(Double(count)), "last_on": .string(Moment.dayText(lastDay)),
                ])
        }
        return Score(contributions: contributions)
    }

    /// Whether a hand raise of today or yesterday counts for the product.
    func hasHandRaise(for product: String, asOf: Int64) -> Bool {
        let today = Moment.utcDay(asOf)
        return definition.engagement.contains { criterion in
            criterion.isHandRaise
                && dayCounts(of: criterion, for: product, today: today).contains {
                    $0.day >= today - 1
                }
        }
    }

    /// The matching activities tagged with the product or untagged, per day, oldest first.
    private func dayCounts(
        of criterion: ModelDefinition.EngagementCriterion, for product: String, today: Int
    ) -> [(day: Int, count: Int)] {
        let oldest = max(today - definition.historyDays, criterion.sinceDay ?? Int.min)
        var sums: [Int: Int] = [:]
        for type in criterion.activities {
            for tag in [nil, product] {
                let key = CountKey(type: type, tag: tag, condition: criterion.condition)
                for (day, count) in state.counts[key] ?? [:] where day >= oldest && day <= today {
                    sums[day, default: 0] += count
                }
            }
        }
        guard !sums.isEmpty else { return [] }
        return sums.map { (day: $0.key, count: $0.value) }.sorted { $0.day < $1.day }
    }
}
