import Qualification
import Testing
import WireFormats

/// Every dead-letter code that the reader gives, with a sentence that names field and value.
struct DeadLetterTests {
    struct Case: CustomTestStringConvertible {
        var topic: Reading.Topic
        var json: String
        var reason: DeadLetterReason
        var detail: String
        var key = "a"
        var testDescription: String { "\(reason.rawValue): \(json.prefix(120))" }

        init(
            _ topic: Reading.Topic, _ json: String, _ reason: DeadLetterReason, _ detail: String,
            key: String = "a"
        ) {
            self.topic = topic
            self.json = json
            self.reason = reason
            self.detail = detail
            self.key = key
        }

        /// A valid event with members that replace its own.
        static func with(
            _ topic: Reading.Topic, _ more: String, _ reason: DeadLetterReason, _ detail: String
        ) -> Case {
            Case(topic, Reading.json(topic, more), reason, detail)
        }
    }

    static let unreadable: [Case] = [
        "", " ", "hello", "{", "}", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\" 1}",
        "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":1e}", "{\"a\":NaN}",
        "{\"a\":tru}", "{\"a\":\"\n\"}", "{\"a\":\"\u{0}\"}", "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":1}x",
        "{\"a\":1}{}", "{\"a\":1}\u{0}", "\u{feff}{}", "{\"a\":0x10}", "{\"a\":Infinity}",
        "{\"a\":-}", "{\"a\":1 2}", "{\"a\":[1,]}", "{\"a\"}", "{,}", "/* */{}",
    ].map { Case(.lead, $0, .notJSON, "the value is not JSON in UTF-8") }

    static let noObjects: [Case] = ["null", "[]", "[{}]", "\"x\"", "1", "true", " [1] "].map {
        Case(.activity, $0, .notJSON, "the value is not a JSON object")
    }

    static let missing: [Case] =
        ["event_id", "type", "occurred_at", "lead_id"].flatMap { field in
            ["null", "\"\"", "\" \\t\\n\"", "\"\\u00a0\\u2003\\u3000\""].map { value in
                Case.with(.lead, "\"\(field)\":\(value)", .missingField, "\(field) is missing")
            }
        }
        + ["mql_id", "product"].map {
            Case.with(.disposition, "\"\($0)\":null", .missingField, "\($0) is missing")
        }
        + ["rejected", "lost"].map {
            Case(
                .disposition, Reading.json(.disposition, "", type: $0), .missingField,
                "reason is missing")
        } + [
            Case(.activity, "{}", .missingField, "event_id is missing"),
            Case(
                .lead, "{\"payload\":\(Reading.json(.lead))}", .missingField,
                "event_id is missing; a text of that name is expected at the top level"),
            Case(
                .lead, Reading.json(.lead), .keyMismatch,
                "the record has no key; lead_id \"a\" is expected there", key: ""),
            // Several faults: the first code of the contract's order applies.
            Case(
                .lead, #"{"event_id":7,"type":"x","occurred_at":"y"}"#, .missingField,
                "lead_id is missing"),
        ]

    static let wrong: [Case] = [
        .with(.lead, #""event_id":7"#, .wrongType, "event_id is 7, not a text"),
        .with(.lead, #""type":true"#, .wrongType, "type is true, not a text"),
        .with(.activity, #""occurred_at":false"#, .wrongType, "occurred_at is false, not a text"),
        .with(.activity, #""lead_id":{}"#, .wrongType, "lead_id is an object, not a text"),
        .with(.disposition, #""mql_id":[]"#, .wrongType, "mql_id is an array, not a text"),
        .with(.disposition, #""product":1e400"#, .wrongType, "product is a number beyond 2^53, "),
        Case(
            .disposition, Reading.json(.disposition, "\"reason\":0.5", type: "lost"), .wrongType,
            "reason is 0.5, not a text"),
        .with(
            .lead, #""occurred_at":"yesterday""#, .badTimestamp,
            "occurred_at \"yesterday\" is not an RFC 3339 time with a zone"),
        .with(
            .lead, #""occurred_at":"1999-12-31T23:59:59.999Z""#, .badTimestamp,
            "occurred_at \"1999-12-31T23:59:59.999Z\" is before the year 2000"),
        .with(
            .activity, "\"event_id\":\"\(String(repeating: "x", count: 101))\"", .badValue,
            "event_id \"\(String(repeating: "x", count: 100))\" has more than 100 characters"),
        .with(
            .lead, "\"lead_id\":\"\(String(repeating: "x", count: 201))\"", .badValue,
            "\" has more than 200 characters"),
        .with(
            .activity, "\"type\":\"\(String(repeating: "x", count: 65))\"", .badValue,
            "\" has more than 64 characters"),
        .with(
            .lead, #""type":"lead.merged""#, .unknownType,
            "type \"lead.merged\" is not lead.captured, lead.updated or lead.erased"),
        .with(.lead, #""type":"Lead.Captured""#, .unknownType, "type \"Lead.Captured\" is not"),
        .with(
            .disposition, #""type":"signed""#, .unknownType,
            "type \"signed\" is none of accepted, rejected, contacted, opportunity, won, lost, "),
        .with(
            .activity, #""lead_id":"b""#, .keyMismatch,
            "the record's key \"a\" is not lead_id \"b\""),
        .with(
            .disposition, #""occurred_at":"2026-09-07T10:10:00.001Z""#, .occurredInFuture,
            "occurred_at \"2026-09-07T10:10:00.001Z\" is after 2026-09-07T10:05:00.000Z"),
    ]

    @Test(arguments: unreadable + noObjects + missing + wrong)
    func isADeadLetter(_ example: Case) throws {
        let letter = try Reading().refusal(example.topic, example.json, key: example.key)
        #expect(letter?.reason == example.reason)
        #expect(letter?.detail.contains(example.detail) == true, "\(letter?.detail ?? "none")")
    }

    @Test(
        arguments: [
            [0xff], [0x80], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xe2, 0x82], [0xf8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func badUTF8IsNotJSONAlsoInUnknownFields(_ bytes: [UInt8]) throws {
        let reading = try Reading()
        for field in ["note", "first_name", "lead_id"] {
            let value =
                Array(Reading.json(.lead).dropLast().utf8) + Array(",\"\(field)\":\"".utf8) + bytes
                + Array("\"}".utf8)
            #expect(reading.refusal(value)?.reason == .notJSON)
        }
    }

    @Test func aMebibyteIsReadAndOneByteMoreIsTooLarge() throws {
        let reading = try Reading()
        let json = Array(Reading.json(.lead).utf8)
        let limit = EventReader.valueLimit
        #expect(limit == 1_048_576)
        let space = UInt8(ascii: " ")
        let full = json + Array(repeating: space, count: limit - json.count)
        #expect(reading.refusal(full) == nil)
        let letter = reading.refusal(full + [space])
        #expect(letter?.reason == .tooLarge)
        #expect(letter?.detail == "the value has 1048577 bytes, the limit is 1048576")
        #expect(reading.refusal(json) == nil)
    }

    @Test func codesApplyInTheOrderOfTheContract() throws {
        let reading = try Reading()
        // Each step mends the first fault, and the next one shows.
        let steps: [(String, String, DeadLetterReason?)] = [
            (#""event_id":null,"type":7,"occurred_at":"x","lead_id":"b""#, "a", .missingField),
            (#""event_id":"","type":7,"occurred_at":"x","lead_id":"b""#, "a", .missingField),
            (#""type":7,"occurred_at":"x","lead_id":"b""#, "a", .wrongType),
            (#""type":"x","occurred_at":"x","lead_id":"b""#, "a", .badTimestamp),
            (
                "\"type\":\"x\",\"occurred_at\":\"2027-01-01T00:00:00Z\",\"lead_id\":"
                    + "\"\(String(repeating: "x", count: 201))\"", "a", .badValue
            ),
            (
                #""type":"x","occurred_at":"2027-01-01T00:00:00Z","lead_id":"b""#, "a",
                .unknownType
            ),
            (#""occurred_at":"2027-01-01T00:00:00Z","lead_id":"b""#, "a", .keyMismatch),
            (#""occurred_at":"2027-01-01T00:00:00Z""#, "a", .occurredInFuture),
            (#""employees":true"#, "a", nil),
        ]
        for (more, key, reason) in steps {
            let letter = reading.refusal(.lead, Reading.json(.lead, more), key: key)
            #expect(letter?.reason == reason, "\(more)")
        }
        #expect(reading.reader.ignoredFields?.reason == .fieldIgnored)
    }

    @Test(arguments: ["", "A", "a ", "\u{e1}", "a\u{0}", "aa"])
    func aKeyThatIsNotByteForByteTheLeadIsAMismatch(_ key: String) throws {
        let reading = try Reading()
        for topic in [Reading.Topic.lead, .activity, .disposition] {
            #expect(
                reading.refusal(topic, Reading.json(topic), key: key)?.reason == .keyMismatch)
        }
    }

    @Test func aKeyThatDiffersByNormalisationIsAMismatch() throws {
        let reading = try Reading()
        let json = Reading.json(.lead, "\"lead_id\":\"caf\\u00e9\"")
        #expect(reading.refusal(.lead, json, key: "caf\u{e9}") == nil)
        #expect(reading.refusal(.lead, json, key: "cafe\u{301}")?.reason == .keyMismatch)
    }

    @Test(arguments: [("x", 100, 200), ("\u{1f980}", 100, 200), ("\u{e9}", 100, 200)])
    func idsMayHaveThatManyCharacters(_ unit: String, _ ids: Int, _ leads: Int) throws {
        let reading = try Reading()
        func refusal(_ field: String, _ count: Int) -> DeadLetter? {
            let text = String(repeating: unit, count: count)
            let key = field == "lead_id" ? text : "a"
            return reading.refusal(
                .activity, Reading.json(.activity, "\"\(field)\":\"\(text)\""), key: key)
        }
        #expect(refusal("event_id", ids) == nil)
        #expect(refusal("event_id", ids + 1)?.reason == .badValue)
        #expect(refusal("lead_id", leads) == nil)
        #expect(refusal("lead_id", leads + 1)?.reason == .badValue)
        #expect(refusal("type", 64) == nil)
        #expect(refusal("type", 65)?.reason == .badValue)
    }

    @Test func theToleranceForTheFutureIsExact() throws {
        let reading = try Reading()
        let limit = Reading.json(.lead, #""occurred_at":"2026-09-07T10:10:00Z""#)
        #expect(reading.refusal(.lead, limit) == nil)
        #expect(reading.refusal(.lead, limit, at: Reading.time - 1)?.reason == .occurredInFuture)
        // Without a Kafka timestamp the event counts as stamped when it occurred.
        #expect(reading.refusal(.lead, limit, at: -1) == nil)
        #expect(try reading.lead(limit, at: -1).header.recordedAt.milliseconds == 1_788_775_800_000)
        #expect(try reading.lead(limit).header.recordedAt.milliseconds == Reading.time)
    }

    @Test func aKafkaTimestampAtTheEndOfTimeStopsNothing() async {
        await #expect(processExitsWith: .success) {
            let reading = try Reading()
            _ = reading.refusal(.lead, Reading.json(.lead), at: .max)
        }
    }

    @Test func theReasonOfEveryRefusalOfTheCoreHasItsCode() {
        let codes: [(Qualifier.RefusalCode, DeadLetterReason)] = [
            (.badValue, .badValue), (.unknownProduct, .unknownProduct),
            (.unknownReason, .unknownReason), (.unknownMQL, .unknownMQL),
        ]
        for (code, reason) in codes {
            #expect(DeadLetterReason(code) == reason)
            #expect(code.rawValue == reason.rawValue)
        }
        #expect(
            DeadLetterReason.allCases.map(\.rawValue) == [
                "too_large", "not_json", "missing_field", "wrong_type", "bad_timestamp",
                "bad_value", "unknown_type", "key_mismatch", "occurred_in_future",
                "unknown_product", "unknown_reason", "unknown_mql", "field_ignored",
            ])
    }
}
