import Foundation
import Qualification
import ReferenceModel
import Testing

/// Times, days and spans: the calendar against Foundation's, the text against RFC 3339.
struct TimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"),
            (946_684_800_000, "2000-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_788_775_500_123, "2026-09-07T10:05:00.123Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (-86_400_000, "1969-12-31T00:00:00.000Z"),
            (-86_400_001, "1969-12-30T23:59:59.999Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func textIsRFC3339InUTCWithMilliseconds(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test(
        arguments: [
            (0, 0), (86_399_999, 0), (86_400_000, 1), (-1, -1), (-86_400_000, -1),
            (-86_400_001, -2),
        ] as [(Int64, Int32)])
    func aDayBeginsAtMidnightInUTCAlsoBefore1970(_ milliseconds: Int64, _ day: Int32) {
        let time = Timestamp(milliseconds: milliseconds)
        #expect(time.day.number == day)
        #expect(time.day.start <= time)
        #expect(time < UTCDay(number: day + 1).start)
    }

    @Test func everyDayOfFourCenturiesAgreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        // Every day at the turns of centuries, every 13th in between.
        let first = try #require(UTCDay(year: 1899, month: 12, day: 1)).number
        let last = try #require(UTCDay(year: 2301, month: 2, day: 1)).number
        var number = first
        while number <= last {
            let date = Date(timeIntervalSince1970: Double(number) * 86_400)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            let day = UTCDay(number: number)
            let agrees =
                day.calendarDate.year == parts.year && day.calendarDate.month == parts.month
                && day.calendarDate.day == parts.day
            #expect(agrees, "day \(number): \(day) is not \(parts)")
            let date2 = day.calendarDate
            #expect(UTCDay(year: date2.year, month: date2.month, day: date2.day) == day)
            number += date2.year % 100 == 0 ? 1 : 13
        }
    }

    @Test(arguments: [
        (2026, 2, 29), (2100, 2, 29), (1900, 2, 29), (2024, 2, 30), (2026, 4, 31), (2026, 6, 31),
        (2026, 9, 31), (2026, 11, 31), (2026, 1, 32), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0),
        (2026, 1, -1), (-1, 1, 1), (10_000, 1, 1),
    ])
    func thereIsNoSuchDate(_ year: Int, _ month: Int, _ day: Int) {
        #expect(UTCDay(year: year, month: month, day: day) == nil)
    }

    @Test(arguments: [(2000, 2, 29), (2024, 2, 29), (0, 1, 1), (9999, 12, 31), (1970, 1, 1)])
    func thereIsSuchADate(_ year: Int, _ month: Int, _ day: Int) throws {
        let date = try #require(UTCDay(year: year, month: month, day: day)).calendarDate
        #expect(date == (year, month, day))
    }

    @Test func aDayOfAPeriodIs24HoursOfElapsedTime() {
        let time = Timestamp(milliseconds: 1_788_775_500_123)
        #expect((time + .days(1)).milliseconds - time.milliseconds == 86_400_000)
        #expect(time + .days(30) - .days(30) == time)
        #expect(Span24h.days(1) == Span24h.minutes(1_440))
        #expect(Span24h.minutes(1) < Span24h(milliseconds: 60_001))
    }

    @Test func theTextOfADayIsISO8601() throws {
        #expect(try #require(UTCDay(year: 2026, month: 9, day: 7)).description == "2026-09-07")
        #expect(UTCDay(number: 0).description == "1970-01-01")
    }

    @Test func laterTimesHaveLaterTexts() {
        var random = SplitMix64(seed: 1)
        let end = 253_402_300_799_999
        var times = (0..<500).map { _ in
            Timestamp(milliseconds: Int64(random.number(0...end)))
        }
        times.sort()
        #expect(times.map(\.description) == times.map(\.description).sorted())
    }

    @Test func theEdgesOfTimeCanBeMovedWithoutOverflow() {
        #expect(Timestamp.distantPast - .days(100_000) < .earliestAccepted)
        #expect(Timestamp.distantFuture + .days(100_000) > .earliestAccepted)
        #expect(Timestamp.earliestAccepted.description == "2000-01-01T00:00:00.000Z")
    }
}
