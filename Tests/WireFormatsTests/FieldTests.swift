import Qualification
import Testing
import WireFormats

/// Optional fields: what is read, what counts as absent, and what is left out with a sentence.
struct FieldTests {
    struct Ignored: CustomTestStringConvertible {
        var topic: Reading.Topic
        var member: String
        var detail: String
        var testDescription: String { member }

        init(_ topic: Reading.Topic, _ member: String, _ detail: String) {
            self.topic = topic
            self.member = member
            self.detail = detail
        }
    }

    private static let texts: [(Reading.Topic, [String])] = [
        (
            .lead,
            [
                "email", "first_name", "last_name", "phone", "job_title", "company_name",
                "company_domain", "country", "industry", "campaign_id",
            ]
        ),
        (.activity, ["product", "campaign_id"]), (.disposition, ["by", "note", "reason"]),
    ]

    static let wrongTexts: [Ignored] = texts.flatMap { topic, fields in
        fields.flatMap { field in
            [("7", "7"), ("true", "true"), ("[]", "an array"), ("{}", "an object")].map {
                Ignored(topic, "\"\(field)\":\($0)", "\(field) (\($1) is not a text)")
            }
        }
    }

    static let wrongValues: [Ignored] = [
        .init(.lead, #""email":"a@b""#, "email (\"a@b\" is not an e-mail address)"),
        .init(.lead, #""email":"a b@c.de""#, "email (\"a b@c.de\" is not an e-mail address)"),
        .init(.lead, #""company_domain":"https://""#, "company_domain (\"https://\" is not a dom"),
        .init(.lead, #""country":"XX""#, "country (\"XX\" is not a country code of ISO 3166-1)"),
        .init(.lead, #""employees":true"#, "employees (true is not a whole number from 0 to 2^53)"),
        .init(.lead, #""employees":-1"#, "employees (-1 is not a whole number"),
        .init(.lead, #""employees":50.5"#, "employees (50.5 is not a whole number"),
        .init(.lead, #""employees":"50""#, "employees (\"50\" is not a whole number"),
        .init(.lead, #""employees":9007199254740993"#, "employees (a number beyond 2^53 is not"),
        .init(.lead, #""employees":18446744073709551615"#, "employees (a number beyond 2^53"),
        .init(.lead, #""employees":1e400"#, "employees (a number beyond 2^53 is not a whole"),
        .init(.lead, #""employees":-1e400"#, "employees (a number beyond 2^53 is not a whole"),
        .init(
            .lead, #""employees":123456789012345678901234567890"#,
            "employees (a number beyond 2^53 is not a whole number from 0 to 2^53)"),
        .init(.lead, #""annual_revenue":-0.01"#, "annual_revenue (-0.01 is not a number from 0"),
        .init(.lead, #""annual_revenue":1e16"#, "annual_revenue (a number beyond 2^53 is not"),
        .init(.lead, #""annual_revenue":"1""#, "annual_revenue (\"1\" is not a number from 0"),
        .init(.lead, #""annual_revenue":false"#, "annual_revenue (false is not a number from 0"),
        .init(.lead, #""consent":true"#, "consent (true is not an object)"),
        .init(.lead, #""consent":{"contact":"yes"}"#, "consent.contact (\"yes\" is not true or "),
        .init(.lead, #""consent":{"contact":1}"#, "consent.contact (1 is not true or false)"),
        .init(.lead, #""product_interest":"crm""#, "product_interest (\"crm\" is not an array of"),
        .init(.lead, #""product_interest":["crm",7]"#, "product_interest (an array is not an arr"),
        .init(.lead, #""product_interest":{"a":1}"#, "product_interest (an object is not an array"),
        .init(.lead, #""source":"email""#, "source (\"email\" is not an object)"),
        .init(.activity, #""source":[]"#, "source (an array is not an object)"),
        .init(.activity, #""source":{"channel":7}"#, "source.channel (7 is not a text)"),
        .init(
            .lead, #""source":{"channel":"x","campaign_id":{}}"#,
            "source.campaign_id (an object is not a text)"),
        .init(.activity, #""properties":[]"#, "properties (an array is not an object)"),
        .init(.activity, #""properties":{"a":[]}"#, "properties.a (an array is not a text, a num"),
        .init(.activity, #""properties":{"a":{}}"#, "properties.a (an object is not a text, a nu"),
        .init(.activity, #""properties":{"a":1e400}"#, "properties.a (a number beyond 2^53 is n"),
        .init(.disposition, #""revenue":"lots""#, "revenue (\"lots\" is not a number up to 2^53)"),
        .init(.disposition, #""revenue":1e400"#, "revenue (a number beyond 2^53 is not a number"),
    ]

    @Test(arguments: wrongTexts + wrongValues)
    func aWrongOptionalFieldIsLeftOutAndNamed(_ example: Ignored) throws {
        let reading = try Reading()
        let json = Reading.json(example.topic, example.member)
        #expect(reading.refusal(example.topic, json) == nil)
        let letter = reading.reader.ignoredFields
        #expect(letter?.reason == .fieldIgnored)
        #expect(letter?.detail.hasPrefix("applied without ") == true)
        #expect(letter?.detail.contains(example.detail) == true, "\(letter?.detail ?? "none")")
        if example.topic == .lead {
            let event = try reading.lead(json)
            #expect(event.fields.isEmpty && event.productInterest.isEmpty)
            #expect(event.campaign == .none && event.channel == .none)
        }
    }

    @Test func allWrongFieldsAreNamedInOneSentenceAndTheRestIsRead() throws {
        let reading = try Reading()
        let event = try reading.lead(
            Reading.json(
                .lead, #""email":7,"country":"XX","first_name":"Ann","employees":-1"#))
        #expect(event.fields.map(\.field) == [.firstName])
        let detail = reading.reader.ignoredFields?.detail ?? ""
        for field in ["email", "country", "employees"] { #expect(detail.contains(field)) }
        _ = try reading.lead(Reading.json(.lead))
        #expect(reading.reader.ignoredFields == nil)
    }

    @Test(arguments: [
        "null", "\"\"", "\" \"", "\"\\t\\r\\n\"", "\"\\u00a0\"", "\"\\u2028\\u3000\"",
    ])
    func nullAndBlanksCountAsAbsent(_ blank: String) throws {
        let reading = try Reading()
        for (topic, fields) in FieldTests.texts {
            let more = fields.map { "\"\($0)\":\(blank)" }.joined(separator: ",")
            #expect(reading.refusal(topic, Reading.json(topic, more)) == nil)
            #expect(reading.reader.ignoredFields == nil)
        }
        let more = """
            "employees":\(blank),"annual_revenue":\(blank),"consent":\(blank),"source":\(blank),\
            "product_interest":\(blank),"email":\(blank),"company_name":\(blank)
            """
        let event = try reading.lead(Reading.json(.lead, more))
        #expect(event.fields.isEmpty && event.campaign == .none)
        #expect(reading.reader.ignoredFields == nil)
        let inner = """
            "consent":{"contact":\(blank)},"source":{"channel":\(blank),"campaign_id":\(blank)},\
            "product_interest":[\(blank)]
            """
        let nested = try reading.lead(Reading.json(.lead, inner))
        #expect(nested.fields.isEmpty && nested.productInterest.isEmpty && nested.channel == .none)
        #expect(reading.reader.ignoredFields == nil)
    }

    @Test func everyFieldOfALeadIsRead() throws {
        let reading = try Reading()
        let event = try reading.lead(
            Reading.json(
                .lead,
                #"""
                "email":" Ann@ACME.example","first_name":"Ann","last_name":"L\u00e9e","phone":"+1",
                "job_title":"VP","company_name":"Acme \"Ltd\"",
                "company_domain":"https://WWW.acme.com/x",
                "country":"uk","employees":50.0,"annual_revenue":1.5e3,"industry":"soft\\ware",
                "consent":{"contact":false,"x":1},"product_interest":["crm","",null,"payroll"],
                "source":{"channel":"email","campaign_id":"c2"},"unknown":{"a":[1,{"b":null}]}
                """#))
        let expected: [(LeadField, FactValue)] = [
            (.email, .text("ann@acme.example")), (.firstName, .text("Ann")),
            (.lastName, .text("L\u{e9}e")), (.phone, .text("+1")), (.jobTitle, .text("VP")),
            (.companyName, .text("Acme \"Ltd\"")), (.companyDomain, .text("acme.com")),
            (.country, .text("GB")), (.employees, .number(50)), (.annualRevenue, .number(1_500)),
            (.industry, .text("soft\\ware")), (.consent, .bool(false)),
        ]
        for (field, value) in expected { #expect(event[field] == value, "\(field)") }
        #expect(event.fields.count == expected.count)
        #expect(event.productInterest.map(reading.symbols.text) == ["crm", "payroll"])
        #expect(reading.symbols.text(event.campaign) == "c2")
        #expect(reading.symbols.text(event.channel) == "email")
        #expect(event.kind == .captured)
        #expect(reading.reader.ignoredFields == nil)
    }

    @Test func everyFieldOfAnActivityAndADispositionIsRead() throws {
        let reading = try Reading()
        let activity = try reading.activity(
            Reading.json(
                .activity,
                #""product":"crm","campaign_id":"c1","source":{"channel":"web","campaign_id":"c2"}"#
            ))
        #expect(reading.symbols.text(activity.type) == "page_view")
        #expect(reading.symbols.text(activity.product) == "crm")
        #expect(reading.symbols.text(activity.campaign) == "c1")
        #expect(reading.symbols.text(activity.channel) == "web")
        let answer = try reading.disposition(
            Reading.json(
                .disposition, #""reason":"no_response","by":"Bo","revenue":1e3,"note":"x""#,
                type: "lost"))
        #expect(answer.answer == .lost)
        #expect(answer.mqlID == "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a")
        #expect(reading.symbols.text(answer.product) == "crm")
        #expect(reading.symbols.text(answer.reason) == "no_response")
    }

    @Test func propertiesAreReadWhereAConditionWantsThem() throws {
        let reading = try Reading()
        let properties = #""properties":{"seats":5,"plan":"Pro","on":true,"x":null,"plan":"Max"}"#
        let wanted = try reading.activity(
            Reading.json(.activity, properties, type: "trial_started"))
        let values = Dictionary(uniqueKeysWithValues: wanted.properties.map { ($0.name, $0.value) })
        #expect(values == ["seats": .number(5), "plan": .text("Max"), "on": .bool(true)])
        #expect(try reading.activity(Reading.json(.activity, properties)).properties.isEmpty)
    }

    @Test func aRepeatedPropertyIsJudgedByItsLastValue() throws {
        let reading = try Reading()
        let json = Reading.json(
            .activity, #""properties":{"seats":[],"seats":5}"#, type: "trial_started")
        let event = try reading.activity(json)
        #expect(reading.reader.ignoredFields == nil)
        #expect(event.properties.count == 1)
    }

    @Test func ofRepeatedKeysTheLastCounts() throws {
        let reading = try Reading()
        let event = try reading.lead(
            "{\"lead_id\":7,\"email\":\"x\",\"source\":{\"channel\":\"a\"},\"consent\":1,"
                + "\"product_interest\":[\"a\"],"
                + Reading.json(
                    .lead,
                    #""email":"a@b.co","source":{"campaign_id":"c"},"consent":{"contact":true},"#
                        + #""product_interest":["b"],"source":{"campaign_id":"d"}"#
                ).dropFirst())
        #expect(event[.email] == .text("a@b.co"))
        #expect(event[.consent] == .bool(true))
        #expect(event.channel == .none)
        #expect(reading.symbols.text(event.campaign) == "d")
        #expect(event.productInterest.map(reading.symbols.text) == ["b"])
        #expect(reading.reader.ignoredFields == nil)
    }

    @Test func anErasureNeedsOnlyItsRequiredFields() throws {
        let reading = try Reading()
        let event = try reading.lead(
            Reading.json(.lead, #""email":7,"consent":1,"source":"x""#, type: "lead.erased"))
        #expect(event.kind == .erased && event.fields.isEmpty)
        #expect(reading.reader.ignoredFields == nil)
    }

    @Test func nulBytesAndControlsInTextsAreKept() throws {
        let reading = try Reading()
        let event = try reading.lead(
            Reading.json(.lead, #""first_name":"a\u0000b\u001f","lead_id":"x\u0000y""#),
            key: "x\u{0}y")
        #expect(event[.firstName] == .text("a\u{0}b\u{1f}"))
    }
}
