/// What a time zone's clocks show against UTC, for all times: a table that the reader of the
/// definition fills, so that the core needs no time zone data.
package struct UTCOffsets: Sendable, Equatable {
    /// From `at` on, local time is UTC plus `offset`.
    package struct Change: Sendable, Equatable {
        /// The first instant with the offset.
        package var at: Timestamp
        /// What local time is ahead of UTC; negative west of Greenwich.
        package var offset: Span24h

        /// Makes a change.
        package init(at: Timestamp, offset: Span24h) {
            self.at = at
            self.offset = offset
        }
    }

    /// A time during which the offset stays the same: `start` belongs to it, `end` no more.
    struct Stretch: Equatable {
        var start: Timestamp
        var end: Timestamp
        var offset: Span24h
    }

    /// The offset before the first change.
    package let first: Span24h
    /// Sorted by time, each at another.
    package let changes: [Change]
    /// From here on the changes of `cycle` repeat for ever; nil = the last offset stays.
    ///
    /// The changes must reach over one whole cycle from here.
    package let repeatsFrom: Timestamp?

    /// 400 years of the Gregorian calendar: a whole number of weeks, so that rules such as "the
    /// last Sunday of March" give the same days again.
    package static let cycle = Span24h.days(146_097)

    /// Makes a table.
    package init(first: Span24h, changes: [Change], repeatsFrom: Timestamp?) {
        self.first = first
        self.changes = changes
        self.repeatsFrom = repeatsFrom
    }

    /// The offset at a time.
    package func offset(at time: Timestamp) -> Span24h { stretch(at: time).offset }

    /// The stretch that a time belongs to.
    func stretch(at time: Timestamp) -> Stretch {
        var shift = Span24h(milliseconds: 0)
        if let base = repeatsFrom, time >= base + UTCOffsets.cycle {
            let past = time.milliseconds - base.milliseconds
            shift = Span24h(milliseconds: past - past % UTCOffsets.cycle.total)
        }
        let moment = time - shift
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= moment { low = middle + 1 } else { high = middle }
        }
        return Stretch(
            start: low == 0 ? .distantPast : changes[low - 1].at + shift,
            end: low == changes.count ? .distantFuture : changes[low].at + shift,
            offset: low == 0 ? first : changes[low - 1].offset)
    }
}
