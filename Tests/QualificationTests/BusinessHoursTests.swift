import DefinitionFiles
import Foundation
import Qualification
import ReferenceModel
import Testing

/// Time counted in opening hours: forward to deadlines, backward to warnings.
struct BusinessHoursTests {
    /// Hours of a zone of the machine's database.
    static func hours(
        _ zone: String, _ from: Int, _ to: Int, days: [BusinessHours.Weekday] = weekdays,
        holidays: [String] = []
    ) throws -> BusinessHours {
        let offsets = try #require(TimeZoneFolder.standard.offsets(ofZone: zone))
        return BusinessHours(
            days: days, opens: .minutes(from), closes: .minutes(to),
            holidays: holidays.compactMap { UTCDay(written: $0) }, offsets: offsets)
    }

    static let weekdays: [BusinessHours.Weekday] = [.mon, .tue, .wed, .thu, .fri]

    static func time(_ text: String) throws -> Timestamp {
        let seconds = try Date(text, strategy: .iso8601).timeIntervalSince1970
        return Timestamp(milliseconds: Int64(seconds) * 1_000)
    }

    // MARK: By hand

    /// Zone, holidays, start, hours added, end; 2026-09-11 is a Friday, Berlin is at +02:00.
    static let deadlines: [(String, [String], String, Int, String)] = [
        // An hour is left on Friday.
        ("Europe/Berlin", [], "2026-09-11T16:30:00+02:00", 120, "2026-09-14T10:00:00+02:00"),
        // Friday evening.
        ("Europe/Berlin", [], "2026-09-11T19:00:00+02:00", 240, "2026-09-14T13:00:00+02:00"),
        // Monday is a holiday; so is Saturday, which changes nothing.
        (
            "Europe/Berlin", ["2026-09-14", "2026-09-12"], "2026-09-11T19:00:00+02:00", 240,
            "2026-09-15T13:00:00+02:00"
        ),
        // What ends with the day ends then, not when the next day opens.
        ("Europe/Berlin", [], "2026-09-11T16:30:00+02:00", 60, "2026-09-11T17:30:00+02:00"),
        ("Europe/Berlin", [], "2026-09-11T19:00:00+02:00", 510, "2026-09-14T17:30:00+02:00"),
        ("Europe/Berlin", [], "2026-09-11T17:30:00+02:00", 1, "2026-09-14T09:01:00+02:00"),
        // Before the opening, and two whole weeks.
        ("Europe/Berlin", [], "2026-09-11T03:00:00+02:00", 1, "2026-09-11T09:01:00+02:00"),
        ("Europe/Berlin", [], "2026-09-11T09:00:00+02:00", 5_100, "2026-09-24T17:30:00+02:00"),
        // Over the end and the beginning of summer time.
        ("Europe/Berlin", [], "2026-10-23T17:00:00+02:00", 60, "2026-10-26T09:30:00+01:00"),
        ("Europe/Berlin", [], "2027-03-26T17:00:00+01:00", 60, "2027-03-29T09:30:00+02:00"),
        ("America/New_York", [], "2026-10-30T17:00:00-04:00", 60, "2026-11-02T09:30:00-05:00"),
        ("America/New_York", [], "2027-03-12T17:00:00-05:00", 60, "2027-03-15T09:30:00-04:00"),
        ("Australia/Lord_Howe", [], "2026-10-02T17:00:00+10:30", 60, "2026-10-05T09:30:00+11:00"),
        ("Asia/Kolkata", [], "2026-09-11T17:00:00+05:30", 60, "2026-09-14T09:30:00+05:30"),
        // Far beyond every table: Tuesday in summer.
        ("Europe/Berlin", [], "2990-07-13T17:00:00+02:00", 60, "2990-07-14T09:30:00+02:00"),
    ]

    @Test(arguments: deadlines)
    func deadlinesByHand(
        _ zone: String, _ holidays: [String], _ start: String, _ minutes: Int, _ end: String
    ) throws {
        let hours = try BusinessHoursTests.hours(zone, 540, 1_050, holidays: holidays)
        let (from, to) = (try BusinessHoursTests.time(start), try BusinessHoursTests.time(end))
        #expect(hours.instant(after: from, adding: .minutes(minutes)) == to)
    }

    @Test(arguments: [
        ("2026-09-14T10:00:00+02:00", 120, "2026-09-11T16:30:00+02:00"),
        ("2026-09-14T10:00:00+02:00", 60, "2026-09-14T09:00:00+02:00"),
        ("2026-09-11T17:30:00+02:00", 30, "2026-09-11T17:00:00+02:00"),
        ("2026-09-13T12:00:00+02:00", 30, "2026-09-11T17:00:00+02:00"),
        ("2026-10-26T09:30:00+01:00", 60, "2026-10-23T17:00:00+02:00"),
    ])
    func warningsByHand(_ end: String, _ minutes: Int, _ start: String) throws {
        let hours = try BusinessHoursTests.hours("Europe/Berlin", 540, 1_050)
        let (from, to) = (try BusinessHoursTests.time(start), try BusinessHoursTests.time(end))
        #expect(hours.instant(before: to, subtracting: .minutes(minutes)) == from)
    }

    /// Zone, opening and closing, the day's start and end in UTC, minutes that are open between.
    static let oddDays: [(String, Int, Int, String, String, Int)] = [
        // 02:00 to 03:00 comes twice in Berlin on 2026-10-25 and not at all on 2027-03-28.
        ("Europe/Berlin", 60, 300, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 300),
        ("Europe/Berlin", 60, 300, "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", 180),
        ("Europe/Berlin", 150, 210, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 90),
        ("Europe/Berlin", 150, 210, "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", 30),
        ("Europe/Berlin", 120, 180, "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", 0),
        ("Europe/Berlin", 0, 1_440, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 1_500),
        // Half an hour is skipped on Lord Howe on 2026-10-04.
        ("Australia/Lord_Howe", 60, 240, "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 150),
        // In Santiago the day of 2026-09-06 begins at 01:00.
        ("America/Santiago", 0, 120, "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z", 60),
    ]

    @Test(arguments: oddDays)
    func daysWithSkippedAndRepeatedHours(
        _ zone: String, _ from: Int, _ to: Int, _ start: String, _ end: String, _ minutes: Int
    ) throws {
        let everyDay = BusinessHours.Weekday.allCases
        let hours = try BusinessHoursTests.hours(zone, from, to, days: everyDay)
        let (start, end) = (try BusinessHoursTests.time(start), try BusinessHoursTests.time(end))
        // What is open is the most that can be added without leaving the day.
        let fits = (0...1_560).last {
            hours.instant(after: start, adding: .minutes($0)) <= end
        }
        #expect(fits == minutes)
        let fitsBackwards = (0...1_560).last {
            hours.instant(before: end, subtracting: .minutes($0)) >= start
        }
        #expect(fitsBackwards == minutes)
    }

    @Test func theWalkIsBounded() throws {
        let hours = try BusinessHoursTests.hours("UTC", 0, 1, days: [.mon])
        let start = try BusinessHoursTests.time("2026-09-11T00:00:00Z")
        #expect(hours.instant(after: start, adding: .days(3_650)) == .latestAccepted)
        #expect(hours.instant(before: start, subtracting: .days(3_650)) == .distantPast)
        #expect(hours.instant(after: start, adding: .minutes(0)) == start)
    }

    // MARK: Against Foundation's calendar

    static let zones = [
        "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
        "America/Los_Angeles", "America/Santiago", "America/Havana", "America/St_Johns",
        "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Asia/Jerusalem", "Australia/Lord_Howe",
        "Australia/Adelaide", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati",
        "America/Phoenix", "Atlantic/Azores", "UTC",
    ]

    @Test(arguments: zones)
    func countsAsFoundationsCalendarDoes(_ zone: String) throws {
        var random = SplitMix64(seed: UInt64(zone.utf8.count) &* 7919)
        for _ in 0..<60 {
            // Opening at an hour that no clock change touches: the calendar's own choices for
            // skipped and repeated times are not the matter here.
            let from = random.number(6...12) * 60 + random.pick([0, 30, 45])
            let to = from + random.number(1...600)
            let days = BusinessHours.Weekday.allCases.filter { _ in random.chance(70) }
            let holidays = (0..<3).map { _ in
                "2026-1\(random.number(0...2))-2\(random.number(0...9))"
            }
            let hours = try BusinessHoursTests.hours(
                zone, from, to, days: days.isEmpty ? [.wed] : days, holidays: holidays)
            let oracle = try CalendarOracle(zone: zone, hours: hours)
            let start = Timestamp(
                milliseconds: 1_788_739_200_000 + Int64(random.number(0...31_536_000)) * 1_000)
            let span = Span24h(milliseconds: Int64(random.number(1...180_000)) * 1_000)
            let end = hours.instant(after: start, adding: span)
            #expect(end == oracle.instant(after: start, adding: span), "\(zone) \(start) \(span)")
            // There and back again: what is open between the two is the span.
            let back = hours.instant(before: end, subtracting: span)
            #expect(hours.instant(after: back, adding: span) == end)
            #expect(back >= start)
        }
    }
}

/// The same by Foundation: one interval of each open day, from its calendar.
private struct CalendarOracle {
    var calendar = Calendar(identifier: .gregorian)
    let hours: BusinessHours
    let holidays: Set<String>

    init(zone: String, hours: BusinessHours) throws {
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        self.hours = hours
        holidays = Set(hours.holidays.map(\.description))
    }

    func instant(after start: Timestamp, adding span: Span24h) -> Timestamp? {
        var left = Double(span.total) / 1_000
        let start = Date(timeIntervalSince1970: Double(start.milliseconds) / 1_000)
        var day = calendar.startOfDay(for: start)
        while let next = calendar.date(byAdding: .day, value: 1, to: day) {
            if let opening = opening(on: day) {
                let from = max(opening.start, start)
                let open = opening.end.timeIntervalSince(from)
                if open >= left, open > 0 {
                    let end = from.addingTimeInterval(left).timeIntervalSince1970
                    return Timestamp(milliseconds: Int64((end * 1_000).rounded()))
                }
                left -= max(open, 0)
            }
            day = calendar.startOfDay(for: next)
        }
        return nil
    }

    private func opening(on day: Date) -> DateInterval? {
        let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: day)
        let names: [BusinessHours.Weekday] = [.sun, .mon, .tue, .wed, .thu, .fri, .sat]
        guard let weekday = parts.weekday, hours.days.contains(names[weekday - 1]),
            let year = parts.year, let month = parts.month, let number = parts.day,
            let date = UTCDay(year: year, month: month, day: number),
            !holidays.contains(date.description),
            let opens = wall(hours.opens, of: parts), let closes = wall(hours.closes, of: parts)
        else { return nil }
        return DateInterval(start: opens, end: closes)
    }

    private func wall(_ time: Span24h, of day: DateComponents) -> Date? {
        let minutes = Int(time.total / 60_000)
        return calendar.date(
            from: DateComponents(
                year: day.year, month: day.month, day: day.day, hour: minutes / 60,
                minute: minutes % 60))
    }
}
