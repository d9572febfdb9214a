/// A point in time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch.
    package let milliseconds: Int64

    /// The start of the year 2000: anything before is refused as `bad_timestamp` (CONTRACT.md 3).
    package static let earliestAccepted = Timestamp(milliseconds: 946_684_800_000)

    /// The last millisecond of the year 9999, where RFC 3339 ends.
    package static let latestAccepted = Timestamp(milliseconds: 253_402_300_799_999)

    /// Before every accepted time; the `as_of` of a profile to which nothing was applied yet.
    package static let distantPast = Timestamp(milliseconds: .min / 4)

    /// After every accepted time (RFC 3339 ends with the year 9999).
    package static let distantFuture = Timestamp(milliseconds: .max / 4)

    /// Makes a time from milliseconds since the epoch.
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The UTC day that this time falls on.
    package var day: UTCDay {
        UTCDay(number: Int32(clamping: milliseconds.floorDivided(by: Span24h.milliseconds)))
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package static func + (left: Timestamp, right: Span24h) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds + right.total)
    }

    package static func - (left: Timestamp, right: Span24h) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds - right.total)
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-09-07T10:05:00.000Z`: the form of all
    /// outputs.
    package var description: String {
        let text = text
        return String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
    }

    /// The same text in UTF-8, without making a string: a message holds up to ten times.
    package var text: InlineArray<24, UInt8> {
        var text = InlineArray<24, UInt8>(repeating: UInt8(ascii: ":"))
        func two(_ number: Int, _ place: Int) {
            text[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 10)
            text[place + 1] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10)
        }
        let day = day
        let date = day.calendarDate
        let ofDay = Int(milliseconds - Int64(day.number) * Span24h.milliseconds)
        let (seconds, thousandths) = ofDay.quotientAndRemainder(dividingBy: 1000)
        two(date.year / 100 % 100, 0)
        two(date.year % 100, 2)
        text[4] = UInt8(ascii: "-")
        two(date.month, 5)
        text[7] = UInt8(ascii: "-")
        two(date.day, 8)
        text[10] = UInt8(ascii: "T")
        two(seconds / 3600, 11)
        two(seconds / 60 % 60, 14)
        two(seconds % 60, 17)
        two(thousandths / 10, 20)
        text[22] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: thousandths % 10)
        text[19] = UInt8(ascii: ".")
        text[23] = UInt8(ascii: "Z")
        return text
    }
}

extension Timestamp: CustomStringConvertible {}

/// A length of time in milliseconds, in which a day is always 24 hours of elapsed time (CONTRACT.md
/// 5).
package struct Span24h: Hashable, Comparable, Sendable {
    /// Milliseconds of 24 hours.
    package static let milliseconds: Int64 = 86_400_000

    /// The length in milliseconds.
    package let total: Int64

    /// A length in milliseconds.
    package init(milliseconds: Int64) {
        total = milliseconds
    }

    /// A length in days of 24 hours.
    package static func days(_ days: Int) -> Span24h {
        Span24h(milliseconds: Int64(days) * milliseconds)
    }

    /// A length in minutes.
    package static func minutes(_ minutes: Int) -> Span24h {
        Span24h(milliseconds: Int64(minutes) * 60_000)
    }

    package static func < (left: Span24h, right: Span24h) -> Bool {
        left.total < right.total
    }
}

/// A calendar day in UTC, counted from 1970-01-01 (day 0).
package struct UTCDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    package let number: Int32

    /// Makes a day from its number.
    package init(number: Int32) {
        self.number = number
    }

    /// Makes a day from a proleptic Gregorian date, or nil if there is no such date.
    ///
    /// Formula: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    package init?(year: Int, month: Int, day: Int) {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= UTCDay.length(ofMonth: month, year: year)
        else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = Int32(era * 146_097 + dayOfEra - 719_468)
    }

    /// The first millisecond of the day.
    package var start: Timestamp { Timestamp(milliseconds: Int64(number) * Span24h.milliseconds) }

    package static func < (left: UTCDay, right: UTCDay) -> Bool {
        left.number < right.number
    }

    /// Year, month and day of the proleptic Gregorian calendar (Hinnant, civil_from_days).
    package var calendarDate: (year: Int, month: Int, day: Int) {
        let shifted = Int(number) + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension UTCDay: CustomStringConvertible {
    /// ISO 8601, such as `2026-09-07`.
    package var description: String {
        String(decoding: start.description.utf8.prefix(10), as: UTF8.self)
    }
}

extension FixedWidthInteger {
    /// Division that rounds towards minus infinity, as days before 1970 need.
    fileprivate func floorDivided(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
    }
}
