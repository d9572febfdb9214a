import ReferenceModel
import Testing

@testable import Qualification
@testable import WireFormats

/// Bodies and headers of messages against the schemas in `schemas/`.
struct MessageWriterTests {
    private static let time = Timestamp(milliseconds: 1_788_775_500_123)

    /// The schema of a message type.
    private static func schema(_ type: MessageType) throws -> (root: OrderedJSON, part: OrderedJSON)
    {
        let name =
            switch type {
            case .qualified: "mql"
            case .withdrawn: "mql-withdrawn"
            case .lapsed: "mql-lapsed"
            case .updated: "mql-updated"
            case .statusChanged, .erased: "nurture"
            case .warning, .breached, .escalated: "alert"
            }
        let root = try OrderedJSON.schema(name)
        guard name == "nurture" else { return (root, root) }
        let part = root["$defs"]?[type == .erased ? "erased" : "statusChanged"]
        return (root, try #require(part))
    }

    private static func faults(_ message: Message) throws -> [String] {
        let body = try OrderedJSON(MessageWriter.body(message))
        let (root, part) = try schema(message.type)
        var faults = SchemaCheck(root: root).faults(body, part, at: message.type.name)
        if body["type"]?.string != message.type.name { faults.append("type: \(body.keys)") }
        return try faults + numberFaults(body, key: "")
    }

    /// Points and scores have at most two decimals and no exponent.
    private static func numberFaults(_ value: OrderedJSON, key: String) throws -> [String] {
        let isPoints = ["points", "fit", "engagement", "needed", "actual"].contains(key)
        switch value {
        case .object(let members):
            return try members.flatMap { try numberFaults($0.value, key: $0.key) }
        case .array(let items): return try items.flatMap { try numberFaults($0, key: key) }
        case .other(let text) where isPoints:
            let isShort = text.wholeMatch(of: try Regex(#"-?[0-9]+(\.[0-9]{0,1}[1-9])?"#)) != nil
            return isShort ? [] : ["\(key): \(text)"]
        default: return []
        }
    }

    @Test(arguments: ProfileCodecTests.seeds)
    func bodiesAreInTheOrderOfTheirSchemas(_ seed: UInt64) throws {
        let lane = try WorldLane(seed: seed &+ 40)
        try lane.run()
        for message in lane.messages {
            let faults = try MessageWriterTests.faults(message)
            #expect(faults.isEmpty, "seed \(seed): \(faults)")
        }
    }

    @Test func theWorldsHaveMessagesOfEveryTypeOfTheirs() throws {
        var types: Set<String> = []
        for seed in UInt64(1)...12 {
            let lane = try WorldLane(seed: seed)
            try lane.run()
            types.formUnion(lane.messages.map(\.type.name))
        }
        #expect(
            types == [
                "mql.qualified", "mql.withdrawn", "mql.lapsed", "mql.updated",
                "lead.status_changed", "lead.erased",
            ])
    }

    private static func message(_ body: Message.Body, _ type: MessageType) -> Message {
        Message(
            destination: .alerts, body: body, type: type, number: 1, leadID: "a\"\u{1f980}",
            product: "crm", asOf: time, definitionName: "b2b")
    }

    @Test(arguments: [(MessageType.warning, 1), (.breached, 2), (.escalated, 3)])
    func anAlertIsInTheOrderOfItsSchema(_ type: MessageType, _ level: Int) throws {
        for owner in ["o1", nil] {
            let alert = Alert(
                id: .mql(lead: "a", product: "crm", cycle: 1), ownerID: owner,
                followUpBy: MessageWriterTests.time, level: level, asOf: MessageWriterTests.time)
            let message = MessageWriterTests.message(.alert(alert), type)
            #expect(try MessageWriterTests.faults(message) == [])
            let body = try OrderedJSON(MessageWriter.body(message))
            #expect(body["owner_id"]?.string == owner)
            #expect(body["lead_id"]?.string == "a\"\u{1f980}")
        }
    }

    @Test func anAccountWithAllItsFieldsIsInTheOrderOfItsSchema() throws {
        let account = Account(
            domain: "acme.example", name: "Acme", employees: 80, annualRevenue: 0.5,
            industry: "software", country: "DE", ownerID: "o1", status: .prospect)
        let touch = TouchView(
            channel: "email", campaignID: "c1", campaignName: "C", at: MessageWriterTests.time)
        let contact = ContactCard(
            email: "e", firstName: "f", lastName: "l", phone: "p", jobTitle: "j",
            companyName: "c", companyDomain: "d", country: "DE", seniority: "s", function: "f")
        let change = StatusChange(
            status: .handedOff,
            codes: [
                StatusChange.Code(
                    code: "fit", needed: Points(hundredths: 4_000), actual: Points(hundredths: -5))
            ],
            mqlID: .mql(lead: "a", product: "crm", cycle: 1),
            score: Score(fit: Points(hundredths: 10), engagement: Points(hundredths: 2_443)),
            asOf: MessageWriterTests.time,
            definition: DefinitionStamp(name: "b2b", version: 1, sha256: "00"),
            lead: LeadView(
                contact: contact, account: account, firstTouch: touch, lastTouch: touch))
        let message = MessageWriterTests.message(.statusChanged(change), .statusChanged)
        #expect(try MessageWriterTests.faults(message) == [])
        let body = try OrderedJSON(MessageWriter.body(message))
        #expect(body["account"]?.keys.count == 8)
        #expect(body["lead"]?.keys.count == 10)
        #expect(body["source"]?["first_touch"]?.keys.count == 4)
    }

    @Test func headersAreThoseOfCloudEvents() throws {
        let erasure = Erasure(asOf: MessageWriterTests.time)
        let message = MessageWriterTests.message(.erased(erasure), .erased)
        var headers: [(name: String, value: String)] = []
        let writer = MessageWriter()
        writer.headers(message, partition: 7) { name, value in
            headers.append(
                (name, String(decoding: (0..<value.count).map { value[$0] }, as: UTF8.self)))
        }
        let properties = try #require(try OrderedJSON.schema("cloudevents-headers")["properties"])
        #expect(headers.map(\.name) == properties.keys)
        let values = Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })
        #expect(values["ce_specversion"] == "1.0")
        #expect(values["ce_type"] == "lead.erased")
        #expect(values["ce_source"] == "handoff/b2b")
        #expect(values["ce_time"] == "2026-09-07T10:05:00.123Z")
        #expect(values["ce_subject"] == "a\"\u{1f980}")
        #expect(values["content-type"]?.hasPrefix("application/json") == true)
        #expect(values["handoff.partition"] == "7")
        let id = UUID.message(type: "lead.erased", lead: "a\"\u{1f980}", product: "crm", number: 1)
        #expect(values["ce_id"] == id.description)
    }

    @Test(arguments: ProfileCodecTests.seeds)
    func messagesOfATypeAreNumberedFromOneForEachLeadAndProduct(_ seed: UInt64) throws {
        let lane = try WorldLane(seed: seed &+ 80)
        try lane.run()
        var last: [[String]: Int] = [:]
        for message in lane.messages {
            let counted = [message.type.name, message.leadID, message.product ?? ""]
                .map { $0.utf8.map(String.init).joined(separator: " ") }
            last[counted, default: 0] += 1
            #expect(message.number == last[counted], "seed \(seed): \(message.type.name)")
        }
        #expect(Set(lane.messages.map(\.id)).count == lane.messages.count)
    }

    @Test func theCheckFindsWhatIsNotAsInTheSchema() throws {
        let (root, part) = try MessageWriterTests.schema(.erased)
        let check = SchemaCheck(root: root)
        let bodies: [(String, Int)] = [
            (#"{"type":"lead.erased","lead_id":"a","as_of":"x"}"#, 0),
            (#"{"lead_id":"a","type":"lead.erased","as_of":"x"}"#, 1),
            (#"{"type":"lead.erased","lead_id":"a"}"#, 1),
            (#"{"type":"lead.erased","lead_id":null,"as_of":"x"}"#, 1),
            (#"{"type":"lead.erased","lead_id":"a","as_of":"x","more":1}"#, 1),
        ]
        for (body, count) in bodies {
            let faults = check.faults(try OrderedJSON(Array(body.utf8)), part, at: "")
            #expect(faults.count == count, "\(body): \(faults)")
        }
    }

    @Test func everySampleOfTheSchemasIsInTheirOrder() throws {
        let types: [(String, MessageType)] = [
            ("mql.first", .qualified), ("mql.requalified", .qualified),
            ("mql-withdrawn.disqualified", .withdrawn), ("mql-lapsed.never-answered", .lapsed),
            ("nurture.handed-off", .statusChanged), ("nurture.erased", .erased),
            ("mql-updated.pricing", .updated), ("alert.escalated", .escalated),
        ]
        for (name, type) in types {
            let sample = try OrderedJSON.schema("samples/" + name)
            let (root, part) = try MessageWriterTests.schema(type)
            #expect(SchemaCheck(root: root).faults(sample, part, at: name) == [])
        }
    }
}
