import Qualification
import ReferenceModel
import TestSupport
import Worker

/// Leads of one lane that all become MQLs of crm, by the contract's example definition: a warning
/// 20 h after `qualifiedAt`, a breach after 24 h, an escalation after 48 h.
enum AlertScene {
    static let hour: Int64 = 3_600_000
    static let minute: Int64 = 60_000
    /// When the first lead qualifies; the n-th does n minutes later.
    static let start: Int64 = 1_788_739_200_000

    static func driver(
        leads: Int, hotBytes: Int = 1 << 30, _ change: (inout FollowUpSettings) -> Void = { _ in }
    ) throws -> LaneDriver {
        let driver = try LaneDriver(
            definition: try Fixtures.exampleDefinition(), settings: ModelSettings(),
            hotBytes: hotBytes, change)
        for number in 0..<leads {
            let at = start + Int64(number) * minute
            try driver.take(captured("lead-\(number)", at))
            try driver.take(demo("lead-\(number)", at))
        }
        driver.commit()
        return driver
    }

    static func captured(_ lead: String, _ at: Int64) -> ModelRecord {
        event(
            ModelTopic.leads, "lead.captured", lead, at,
            """
            "email":"\(lead)@acme.example","job_title":"VP Sales","country":"US","employees":80,\
            "industry":"software","annual_revenue":20000000,"consent":{"contact":true},\
            "product_interest":["crm"]
            """)
    }

    static func demo(_ lead: String, _ at: Int64) -> ModelRecord {
        event(ModelTopic.activities, "demo_requested", lead, at, #""product":"crm""#)
    }

    static func answer(_ lead: String, _ answer: String, _ at: Int64) -> ModelRecord {
        let id = UUID.mql(lead: lead, product: "crm", cycle: 1)
        return event(
            ModelTopic.dispositions, answer, lead, at,
            #""mql_id":"\#(id)","product":"crm","reason":"bad_timing""#)
    }

    static func event(
        _ topic: String, _ type: String, _ lead: String, _ at: Int64, _ more: String
    ) -> ModelRecord {
        let json = """
            {"event_id":"\(type)-\(at)","type":"\(type)",\
            "occurred_at":"\(Timestamp(milliseconds: at))","lead_id":"\(lead)",\(more)}
            """
        return ModelRecord(
            topic: topic, key: Array(lead.utf8), value: Array(json.utf8), timestampMs: at)
    }

    /// A time after the start, in hours and minutes.
    static func time(_ hours: Int64, _ minutes: Int64 = 0) -> Timestamp {
        Timestamp(milliseconds: start + hours * hour + minutes * minute)
    }

    /// The committed alerts as "lead level", in their order.
    static func alerts(_ driver: LaneDriver) -> [String] {
        driver.outputs.filter { $0.topic == ModelTopic.alerts }.map { output in
            "\(output.body["lead_id"]?.text ?? "-") \(Int(output.body["level"]?.double ?? 0))"
        }
    }

    /// Every alert of so many leads.
    static func all(_ leads: Int) -> Set<String> {
        Set((0..<leads).flatMap { lead in (1...3).map { "lead-\(lead) \($0)" } })
    }
}
