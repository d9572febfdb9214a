/// What is wrong in a world, and the reference rows it lives with.
extension WorldBuilder {
    typealias OptionalFault = (name: String, value: JSONValue)

    static let leadFaults: [OptionalFault] = [
        ("email", "pat(at)acme"), ("email", "a@b"), ("email", 7), ("country", "XX"),
        ("country", "USA"), ("employees", true), ("employees", -1), ("employees", 50.5),
        ("employees", "@1e400"), ("employees", 9_007_199_254_740_994), ("annual_revenue", "1"),
        ("annual_revenue", -0.01), ("product_interest", "crm"), ("product_interest", ["crm", 7]),
        ("consent", true), ("consent", ["contact": "yes"]), ("source", ["channel": 7]),
        ("source", "email"), ("campaign_id", 7), ("job_title", ["VP"]), ("first_name", false),
    ]
    static let activityFaults: [OptionalFault] = [
        ("product", 7), ("properties", ["docs"]), ("properties", ["section": ["docs"]]),
        ("properties", ["section": "docs", "seconds": "@1e400"]), ("campaign_id", true),
        ("source", ["campaign_id": ["c1"]]),
    ]
    static let dispositionFaults: [OptionalFault] = [
        ("by", 7), ("revenue", "lots"), ("revenue", "@1e400"), ("note", true),
    ]

    mutating func spoil(_ members: inout [String: JSONValue], _ faults: [OptionalFault]) {
        for _ in 0..<random.number(1...2) {
            let fault = random.pick(faults)
            members[fault.name] = fault.value
        }
    }

    /// A record that goes to the dead letters as a whole.
    mutating func addBadRecord(_ lead: String) {
        let isDisposition = random.chance(40)
        if isDisposition, options.dispositions { return addBadDisposition(lead) }
        let topic = random.pick([ModelTopic.leads, ModelTopic.activities])
        let isLead = topic == ModelTopic.leads
        var members = envelope(lead, type: isLead ? "lead.updated" : "trial_started")
        var key: [UInt8]? = Array(lead.utf8)
        var raw: [UInt8]?
        switch random.number(0...12) {
        case 0: members[random.pick(["event_id", "type", "occurred_at", "lead_id"])] = nil
        case 1: members["type"] = random.pick([.null, "", " \t "] as [JSONValue])
        case 2: members[random.pick(["event_id", "type", "occurred_at"])] = 7
        case 3: members["occurred_at"] = .string(random.pick(Self.badTimes))
        case 4: members["event_id"] = .string(String(repeating: "x", count: 101))
        case 5: members["type"] = .string(String(repeating: "t", count: 65))
        case 6: members["type"] = isLead ? "lead.merged" : 7
        case 7: key = random.pick([nil, [], Array("z".utf8), Array((lead + " ").utf8)])
        case 8: members["occurred_at"] = .string(Moment.text(now + 300_001))
        case 9 where !hasTooLarge:
            hasTooLarge = true
            raw = Array(repeating: 0x20, count: 1_048_577)
        case 10:
            // Several faults at once: the first in the order of the codes counts.
            members["event_id"] = nil
            members["type"] = 7
            key = nil
        default: raw = random.pick(Self.unreadable)
        }
        let value = raw ?? Array(render(members).utf8)
        add(ModelRecord(topic: topic, key: key, value: value, timestampMs: now))
    }

    private static let badTimes = [
        "2026-09-07", "2026-09-07T10:00:00", "2026-02-30T10:00:00Z", "1999-12-31T23:59:59.999Z",
        "2026-13-01T10:00:00Z", "2026-09-07T24:00:00Z", "yesterday", "2026-09-07T10:00:00+0200",
    ]
    private static let unreadable: [[UInt8]] = [
        Array("hello".utf8), Array("[1]".utf8), [], Array("null".utf8), Array("\"x\"".utf8),
        Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8), Array("{\"a\":1}x".utf8),
        Array("{\"a\":01}".utf8), Array("{\"a\":\"\\ud800\"}".utf8), Array("{\"a\":1,}".utf8),
        Array("{'a':1}".utf8), Array("{\"a\":\"\n\"}".utf8), Array("{\"a\"".utf8),
    ]

    private mutating func addBadDisposition(_ lead: String) {
        var members = envelope(lead, type: random.pick(["accepted", "rejected", "lost"]))
        let mqls = model.leads[Identifier(lead)]?.mqls.values.joined().sorted { $0.id < $1.id }
        let mql = (mqls ?? []).randomElement(using: &random)
        members["mql_id"] = .string(mql?.id ?? "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a")
        members["product"] = .string(mql?.product ?? "crm")
        members["reason"] = "wrong_contact"
        switch random.number(0...6) {
        case 0: members[random.pick(["mql_id", "product"])] = random.chance(50) ? nil : .null
        case 1:
            members["type"] = .string(random.pick(["rejected", "lost"]))
            members["reason"] = ""
        case 2: members["type"] = "signed"
        case 3: members["product"] = "payroll"
        case 4:
            members["type"] = "lost"
            members["reason"] = "whim"
        case 5: members["mql_id"] = "00000000-0000-5000-8000-000000000000"
        default: members["product"] = mql?.product == "crm" ? "billing" : "crm"
        }
        add(topic: ModelTopic.dispositions, key: lead, json: render(members))
    }

    /// The rows that are there before the first record.
    mutating func addReferenceRows() {
        for _ in 0..<6 {
            if let row = referenceRow(mayDelete: false) { referenceRecords.append(row) }
        }
        model.loadReference(referenceRecords)
    }

    mutating func addReferenceChange() {
        if let row = referenceRow(mayDelete: true) { add(row) }
    }

    private mutating func referenceRow(mayDelete: Bool) -> ModelRecord? {
        let topic = random.pick([
            ModelTopic.accounts, ModelTopic.accounts, ModelTopic.campaigns, ModelTopic.campaigns,
            ModelTopic.suppressions,
        ])
        let (key, members): (String, [String: JSONValue]) =
            switch topic {
            case ModelTopic.accounts: accountRow()
            case ModelTopic.campaigns: campaignRow()
            default: suppressionRow()
            }
        // Suppressions go soon, or nothing would qualify any more.
        let isDeleted = mayDelete && random.chance(topic == ModelTopic.suppressions ? 75 : 25)
        if !mayDelete, topic == ModelTopic.suppressions { return nil }
        let value = isDeleted ? nil : Array(JSONValue.object(members).json.utf8)
        return ModelRecord(
            topic: topic, key: Array(key.utf8), value: value, timestampMs: now)
    }

    private mutating func accountRow() -> (String, [String: JSONValue]) {
        let domain = random.pick(["acme.example", "other.example", "gmail.com"])
        var members: [String: JSONValue] = ["domain": .string(domain)]
        let pools: [(String, [JSONValue])] = [
            ("name", ["Acme", "Other"]), ("employees", [3, 60, 2000]),
            ("annual_revenue", [5, 20_000_000]), ("industry", ["finance", "retail"]),
            ("country", ["US", "FR", "NO"]), ("owner_id", ["rep-1", "rep-2"]),
        ]
        for (name, values) in pools where random.chance(40) {
            members[name] = random.pick(values)
        }
        members["status"] = random.pick(weighted: [
            (5, nil), (8, "prospect"), (2, "customer"), (1, "competitor"), (1, "partner"),
        ])
        return (domain, members)
    }

    private mutating func campaignRow() -> (String, [String: JSONValue]) {
        let id = random.pick(Self.campaignIDs)
        var members: [String: JSONValue] = ["campaign_id": .string(id), "cost": 12.5]
        members["name"] = .string("Campaign " + id)
        members["channel"] = random.pick([nil, "email", "paid_social"])
        members["product"] = random.pick([nil, "crm", "analytics", "billing", "payroll"])
        return (id, members)
    }

    private mutating func suppressionRow() -> (String, [String: JSONValue]) {
        let entry = random.pick([
            "acme.example", "pat@acme.example", "mail.acme.example", "joe@other.example",
        ])
        return (entry, ["entry": .string(entry), "reason": "asked"])
    }
}
