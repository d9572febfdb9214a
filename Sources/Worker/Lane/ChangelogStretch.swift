import KafkaClient
import Qualification
import Storage
import WireFormats

/// A stretch of a lane's changelog on its way from Kafka to the lane's file.
///
/// Looked at between batches (`isFull`), so it holds less than `writeBytes` and `writeRecords`, and
/// then one batch more: up to `batchRecords` records of any size that Kafka lets through. With the
/// defaults that is 16 MiB and 10,000 records, some 6 MB of usual profiles. While it is written the
/// rows that are made of it are in memory as well.
struct ChangelogStretch {
    private let limits: RestoreLimits
    /// What a record says of a profile; no value deletes it.
    private typealias Version = (key: [UInt8], value: [UInt8]?)

    private var versions: [Version] = []
    private var bytes = 0
    private var mark: [UInt8]?
    /// Whether something takes the place of a person's data.
    private var hasErasures = false

    init(limits: RestoreLimits) { self.limits = limits }

    /// Whether it is time to write.
    var isFull: Bool {
        versions.count >= limits.writeRecords || bytes >= limits.writeBytes
    }

    /// Takes records, copied, in their order.
    ///
    /// - Returns: the lane's marks among them.
    mutating func take(_ batch: RecordBatch) -> [[UInt8]] {
        var marks: [[UInt8]] = []
        for place in 0..<batch.count where batch.hasKey(at: place) {
            let key = batch.withKey(at: place) { [UInt8](copying: $0) }
            let value =
                batch.hasValue(at: place)
                ? batch.withValue(at: place) { [UInt8](copying: $0) } : nil
            if key == LaneMark.key {
                mark = value
                if let value { marks.append(value) }
            } else {
                versions.append((key, value))
                bytes += key.count + (value?.count ?? 0)
                hasErasures = hasErasures || ChangelogStretch.isErasure(value)
            }
        }
        return marks
    }

    /// Whether a profile's new value leaves less of a person than may have been there before.
    private static func isErasure(_ value: [UInt8]?) -> Bool {
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
    func changes() throws -> [ProfileChange] {
        var changes: [ProfileChange] = []
        changes.reserveCapacity(versions.count)
        for (key, value) in lastVersions() {
            let columns = try value.map { try ProfileCodec.columns(of: $0) }
            let waiting = try value.map { try ProfileCodec.waiting(of: $0, key: key) } ?? []
            changes.append(
                ProfileChange(
                    key, value ?? [], columns?.timers, columns?.addressKeys ?? [],
                    waiting.map { WaitingRow($0, $1) }))
        }
        return changes
    }

    /// Forgets the records, and keeps the last mark: it holds until the next.
    mutating func removeAll() {
        versions.removeAll(keepingCapacity: true)
        bytes = 0
        hasErasures = false
    }

    // MARK: Order

    /// The first 16 bytes of a key as numbers, which order most keys without looking at them.
    private struct KeyOrder: Comparable {
        let high: UInt64
        let low: UInt64

        init(_ key: [UInt8]) {
            var words: (UInt64, UInt64) = (0, 0)
            for place in 0..<min(8, key.count) {
                words.0 |= UInt64(key[place]) << UInt64(56 - 8 * place)
            }
            for place in 8..<max(8, min(16, key.count)) {
                words.1 |= UInt64(key[place]) << UInt64(120 - 8 * place)
            }
            (high, low) = words
        }

        static func < (one: KeyOrder, other: KeyOrder) -> Bool {
            one.high != other.high ? one.high < other.high : one.low < other.low
        }
    }

    private struct Place {
        let order: KeyOrder
        let index: Int
    }

    private func lastVersions() -> [Version] {
        var places = versions.indices.map { Place(order: KeyOrder(versions[$0].key), index: $0) }
        places.sort { one, other in
            if one.order != other.order { return one.order < other.order }
            let (key, otherKey) = (versions[one.index].key, versions[other.index].key)
            if key.span.precedes(otherKey.span) { return true }
            return key == otherKey && one.index < other.index
        }
        var last: [Version] = []
        last.reserveCapacity(places.count)
        for place in places {
            let version = versions[place.index]
            if let before = last.last, before.key == version.key { last.removeLast() }
            last.append(version)
        }
        return last
    }
}
