/// The inputs of one lane.
enum InputTopic: String {
    case leads = "marketing.leads"
    case activities = "marketing.activities"
    case dispositions = "sales.dispositions"
}

/// The lead fields that merge one by one; the raw values are the names in section 3.
enum LeadField: String, CaseIterable {
    case email
    case firstName = "first_name"
    case lastName = "last_name"
    case phone
    case jobTitle = "job_title"
    case companyName = "company_name"
    case companyDomain = "company_domain"
    case country
    case employees
    case annualRevenue = "annual_revenue"
    case industry
    case consent
}

/// When something happened, and the event id that settles ties.
struct Stamp: Comparable {
    let at: Int64
    let id: Identifier

    static func < (left: Stamp, right: Stamp) -> Bool {
        left.at != right.at ? left.at < right.at : left.id < right.id
    }
}

/// A readable event: its required fields, and those optional ones that are right.
struct Event {
    let topic: InputTopic
    let id: Identifier
    let type: String
    let at: Int64
    let lead: Identifier
    /// The Kafka timestamp, or `at` for a record without one.
    let stampedAt: Int64

    var fields: [LeadField: ModelScalar] = [:]
    var productInterest: [String] = []
    var campaignID: String?
    var channel: String?
    var product: String?
    var properties: [String: ModelScalar] = [:]
    var mqlID = ""
    var reason: String?
    var ignored: [String] = []
    /// Whether an activity was taken into the scores, and not only moved `as_of`.
    var isCounted = false

    var stamp: Stamp { Stamp(at: at, id: id) }
    var isErasure: Bool { topic == .leads && type == "lead.erased" }
}

/// Reads one input record by the rules of section 3 that need no state of the lead.
struct EventReader {
    let record: ModelRecord
    let topic: InputTopic
    let futureToleranceMs: Int64

    enum Reading {
        case event(Event)
        case fault(ModelFault)
    }

    private static let leadTypes = ["lead.captured", "lead.updated", "lead.erased"]
    private static let dispositionTypes = [
        "accepted", "rejected", "contacted", "opportunity", "won", "lost", "reopened",
    ]

    func read() -> Reading {
        guard let value = record.value else { return .fault(.notJSON) }
        guard value.count <= 1 << 20 else { return .fault(.tooLarge) }
        guard let object = JSONValue.parse(value)?.members else { return .fault(.notJSON) }
        let required = requiredFields(of: object)
        var texts: [String: String] = [:]
        for name in required where object[name]?.isBlank ?? true {
            return .fault(.missingField)
        }
        for name in required {
            guard let text = object[name]?.text else { return .fault(.wrongType) }
            texts[name] = text
        }
        guard let at = texts["occurred_at"].flatMap(Moment.parse), at >= Moment.earliest else {
            return .fault(.badTimestamp)
        }
        var event = Event(
            topic: topic, id: Identifier(texts["event_id"] ?? ""), type: texts["type"] ?? "",
            at: at, lead: Identifier(texts["lead_id"] ?? ""),
            stampedAt: record.timestampMs < 0 ? at : record.timestampMs)
        if let fault = envelopeFault(of: event) { return .fault(fault) }

        event.mqlID = texts["mql_id"] ?? ""
        event.product = texts["product"]
        event.reason = texts["reason"]
        if !event.isErasure {
            var optional = OptionalFields(object: object)
            optional.read(into: &event)
            event.ignored = optional.ignored.sorted()
        }
        return .event(event)
    }

    private func requiredFields(of object: [String: JSONValue]) -> [String] {
        let common = ["event_id", "type", "occurred_at", "lead_id"]
        guard topic == .dispositions else { return common }
        let type = object["type"]?.text
        let needsReason = type == "rejected" || type == "lost"
        return common + ["mql_id", "product"] + (needsReason ? ["reason"] : [])
    }

    private func envelopeFault(of event: Event) -> ModelFault? {
        let limits = [(event.id.text, 100), (event.lead.text, 200)]
        if limits.contains(where: { $0.unicodeScalars.count > $1 }) { return .badValue }
        switch topic {
        case .leads where !Self.leadTypes.contains(event.type): return .unknownType
        case .dispositions where !Self.dispositionTypes.contains(event.type): return .unknownType
        case .activities where event.type.unicodeScalars.count > 64: return .badValue
        default: break
        }
        guard record.key == Array(event.lead.text.utf8) else { return .keyMismatch }
        return event.at - event.stampedAt > futureToleranceMs ? .occurredInFuture : nil
    }
}

/// Reads the optional fields of an event; each top-level field is right or left out as a whole.
private struct OptionalFields {
    let object: [String: JSONValue]
    var ignored: [String] = []

    init(object: [String: JSONValue]) {
        self.object = object
    }

    mutating func read(into event: inout Event) {
        switch event.topic {
        case .leads:
            readLeadFields(into: &event)
            readTouch(into: &event)
        case .activities:
            event.product = take("product") { $0.text }
            event.properties = take("properties", Self.properties) ?? [:]
            readTouch(into: &event)
        case .dispositions:
            if event.reason == nil { event.reason = take("reason") { $0.text } }
            _ = take("by") { $0.text }
            _ = take("note") { $0.text }
            _ = take("revenue", Self.number)
        }
    }

    /// The field as `read` understands it; one that is there but not understood is ignored.
    private mutating func take<Value>(
        _ name: String, _ read: (JSONValue) -> Value?
    ) -> Value? {
        guard let value = object[name], !value.isBlank else { return nil }
        guard let result = read(value) else {
            ignored.append(name)
            return nil
        }
        return result
    }

    private mutating func readLeadFields(into event: inout Event) {
        let texts: [LeadField] = [
            .firstName, .lastName, .phone, .jobTitle, .companyName, .industry,
        ]
        for field in texts {
            event.fields[field] = take(field.rawValue) { $0.text.map(ModelScalar.text) }
        }
        event.fields[.email] = take("email") { value in
            value.text.flatMap(Email.normalised).map(ModelScalar.text)
        }
        event.fields[.companyDomain] = take("company_domain") { value in
            value.text.map { .text(Domain.normalised($0)) }
        }
        event.fields[.country] = take("country") { value in
            value.text.flatMap(Country.normalised).map(ModelScalar.text)
        }
        event.fields[.employees] = take("employees") { value in
            Self.amount(value).flatMap { $0 == $0.rounded() ? .number($0) : nil }
        }
        event.fields[.annualRevenue] = take("annual_revenue") { value in
            Self.amount(value).map(ModelScalar.number)
        }
        event.productInterest = take("product_interest", Self.texts) ?? []
        let consent: Bool?? = take("consent") { value in
            guard value.members != nil else { return nil }
            guard let contact = value["contact"], !contact.isBlank else { return .some(nil) }
            return contact.truth.map { .some($0) }
        }
        event.fields[.consent] = (consent ?? nil).map(ModelScalar.truth)
    }

    private mutating func readTouch(into event: inout Event) {
        let source: [String: String]? = take("source") { value in
            guard value.members != nil else { return nil }
            var parts: [String: String] = [:]
            for name in ["channel", "campaign_id"] {
                guard let part = value[name], !part.isBlank else { continue }
                guard let text = part.text else { return nil }
                parts[name] = text
            }
            return parts
        }
        event.channel = source?["channel"]
        event.campaignID = take("campaign_id") { $0.text } ?? source?["campaign_id"]
    }

    /// A number no further from 0 than 2^53.
    static func number(_ value: JSONValue) -> Double? {
        value.double.flatMap { abs($0) <= 9_007_199_254_740_992 ? $0 : nil }
    }

    static func amount(_ value: JSONValue) -> Double? {
        number(value).flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func texts(_ value: JSONValue) -> [String]? {
        guard let items = value.items?.filter({ !$0.isBlank }) else { return nil }
        let texts = items.compactMap(\.text)
        return texts.count == items.count ? texts : nil
    }

    private static func properties(_ value: JSONValue) -> [String: ModelScalar]? {
        guard let members = value.members?.filter({ !$0.value.isBlank }) else { return nil }
        var properties: [String: ModelScalar] = [:]
        for (name, member) in members {
            switch member {
            case .string(let text): properties[name] = .text(text)
            case .bool(let truth): properties[name] = .truth(truth)
            case .number:
                guard let number = number(member) else { return nil }
                properties[name] = .number(number)
            default: return nil
            }
        }
        return properties
    }
}
