import Qualification

/// The rule of a time zone for all years after its table: the text of POSIX's variable TZ
/// (POSIX.1-2024, 8.3) with the extension of RFC 9636, 3.3.1 (hours from -167 to 167), such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Equatable {
    /// A day of every year and a wall time on it.
    struct YearlyTime: Equatable {
        enum Day: Equatable {
            /// `Jn`: 1 to 365, without 29 February.
            case ofCommonYear(Int)
            /// `n`: 0 to 365, with 29 February.
            case ofYear(Int)
            /// `Mm.w.d`: the w-th weekday d (0 = Sunday) of month m; w 5 = the last.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        var day: Day
        /// Seconds from local midnight.
        var seconds: Int
    }

    /// Seconds that standard time is ahead of UTC.
    var standard: Int
    /// The other offset, and when it begins and ends; nil = standard time for ever.
    var summer: (offset: Int, begins: YearlyTime, ends: YearlyTime)?

    static func == (left: ZoneRule, right: ZoneRule) -> Bool {
        left.standard == right.standard && left.summer?.offset == right.summer?.offset
            && left.summer?.begins == right.summer?.begins
            && left.summer?.ends == right.summer?.ends
    }

    /// Reads a rule; nil if the text is none.
    init?(_ text: String) {
        var reader = RuleReader(text)
        guard reader.skipName(), let behind = reader.time(hours: 24) else { return nil }
        standard = -behind
        if reader.isAtEnd { return }
        guard reader.skipName() else { return nil }
        var offset = standard + 3600
        if !reader.isNext(",") {
            guard let behind = reader.time(hours: 24) else { return nil }
            offset = -behind
        }
        guard reader.take(","), let begins = reader.yearlyTime(), reader.take(","),
            let ends = reader.yearlyTime(), reader.isAtEnd
        else { return nil }
        summer = (offset, begins, ends)
    }

    /// The changes of some years, in order; none if the rule knows only standard time.
    func changes(inYears years: ClosedRange<Int>) -> [UTCOffsets.Change] {
        guard let summer else { return [] }
        let changes = years.flatMap { year in
            [
                change(summer.begins, year, from: standard, to: summer.offset),
                change(summer.ends, year, from: summer.offset, to: standard),
            ].compactMap { $0 }
        }
        return changes.sorted { $0.at < $1.at }
    }

    private func change(
        _ time: YearlyTime, _ year: Int, from old: Int, to new: Int
    ) -> UTCOffsets.Change? {
        guard let day = time.day.day(of: year) else { return nil }
        let seconds = Int64(time.seconds - old)
        return UTCOffsets.Change(
            at: day.start + Span24h(milliseconds: seconds * 1000),
            offset: Span24h(milliseconds: Int64(new) * 1000))
    }
}

extension ZoneRule.YearlyTime.Day {
    /// The day in a year.
    func day(of year: Int) -> UTCDay? {
        guard let newYear = UTCDay(year: year, month: 1, day: 1) else { return nil }
        switch self {
        case .ofYear(let number): return newYear.adding(number)
        case .ofCommonYear(let number):
            let isLeap = UTCDay(year: year, month: 2, day: 29) != nil
            return newYear.adding(isLeap && number >= 60 ? number : number - 1)
        case .weekday(let month, let week, let weekday):
            guard let first = UTCDay(year: year, month: month, day: 1) else { return nil }
            let next =
                month == 12
                ? UTCDay(year: year + 1, month: 1, day: 1)
                : UTCDay(year: year, month: month + 1, day: 1)
            // Day 0, 1970-01-01, was a Thursday, number 4 counted from Sunday.
            let firstWeekday = ((Int(first.number) + 4) % 7 + 7) % 7
            var day = first.adding((weekday - firstWeekday + 7) % 7 + (week - 1) * 7)
            if let next, day >= next { day = day.adding(-7) }
            return day
        }
    }
}

extension UTCDay {
    fileprivate func adding(_ days: Int) -> UTCDay { UTCDay(number: number + Int32(days)) }
}

/// Reads the parts of a rule from left to right.
private struct RuleReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    func isNext(_ character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard isNext(character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// A name of an offset: letters, or anything between < and >.
    mutating func skipName() -> Bool {
        if take("<") {
            rest = rest.drop { $0 != UInt8(ascii: ">") }
            return take(">")
        }
        let length = rest.prefix { ($0 | 0x20).isLowerLetter }.count
        rest = rest.dropFirst(length)
        return length >= 3
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(hours limit: Int) -> Int? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number(upTo: limit) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] where take(":") {
            guard let part = number(upTo: 59) else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    mutating func yearlyTime() -> ZoneRule.YearlyTime? {
        guard let day = day() else { return nil }
        // POSIX: 02:00 unless the rule says otherwise.
        guard take("/") else { return ZoneRule.YearlyTime(day: day, seconds: 7200) }
        return time(hours: 167).map { ZoneRule.YearlyTime(day: day, seconds: $0) }
    }

    private mutating func day() -> ZoneRule.YearlyTime.Day? {
        if take("J") {
            return number(upTo: 365).flatMap { $0 > 0 ? .ofCommonYear($0) : nil }
        }
        guard take("M") else { return number(upTo: 365).map { .ofYear($0) } }
        guard let month = number(upTo: 12), month > 0, take("."), let week = number(upTo: 5),
            week > 0, take("."), let weekday = number(upTo: 6)
        else { return nil }
        return .weekday(month: month, week: week, weekday: weekday)
    }

    private mutating func number(upTo limit: Int) -> Int? {
        let digits = rest.prefix(while: \.isDigit)
        guard (1...3).contains(digits.count), let number = Int(Substring(digits)), number <= limit
        else { return nil }
        rest = rest.dropFirst(digits.count)
        return number
    }
}
