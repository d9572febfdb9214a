import Foundation
import Qualification
import TestSupport
import WireFormats

/// Reads single records, for tables of raw JSON.
struct Reading {
    /// The input topics, by what they hold.
    enum Topic: String {
        case lead, activity, disposition

        /// A type that its events can have.
        var type: String {
            switch self {
            case .lead: "lead.captured"
            case .activity: "page_view"
            case .disposition: "accepted"
            }
        }
    }

    /// How many seeds a run tries; `HANDOFF_TEST_SEEDS` asks for more.
    static var seeds: ClosedRange<UInt64> {
        1...(ProcessInfo.processInfo.environment["HANDOFF_TEST_SEEDS"].flatMap(UInt64.init) ?? 60)
    }

    /// 2026-09-07T10:05:00Z, when `occurredAt` says.
    static let time: Int64 = 1_788_775_500_000
    static let occurredAt = "2026-09-07T10:05:00Z"

    let symbols = SymbolTable()
    let reader: EventReader
    private let rulebook: Rulebook

    init() throws {
        let text = try Fixtures.exampleDefinitionText().replacing(
            "activity: trial_started, points: 25",
            with: "activity: trial_started, "
                + "where: {field: activity.properties.seats, at_least: 5}, points: 25")
        reader = EventReader(symbols: symbols, futureTolerance: .minutes(5))
        rulebook = Rulebook(try Fixtures.definition(text), symbols: symbols)
    }

    /// A valid event with some members more, which come last and so replace those before.
    static func json(_ topic: Topic, _ more: String = "", type: String? = nil) -> String {
        let answers =
            topic == .disposition
            ? #","mql_id":"0d8b5cba-c9b6-567d-ada7-4a1a00340d9a","product":"crm""# : ""
        return """
            {"event_id":"e1","type":"\(type ?? topic.type)","occurred_at":"\(occurredAt)",\
            "lead_id":"a"\(answers)\(more.isEmpty ? "" : ",")\(more)}
            """
    }

    // MARK: Reading

    func lead(
        _ value: [UInt8], key: String = "a", at time: Int64 = Reading.time
    ) throws(DeadLetter) -> LeadEvent {
        let key = Array(key.utf8)
        return try reader.lead(
            key: unsafe key.span.bytes, value: unsafe value.span.bytes,
            EventReader.Input(timestamp: time))
    }

    func lead(
        _ json: String, key: String = "a", at time: Int64 = Reading.time
    ) throws(DeadLetter) -> LeadEvent {
        try lead(Array(json.utf8), key: key, at: time)
    }

    func activity(
        _ json: String, key: String = "a", at time: Int64 = Reading.time
    ) throws(DeadLetter) -> ActivityEvent {
        let key = Array(key.utf8)
        let value = Array(json.utf8)
        return try reader.activity(
            key: unsafe key.span.bytes, value: unsafe value.span.bytes,
            EventReader.Input(timestamp: time),
            rulebook: rulebook)
    }

    func disposition(
        _ json: String, key: String = "a", at time: Int64 = Reading.time
    ) throws(DeadLetter) -> DispositionEvent {
        let key = Array(key.utf8)
        let value = Array(json.utf8)
        return try reader.disposition(
            key: unsafe key.span.bytes, value: unsafe value.span.bytes,
            EventReader.Input(timestamp: time))
    }

    /// The dead letter for a record, nil if it is an event.
    func refusal(
        _ topic: Topic, _ json: String, key: String = "a", at time: Int64 = Reading.time
    ) -> DeadLetter? {
        do throws(DeadLetter) {
            switch topic {
            case .lead: _ = try lead(json, key: key, at: time)
            case .activity: _ = try activity(json, key: key, at: time)
            case .disposition: _ = try disposition(json, key: key, at: time)
            }
            return nil
        } catch {
            return error
        }
    }

    /// The dead letter for bytes on the leads topic, nil if they are an event.
    func refusal(_ value: [UInt8]) -> DeadLetter? {
        do throws(DeadLetter) {
            _ = try lead(value)
            return nil
        } catch {
            return error
        }
    }

    /// The header of a record, whatever its topic.
    func header(_ topic: Topic, _ json: String, key: String = "a") throws -> EventHeader {
        switch topic {
        case .lead: try lead(json, key: key).header
        case .activity: try activity(json, key: key).header
        case .disposition: try disposition(json, key: key).header
        }
    }
}

extension LeadEvent {
    /// The value of a field.
    subscript(field: LeadField) -> FactValue? {
        fields.first { $0.field == field }?.value
    }
}
