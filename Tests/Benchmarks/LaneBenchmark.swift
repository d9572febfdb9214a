import DefinitionFiles
import Foundation
import KafkaClient
import Qualification
import Storage
import WireFormats
import Worker

/// Events through a lane's whole path but Kafka and the disk: read, look up, apply, decide, write,
/// encode.
struct LaneBenchmark {
    /// As `deploy/lib/generate.py` writes them; nil = made here.
    let events: String?

    private static let recordsPerEpoch = 12_000

    private var path: String { events ?? ".tools/benchmark/events.jsonl" }

    /// Whether there is a stream to measure with.
    var hasEvents: Bool { FileManager.default.fileExists(atPath: path) }

    func run() throws -> [BenchmarkRow] {
        let batches = try load()
        let total = batches.reduce(0) { $0 + $1.batch.count }
        let lane = try makeLane()
        var produced = 0
        var bytes = 0
        var sinceCut = 0
        var row = try timed("lane: record to output", total) {
            for (source, batch) in batches {
                for place in 0..<batch.count { try lane.take(source, batch, at: place) }
                sinceCut += batch.count
                guard sinceCut >= LaneBenchmark.recordsPerEpoch else { continue }
                sinceCut = 0
                let records = lane.cut()
                produced += records.count
                bytes += records.byteCount
                lane.committed()
                lane.sweep()
            }
        }
        row.note = "\(produced) records out, \(bytes / max(1, produced)) bytes each"
        return [row, try parsing(batches, total)]
    }

    private func parsing(
        _ batches: [(source: EventSource, batch: RecordBatch)], _ total: Int
    ) throws -> BenchmarkRow {
        let symbols = SymbolTable()
        let reader = EventReader(symbols: symbols, futureTolerance: .minutes(5))
        let rulebook = Rulebook(try definition(), symbols: symbols)
        var bad = 0
        return timed("parse: bytes to event", total) {
            for (source, batch) in batches where source == .activities {
                for place in 0..<batch.count {
                    let input = EventReader.Input(timestamp: batch.timestamp(at: place))
                    let isGood = batch.withKey(at: place) { key in
                        batch.withValue(at: place) { value in
                            (try? reader.activity(
                                key: key, value: value, input, rulebook: rulebook)) != nil
                        }
                    }
                    if !isGood { bad += 1 }
                }
            }
        }
    }

    func definition() throws -> Definition {
        let path = "deploy/sample/definition.yaml"
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        return try DefinitionFile.read(bytes, path: path, sha256: SHA256.hexadecimal(bytes))
    }

    private func makeLane() throws -> LaneProcessor {
        let topics = Topics()
        let definition = try definition()
        return LaneProcessor(
            LaneProcessor.Configuration(
                lane: 0, definition: definition, limits: Qualifier.Limits(),
                futureTolerance: .minutes(5), topics: topics,
                outputs: topics.outputs(definition), hotBytes: 1 << 30, workerVersion: "0"),
            reference: NoReference(), profiles: NoProfiles(), streamClock: .distantPast)
    }

    /// The events in batches of one source each, in their order.
    private func load() throws -> [(source: EventSource, batch: RecordBatch)] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        var batches: [(source: EventSource, batch: RecordBatch)] = []
        var pending: [StoredRecord] = []
        var source = EventSource.activities
        for line in data.split(separator: UInt8(ascii: "\n")) {
            guard let (next, record) = LaneBenchmark.parse([UInt8](line)) else { continue }
            if next != source || pending.count == 1000 {
                if !pending.isEmpty { batches.append((source, RecordBatch(records: pending))) }
                pending.removeAll()
                source = next
            }
            pending.append(record)
        }
        if !pending.isEmpty { batches.append((source, RecordBatch(records: pending))) }
        return batches
    }

    /// `{"topic":T,"key":K,"timestamp":N,"value":V}` as the generator writes it; nil for other
    /// lines.
    private static func parse(_ line: [UInt8]) -> (source: EventSource, record: StoredRecord)? {
        let text = String(decoding: line, as: UTF8.self)
        guard let key = text.range(of: #""key":""#),
            let stamp = text.range(of: #"","timestamp":"#),
            let value = text.range(of: #","value":"#), text.hasSuffix("}}"),
            let timestamp = Int64(text[stamp.upperBound..<value.lowerBound])
        else { return nil }
        let source: EventSource =
            text.hasPrefix(#"{"topic":"marketing.leads""#)
            ? .leads
            : text.hasPrefix(#"{"topic":"sales.dispositions""#) ? .dispositions : .activities
        return (
            source,
            StoredRecord(
                key: Array(text[key.upperBound..<stamp.lowerBound].utf8),
                value: Array(text[value.upperBound...].utf8.dropLast()), timestamp: timestamp,
                offset: 0)
        )
    }
}

final class NoReference: ReferenceData {
    var version: UInt64 { 1 }
    func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool { false }
    func account(domain: String) -> Account? { nil }
    func campaign(id: String) -> Campaign? { nil }
    func isSuppressed(_ entry: String) -> Bool { false }
}

private final class NoProfiles: ProfileSource {
    func value(for key: Span<UInt8>) -> [UInt8]? { nil }
    func alerts(after last: AlertOrder?, limit: Int) -> [(order: AlertOrder, key: [UInt8])] { [] }
    func idleKeys(
        after place: IdlePlace, through last: Int64, limit: Int
    ) -> (keys: [[UInt8]], next: IdlePlace)? { nil }
    func leads(
        after place: AddressPlace, below end: String, limit: Int
    ) -> (keys: [[UInt8]], next: AddressPlace)? { nil }
    func waiting(
        for product: String, after last: WaitingOrder?, limit: Int
    ) -> [WaitingOrder] { [] }
}
