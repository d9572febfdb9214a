import Qualification
import Storage
import WireFormats

/// A profile in memory, with what of it is still on its way to Kafka and to the disk.
///
/// A change goes through four places: `profile` (decoded, dirty until the cut), `inFlight`
/// (encoded, in the epoch being committed), `unflushed` (committed, not yet in SQLite), SQLite.
/// Reading takes the first that has it.
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
    /// Empty for a profile that is to be deleted, as `unflushed`.
    var inFlight: [UInt8]?
    var unflushed: [UInt8]?
    /// The alert of the profile, as it is now, that fires next; kept when the profile is dropped.
    var nextAlert: AlertOrder?
    /// Whether the profile may have other addresses than at the last cut.
    var hasNewAddresses = false
    /// The addresses that go to the disk with `inFlight` and with `unflushed`; nil if it has them.
    var inFlightAddresses: [String]?
    var unflushedAddresses: [String]?
    /// For what the lead waits, as the profile is now; kept when the profile is dropped.
    var waiting: [Waiting] = []
    /// Whether that may be different from the last cut.
    var hasNewWaiting = false
    /// For what the lead waits in `inFlight` and in `unflushed`; nil if the disk has it.
    var inFlightWaiting: [WaitingRow]?
    var unflushedWaiting: [WaitingRow]?
    /// Those of `inFlight` and of `unflushed`.
    var inFlightTimers: ProfileTimers?
    var unflushedTimers: ProfileTimers?
    /// The flush that last took `unflushed`, so that a newer value is not taken for written.
    var unflushedSince: UInt64 = 0
    /// What the entry was counted with in `HotProfiles.bytes`.
    fileprivate(set) var countedBytes = 0

    init(key: [UInt8], hash: UInt64, profile: Profile) {
        self.key = key
        self.hash = hash
        self.profile = profile
        isDecoded = true
        nextAlert = profile.nextAlert
        waiting = profile.waiting
    }

    /// How many bytes the profile had when it was last encoded.
    var encodedBytes = 300

    /// About what the entry occupies in memory.
    ///
    /// An estimate, because asking the profile itself would touch all its parts. Too small a budget
    /// costs more than it saves: on the benchmark 96 MiB instead of 160 means dropping and decoding
    /// all the time, and 30 us an event instead of 22.
    fileprivate var bytes: Int {
        (isDecoded ? 900 + 4 * encodedBytes : 0) + (inFlight?.count ?? 0)
            + (unflushed?.count ?? 0) + 300
    }

    /// Forgets the decoded form; the encoded ones stay.
    func drop() {
        profile = Profile(leadID: "")
        isDecoded = false
    }
}

/// The profiles of a lane that are in memory, bounded in bytes by sweeping.
///
/// An open-addressing table, because the key is a span of the fetched record: a dictionary would
/// need a copy of it for every look-up. Entries leave only in a sweep, which rebuilds the table.
final class HotProfiles {
    private var slots: [ProfileEntry?] = Array(repeating: nil, count: 1024)
    /// The hash of the entry in each slot, made odd, and 0 for a free one.
    ///
    /// Looking at the entries themselves would fetch every one that stands in the way from memory.
    private var marks = [UInt64](repeating: 0, count: 1024)
    private(set) var count = 0
    /// About how many bytes all entries occupy.
    private(set) var bytes = 0

    /// Counts an entry anew after a change of its size.
    func resize(_ entry: ProfileEntry) {
        let bytes = entry.bytes
        self.bytes += bytes - entry.countedBytes
        entry.countedBytes = bytes
    }

    /// The entry of a key.
    func entry(for key: Span<UInt8>, hash: UInt64) -> ProfileEntry? {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while marks[slot] != 0 {
            if marks[slot] == hash | 1, let entry = slots[slot] {
                let known = entry.key
                if known.span.equals(key) { return entry }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds an entry whose key is not there yet.
    func insert(_ entry: ProfileEntry) {
        if (count + 1) * 2 > slots.count { rebuild(entries, capacity: slots.count * 2) }
        place(entry)
        resize(entry)
    }

    /// All entries, in no order.
    var entries: [ProfileEntry] { slots.compactMap { $0 } }

    /// Drops what was not used since the last sweep, until at most `limit` bytes are left or all
    /// were seen.
    ///
    /// Dirty profiles stay: they exist nowhere else.
    func sweep(limit: Int) {
        var kept: [ProfileEntry] = []
        kept.reserveCapacity(count)
        for entry in entries {
            if bytes > limit, entry.isDecoded, !entry.isDirty {
                if entry.isRecent {
                    entry.isRecent = false
                } else {
                    entry.drop()
                    resize(entry)
                }
            }
            if entry.isDecoded || entry.inFlight != nil || entry.unflushed != nil {
                kept.append(entry)
            } else {
                bytes -= entry.countedBytes
            }
        }
        var capacity = 1024
        while capacity < kept.count * 2 { capacity *= 2 }
        rebuild(kept, capacity: capacity)
    }

    private func rebuild(_ entries: [ProfileEntry], capacity: Int) {
        slots = Array(repeating: nil, count: capacity)
        marks = Array(repeating: 0, count: capacity)
        count = 0
        for entry in entries { place(entry) }
    }

    private func place(_ entry: ProfileEntry) {
        var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
        while slots[slot] != nil { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
        marks[slot] = entry.hash | 1
        count += 1
    }
}
