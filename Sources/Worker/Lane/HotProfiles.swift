import Qualification
import WireFormats

/// A profile in memory, with what of it is still on its way to Kafka and to the disk.
///
/// A change goes through four places: `profile` (decoded, dirty until the cut), `inFlight` (encoded, in the
/// epoch being committed), `unflushed` (committed, not yet in SQLite), SQLite. Reading takes the first that
/// has it.
final class ProfileEntry {
    /// The lead's id in UTF-8.
    let key: [UInt8]
    let hash: UInt64
    /// Only meaningful while `isDecoded`.
    var profile: Profile
    var isDecoded: Bool
    /// Changed since the last cut.
    var isDirty = false
    /// Used since the last sweep.
    var isRecent = true
    var inFlight: [UInt8]?
    var unflushed: [UInt8]?
    /// The flush that last took `unflushed`, so that a newer value is not taken for written.
    var unflushedSince: UInt64 = 0
    /// What `profile` occupies in memory, about.
    var decodedBytes = 0

    init(key: [UInt8], hash: UInt64, profile: Profile) {
        self.key = key
        self.hash = hash
        self.profile = profile
        isDecoded = true
    }

    var bytes: Int {
        (isDecoded ? decodedBytes : 0) + (inFlight?.count ?? 0) + (unflushed?.count ?? 0) + 200
    }

    /// Forgets the decoded form; the encoded ones stay.
    func drop() {
        profile = Profile(leadID: "")
        isDecoded = false
        decodedBytes = 0
    }
}

/// The profiles of a lane that are in memory, bounded in bytes by sweeping.
///
/// An open-addressing table, because the key is a span of the fetched record: a dictionary would need a
/// copy of it for every look-up. Entries leave only in a sweep, which rebuilds the table.
struct HotProfiles {
    private var slots: [ProfileEntry?] = Array(repeating: nil, count: 1024)
    private(set) var count = 0

    /// The entry of a key.
    func entry(for key: Span<UInt8>, hash: UInt64) -> ProfileEntry? {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while let entry = slots[slot] {
            if entry.hash == hash {
                let known = entry.key
                if known.span.equals(key) { return entry }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds an entry whose key is not there yet.
    mutating func insert(_ entry: ProfileEntry) {
        if (count + 1) * 2 > slots.count { rebuild(entries, capacity: slots.count * 2) }
        place(entry)
    }

    /// All entries, in no order.
    var entries: [ProfileEntry] { slots.compactMap { $0 } }

    /// Drops what was not used since the last sweep, until at most `limit` bytes are left or all were seen.
    ///
    /// Dirty profiles stay: they exist nowhere else. Returns the bytes that are left.
    mutating func sweep(limit: Int) -> Int {
        var kept: [ProfileEntry] = []
        kept.reserveCapacity(count)
        var bytes = entries.reduce(0) { $0 + $1.bytes }
        for entry in entries {
            if bytes > limit, entry.isDecoded, !entry.isDirty {
                if entry.isRecent {
                    entry.isRecent = false
                } else {
                    bytes -= entry.bytes
                    entry.drop()
                    bytes += entry.bytes
                }
            }
            if entry.isDecoded || entry.inFlight != nil || entry.unflushed != nil {
                kept.append(entry)
            } else {
                bytes -= entry.bytes
            }
        }
        var capacity = 1024
        while capacity < kept.count * 2 { capacity *= 2 }
        rebuild(kept, capacity: capacity)
        return bytes
    }

    private mutating func rebuild(_ entries: [ProfileEntry], capacity: Int) {
        slots = Array(repeating: nil, count: capacity)
        count = 0
        for entry in entries { place(entry) }
    }

    private mutating func place(_ entry: ProfileEntry) {
        var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
        while slots[slot] != nil { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
        count += 1
    }
}

extension Profile {
    /// About how many bytes the decoded profile occupies: its arrays and what they point to.
    var approximateBytes: Int {
        var bytes = 600 + leadID.utf8.count
        bytes += fields.entries.count * 110
        bytes += counts.cells.capacity * 16 + remembered.entries.capacity * 24
        bytes += recent.count * 110 + freshness.count * 16
        for product in products { bytes += 150 + product.mqls.count * 250 }
        return bytes
    }
}
