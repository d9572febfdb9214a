import Qualification
package import Storage
import WireFormats

/// How far a lane has decided its leads again by the changes of reference data, and the rest of the
/// way.
///
/// A lead is decided at its own events; a new suppression, or an account with another status, stops
/// it at once. The way is in offsets of the reference topics, so it goes with the lane from worker
/// to worker: what changed behind them is in any worker's cache, compacted or not.
struct ReferenceTrail {
    /// Where reference data is asked for.
    private let reader: any DecisiveReference
    /// The offset of the next record of each partition to decide by.
    private(set) var positions: [LaneMark.ReferencePartition: Int64]
    /// Whether they have moved since somebody last set this to false.
    var hasMoved = false
    /// The version of the reference data that `unvisited` was read after.
    private var version: UInt64 = 0
    private var unvisited: [ReferencePosition] = []
    /// Entries of one partition, and how far they have come.
    private var entries: [DecisiveEntry] = []
    private var ranges: [(from: String, below: String)] = []
    private var place: AddressPlace?

    private static let entriesPerLook = 100

    /// Goes on where the lane's mark says; a lane that has no leads yet has nothing to catch up on.
    init(_ reader: any DecisiveReference, mark: LaneMark) throws {
        self.reader = reader
        positions = mark.decided
        guard mark.sequence == 0 else { return }
        version = reader.version
        for position in try reader.positions() where position.nextOffset > 0 {
            positions[ReferenceTrail.partition(position)] = position.nextOffset
        }
    }

    /// Whether there may be something to decide by.
    var hasWork: Bool { !entries.isEmpty || !unvisited.isEmpty || version != reader.version }

    /// Decides leads again, at most about `limit`; returns whether nothing is left.
    mutating func advance(_ processor: LaneProcessor, limit: Int) throws -> Bool {
        var looks = 0
        while looks < limit {
            if entries.isEmpty {
                guard try load() else { return true }
                try processor.decideUnstoredAgain(concernedBy: entries.map(\.entry))
                looks += 1
            }
            looks += try follow(processor, limit: limit - looks)
        }
        return false
    }

    /// Decides by the first entry; returns how many leads were looked at, at least 1.
    private mutating func follow(_ processor: LaneProcessor, limit: Int) throws -> Int {
        let entry = entries[0]
        if ranges.isEmpty { ranges = AddressKey.ranges(concernedBy: entry.entry) }
        let range = ranges[0]
        let from = place ?? AddressPlace(address: range.from)
        let found = try processor.source.leads(
            after: from, below: range.below, limit: max(1, limit))
        for key in found?.keys ?? [] { try processor.decideAgain(key) }
        place = found?.next
        if found == nil {
            ranges.removeFirst()
            if ranges.isEmpty {
                positions[
                    LaneMark.ReferencePartition(topic: entry.topic, partition: entry.partition)] =
                    entry.offset + 1
                hasMoved = true
                entries.removeFirst()
            }
        }
        return max(1, found?.keys.count ?? 0)
    }

    /// The next entries, of one partition in their order; false if there are none.
    private mutating func load() throws -> Bool {
        while true {
            if unvisited.isEmpty {
                // Before the rows are read: what changes meanwhile is looked at once more.
                let current = reader.version
                if current == version { return false }
                version = current
                unvisited = try reader.positions()
            }
            guard let position = unvisited.last else { return false }
            let partition = ReferenceTrail.partition(position)
            // This worker's cache may be behind the one that the lane came from: what it takes in
            // later has to be looked at then, because events are decided without it until then.
            let reached = min(positions[partition] ?? 0, position.nextOffset)
            if positions[partition] != nil { positions[partition] = reached }
            entries = try reader.decisiveEntries(
                topic: position.topic, partition: position.partition, from: reached,
                limit: ReferenceTrail.entriesPerLook)
            if reader.isChanging {
                // These rows may be newer than the version that tells of them: decided by them now,
                // a lead would seem up to date. They are read again under the next version.
                entries = []
                version = 0
                unvisited = []
                return false
            }
            if !entries.isEmpty { return true }
            unvisited.removeLast()
        }
    }

    private static func partition(_ position: ReferencePosition) -> LaneMark.ReferencePartition {
        LaneMark.ReferencePartition(topic: position.topic, partition: position.partition)
    }
}

/// What the trail asks of the reference cache.
package protocol DecisiveReference: AnyObject {
    /// Grows with every change.
    var version: UInt64 { get }
    /// Whether rows are being changed of which `version` does not tell yet.
    var isChanging: Bool { get }
    /// Up to where each partition of the reference topics is in the cache.
    func positions() throws(StorageError) -> [ReferencePosition]
    /// What leads must be decided again by: of one partition, from an offset on, in order.
    func decisiveEntries(
        topic: String, partition: Int32, from offset: Int64, limit: Int
    ) throws(StorageError) -> [DecisiveEntry]
}

extension ReferenceReader: DecisiveReference {}

extension LaneProcessor {
    /// Decides a lead again because reference data has changed.
    func decideAgain(_ key: [UInt8]) throws {
        let entry = try entry(for: key)
        guard try qualifier.decideAgain(&entry.profile) else { return }
        markChanged(entry)
        publishMessages()
        noteAlerts(of: entry)
        noteWaiting(of: entry)
    }

    /// The same for leads whose addresses are not on the disk yet, where the index is.
    func decideUnstoredAgain(concernedBy entries: [String]) throws {
        var keys: Set<[UInt8]> = []
        let wanted = Set(entries.map(AddressKey.of))
        forEachUnstored { entry in
            let current = entry.hasNewAddresses ? entry.profile.fields.addressKeys : []
            let addresses =
                current + (entry.inFlightAddresses ?? []) + (entry.unflushedAddresses ?? [])
            let isConcerned = addresses.contains { address in
                AddressKey.concerning(address).contains(where: wanted.contains)
            }
            if isConcerned { keys.insert(entry.key) }
        }
        for key in keys.sorted(by: { $0.span.precedes($1.span) }) { try decideAgain(key) }
    }
}
