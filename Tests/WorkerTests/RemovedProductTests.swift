import Qualification
import ReferenceModel
import TestSupport
import Testing

/// What stays known of a product that has left the definition (CONTRACT.md 7 and 8).
struct RemovedProductTests {
    private static let hour: Int64 = 3_600_000
    private static let start: Int64 = 1_788_739_200_000

    /// A lead that is an MQL for crm and analytics, after which crm leaves the definition.
    private static func driver() throws -> LaneDriver {
        let text = try Fixtures.exampleDefinitionText()
        let driver = try LaneDriver(
            definition: try Fixtures.definition(text), settings: ModelSettings())
        try driver.take(
            RemovedProductTests.event(
                ModelTopic.leads, "lead.captured", 0,
                """
                "email":"ann@acme.example","job_title":"VP Sales","country":"US","employees":80,\
                "industry":"software","annual_revenue":20000000,"consent":{"contact":true},\
                "product_interest":["crm"]
                """))
        try driver.take(
            RemovedProductTests.event(
                ModelTopic.activities, "demo_requested", 1, #""product":"crm""#))
        let without = try DefinitionText.changed(text, by: [("products.crm", .null)])
        try driver.restart(definition: try Fixtures.definition(without))
        return driver
    }

    private static func event(
        _ topic: String, _ type: String, _ number: Int64, _ more: String
    ) -> ModelRecord {
        let at = start + number * hour
        let time = Timestamp(milliseconds: at)
        let json = """
            {"event_id":"e\(number)","type":"\(type)","occurred_at":"\(time)","lead_id":"a",\(more)}
            """
        return ModelRecord(
            topic: topic, key: Array("a".utf8), value: Array(json.utf8), timestampMs: at)
    }

    @Test func itsMQLsAreWithdrawnWhenTheLeadIsErased() throws {
        let driver = try RemovedProductTests.driver()
        #expect(driver.outputs.contains { $0.topic == "sales.mql.crm" })
        try driver.take(
            RemovedProductTests.event(ModelTopic.leads, "lead.erased", 2, #""note":1"#))
        driver.commit()
        let types = driver.outputs.filter { $0.topic == "sales.mql.crm" }
            .compactMap { $0.body["type"]?.text }
        #expect(types == ["mql.qualified", "mql.withdrawn"])
    }

    @Test func itStaysKnownForDispositions() throws {
        let driver = try RemovedProductTests.driver()
        let mql = UUID.mql(lead: "a", product: "crm", cycle: 1)
        try driver.take(
            RemovedProductTests.event(
                ModelTopic.dispositions, "accepted", 2,
                #""mql_id":"\#(mql)","product":"crm""#))
        driver.commit()
        #expect(!driver.outputs.contains { $0.topic == ModelTopic.deadLetters })
    }

    @Test func otherProductsOfItsDefinitionStayKnownAsWell() throws {
        let text = try Fixtures.exampleDefinitionText()
        let driver = try RemovedProductTests.driver()
        let without = try DefinitionText.changed(
            text, by: [("products.crm", .null), ("products.billing", .null)])
        try driver.restart(definition: try Fixtures.definition(without))
        let mql = UUID.mql(lead: "a", product: "crm", cycle: 1)
        try driver.take(
            RemovedProductTests.event(
                ModelTopic.dispositions, "accepted", 2,
                #""mql_id":"\#(mql)","product":"billing""#))
        driver.commit()
        let letter = driver.outputs.last { $0.topic == ModelTopic.deadLetters }
        #expect(letter?.headers["handoff.error.reason"] == "bad_value")
    }
}
