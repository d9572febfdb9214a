/// How many activities a lead had, by type, UTC day and tag (CONTRACT.md 6).
///
/// Counts that belong to a `where` condition stand under a type of their own, see `Rulebook`.
package struct ActivityCounts: Sendable {
    /// The number of activities of one type, day and tag, in 16 bytes.
    package struct Cell: Sendable, Equatable {
        /// Activity type, or a condition's own type.
        package var type: Symbol
        /// UTC day.
        package var day: UTCDay
        /// Product tag; none = untagged.
        package var tag: Symbol
        /// At least one.
        package var count: UInt32

        /// Makes a cell.
        package init(type: Symbol, day: UTCDay, tag: Symbol, count: UInt32) {
            self.type = type
            self.day = day
            self.tag = tag
            self.count = count
        }

        fileprivate func precedes(_ other: Cell) -> Bool {
            if type != other.type { return type.index < other.type.index }
            if day != other.day { return day < other.day }
            return tag.index < other.tag.index
        }
    }

    /// Sorted by type, then day, then tag: a type's cells are one run, oldest day first.
    package private(set) var cells: [Cell] = []

    /// Nothing counted.
    package init() {}

    /// Cells in any order, as the codec read them.
    package init(cells: [Cell]) {
        self.cells = cells.sorted { $0.precedes($1) }
    }

    /// Counts one activity.
    package mutating func add(type: Symbol, day: UTCDay, tag: Symbol) {
        let new = Cell(type: type, day: day, tag: tag, count: 1)
        var low = 0
        var high = cells.count
        while low < high {
            let middle = (low + high) / 2
            if cells[middle].precedes(new) { low = middle + 1 } else { high = middle }
        }
        if low < cells.count, !new.precedes(cells[low]) {
            cells[low].count += 1
        } else {
            cells.insert(new, at: low)
        }
    }

    /// Drops the days before `day`.
    package mutating func forget(before day: UTCDay) {
        // Most days nothing is that old; looking first avoids making the storage unique for
        // nothing.
        if cells.contains(where: { $0.day < day }) { cells.removeAll { $0.day < day } }
    }
}

/// The event ids that a lead has had within the duplicate window (CONTRACT.md 3).
///
/// An id is kept as a 64-bit hash and its time: 16 bytes instead of 40 for a UUID text. Two
/// different ids of one lead collide with a probability below 10^-12 even at the limit of 5,000.
package struct RememberedEvents: Sendable {
    /// One remembered id.
    package struct Entry: Sendable, Equatable {
        /// `stableHash` of the id.
        package let hash: UInt64
        /// Time and topic in one word, time first: a profile holds twenty entries, and every event
        /// passes all of them.
        private let place: Int64

        /// When the event happened.
        package var at: Timestamp { Timestamp(milliseconds: place >> 2) }

        /// The topic it came from.
        package var source: EventSource {
            EventSource(rawValue: UInt8(truncatingIfNeeded: place & 3)) ?? .activities
        }

        /// Makes an entry; `at` must be within a quarter of what 64 bits hold, as every accepted
        /// time is.
        package init(at: Timestamp, hash: UInt64, source: EventSource) {
            self.hash = hash
            place = at.milliseconds << 2 | Int64(source.rawValue)
        }
    }

    /// Sorted by time.
    package private(set) var entries: [Entry] = []
    /// How many of them are activities: what `max_events_per_lead` limits.
    package private(set) var activityCount = 0

    /// Nothing remembered.
    package init() {}

    /// Entries sorted by time, as the codec read them.
    package init(entries: [Entry]) {
        self.entries = entries
        activityCount = entries.count { $0.source == .activities }
    }

    /// Whether this id was applied from this topic.
    package func contains(hash: UInt64, source: EventSource) -> Bool {
        let span = entries.span
        var place = 0
        while place < span.count {
            if span[place].hash == hash, span[place].source == source { return true }
            place &+= 1
        }
        return false
    }

    /// Remembers an id.
    package mutating func insert(_ entry: Entry) {
        var place = entries.count
        while place > 0, entries[place - 1].at > entry.at { place -= 1 }
        entries.insert(entry, at: place)
        if entry.source == .activities { activityCount += 1 }
    }

    /// Forgets what happened at or before `time`.
    package mutating func forget(before time: Timestamp) {
        guard let first = entries.first, first.at <= time else { return }
        let kept = entries.firstIndex { $0.at > time } ?? entries.endIndex
        activityCount -= entries[..<kept].count { $0.source == .activities }
        entries.removeFirst(kept)
    }

    /// How many activities lie after `time`.
    package func activities(after time: Timestamp) -> Int {
        guard let first = entries.first, first.at <= time else { return activityCount }
        return entries.count { $0.source == .activities && $0.at > time }
    }
}
