import Foundation
import Qualification

/// Reads `fit` and `engagement`, whose ids share one namespace because messages name criteria by
/// id.
struct CriteriaReader {
    let root: Record
    let conditions: ConditionReader
    let historyDays: Int

    private var faults: FaultList { root.faults }
    private var points: ClosedRange<Points> {
        DefinitionLimits.negativePoints...DefinitionLimits.points
    }

    /// Both lists.
    func criteria() -> ([FitCriterion], [EngagementCriterion]) {
        var ids = UniqueNames(kind: "criterion", faults: faults)
        let fitItems = root.list("fit", atMost: DefinitionLimits.criteria)
        let engagementItems = root.list("engagement", atMost: DefinitionLimits.criteria)
        if fitItems.count + engagementItems.count > DefinitionLimits.criteria,
            let place = root.node("engagement")?.place
        {
            faults.add(
                place,
                "fit and engagement together have \(fitItems.count + engagementItems.count) "
                    + "criteria; the limit is \(DefinitionLimits.criteria)")
        }
        let fit = fitItems.compactMap { fitCriterion($0, ids: &ids) }
        return (fit, engagementItems.compactMap { engagementCriterion($0, ids: &ids) })
    }

    private func fitCriterion(_ node: YAMLNode, ids: inout UniqueNames) -> FitCriterion? {
        let record = Record(
            node, what: "a fit criterion", required: ["id"],
            optional: ["label", "when", "points", "first_of"], faults: faults)
        guard let record else { return nil }
        let id = ids.id(of: record)
        let label = record.text("label")
        let branches: [FitCriterion.Branch]
        if record.entry("first_of") != nil {
            for key in ["when", "points"] {
                guard let entry = record.entry(key) else { continue }
                faults.add(
                    entry.place,
                    "'\(key)' cannot stand beside 'first_of'; write it inside its items")
            }
            let items = record.list(
                "first_of", atMost: DefinitionLimits.branches, mayBeEmpty: false)
            branches = items.compactMap { item in
                Record(
                    item, what: "an item of 'first_of'", required: ["when", "points"],
                    faults: faults
                ).flatMap(branch)
            }
        } else {
            if record.entry("when") == nil {
                faults.add(
                    record.place, "a fit criterion needs 'when' and 'points', or 'first_of'")
            } else if record.entry("points") == nil {
                faults.add(record.place, "a fit criterion lacks the key 'points'")
            }
            branches = branch(record).map { [$0] } ?? []
        }
        return id.map { FitCriterion(id: $0, label: label ?? $0, branches: branches) }
    }

    private func branch(_ record: Record) -> FitCriterion.Branch? {
        let when = record.node("when").flatMap { conditions.condition($0, in: .lead) }
        let points = record.points("points", in: points)
        guard let when, let points else { return nil }
        return FitCriterion.Branch(when: when, points: points)
    }

    private func engagementCriterion(_ node: YAMLNode, ids: inout UniqueNames)
        -> EngagementCriterion?
    {
        let record = Record(
            node, what: "an engagement criterion",
            required: ["id", "activity", "points", "half_life_days"],
            optional: [
                "label", "where", "daily_limit", "max_points", "hand_raise", "since", "notify",
            ], faults: faults)
        guard let record else { return nil }
        let id = ids.id(of: record)
        let label = record.text("label")
        let activities = activities(record)
        let condition = record.node("where").flatMap { conditions.condition($0, in: .activity) }
        let points = record.points("points", in: points)
        let halfLife = halfLife(record)
        let dailyLimit = record.whole("daily_limit", in: 1...1_000_000)
        let maxPoints = record.points("max_points", in: .zero...DefinitionLimits.points)
        let handRaise = record.bool("hand_raise")
        let since = record.day("since")
        let notify = record.bool("notify")
        guard let id, let points, let halfLife else { return nil }
        return EngagementCriterion(
            id: id, label: label ?? id, activities: activities, condition: condition,
            points: points, decay: decay(halfLife: halfLife), dailyLimit: dailyLimit,
            maxPoints: maxPoints, handRaise: handRaise ?? false, since: since,
            notify: notify ?? false)
    }

    /// One type or a list of types.
    private func activities(_ record: Record) -> [String] {
        guard let node = record.node("activity") else { return [] }
        var nodes = [node]
        if case .list = node.content {
            nodes = record.list("activity", atMost: DefinitionLimits.texts, mayBeEmpty: false)
        }
        return activityTypes(nodes)
    }

    /// A list of types, empty without the key; also used for `withdraws_consent`.
    func activityTypes(of record: Record, _ key: String) -> [String] {
        activityTypes(record.list(key, atMost: DefinitionLimits.texts))
    }

    private func activityTypes(_ nodes: [YAMLNode]) -> [String] {
        var types: [String] = []
        for node in nodes {
            guard let type = Scalars.text(node, what: "an activity type", faults: faults) else {
                continue
            }
            guard type.count <= DefinitionLimits.activityType else {
                faults.add(
                    node.place,
                    "an activity type has at most \(DefinitionLimits.activityType) characters")
                continue
            }
            if types.contains(type) {
                faults.warn(node.place, "'\(type)' is listed twice")
            } else {
                types.append(type)
            }
        }
        return types
    }

    private func halfLife(_ record: Record) -> Double? {
        guard let node = record.node("half_life_days") else { return nil }
        guard case .number(let days)? = Scalars.kind(node), days > 0,
            days <= DefinitionLimits.halfLifeDays
        else {
            faults.add(
                node.place,
                "'half_life_days' must be a number greater than 0 and at most "
                    + "\(Int(DefinitionLimits.halfLifeDays)), not \(Scalars.shown(node))")
            return nil
        }
        return days
    }

    /// `decay[age]`, in exactly the operations of CONTRACT.md 6, so that others compute the same
    /// bits.
    private func decay(halfLife: Double) -> [Double] {
        (0...historyDays).map { age in pow(2, -Double(age) / halfLife) }
    }
}
