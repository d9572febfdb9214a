import Qualification
import ReferenceModel
import TestSupport
import Worker

/// A lane with a `daily_capacity` for crm, and what it said since it was last asked; the clock is
/// `wall` and stands still unless it is moved.
final class CapacityScene {
    let driver: LaneDriver
    private(set) var now = AlertScene.start
    private var heardOutputs = 0

    init(
        capacity: Int = 2, analytics: Int? = nil,
        _ change: (inout FollowUpSettings) -> Void = { _ in }
    ) throws {
        driver = try LaneDriver(
            definition: CapacityScene.definition(capacity, analytics), settings: ModelSettings(),
            change)
        try driver.release(at: AlertScene.time(0))
    }

    static func definition(
        _ crm: Int?, _ analytics: Int?, paused: Bool = false
    ) throws -> Definition {
        func number(_ capacity: Int?) -> JSONValue {
            capacity.map { .number(Double($0)) } ?? .null
        }
        return try Fixtures.definition(
            try DefinitionText.changed(
                try Fixtures.exampleDefinitionText(),
                by: [
                    ("products.crm.daily_capacity", number(crm)),
                    ("products.crm.paused", .bool(paused)),
                    ("products.analytics.daily_capacity", number(analytics)),
                    ("products.analytics.engagement_at_least", 30),
                ]))
    }

    /// A lead that meets the definition; the more page views, up to 5, the better its score.
    func enter(
        _ lead: String, views: Int, for product: String? = "crm", day: Int64 = 0, at: Int64? = nil
    ) throws {
        now = at ?? max(now + 1, AlertScene.time(24 * day).milliseconds)
        try driver.take(AlertScene.captured(lead, now))
        if product == nil { try self.lead(lead, #""product_interest":["crm","analytics"]"#) }
        for _ in 0..<min(views, 5) { try view(lead, at: at) }
        if views > 5 { try view(lead, at: at, type: "pricing_view") }
        let tag = product.map { #""product":"\#($0)""# } ?? #""properties":{}"#
        now = at ?? now + 1
        try driver.take(
            AlertScene.event(ModelTopic.activities, "demo_requested", lead, now, tag))
    }

    private var number = 0

    func view(_ lead: String, at: Int64? = nil, type: String = "page_view") throws {
        number += 1
        now = at ?? now + 1
        let json = """
            {"event_id":"view \(number)","type":"\(type)","lead_id":"\(lead)",\
            "occurred_at":"\(Timestamp(milliseconds: now))"}
            """
        try driver.take(
            ModelRecord(
                topic: ModelTopic.activities, key: Array(lead.utf8), value: Array(json.utf8),
                timestampMs: now))
    }

    /// A lead event with these members; an erasure if nil.
    func lead(_ lead: String, _ members: String?) throws {
        now += 1
        let type = members == nil ? "lead.erased" : "lead.updated"
        try driver.take(
            AlertScene.event(ModelTopic.leads, type, lead, now, members ?? #""note":"x""#))
    }

    /// The wall clock says a time of a day, and the lane does what is to be done then.
    func day(_ day: Int64, hours: Int64 = 0) throws {
        while try !driver.release(at: AlertScene.time(24 * day + hours)) { driver.commit() }
    }

    /// What was said since the last question: MQLs, and of other statuses those that leads get
    /// after they have met the definition.
    func heard() -> [String] {
        driver.commit()
        defer { heardOutputs = driver.outputs.count }
        return driver.outputs[heardOutputs...].compactMap { output in
            let lead = output.body["lead_id"]?.text ?? "-"
            switch output.body["type"]?.text {
            case "mql.qualified": return "mql \(lead)"
            case "lead.erased": return "lead.erased \(lead)"
            case "lead.status_changed": break
            default: return nil
            }
            switch output.body["status"]?.text {
            case "waiting_for_capacity": return "wait \(lead)"
            case "not_ready", "handed_off", nil: return nil
            case let status?: return "\(status) \(lead)"
            }
        }
    }

    /// The bodies of a topic, committed.
    func bodies(of topic: String) -> [JSONValue] {
        driver.commit()
        return driver.outputs.filter { $0.topic == topic }.map(\.body)
    }
}
