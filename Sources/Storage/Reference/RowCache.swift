import Qualification

/// A bounded cache of rows of one table, absent rows (nil) included.
///
/// Four places for each key, found by its hash; when all are taken, a clock hand takes the
/// first not used since it last passed. So the size is fixed, and nothing but the four is
/// ever searched.
struct RowCache<Row> {
    /// An object, so that a hit counts one reference instead of one for each text of the row.
    private final class Entry {
        let key: String
        let version: UInt64
        let row: Row?
        var wasUsed = false

        init(key: String, version: UInt64, row: Row?) {
            self.key = key
            self.version = version
            self.row = row
        }
    }

    private static var ways: Int { 4 }
    private var entries: [Entry?]
    /// The hash of each entry, apart from it: looking for a key copies no row that is not meant.
    private var hashes: [UInt64]
    private var hands: [UInt8]
    /// Rows held now.
    private(set) var count = 0

    /// A cache of `capacity` rows, rounded up to a power of two of sets.
    init(capacity: Int) {
        var sets = 1
        while sets * Self.ways < capacity { sets *= 2 }
        entries = Array(repeating: nil, count: sets * Self.ways)
        hashes = Array(repeating: 0, count: entries.count)
        hands = Array(repeating: 0, count: sets)
    }

    /// The cached answer for a key, nil if there is none that still holds.
    mutating func row(
        of text: String, _ key: ReferenceKey, changes: ReferenceChanges
    ) -> Row?? {
        let first = set(of: key) * Self.ways
        for place in first..<first + Self.ways where hashes[place] == key.hash {
            guard let entry = entries[place], entry.key == text else { continue }
            guard !changes.hasChanged(key, since: entry.version) else { return nil }
            entry.wasUsed = true
            return .some(entry.row)
        }
        return nil
    }

    /// Keeps what was looked up after `version` was loaded.
    mutating func insert(_ row: Row?, of text: String, _ key: ReferenceKey, version: UInt64) {
        let place = place(for: text, key)
        if entries[place] == nil { count += 1 }
        entries[place] = Entry(key: text, version: version, row: row)
        hashes[place] = key.hash
    }

    private mutating func place(for text: String, _ key: ReferenceKey) -> Int {
        let set = set(of: key)
        let first = set * Self.ways
        for place in first..<first + Self.ways {
            guard let entry = entries[place] else { return place }
            if hashes[place] == key.hash, entry.key == text { return place }
        }
        while true {
            let place = first + Int(hands[set])
            hands[set] = (hands[set] + 1) % UInt8(Self.ways)
            guard entries[place]?.wasUsed == true else { return place }
            entries[place]?.wasUsed = false
        }
    }

    private func set(of key: ReferenceKey) -> Int {
        let folded = key.hash ^ key.hash >> 29
        return Int(truncatingIfNeeded: folded & UInt64(hands.count - 1))
    }
}
