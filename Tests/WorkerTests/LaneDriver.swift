import KafkaClient
import Qualification
import ReferenceModel
import Storage
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
    private let decisive: MemoryDecisive
    private var trail: ReferenceTrail
    private let parser = ReferenceParser()
    private var store = MemoryProfiles()
    private var processor: LaneProcessor
    /// The newest committed value of each profile, as a compacted changelog has it.
    private(set) var changelog: [[UInt8]: [UInt8]] = [:]
    private var committedClock = Timestamp.distantPast
    private var committedCapacity = LaneMark.Capacity()
    private var committedTrail: [LaneMark.ReferencePartition: Int64] = [:]
    private var earlierDrops: [String: Int] = [:]
    private var earlierLoads = 0
    private var offset: Int64 = 0

    /// With `settings.slaClock` wall, nothing fires but by `fire`.
    init(
        definition: Definition, settings: ModelSettings, hotBytes: Int = 1 << 30,
        _ change: (inout FollowUpSettings) -> Void = { _ in }
    ) throws {
        names = topics.outputs(definition)
        decisive = MemoryDecisive(reference)
        trail = try ReferenceTrail(decisive, mark: LaneMark())
        var limits = Qualifier.Limits()
        limits.maxEventsPerLead = settings.maxEventsPerLead
        limits.duplicateWindow = .days(settings.duplicateWindowDays)
        configuration = LaneProcessor.Configuration(
            lane: 0, definition: definition, limits: limits,
            futureTolerance: Span24h(milliseconds: settings.futureToleranceMs), topics: topics,
            outputs: names, hotBytes: hotBytes, workerVersion: "test")
        configuration.lane = Int32(settings.lane)
        configuration.laneCount = settings.lanes
        configuration.followUp.clock = settings.slaClock == .stream ? .stream : .wall
        change(&configuration.followUp)
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
        let batch = RecordBatch(records: [stored])
        while try !processor.take(source, batch, at: 0) { commit() }
    }

    /// What the lane counted since its last start.
    var counters: LaneCounters { processor.counters }

    /// When an alert may be due next.
    var nextAlert: Timestamp { processor.nextAlert }

    /// Lets the wall clock say a time; returns whether all that is due has fired, which takes
    /// another epoch if not.
    @discardableResult
    func fire(at clock: Timestamp, limit: Int = .max) throws -> Bool {
        try processor.fireAlerts(dueAt: clock, limit: limit)
    }

    /// Lets the wall clock say a time to the capacities; returns whether all that may be released
    /// is, which takes another epoch if not.
    @discardableResult
    func release(at clock: Timestamp, limit: Int = .max) throws -> Bool {
        try processor.releaseWaiting(at: clock, limit: limit)
    }

    /// What was published today.
    var capacity: LaneCapacity { processor.capacity }

    /// The leads that wait for a product on the disk, in the order of their release.
    func storedWaiting(_ product: String) -> [String] {
        store.waiting(for: product, after: nil, limit: .max)
            .map { String(decoding: $0.key, as: UTF8.self) }
    }

    /// Forgets what is on the disk and idle; returns whether there may be more.
    @discardableResult
    func forget(at clock: Timestamp, limit: Int = .max) throws -> Bool {
        try processor.forgetIdle(now: clock, limit: limit)
    }

    /// Changes reference data by a record at this offset, in the order of offsets.
    func change(_ change: ReferenceChange, offset: Int64) {
        reference.apply(change)
        decisive.add(change.rowKey, offset)
    }

    /// Decides leads again that changes of reference data concern; returns whether that is all.
    func followReference(limit: Int = .max) throws -> Bool {
        try trail.advance(processor, limit: limit)
    }

    /// Whether reference rows are there of which the version does not tell yet.
    var isReferenceChanging: Bool {
        get { decisive.isChanging }
        set { decisive.isChanging = newValue }
    }

    /// Up to where that was done, as the lane's mark has it.
    var decided: [LaneMark.ReferencePartition: Int64] { trail.positions }

    /// The addresses on the disk.
    var storedAddresses: [String] { store.addresses.values.flatMap { $0 }.sorted() }

    /// Ends an epoch: what was produced becomes outputs, profiles become the stored ones.
    func commit() {
        let records = processor.cut()
        for place in 0..<records.count {
            let record = records.stored(at: place)
            if record.topic == LaneOutputs.changelog {
                changelog[record.key ?? []] = record.value
                continue
            }
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
        committedClock = processor.streamClock
        committedTrail = trail.positions
        committedCapacity = LaneMark.Capacity(processor.capacity)
    }

    /// Writes behind, as the flusher does; returns whether older versions must leave no bytes.
    @discardableResult
    func flush() -> Bool {
        let (changes, hasErased) = processor.beginFlush()
        for change in changes { store.apply(change) }
        processor.endFlush(isWritten: true, mustScrub: false)
        return hasErased
    }

    /// Loses everything that was not committed, and goes on as another machine would: from the
    /// changelog alone.
    ///
    /// With `decidedUpTo`, a former owner has come so far in the reference topic.
    func crash(decidedUpTo offset: Int64? = nil) throws {
        if let offset {
            committedTrail = [
                LaneMark.ReferencePartition(topic: "reference", partition: 0): offset
            ]
        }
        store = MemoryProfiles()
        for (key, value) in changelog {
            store.apply(
                ProfileChange(
                    key, value, try ProfileCodec.timers(of: value),
                    try ProfileCodec.addressKeys(of: value),
                    try ProfileCodec.waiting(of: value, key: key).map { WaitingRow($0, $1) }))
        }
        try begin(at: committedClock)
    }

    /// Goes on as a new process would, from what is stored and, if given, by a new definition.
    func restart(definition: Definition? = nil) throws {
        commit()
        flush()
        if let definition {
            names = topics.outputs(definition)
            configuration.definition = definition
            configuration.outputs = names
        }
        try begin(at: processor.streamClock)
    }

    private func begin(at clock: Timestamp) throws {
        var mark = LaneMark()
        mark.sequence = 1
        mark.decided = committedTrail
        mark.capacity = committedCapacity
        mark = try LaneMark(decoding: mark.encoded)
        trail = try ReferenceTrail(decisive, mark: mark)
        earlierDrops = drops
        earlierLoads = loads
        processor = LaneProcessor(
            configuration, reference: reference, profiles: store, streamClock: clock,
            capacity: mark.capacity)
    }
}

/// The trail's reference data: one partition, entries as they come.
final class MemoryDecisive: DecisiveReference {
    private let reference: MemoryReference
    private var entries: [DecisiveEntry] = []

    init(_ reference: MemoryReference) {
        self.reference = reference
    }

    var version: UInt64 { reference.version }
    var isChanging = false

    func add(_ entry: String, _ offset: Int64) {
        entries.removeAll { $0.entry == entry }
        entries.append(
            DecisiveEntry(
                entry: entry,
                at: ReferencePlace(topic: "reference", partition: 0, offset: offset)))
    }

    func positions() -> [ReferencePosition] {
        [
            ReferencePosition(
                topic: "reference", partition: 0, nextOffset: (entries.last?.offset ?? -1) + 1)
        ]
    }

    func decisiveEntries(
        topic: String, partition: Int32, from offset: Int64, limit: Int
    ) -> [DecisiveEntry] {
        Array(entries.filter { $0.offset >= offset }.prefix(limit))
    }
}

/// Stored profiles in dictionaries.
final class MemoryProfiles: ProfileSource {
    private(set) var values: [[UInt8]: [UInt8]] = [:]
    private var due: [[UInt8]: AlertOrder] = [:]
    private var idle: [[UInt8]: Int64] = [:]
    private(set) var addresses: [[UInt8]: [String]] = [:]
    private var waiting: [[UInt8]: [WaitingRow]] = [:]

    func apply(_ change: ProfileChange) {
        values[change.key] = change.value
        due[change.key] = change.due.flatMap { AlertOrder(sortable: $0.span) }
        idle[change.key] = change.value == nil ? nil : change.idle
        if let rows = change.value == nil ? [] : change.waiting { waiting[change.key] = rows }
        if change.value == nil {
            addresses[change.key] = nil
        } else if let new = change.addresses {
            addresses[change.key] = new
        }
    }

    func leads(
        after place: AddressPlace, below end: String, limit: Int
    ) -> (keys: [[UInt8]], next: AddressPlace)? {
        let rows = addresses.flatMap { key, all in all.map { (Array($0.utf8), key) } }
            .sorted { $0.0 == $1.0 ? isBefore($0.1, $1.1) : isBefore($0.0, $1.0) }
        let start = Array(place.address.utf8)
        let found = rows.filter { address, key in
            (isBefore(start, address) || start == address && isBefore(place.key, key))
                && isBefore(address, Array(end.utf8))
        }.prefix(limit)
        return found.last.map { last in
            (
                found.map(\.1),
                AddressPlace(address: String(decoding: last.0, as: UTF8.self), key: last.1)
            )
        }
    }

    func waiting(
        for product: String, after last: WaitingOrder?, limit: Int
    ) -> [WaitingOrder] {
        let all = waiting.flatMap { key, rows in
            rows.filter { $0.product == product }
                .compactMap { WaitingOrder(sortable: $0.rank, key: key) }
        }
        return Array(
            all.filter { order in last.map { $0 < order } ?? true }.sorted().prefix(limit))
    }

    private func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }

    func value(for key: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        for place in key.indices { bytes.append(key[place]) }
        return values[bytes]
    }

    func alerts(after last: AlertOrder?, limit: Int) -> [(order: AlertOrder, key: [UInt8])] {
        due.filter { pair in last.map { $0 < pair.value } ?? true }
            .sorted { $0.value < $1.value }.prefix(limit).map { ($0.value, $0.key) }
    }

    func idleKeys(
        after place: IdlePlace, through last: Int64, limit: Int
    ) -> (keys: [[UInt8]], next: IdlePlace)? {
        // The place among all keys stands for the row.
        let rows = values.keys.sorted { $0.lexicographicallyPrecedes($1) }.enumerated()
        let found = rows.compactMap { row, key in
            idle[key].map { (key: key, place: IdlePlace(idle: $0, row: Int64(row))) }
        }.filter { row in
            (row.place.idle, row.place.row) > (place.idle, place.row) && row.place.idle <= last
        }.sorted { ($0.place.idle, $0.place.row) < ($1.place.idle, $1.place.row) }.prefix(limit)
        return found.last.map { (found.map(\.key), $0.place) }
    }
}
