import Foundation
import Yams

/// The definition file as the model uses it (section 4), read without checking it.
///
/// A class only because copying its many lists at every decision would take most of the time.
final class ModelDefinition {
    /// Why a text is no definition at all.
    struct Fault: Error {
        let what: String
    }

    struct Persona {
        let value: String
        let phrases: [[String]]
    }

    struct FitCriterion {
        let id: String
        let label: String
        let choices: [(condition: Condition, points: Double)]
    }

    struct EngagementCriterion {
        let id: String
        let label: String
        let activities: [String]
        let condition: Condition?
        let points: Double
        let halfLifeDays: Double
        let dailyLimit: Int?
        let maxPoints: Double?
        let isHandRaise: Bool
        let sinceDay: Int?
        let notifies: Bool
    }

    struct Product {
        let id: String
        let topic: String
        let fitAtLeast: Int64
        let engagementAtLeast: Int64
        let handRaiseFitAtLeast: Int64?
        let followUpWithin: Int64
        let warnBefore: Int64?
        let escalateAfter: Int64?
        let lapseAfter: Int64
        let endsOnContact: Bool
        let defaultOwner: String?
        let isPaused: Bool
        let extraRequired: [String]
        let hours: ModelHours?
        let dailyCapacity: Int?
    }

    struct Rejection {
        let isDisqualifying: Bool
        let afterDays: Int
    }

    let name: String
    let version: Double
    let sha256: String
    let historyDays: Int
    let regions: [(name: String, countries: [String])]
    let freeMailDomains: Set<String>
    let seniorities: [Persona]
    let functions: [Persona]
    let fit: [FitCriterion]
    let engagement: [EngagementCriterion]
    let disqualify: [(id: String, condition: Condition)]
    let suppressAccountStatus: [String]
    let required: [String]
    let routing: [(condition: Condition, owner: String)]
    let products: [Product]
    let rejections: [String: Rejection]
    let withdrawsConsent: [String]

    init(yaml: String, sha256: String) throws {
        guard let root = try Yams.compose(yaml: yaml), root.mapping != nil else {
            throw Fault(what: "no YAML mapping")
        }
        self.sha256 = sha256
        name = root.text("name") ?? ""
        version = root.number("version") ?? 0
        historyDays = root.number("history_days").map { Int($0) } ?? 0
        regions = (root["regions"]?.mapping ?? [:]).map { name, countries in
            (name.scalar?.string ?? "", countries.texts)
        }
        freeMailDomains = Set((root["free_mail_domains"]?.texts ?? []).map(Domain.normalised))
        seniorities = Self.personas(root["persona"]?["seniority"])
        functions = Self.personas(root["persona"]?["function"])
        fit = try root.list("fit").map(Self.fitCriterion)
        engagement = try root.list("engagement").map(Self.engagementCriterion)
        disqualify = try root.list("disqualify").map { rule in
            (rule.text("id") ?? "", try rule.condition("when"))
        }
        suppressAccountStatus = root["suppress_account_status"]?.texts ?? []
        required = root["required"]?.texts ?? []
        routing = try root.list("routing").map { rule in
            (try rule.condition("when"), rule.text("owner_id") ?? "")
        }
        products = root.list("products").map(Self.product)
        var rejections: [String: Rejection] = [:]
        for (code, rule) in root["rejection_reasons"]?.mapping ?? [:] {
            rejections[code.scalar?.string ?? ""] = Rejection(
                isDisqualifying: rule.text("action") == "disqualify",
                afterDays: rule.number("after_days").map { Int($0) } ?? 0)
        }
        self.rejections = rejections
        withdrawsConsent = root["withdraws_consent"]?.texts ?? []
    }

    func product(_ id: String) -> Product? {
        products.first { $0.id == id }
    }

    /// Hundredths of a point, half away from zero.
    static func hundredths(_ points: Double) -> Int64 {
        Int64((points * 100).rounded(.toNearestOrAwayFromZero))
    }
}

extension ModelDefinition {
    private static func personas(_ node: Node?) -> [Persona] {
        (node?.sequence ?? []).map { item in
            Persona(
                value: item.text("value") ?? "",
                phrases: (item["words"]?.texts ?? []).map(JobTitle.words))
        }
    }

    private static func fitCriterion(_ node: Node) throws -> FitCriterion {
        let id = node.text("id") ?? ""
        let choices = node["first_of"] == nil ? [node] : node.list("first_of")
        return FitCriterion(
            id: id, label: node.text("label") ?? id,
            choices: try choices.map { (try $0.condition("when"), $0.number("points") ?? 0) })
    }

    private static func engagementCriterion(_ node: Node) throws -> EngagementCriterion {
        let id = node.text("id") ?? ""
        let single = node.text("activity").map { [$0] }
        return EngagementCriterion(
            id: id, label: node.text("label") ?? id,
            activities: single ?? node["activity"]?.texts ?? [],
            condition: try node["where"].map { try Condition($0) },
            points: node.number("points") ?? 0,
            halfLifeDays: node.number("half_life_days") ?? 1,
            dailyLimit: node.number("daily_limit").map { Int($0) },
            maxPoints: node.number("max_points"),
            isHandRaise: node.truth("hand_raise"),
            sinceDay: node.text("since").flatMap { Moment.parseDay($0) },
            notifies: node.truth("notify"))
    }

    private static func product(_ node: Node) -> Product {
        let id = node.text("id") ?? ""
        return Product(
            id: id, topic: node.text("topic") ?? "sales.mql." + id,
            fitAtLeast: hundredths(node.number("fit_at_least") ?? 0),
            engagementAtLeast: hundredths(node.number("engagement_at_least") ?? 0),
            handRaiseFitAtLeast: node.number("hand_raise_fit_at_least").map(hundredths),
            followUpWithin: node.duration("follow_up_within") ?? 0,
            warnBefore: node.duration("warn_before"),
            escalateAfter: node.duration("escalate_after"),
            lapseAfter: Int64(node.number("lapse_after_days") ?? 0) * Moment.day,
            endsOnContact: node.text("sla_ends_on") == "contacted",
            defaultOwner: node.text("default_owner"),
            isPaused: node.truth("paused"),
            extraRequired: node["extra_required"]?.texts ?? [],
            hours: node["business_hours"].flatMap(hours),
            dailyCapacity: node.number("daily_capacity").map { Int($0) })
    }

    private static func hours(_ node: Node) -> ModelHours? {
        let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        func minutes(_ name: String) -> Int64 {
            let parts = (node.text(name) ?? "").split(separator: ":").compactMap { Int64($0) }
            return parts.reduce(0) { $0 * 60 + $1 }
        }
        guard let zone = node.text("time_zone").flatMap(TimeZone.init(identifier:)) else {
            return nil
        }
        return ModelHours(
            weekdays: Set((node["days"]?.texts ?? []).compactMap(week.firstIndex)),
            opens: minutes("from"), closes: minutes("to"),
            holidays: Set((node["holidays"]?.texts ?? []).compactMap { Moment.parseDay($0) }),
            zone: zone)
    }
}

extension Node {
    /// The scalar of that name as written.
    fileprivate func text(_ name: String) -> String? {
        self[name]?.scalar?.string
    }

    fileprivate func number(_ name: String) -> Double? {
        text(name).flatMap { Double($0) }
    }

    fileprivate func truth(_ name: String) -> Bool {
        self[name]?.scalar.map { ModelScalar($0) } == .truth(true)
    }

    fileprivate func list(_ name: String) -> [Node] {
        self[name]?.sequence.map(Array.init) ?? []
    }

    /// The items of a list of text, each as written (NO is Norway).
    fileprivate var texts: [String] {
        sequence.map { $0.compactMap { $0.scalar?.string } } ?? []
    }

    /// A whole number and one of s, m, h, d, in milliseconds.
    fileprivate func duration(_ name: String) -> Int64? {
        guard let written = text(name), let unit = written.last,
            let count = Int64(written.dropLast())
        else { return nil }
        let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        return seconds[unit].map { $0 * count * 1_000 }
    }

    fileprivate func condition(_ name: String) throws -> Condition {
        guard let node = self[name] else {
            throw ModelDefinition.Fault(what: "no \(name)")
        }
        return try Condition(node)
    }
}
