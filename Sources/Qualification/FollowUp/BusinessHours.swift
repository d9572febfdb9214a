/// The hours in which a product's follow-up times are counted (`business_hours`).
///
/// An instant is business time if its local date falls on one of `days` and is no holiday, and its
/// local wall time is at or after `opens` and before `closes`. So hours that the clocks skip are
/// never open, hours that they show twice are open twice, and what is counted is elapsed time.
package struct BusinessHours: Sendable, Equatable {
    /// A day of the week; raw values are what definitions write.
    package enum Weekday: String, Sendable, CaseIterable {
        case mon, tue, wed, thu, fri, sat, sun

        /// The weekday of a local date; 1970-01-01 was a Thursday.
        package init(of day: UTCDay) {
            let place = (Int(day.number) % 7 + 10) % 7
            self = Weekday.allCases[place]
        }
    }

    /// The weekdays that are open, at least one.
    package let days: [Weekday]
    /// Local wall time of the opening, from midnight.
    package let opens: Span24h
    /// Local wall time of the closing, later than `opens`, at most 24 hours.
    package let closes: Span24h
    /// Local dates on which nothing opens, sorted.
    package let holidays: [UTCDay]
    /// What local time is.
    package let offsets: UTCOffsets

    /// How many local days one count walks over at most: hundred years, far beyond what `check`
    /// lets a definition ask for.
    package static let mostDays = 36_525

    /// Makes business hours.
    package init(
        days: [Weekday], opens: Span24h, closes: Span24h, holidays: [UTCDay], offsets: UTCOffsets
    ) {
        self.days = days
        self.opens = opens
        self.closes = closes
        self.holidays = holidays.sorted()
        self.offsets = offsets
    }

    /// Business time in a week without holidays and clock changes.
    package var weekly: Span24h {
        Span24h(milliseconds: (closes.total - opens.total) * Int64(days.count))
    }

    /// The earliest instant at or after `start` by which `span` of business time has passed.
    ///
    /// A span that ends with the opening hours of a day ends there, not when the next day opens.
    /// `.latestAccepted` if `mostDays` do not hold as much.
    package func instant(after start: Timestamp, adding span: Span24h) -> Timestamp {
        var left = span
        var now = start
        guard left.total > 0 else { return start }
        for _ in 0..<BusinessHours.mostDays {
            let day = localDay(at: now)
            if let open = day.open, open.upperBound > now {
                let from = max(open.lowerBound, now)
                if open.upperBound >= from + left { return from + left }
                left = left - (open.upperBound - from)
            }
            now = day.end
        }
        return .latestAccepted
    }

    /// The latest instant at or before `end` from which `span` of business time passes until then.
    ///
    /// A span that begins with the opening hours of a day begins there, not when the day before
    /// closes. `.distantPast` if `mostDays` do not hold as much.
    package func instant(before end: Timestamp, subtracting span: Span24h) -> Timestamp {
        var left = span
        var now = end
        guard left.total > 0 else { return end }
        for _ in 0..<BusinessHours.mostDays {
            let day = localDay(at: now - Span24h(milliseconds: 1))
            if let open = day.open, open.lowerBound < now {
                let until = min(open.upperBound, now)
                if open.lowerBound <= until - left { return until - left }
                left = left - (until - open.lowerBound)
            }
            now = day.start
        }
        return .distantPast
    }

    /// The part of a local day that has one UTC offset, and when it is open.
    private struct LocalDay {
        var start: Timestamp
        var end: Timestamp
        var open: Range<Timestamp>?
    }

    private func localDay(at time: Timestamp) -> LocalDay {
        let stretch = offsets.stretch(at: time)
        let date = (time + stretch.offset).day
        let midnight = date.start - stretch.offset
        let start = max(stretch.start, midnight)
        let end = min(stretch.end, midnight + .days(1))
        guard days.contains(Weekday(of: date)), !isHoliday(date) else {
            return LocalDay(start: start, end: end, open: nil)
        }
        let opening = max(start, midnight + opens)
        let closing = min(end, midnight + closes)
        return LocalDay(
            start: start, end: end, open: opening < closing ? opening..<closing : nil)
    }

    private func isHoliday(_ date: UTCDay) -> Bool {
        var low = 0
        var high = holidays.count
        while low < high {
            let middle = (low + high) / 2
            if holidays[middle] < date { low = middle + 1 } else { high = middle }
        }
        return low < holidays.count && holidays[low] == date
    }
}

extension Timestamp {
    fileprivate static func - (left: Timestamp, right: Timestamp) -> Span24h {
        Span24h(milliseconds: left.milliseconds - right.milliseconds)
    }
}

extension Span24h {
    fileprivate static func - (left: Span24h, right: Span24h) -> Span24h {
        Span24h(milliseconds: left.total - right.total)
    }
}

extension Product {
    /// A time later by a span of the product's business time; of elapsed time without hours.
    func followUpTime(after start: Timestamp, adding span: Span24h) -> Timestamp {
        businessHours?.instant(after: start, adding: span) ?? start + span
    }

    /// A time earlier by a span of the product's business time; of elapsed time without hours.
    func followUpTime(before end: Timestamp, subtracting span: Span24h) -> Timestamp {
        businessHours?.instant(before: end, subtracting: span) ?? end - span
    }
}
