import Qualification
import ReferenceModel
import TestSupport
import Testing
import WireFormats

/// Hot signals and consent taken back: definition keys that the contract leaves to the product.
struct SignalTests {
    /// One lead, its messages as JSON, and a definition that is the example with changes.
    private final class Desk {
        let symbols = SymbolTable()
        let qualifier: Qualifier
        var profile = Profile(leadID: "a")
        private var number = 0
        static let start = UTCDay(number: 20_703).start + .minutes(600)

        init(_ changes: [(path: String, value: JSONValue)]) throws {
            let yaml = try DefinitionText.changed(try Fixtures.exampleDefinitionText(), by: changes)
            qualifier = Qualifier(
                definition: try Fixtures.definition(yaml), symbols: symbols,
                reference: MemoryReference(), limits: Qualifier.Limits())
        }

        private func header(_ minute: Int, _ id: String?) -> EventHeader {
            number += 1
            let at = Desk.start + .minutes(minute)
            let stamp = Stamp(at: at, eventID: EventID(id ?? "e\(number)"))
            return EventHeader(stamp: stamp, recordedAt: at)
        }

        private func taken() -> [JSONValue] {
            var bodies: [JSONValue] = []
            qualifier.takeMessages { message in
                if let body = JSONValue.parse(MessageWriter.body(message)) { bodies.append(body) }
            }
            return bodies
        }

        /// A lead of 40 points of fit that is interested in crm.
        @discardableResult
        func capture(_ minute: Int, consent: Bool?, id: String? = nil) throws -> [JSONValue] {
            var fields: [(field: LeadField, value: FactValue)] = [
                (.email, .text("ann@acme.example")), (.jobTitle, .text("VP Sales")),
                (.country, .text("US")),
            ]
            if let consent { fields.append((.consent, .bool(consent))) }
            let event = LeadEvent(
                header: header(minute, id), kind: .updated, fields: fields,
                productInterest: [symbols.intern("crm")], campaign: .none, channel: .none)
            _ = try qualifier.apply(event, to: &profile)
            return taken()
        }

        @discardableResult
        func act(
            _ type: String, _ minute: Int, product: String = "", id: String? = nil,
            properties: [(name: String, value: FactValue)] = []
        ) throws -> [JSONValue] {
            let event = ActivityEvent(
                header: header(minute, id), type: symbols.intern(type),
                product: symbols.intern(product), campaign: .none, channel: .none,
                properties: properties)
            _ = try qualifier.apply(event, to: &profile)
            return taken()
        }

        func answer(_ answer: Disposition.Answer, _ minute: Int) throws -> [JSONValue] {
            let crm = symbols.intern("crm")
            let newest = profile.products.first { $0.product == crm }?.mqls.last
            let event = DispositionEvent(
                header: header(minute, nil), answer: answer,
                mqlID: newest?.id.description ?? "", product: crm,
                reason: symbols.intern("bad_timing"))
            _ = try qualifier.apply(event, to: &profile)
            return taken()
        }

        /// A desk whose lead has an open MQL of crm since minute 1.
        static func withMQL(_ changes: [(path: String, value: JSONValue)]) throws -> Desk {
            let desk = try Desk(changes)
            try desk.capture(0, consent: true)
            try desk.act("trial_started", 0)
            let types = try desk.act("content_download", 1, product: "crm").map(\.kind)
            #expect(types == ["mql.qualified", "lead.status_changed"])
            return desk
        }
    }

    private static let hot: [(path: String, value: JSONValue)] = [
        ("engagement.pricing.notify", true), ("engagement.demo.notify", true),
    ]

    // MARK: Hot signals

    @Test func salesIsToldOfAHotSignal() throws {
        let desk = try Desk.withMQL(SignalTests.hot)
        let messages = try desk.act("pricing_view", 5, product: "crm")
        #expect(messages.map(\.kind) == ["mql.updated"])
        let update = try #require(messages.first)
        #expect(update["mql_id"] == "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a")
        #expect(update["lead_id"] == "a" && update["product"] == "crm" && update["cycle"] == 1)
        #expect(update["score"] == ["fit": 40, "engagement": 38])
        #expect(update["reasons"]?.items?.count == 6)
        #expect(
            update["why_now"]
                == ["type": "pricing_view", "product": "crm", "at": "2026-09-07T10:05:00.000Z"])
        #expect(update["owner_id"] == "desk-crm")
        #expect(update["as_of"] == "2026-09-07T10:05:00.000Z")
        #expect(update["definition"]?["name"] == "b2b-saas")
        #expect(
            update["summary"]
                == """
                ann@acme.example (VP Sales), already yours for crm, is active again: pricing; \
                fit 40, engagement 38.
                """)
    }

    @Test func theEventThatQualifiesIsNoUpdate() throws {
        let desk = try Desk([("engagement.trial.notify", true), ("engagement.forms.notify", true)])
        try desk.capture(0, consent: true)
        #expect(try desk.act("form_submit", 0).map(\.kind).isEmpty)
        let messages = try desk.act("trial_started", 1, product: "crm").map(\.kind)
        #expect(messages == ["mql.qualified", "lead.status_changed"])
    }

    @Test func onlyWhatChangesTheContributionIsASignal() throws {
        // Two a day and 24 points in all count for pricing.
        let desk = try Desk.withMQL(SignalTests.hot)
        let kinds = try (0..<4).map { try desk.act("pricing_view", 5 + $0).map(\.kind) }
        #expect(kinds == [["mql.updated"], ["mql.updated"], [], []])
        #expect(try desk.act("pricing_view", 1_500).map(\.kind) == ["mql.updated"])
        #expect(try desk.act("pricing_view", 1_501).map(\.kind) == ["mql.updated"])
        #expect(try desk.act("pricing_view", 2_940).map(\.kind) == [])
        // Other criteria, other products and criteria without notify are none.
        #expect(try desk.act("page_view", 2_941).map(\.kind) == [])
        #expect(
            try desk.act("demo_requested", 2_942, product: "billing").map(\.kind)
                .contains("mql.updated") == false)
        #expect(try desk.act("demo_requested", 2_943).map(\.kind).contains("mql.updated"))
    }

    @Test func lateActivitiesCountAsOfTheirDay() throws {
        let desk = try Desk.withMQL(SignalTests.hot + [("engagement.pricing.since", "2026-09-06")])
        let update = try desk.act("pricing_view", -1_440, product: "crm")
        #expect(update.map(\.kind) == ["mql.updated"])
        #expect(update.first?["why_now"]?["at"] == "2026-09-06T10:00:00.000Z")
        #expect(update.first?["as_of"] == "2026-09-07T10:01:00.000Z")
        #expect(try desk.act("pricing_view", -2_880).map(\.kind) == [])
    }

    @Test func aConditionMustHold() throws {
        let condition: JSONValue = ["field": "activity.properties.seconds", "at_least": 30]
        let desk = try Desk.withMQL(SignalTests.hot + [("engagement.pricing.where", condition)])
        let short: [(name: String, value: FactValue)] = [("seconds", .number(29))]
        let long: [(name: String, value: FactValue)] = [("seconds", .number(30))]
        #expect(try desk.act("pricing_view", 5, properties: short).map(\.kind) == [])
        #expect(try desk.act("pricing_view", 6, properties: long).map(\.kind) == ["mql.updated"])
    }

    @Test func severalCriteriaMakeOneUpdate() throws {
        let more: JSONValue = [
            "id": "prices_too", "label": "prices again", "activity": ["pricing_view", "x"],
            "points": 2, "half_life_days": 5, "notify": true,
        ]
        let desk = try Desk.withMQL(SignalTests.hot + [("engagement.+", more)])
        let messages = try desk.act("pricing_view", 5)
        #expect(messages.map(\.kind) == ["mql.updated"])
        #expect(messages.first?["summary"]?.text?.contains("pricing, prices again;") == true)
    }

    @Test func onlyAnOpenMQLIsUpdated() throws {
        let desk = try Desk.withMQL(SignalTests.hot)
        #expect(try desk.answer(.accepted, 2).map(\.kind) == [])
        #expect(try desk.act("pricing_view", 3).map(\.kind) == ["mql.updated"])
        _ = try desk.answer(.rejected, 4)
        #expect(
            try desk.act("demo_requested", 5, product: "crm").map(\.kind).contains("mql.updated")
                == false)
        let other = try Desk.withMQL(SignalTests.hot)
        // 90 days later the MQL lapses: the event finds it closed.
        let kinds = try other.act("pricing_view", 90 * 1_440 + 1).map(\.kind)
        #expect(kinds.contains("mql.lapsed") && !kinds.contains("mql.updated"))
    }

    @Test func aRepeatIsNoSignal() throws {
        let desk = try Desk.withMQL(SignalTests.hot)
        #expect(try desk.act("pricing_view", 5, id: "once").map(\.kind) == ["mql.updated"])
        #expect(try desk.act("pricing_view", 5, id: "once").map(\.kind) == [])
    }

    // MARK: Consent

    private static let withdrawing: [(path: String, value: JSONValue)] = [
        ("withdraws_consent", ["do_not_contact", "pricing_view"])
    ]

    @Test func anActivityTakesConsentBack() throws {
        let desk = try Desk.withMQL(SignalTests.withdrawing)
        let messages = try desk.act("do_not_contact", 2)
        #expect(messages.map(\.kind) == ["mql.withdrawn", "lead.status_changed"])
        #expect(messages[0]["codes"] == ["no_consent"])
        // Later consent wins again; an event of before does not.
        #expect(try desk.capture(1, consent: true).map(\.kind) == [])
        let again = try desk.capture(3, consent: true)
        #expect(again.first?["novelty"] == "requalified")
    }

    @Test func lateWithdrawalsLoseToLaterConsent() throws {
        let desk = try Desk.withMQL(SignalTests.withdrawing)
        #expect(try desk.act("do_not_contact", -1).map(\.kind) == [])
        #expect(desk.profile.fields.consent == true)
    }

    @Test func theActivityCountsLikeAnyOther() throws {
        let desk = try Desk.withMQL(SignalTests.withdrawing)
        let messages = try desk.act("pricing_view", 2)
        #expect(messages[1]["score"] == ["fit": 40, "engagement": 38])
    }

    @Test func aWithdrawalWaitsForTheLead() throws {
        let desk = try Desk(SignalTests.withdrawing)
        #expect(try desk.act("do_not_contact", 5).map(\.kind) == [])
        // It outlives the binary form.
        var codec = ProfileCodec(symbols: desk.symbols)
        let bytes = codec.encode(&desk.profile)
        let again = try codec.decode(bytes, leadID: "a")
        #expect(again.fields.consent == false)
        let messages = try desk.capture(1, consent: true)
        #expect(messages.first?["reasons"] == [["code": "no_consent"]])
        #expect(try desk.capture(6, consent: true).first?["status"] == "not_ready")
    }

    @Test(arguments: [true, false])
    func atOneStampTheRefusalWins(_ leadFirst: Bool) throws {
        let desk = try Desk(SignalTests.withdrawing)
        if leadFirst { try desk.capture(0, consent: true, id: "same") }
        try desk.act("do_not_contact", 0, id: "same")
        if !leadFirst { try desk.capture(0, consent: true, id: "same") }
        #expect(desk.profile.fields.consent == false)
        #expect(desk.profile.products.first?.status == .suppressed)
    }

    // MARK: Due times

    @Test func alertsAreDueInBusinessTime() throws {
        let desk = try Desk([
            (
                "products.crm.business_hours",
                [
                    "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00",
                    "time_zone": "Europe/Berlin", "holidays": ["2026-09-09"],
                ]
            ),
            ("products.crm.follow_up_within", "4h"), ("products.crm.warn_before", "2h"),
            ("products.crm.escalate_after", "12h"),
        ])
        // Qualified on Monday at 18:00 in Berlin.
        try desk.capture(0, consent: true)
        try desk.act("trial_started", 0)
        let messages = try desk.act("content_download", 360, product: "crm")
        #expect(messages.first?["follow_up_by"] == "2026-09-08T11:00:00.000Z")
        let alerts = try #require(desk.profile.products.first?.mqls.first?.alerts)
        #expect(alerts.warning?.description == "2026-09-08T09:00:00.000Z")
        #expect(alerts.breach?.description == "2026-09-08T11:00:00.000Z")
        // Four hours of Tuesday, none of Wednesday, eight of Thursday.
        #expect(alerts.escalation?.description == "2026-09-10T15:00:00.000Z")
    }
}

extension JSONValue {
    fileprivate var kind: String { self["type"]?.text ?? "" }
}
