import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import WireFormats

@testable import Worker

/// A lane without Kafka and disk: records in, outputs out, through the real readers, writers and
/// codec.
final class LaneDriver {
    /// Everything that was published, in order.
    private(set) var outputs: [ExampleCase.Output] = []
    private let topics = Topics()
    private var names: [String]
    private var configuration: LaneProcessor.Configuration
    private let reference = MemoryReference()
    private let parser = ReferenceParser()
    private let store = MemoryProfiles()
    private var processor: LaneProcessor
    private var earlierDrops: [String: Int] = [:]
    private var earlierLoads = 0
    private var offset: Int64 = 0

    init(definition: Definition, settings: ModelSettings, hotBytes: Int = 1 << 30) {
        names = topics.outputs(definition)
        var limits = Qualifier.Limits()
        limits.maxEventsPerLead = settings.maxEventsPerLead
        limits.duplicateWindow = .days(settings.duplicateWindowDays)
        configuration = LaneProcessor.Configuration(
            lane: 0, definition: definition, limits: limits,
            futureTolerance: Span24h(milliseconds: settings.futureToleranceMs), topics: topics,
            outputs: names, hotBytes: hotBytes, workerVersion: "test")
        processor = LaneProcessor(
            configuration, reference: reference, profiles: store, streamClock: .distantPast)
    }

    var drops: [String: Int] {
        earlierDrops.merging(processor.counters.drops, uniquingKeysWith: +)
    }

    /// How many profiles were decoded, from memory or store.
    var loads: Int { earlierLoads + processor.counters.loads }

    /// The stored profiles, as of the last flush.
    var stored: [[UInt8]: [UInt8]] { store.values }

    /// Takes a record of any input topic, reference data included.
    func take(_ record: ModelRecord) throws {
        let table: [String: ReferenceTable] = [
            topics.accounts: .accounts, topics.campaigns: .campaigns,
            topics.suppressions: .suppressions,
        ]
        if let table = table[record.topic] {
            let key = record.key ?? []
            guard let value = record.value else {
                return reference.apply(try parser.deletion(table, key: key))
            }
            let batch = RecordBatch(records: [StoredRecord(key: key, value: value, offset: 0)])
            let change = try batch.withValue(at: 0) { bytes in
                try parser.change(table, key: key, value: bytes)
            }
            return reference.apply(change)
        }
        guard let source = topics.inputs.first(where: { $0.topic == record.topic })?.source else {
            return
        }
        offset += 1
        let stored = StoredRecord(
            key: record.key, value: record.value, timestamp: record.timestampMs, offset: offset)
        try processor.take(source, RecordBatch(records: [stored]), at: 0)
    }

    /// Ends an epoch: what was produced becomes outputs, profiles become the stored ones.
    func commit() {
        let records = processor.cut()
        for place in 0..<records.count {
            let record = records.stored(at: place)
            if record.topic == LaneOutputs.changelog { continue }
            let topic = records.otherTopic(record.topic) ?? names[Int(record.topic)]
            let isDeadLetter = topic == topics.deadLetters
            var body = JSONValue.null
            if !isDeadLetter, let value = record.value, let parsed = JSONValue.parse(value) {
                body = parsed
            }
            outputs.append(
                ExampleCase.Output(
                    topic: topic, key: record.key,
                    body: body,
                    headers: Dictionary(
                        record.headers.map {
                            ($0.name, String(decoding: $0.value ?? [], as: UTF8.self))
                        }, uniquingKeysWith: { _, last in last })))
        }
        processor.committed()
        processor.sweep()
    }

    /// Writes behind, as the flusher does.
    func flush() {
        for (key, value) in processor.beginFlush().changes { store.values[key] = value }
        processor.endFlush(isWritten: true, mustScrub: false)
    }

    /// Goes on as a new process would, from what is stored and, if given, by a new definition.
    func restart(definition: Definition? = nil) {
        commit()
        flush()
        let clock = processor.streamClock
        earlierDrops = drops
        earlierLoads = loads
        if let definition {
            names = topics.outputs(definition)
            configuration.definition = definition
            configuration.outputs = names
        }
        processor = LaneProcessor(
            configuration, reference: reference, profiles: store, streamClock: clock)
    }
}

/// Stored profiles in a dictionary.
final class MemoryProfiles: ProfileSource {
    var values: [[UInt8]: [UInt8]] = [:]

    func value(for key: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        for place in key.indices { bytes.append(key[place]) }
        return values[bytes]
    }
}
