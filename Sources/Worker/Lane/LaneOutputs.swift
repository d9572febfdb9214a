package import KafkaClient
package import Qualification
package import WireFormats

/// The records that a lane has to publish with its next cut: messages and dead letters.
package struct LaneOutputs {
    /// The numbers of the output topics.
    private let numbers: [String: Int32]
    private let topics: Topics
    private let partition: Int32
    private let workerVersion: String
    /// What waits to be sent.
    package private(set) var records = OutboundRecords()
    private var expected = (records: 0, bytes: 0)
    private let writer = MessageWriter()
    private var headers = RecordHeaders()

    /// The place of the changelog in every producer's list of topics, see `Topics.outputs`.
    package static let changelog: Int32 = 0

    /// The most bytes of a value that the dead letters' topic (4 MiB) takes with its headers.
    private static let deadLetterLimit = 4_000_000

    /// The outputs of one lane.
    package init(topics: Topics, outputs: [String], partition: Int32, workerVersion: String) {
        self.topics = topics
        self.partition = partition
        self.workerVersion = workerVersion
        numbers = Dictionary(
            outputs.enumerated().map { ($0.element, Int32($0.offset)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Adds a message with its CloudEvents headers, keyed by its lead.
    package mutating func add(_ message: Message) {
        let topic: String
        switch message.destination {
        case .sales(let name): topic = topics.prefix + name
        case .nurture: topic = topics.nurture
        case .alerts: topic = topics.alerts
        }
        // The topic of a product that the definition no longer has is still told of a withdrawal.
        let number = numbers[topic] ?? records.number(ofOther: topic)
        headers.removeAll()
        writer.headers(message, partition: partition) { headers.append($0, $1) }
        writer.withBody(of: message) { body in
            records.append(
                topic: number, partition: OutboundRecords.byKey, key: message.leadID.utf8Span.span,
                value: body, headers: headers)
        }
    }

    /// To be called after the messages of each event.
    package mutating func forgetLead() {
        writer.forgetLead()
    }

    /// Adds a record that could not be used, byte for byte, with the reason in headers.
    package mutating func add(
        _ deadLetter: DeadLetter, _ record: StoredRecord, topic: String
    ) {
        var headers = RecordHeaders(record.headers)
        headers.append(DeadLetter.Header.reason, deadLetter.reason.rawValue)
        headers.append(DeadLetter.Header.detail, deadLetter.detail)
        headers.append(DeadLetter.Header.topic, topic)
        headers.append(DeadLetter.Header.partition, String(record.partition))
        headers.append(DeadLetter.Header.offset, String(record.offset))
        headers.append(DeadLetter.Header.workerVersion, workerVersion)
        var value = record.value
        if let whole = value, whole.count > LaneOutputs.deadLetterLimit {
            // Only where the input topic accepts more than the dead letters' own: part of it is
            // better than a lane that stops.
            headers.append(DeadLetter.Header.truncatedFrom, String(whole.count))
            value = Array(whole.prefix(LaneOutputs.deadLetterLimit))
        }
        records.append(
            topic: numbers[topics.deadLetters] ?? 0, partition: OutboundRecords.byKey,
            key: record.key, value: value, headers: headers)
    }

    /// Takes the records, which leaves none but room for as many as the last cut had.
    package mutating func take() -> OutboundRecords {
        defer { records = OutboundRecords(records: expected.records, bytes: expected.bytes) }
        return records
    }

    /// Remembers how large a whole cut was, changelog included: growing into it would copy
    /// everything several times.
    package mutating func expect(_ cut: OutboundRecords) {
        expected = (cut.count, cut.byteCount)
    }
}
