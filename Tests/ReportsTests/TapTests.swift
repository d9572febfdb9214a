import Reports
import Testing

@Suite("What a tap shows")
struct TapTests {
    private static func record(
        _ kind: TapRecord.Kind, _ value: String, key: String = "a",
        timestamp: Int64 = 1_788_775_500_000,
        headers: [(name: String, value: [UInt8]?)] = []
    ) -> TapRecord {
        TapRecord(
            kind: kind, topic: "t", place: RecordPlace(partition: 0, offset: 0),
            timestamp: timestamp, key: Array(key.utf8), value: Array(value.utf8), headers: headers)
    }

    private static let mql = """
        {"type":"mql.qualified","mql_id":"m1","lead_id":"a","product":"crm",
        "follow_up_by":"2026-09-08T10:05:00.000Z","score":{"fit":40,"engagement":30.5},
        "reasons":[{"criterion":"seniority","label":"seniority","points":20},
        {"criterion":"trial","label":"started a trial","points":25},
        {"criterion":"out","label":"out","points":-15}],
        "lead":{"email":"pat@acme.example","first_name":"Pat","last_name":"Lee","job_title":"VP"},
        "account":{"name":"Acme"},"route":{"topic":"t","owner_id":"rep-1"}}
        """

    @Test("an MQL tells who, how, by when and why")
    func mqlText() {
        let lines = Self.record(.mql, Self.mql).text.split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(
            lines == [
                "2026-09-07 10:05:00 MQL crm Pat Lee, VP, Acme",
                "for rep-1, follow up by 2026-09-08T10:05:00.000Z: pat@acme.example",
                "fit 40 + engagement 30.5: started a trial 25, seniority 20, out -15",
                "lead a, mql m1",
            ])
    }

    @Test("other messages name the lead by its id only, in one line")
    func others() {
        let status = """
            {"type":"lead.status_changed","lead_id":"a","product":"crm","status":"not_ready",
            "reasons":[{"code":"fit","needed":40,"actual":12.5},{"code":"missing:lead.email"}],
            "lead":{"email":"pat@acme.example"}}
            """
        #expect(
            Self.record(.nurture, status).text
                == "2026-09-07 10:05:00  status crm  lead a: not_ready (fit 12.5 of 40, "
                + "missing:lead.email)")
        let withdrawn =
            #"{"type":"mql.withdrawn","lead_id":"a","product":"crm","mql_id":"m","reason":"#
            + #""suppressed","codes":["no_consent","do_not_contact"]}"#
        let text = Self.record(.mql, withdrawn).text
        #expect(text.hasSuffix("lead a: suppressed (no_consent, do_not_contact), mql m"))
        let alert =
            #"{"type":"sla.breached","lead_id":"a","product":"crm","mql_id":"m","#
            + #""owner_id":"rep-1","follow_up_by":"2026-09-08T10:05:00.000Z"}"#
        #expect(Self.record(.alert, alert).text.contains("ALERT breached crm  lead a: rep-1"))
        #expect(Self.record(.mql, "oops").text.contains("not a message"))
        #expect(Self.record(.mql, #"{"type":"mql.new"}"#).text.contains("mql.new"))
    }

    @Test("a dead letter tells where it came from and what is wrong; nothing steers the terminal")
    func deadLetter() {
        let headers: [(name: String, value: [UInt8]?)] = [
            ("handoff.error.reason", Array("bad_value".utf8)),
            ("handoff.error.topic", Array("leads".utf8)),
            ("handoff.error.partition", Array("3".utf8)),
            ("handoff.error.offset", Array("12".utf8)),
            ("handoff.error.detail", Array("email \u{1b}[31m\r\n".utf8)), ("other", nil),
        ]
        let record = Self.record(.deadLetter, "\u{0}", timestamp: -1, headers: headers)
        #expect(record.text.hasSuffix("DEAD LETTER bad_value  leads[3]@12: email �[31m��"))
        #expect(record.json.contains(#""value_base64":"AA==""#))
        #expect(TapFilter(types: ["bad_value"]).lets(record))
        #expect(!TapFilter(types: ["not_json"]).lets(record))
        #expect(!TapFilter(product: "crm").lets(record))
    }

    @Test("JSON is escaped where a terminal would act, and says the same")
    func escapedJSON() {
        #expect(Shown.json("{\n  \"a\": \"b\"\n}") == "{\n  \"a\": \"b\"\n}")
        #expect(
            Shown.json("{\"a\":\"\u{9b}31m\u{202e}\u{7f}\u{fc}\"}")
                == #"{"a":"\u009b31m\u202e\u007fü"}"#)
    }

    @Test("filters by product, lead, type and time")
    func filters() {
        let mql = Self.record(.mql, Self.mql)
        for filter in [
            TapFilter(), TapFilter(product: "crm"), TapFilter(lead: "a"), TapFilter(types: ["mql"]),
            TapFilter(types: ["nurture", "mql.qualified"]), TapFilter(since: 1_788_775_500_000),
        ] {
            #expect(filter.lets(mql))
        }
        for filter in [
            TapFilter(product: "billing"), TapFilter(lead: "A"), TapFilter(types: ["alert"]),
            TapFilter(types: ["mql.lapsed"]), TapFilter(since: 1_788_775_500_001),
        ] {
            #expect(!filter.lets(mql))
        }
        #expect(TapFilter().kinds == [.mql, .nurture, .alert, .deadLetter])
        #expect(TapFilter(types: ["sla.warning", "mql"]).kinds == [.mql, .alert])
    }
}
