import KafkaClient
import Qualification
import Storage
import WireFormats

/// A stretch of a lane's changelog on its way from Kafka to the lane's file.
///
/// Holds the batches as they came: a record is read where librdkafka has it and copied by SQLite
/// alone. Looked at between batches (`isFull`), so it holds less than `writeBytes` and
/// `writeRecords`, and then one batch more: up to `batchRecords` records of any size that Kafka
/// lets through. A record also pins the fetch response it came in, up to
/// `max.partition.fetch.bytes`, and some 400 bytes of librdkafka's.
struct ChangelogStretch: Sendable {
    private let limits: RestoreLimits
    private var batches: [RecordBatch] = []
    private var places: [RecordPlace] = []
    /// Of all records of the batches, marks included: all of them are pinned.
    private var records = 0
    private var bytes = 0
    private var mark: [UInt8]?
    /// Whether something takes the place of a person's data.
    private var hasErasures = false

    init(limits: RestoreLimits) { self.limits = limits }

    /// Whether it is time to write.
    var isFull: Bool {
        records >= limits.writeRecords || bytes >= limits.writeBytes
    }

    /// Takes records in their order.
    ///
    /// - Returns: the lane's marks among them.
    mutating func take(_ batch: RecordBatch) -> [[UInt8]] {
        var marks: [[UInt8]] = []
        let number = Int32(batches.count)
        let markKey = LaneMark.key
        for index in 0..<batch.count {
            let found = batch.withKeyAndValue(at: index) { key, value -> [UInt8]? in
                guard let key else { return nil }
                if key.hasBytes(of: markKey.span) { return value?.copied ?? [] }
                places.append(RecordPlace(key, batch: number, index: Int32(index)))
                hasErasures = hasErasures || ChangelogStretch.isErasure(value)
                return nil
            }
            guard let found else { continue }
            // No mark is empty: an empty one is a deletion.
            mark = found.isEmpty ? nil : found
            if !found.isEmpty { marks.append(found) }
        }
        records += batch.count
        bytes += batch.byteCount
        batches.append(batch)
        return marks
    }

    /// Whether a profile's new value leaves less of a person than may have been there before.
    private static func isErasure(_ value: Span<UInt8>?) -> Bool {
        guard let value else { return true }
        return ProfileCodec.isErased(value) || ProfileCodec.isStub(value)
    }

    /// What the file is to hold besides: the last mark, and that it is to be scrubbed.
    var facts: [StoredFact] {
        var facts = mark.map { [StoredFact(name: LaneRestore.markFact, value: $0)] } ?? []
        if hasErasures { facts.append(LaneRestore.scrubFact(true)) }
        return facts
    }

    /// The last version of each profile, in the order of the keys.
    ///
    /// - Throws: `ProfileCodecError` for a profile that this program cannot read.
    func rows() throws(ProfileCodecError) -> StretchRows {
        try StretchRows(batches, lastVersions())
    }

    /// Forgets the records, and keeps the last mark: it holds until the next.
    mutating func removeAll() {
        batches = []
        places = []
        records = 0
        bytes = 0
        hasErasures = false
    }

    private func lastVersions() -> [RecordPlace] {
        let sorted = places.sorted { one, other in
            if one.order != other.order { return one.order < other.order }
            return one.withKeys(other, of: batches) { key, otherKey in
                if key.precedes(otherKey) { return true }
                return key.hasBytes(of: otherKey)
                    && (one.batch, one.index) < (other.batch, other.index)
            }
        }
        var last: [RecordPlace] = []
        last.reserveCapacity(sorted.count)
        for place in sorted {
            if let before = last.last, before.order == place.order,
                before.withKeys(place, of: batches, { $0.hasBytes(of: $1) })
            {
                last.removeLast()
            }
            last.append(place)
        }
        return last
    }
}

/// Where a record is, and the first 16 bytes of its key as numbers, which order most keys without
/// looking at them.
struct RecordPlace: Sendable {
    struct Order: Comparable {
        let high: UInt64
        let low: UInt64

        static func < (one: Order, other: Order) -> Bool {
            one.high != other.high ? one.high < other.high : one.low < other.low
        }
    }

    let order: Order
    let batch: Int32
    let index: Int32

    init(_ key: Span<UInt8>, batch: Int32, index: Int32) {
        var words: (UInt64, UInt64) = (0, 0)
        for place in 0..<min(8, key.count) {
            words.0 |= UInt64(key[place]) << UInt64(56 - 8 * place)
        }
        for place in 8..<max(8, min(16, key.count)) {
            words.1 |= UInt64(key[place]) << UInt64(120 - 8 * place)
        }
        order = Order(high: words.0, low: words.1)
        self.batch = batch
        self.index = index
    }

    /// Lends the keys of two records; neither is null, or there would be no place.
    fileprivate func withKeys<Output>(
        _ other: RecordPlace, of batches: [RecordBatch],
        _ body: (Span<UInt8>, Span<UInt8>) -> Output
    ) -> Output {
        batches[Int(batch)].withKeyAndValue(at: Int(index)) { key, _ in
            batches[Int(other.batch)].withKeyAndValue(at: Int(other.index)) { otherKey, _ in
                guard let key, let otherKey else { preconditionFailure("a place without a key") }
                return body(key, otherKey)
            }
        }
    }
}

/// A stretch's rows as the file takes them.
struct StretchRows: RestoredRows {
    /// A row's columns, and where its addresses lie.
    private struct Row {
        let place: RecordPlace
        let isDeletion: Bool
        let columns: RestoredColumns
        let addresses: Int
        let first: Int?
        let second: Int?
    }

    private let batches: [RecordBatch]
    private var rows: [Row] = []
    /// The UTF-8 of all addresses, one after the other.
    private var addresses: [UInt8] = []

    fileprivate init(
        _ batches: [RecordBatch], _ places: [RecordPlace]
    ) throws(ProfileCodecError) {
        self.batches = batches
        rows.reserveCapacity(places.count)
        var skimmer = ColumnSkimmer()
        for place in places {
            let start = addresses.count
            let row = try batches[Int(place.batch)].withKeyAndValue(at: Int(place.index)) {
                (key, value) throws(ProfileCodecError) -> Row in
                guard let key, let value else {
                    let none = RestoredColumns(due: nil, idle: 0, waiting: [])
                    return Row(
                        place: place, isDeletion: true, columns: none, addresses: start,
                        first: nil, second: nil)
                }
                let found = try skimmer.columns(of: value, addresses: &addresses)
                return Row(
                    place: place, isDeletion: false,
                    columns: RestoredColumns(
                        due: found.timers.nextAlert?.sortable,
                        idle: found.timers.idleness.sortable,
                        waiting: try StretchRows.waiting(value, key)),
                    addresses: start, first: found.firstAddressBytes,
                    second: found.secondAddressBytes)
            }
            rows.append(row)
        }
    }

    private static func waiting(
        _ value: Span<UInt8>, _ key: Span<UInt8>
    ) throws(ProfileCodecError) -> [WaitingRow] {
        guard ProfileCodec.mayWait(value) else { return [] }
        return try ProfileCodec.waiting(of: value.copied, key: key.copied).map {
            WaitingRow($0, $1)
        }
    }

    var count: Int { rows.count }

    func isPlain(at place: Int) -> Bool {
        !rows[place].isDeletion && rows[place].columns.waiting.isEmpty
    }

    func withRow(at place: Int, _ body: RestoredRowTaker) throws(StorageError) {
        let row = rows[place]
        let middle = row.addresses + (row.first ?? 0)
        let end = middle + (row.second ?? 0)
        let texts = addresses.span
        try batches[Int(row.place.batch)].withKeyAndValue(at: Int(row.place.index)) {
            (key, value) throws(StorageError) in
            guard let key else { preconditionFailure("a place without a key") }
            try body(
                key, value,
                row.first == nil ? nil : texts.extracting(row.addresses..<middle),
                row.second == nil ? nil : texts.extracting(middle..<end), row.columns)
        }
    }
}

extension Span<UInt8> {
    fileprivate var copied: [UInt8] { indices.map { self[$0] } }

    /// Whether both hold the same.
    fileprivate func hasBytes(of other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for place in indices where self[place] != other[place] { return false }
        return true
    }
}
