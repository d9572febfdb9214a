import Qualification
import ReferenceModel
import TestSupport
import WireFormats

/// The readers and the core over one world, with the profiles at hand: a source of rich profiles.
final class WorldLane {
    let symbols = SymbolTable()
    let qualifier: Qualifier
    private(set) var profiles: [[UInt8]: Profile] = [:]
    private(set) var messages: [Message] = []
    private let world: World
    private let reader: EventReader
    private let reference = MemoryReference()
    private let parser = ReferenceParser()

    init(seed: UInt64, records: Int = 150) throws {
        var options = WorldOptions()
        options.timers = false
        options.records = records
        world = try WorldGenerator(
            baseDefinition: try Fixtures.exampleDefinitionText(), options: options
        ).world(seed: seed)
        var limits = Qualifier.Limits()
        limits.maxEventsPerLead = world.settings.maxEventsPerLead
        limits.duplicateWindow = .days(world.settings.duplicateWindowDays)
        qualifier = Qualifier(
            definition: try Fixtures.definition(
                world.definitionYAML, sha256: world.definitionSHA256),
            symbols: symbols, reference: reference, limits: limits)
        reader = EventReader(symbols: symbols, futureTolerance: .minutes(5))
    }

    /// Takes the whole world; `each` sees every profile after every event, and may replace it.
    func run(_ each: ([UInt8], inout Profile) throws -> Void = { _, _ in }) throws {
        for record in world.referenceRecords + world.records {
            guard let key = record.key, let value = record.value else {
                if let key = record.key { try delete(record.topic, key) }
                continue
            }
            if let table = WorldLane.tables[record.topic] {
                reference.apply(try parser.change(table, key: key, value: unsafe value.span.bytes))
                continue
            }
            var profile =
                profiles[key] ?? Profile(leadID: String(decoding: key, as: UTF8.self))
            do {
                try apply(record, key, value, to: &profile)
            } catch is DeadLetter {
                continue
            }
            try each(key, &profile)
            profiles[key] = profile
        }
    }

    private static let tables: [String: ReferenceTable] = [
        ModelTopic.accounts: .accounts, ModelTopic.campaigns: .campaigns,
        ModelTopic.suppressions: .suppressions,
    ]

    private func delete(_ topic: String, _ key: [UInt8]) throws {
        guard let table = WorldLane.tables[topic] else { return }
        reference.apply(try parser.deletion(table, key: key))
    }

    private func apply(
        _ record: ModelRecord, _ key: [UInt8], _ value: [UInt8], to profile: inout Profile
    ) throws {
        let input = EventReader.Input(timestamp: record.timestampMs)
        let (key, value) = (unsafe key.span.bytes, unsafe value.span.bytes)
        switch record.topic {
        case ModelTopic.leads:
            let event = try reader.lead(key: key, value: value, input)
            _ = try qualifier.apply(event, to: &profile)
        case ModelTopic.activities:
            let event = try reader.activity(
                key: key, value: value, input, rulebook: qualifier.rulebook)
            _ = try qualifier.apply(event, to: &profile)
        default:
            let event = try reader.disposition(key: key, value: value, input)
            _ = try qualifier.apply(event, to: &profile)
        }
        qualifier.takeMessages { messages.append($0) }
    }
}
