import Foundation
import KafkaClient
import Qualification
import TestSupport
import Testing

/// A record to be put on a topic of a place.
struct Published {
    var topic: String
    var key: String
    var value: String?
    var partition: Int32 = 0
    var headers: [String: String] = [:]
    var timestamp: Int64 = 0
}

extension Place {
    /// Writes records, each acknowledged.
    func publish(_ records: [Published]) async throws {
        let (buffer, topics) = buffer(records)
        let producer = try PlainProducer(
            settings: broker.settings(), topics: topics, logger: .silent)
        #expect(try await producer.send(buffer).isEmpty)
        await producer.close()
    }

    /// Writes records in a transaction that is aborted.
    func publishInVain(_ records: [Published]) async throws {
        let (buffer, topics) = buffer(records)
        let producer = try TransactionalProducer(
            settings: broker.settings(), transactionalID: Broker.unique("vain"), topics: topics,
            logger: .silent)
        try await producer.initialise()
        try await producer.begin()
        try await producer.send(buffer)
        try await producer.abort()
        #expect(await producer.close(deadline: .seconds(10)))
    }

    private func buffer(_ records: [Published]) -> (records: OutboundRecords, topics: [String]) {
        let topics = Set(records.map { prefix + $0.topic }).sorted()
        var buffer = OutboundRecords()
        for record in records {
            var headers = RecordHeaders()
            for (name, value) in record.headers.sorted(by: { $0.key < $1.key }) {
                headers.append(name, value)
            }
            buffer.append(
                topic: Int32(topics.firstIndex(of: prefix + record.topic) ?? 0),
                partition: record.partition, key: Array(record.key.utf8),
                value: record.value.map { Array($0.utf8) }, timestamp: record.timestamp,
                headers: headers)
        }
        return (buffer, topics)
    }
}

/// Messages of one lead and the product crm, as the worker writes them.
struct Story {
    let lead: String
    var partition: Int32 = 0

    var mqlID: String { "\(UUID.mql(lead: lead, product: "crm", cycle: 1))" }

    private static let definition = #""definition":{"name":"b2b-saas","version":3,"sha256":"ab"}"#

    private func published(_ topic: String, _ value: String, type: String) -> Published {
        Published(
            topic: topic, key: lead, value: value, partition: partition,
            headers: ["ce_type": type, "handoff.partition": "\(partition)"])
    }

    private var source: String {
        #""source":{"first_touch":{"channel":"email","campaign_id":"c1","#
            + #""at":"2026-09-01T00:00:00.000Z"}}"#
    }

    func status(_ status: String = "handed_off") -> Published {
        published(
            "marketing.nurture",
            #"{"type":"lead.status_changed","lead_id":"\#(lead)","product":"crm","#
                + #""status":"\#(status)","reasons":[{"code":"open"}],"#
                + #""as_of":"2026-09-02T08:00:00.000Z",\#(Story.definition),\#(source)}"#,
            type: "lead.status_changed")
    }

    func qualified() -> Published {
        published(
            "sales.mql.crm",
            #"{"type":"mql.qualified","mql_id":"\#(mqlID)","lead_id":"\#(lead)","product":"crm","#
                + #""cycle":1,"novelty":"first","qualified_at":"2026-09-02T08:00:00.000Z","#
                + #""follow_up_by":"2026-09-03T08:00:00.000Z",\#(Story.definition),"#
                + #""score":{"fit":40,"engagement":30},"reasons":[{"criterion":"trial","#
                + #""label":"trial","group":"engagement","points":25}],\#(source)}"#,
            type: "mql.qualified")
    }

    func alert() -> Published {
        published(
            "sales.alerts",
            #"{"type":"sla.warning","mql_id":"\#(mqlID)","lead_id":"\#(lead)","product":"crm","#
                + #""follow_up_by":"2026-09-03T08:00:00.000Z","level":1,"#
                + #""as_of":"2026-09-03T04:00:00.000Z"}"#, type: "sla.warning")
    }

    func answer(_ type: String, _ hour: Int, _ more: String = "") -> Published {
        Published(
            topic: "sales.dispositions", key: lead,
            value:
                #"{"event_id":"\#(lead) \#(type) \#(hour)","type":"\#(type)","lead_id":"\#(lead)","#
                + #""occurred_at":"2026-09-02T\#(hour):00:00Z","product":"crm","#
                + #""mql_id":"\#(mqlID)"\#(more)}"#,
            partition: partition)
    }

    /// What the worker makes of a disposition that it refuses.
    func deadLetter(_ reason: String, partition: Int32, offset: Int64, prefix: String) -> Published
    {
        Published(
            topic: "handoff.dead-letters", key: lead, value: "whatever it was",
            headers: [
                "handoff.error.reason": reason, "handoff.error.detail": "it was wrong",
                "handoff.error.topic": prefix + "sales.dispositions",
                "handoff.error.partition": "\(partition)", "handoff.error.offset": "\(offset)",
                "handoff.error.worker-version": "1",
            ])
    }
}
