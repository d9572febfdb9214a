/// The events of a world.
extension WorldBuilder {
    private static let emails: [JSONValue] = [
        "pat@acme.example", " Pat@ACME.example ", "joe@other.example", "kim@gmail.com",
        "ann@eu.mail.acme.example", "bo@notacme.example",
    ]
    private static let titles: [JSONValue] = [
        "VP Sales", "VP Sales", "Chief Financial Officer", "Head of Marketing", "Manager, IT",
        "Vice-President / Finance", "Ahead of Sales", "CEO", "VP, Finance", "Director",
        "VP of Engineering", "Intern", "Sachbearbeiter (M\u{fc}he)",
    ]
    private static let countries: [JSONValue] = ["US", "US", "GB", "uk", "de", "FR", "NO", "JP"]
    private static let employees: [JSONValue] = [
        0, 4, 5, 49, "@50.0", 50, 999, 1000, 1000, "@1.5E3", 20_000,
    ]
    private static let industries: [JSONValue] = [
        "software", "SoftWare", "Finance", "retail", "energy",
    ]
    private static let domains: [JSONValue] = [
        "acme.example", "HTTPS://www.Acme.example./about", "shop.acme.example", "other.example",
        "gmail.com", "nobody.example",
    ]
    private static let interests: [JSONValue] = [
        ["crm"], ["crm", "analytics"], ["billing"], ["payroll"], [], ["analytics", "payroll"],
    ]
    private static let channels: [JSONValue] = ["email", "partner", "webinar", " "]
    static let campaignIDs = ["c1", "c2", "c3", "c4"]
    private static let activityTypes: [(weight: Int, item: String)] = [
        (6, "page_view"), (4, "email_open"), (3, "email_click"), (4, "content_download"),
        (3, "webinar_attended"), (2, "event_attended"), (6, "pricing_view"), (4, "form_submit"),
        (6, "trial_started"), (6, "demo_requested"), (6, "email_unsubscribed"), (2, "survey"),
    ]

    mutating func addLeadEvent(_ lead: String, isFirst: Bool) {
        var members = envelope(lead, type: random.pick(["lead.captured", "lead.updated"]))
        let often = isFirst ? 85 : 12
        let pools: [(name: String, percent: Int, values: [JSONValue])] = [
            ("email", often, Self.emails), ("job_title", often, Self.titles),
            ("country", often, Self.countries), ("employees", often / 2, Self.employees),
            ("annual_revenue", often / 3, [0, 99.5, 10_000_000, "@1.5E3"]),
            ("industry", often / 2, Self.industries),
            ("company_domain", often / 3, Self.domains),
            ("company_name", often / 2, ["Acme", "Zw\u{f6}lf GmbH", "\"Quoted\" \\ Ltd"]),
            ("phone", often / 2, ["+1", "+2 (0) 3", "  "]), ("first_name", often / 2, ["Pat"]),
            ("last_name", often / 2, ["Lee", ""]), ("product_interest", often, Self.interests),
        ]
        for pool in pools where random.chance(pool.percent) {
            members[pool.name] = random.pick(pool.values)
        }
        if random.chance(isFirst ? 95 : 12) {
            members["consent"] = ["contact": .bool(random.chance(isFirst ? 95 : 75))]
        }
        if random.chance(4) {
            members[random.pick(["email", "country", "consent", "job_title"])] = nil as JSONValue
        }
        addTouch(to: &members, percent: 25)
        if options.faults, random.chance(5) { spoil(&members, Self.leadFaults) }
        add(topic: ModelTopic.leads, key: lead, json: render(members))
    }

    mutating func addActivity(_ lead: String) {
        var members = envelope(lead, type: random.pick(weighted: Self.activityTypes))
        members["product"] = random.pick(weighted: [
            (50, nil), (20, "crm"), (12, "analytics"), (10, "billing"), (3, "payroll"), (2, ""),
        ])
        if random.chance(30) {
            members["properties"] = .compact([
                "section": .string(random.pick(["docs", "Docs", "blog", ""])),
                "seconds": random.chance(60) ? .number(Double(random.number(0...60))) : nil,
                "logged_in": random.chance(50) ? .bool(random.chance(50)) : nil,
            ])
        }
        addTouch(to: &members, percent: 25)
        if options.faults, random.chance(4) { spoil(&members, Self.activityFaults) }
        add(topic: ModelTopic.activities, key: lead, json: render(members))
    }

    mutating func addDisposition() {
        let withMQL = leadIDs.filter { !(model.leads[Identifier($0)]?.mqls.isEmpty ?? true) }
        guard !withMQL.isEmpty else { return addActivity(random.pick(leadIDs)) }
        let lead = random.pick(withMQL)
        let state = model.leads[Identifier(lead)]
        let products = (state?.mqls.keys).map { $0.sorted() } ?? []
        let mqls = state?.mqls[random.pick(products)] ?? []
        guard let newest = mqls.last else { return }
        let mql = random.chance(80) ? newest : random.pick(mqls)
        let type = random.pick(weighted: [
            (14, "accepted"), (30, "rejected"), (8, "contacted"), (6, "opportunity"), (4, "won"),
            (8, "lost"), (12, "reopened"),
        ])
        var members = envelope(lead, type: type)
        members["mql_id"] = .string(mql.id)
        members["product"] = .string(mql.product)
        if type == "rejected" || type == "lost" {
            // Mostly the short ones, so that leads come back.
            members["reason"] = .string(
                random.pick(weighted: [
                    (40, "wrong_contact"), (25, "no_response"), (10, "not_interested"),
                    (10, "wrong_size"), (5, "bad_timing"),
                ]))
        } else if random.chance(10) {
            members["reason"] = "just because"
        }
        if random.chance(10) { members["note"] = "call after lunch" }
        if random.chance(10) { members["revenue"] = 1200.5 }
        if options.faults, random.chance(5) { spoil(&members, Self.dispositionFaults) }
        add(topic: ModelTopic.dispositions, key: lead, json: render(members))
    }

    /// An erasure, at times ahead of its Kafka timestamp so that a further one is dropped.
    mutating func addErasure(_ lead: String) {
        var members = envelope(lead, type: "lead.erased")
        members["occurred_at"] = .string(time(now + random.pick([-86_400_000, 0, 0, 240_000])))
        if random.chance(30) { members["employees"] = "many" }
        // An erasure is no repeat, even with the id of an earlier event.
        let applied = model.leads[Identifier(lead)]?.applied[.leads]?.keys.sorted() ?? []
        if random.chance(40), let id = applied.randomElement(using: &random) {
            members["event_id"] = .string(id.text)
        }
        let json = render(members)
        for _ in 0..<random.pick([1, 1, 1, 2, 3]) {
            add(topic: ModelTopic.leads, key: lead, json: json)
            now += 1
        }
    }

    /// An earlier record again, whole or only its id.
    mutating func addRepeat() {
        let candidates = records.suffix(random.chance(80) ? 60 : records.count)
        let inputs = candidates.filter { $0.topic.hasPrefix("reference.") == false }
        guard var record = inputs.randomElement(using: &random) else { return }
        if random.chance(20) { forgetAlmost(record) }
        record.timestampMs = now
        if random.chance(25), let value = record.value, value.count < 10_000,
            var members = JSONValue.parse(value)?.members, let lead = members["lead_id"]?.text
        {
            // The same id for another event, often from another topic, where it is no repeat.
            members["occurred_at"] = .string(Moment.text(now))
            members["type"] = .string(random.pick(weighted: Self.activityTypes))
            record = ModelRecord(
                topic: ModelTopic.activities, key: Array(lead.utf8),
                value: Array(JSONValue.object(members).json.utf8), timestampMs: now)
        }
        add(record)
    }

    /// Moves the lead's as_of to where the event's id is just, or just no longer, remembered.
    private mutating func forgetAlmost(_ record: ModelRecord) {
        guard let value = record.value, value.count < 10_000, let event = JSONValue.parse(value),
            let lead = event["lead_id"]?.text,
            let at = event["occurred_at"]?.text.flatMap(Moment.parse)
        else { return }
        let window = Int64(model.settings.duplicateWindowDays) * Moment.day
        let edge = at + window + random.pick([-1, 0, 0, 1])
        guard edge > now, edge - now < 40 * Moment.day else { return }
        now = edge + 1
        let members: [String: JSONValue] = [
            "event_id": .string(newEventID()), "type": "lead.updated", "phone": "+3",
            "occurred_at": .string(Moment.text(edge)), "lead_id": .string(lead),
        ]
        add(topic: ModelTopic.leads, key: lead, json: JSONValue.object(members).json)
        now += 1
    }

    /// The required fields of a valid event.
    mutating func envelope(_ lead: String, type: String) -> [String: JSONValue] {
        let at = occurredAt(lead)
        return [
            "event_id": .string(newEventID()), "type": .string(type),
            "occurred_at": .string(time(at)), "lead_id": .string(lead),
        ]
    }

    private mutating func addTouch(to members: inout [String: JSONValue], percent: Int) {
        let campaigns = Self.campaignIDs + ["c9"]
        if random.chance(percent) { members["campaign_id"] = .string(random.pick(campaigns)) }
        guard random.chance(percent / 2) else { return }
        members["source"] = .compact([
            "channel": random.chance(70) ? random.pick(Self.channels) : nil,
            "campaign_id": random.chance(50) ? .string(random.pick(campaigns)) : nil,
        ])
    }
}
