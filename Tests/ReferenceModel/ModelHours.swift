import Foundation

/// Opening hours as the clock on the office's wall tells them: asked minute by minute, or in
/// quarters of an hour if they open and close on such.
struct ModelHours {
    /// 0 = Monday.
    let weekdays: Set<Int>
    /// Minutes of the day.
    let opens: Int64
    let closes: Int64
    /// Local dates as days since 1970.
    let holidays: Set<Int>
    let zone: TimeZone

    private static let minute: Int64 = 60_000

    private var step: Int64 {
        (opens % 15 == 0 && closes % 15 == 0 ? 15 : 1) * Self.minute
    }

    /// Whether it is open at a time.
    func isOpen(_ time: Int64) -> Bool {
        let date = Date(timeIntervalSince1970: Double(time) / 1_000)
        let local = time + Int64(zone.secondsFromGMT(for: date)) * 1_000
        let day = Moment.utcDay(local)
        let minutes = (local - Int64(day) * Moment.day) / Self.minute
        return weekdays.contains((day % 7 + 10) % 7) && !holidays.contains(day)
            && opens <= minutes && minutes < closes
    }

    /// When so much time has been open, from `time` on.
    func time(after time: Int64, adding span: Int64) -> Int64 {
        var (now, left) = (time, span)
        while left > 0 {
            let next = now - now % step + step
            guard isOpen(now) else {
                now = next
                continue
            }
            if next - now >= left { return now + left }
            left -= next - now
            now = next
        }
        return now
    }

    /// The latest time from which so much time is open until `time`.
    func time(before time: Int64, subtracting span: Int64) -> Int64 {
        var (now, left) = (time, span)
        while left > 0 {
            let previous = (now - 1) - (now - 1) % step
            guard isOpen(previous) else {
                now = previous
                continue
            }
            if now - previous >= left { return now - left }
            left -= now - previous
            now = previous
        }
        return now
    }
}

extension ModelDefinition.Product {
    /// A time later by a span of business time, or of any time for a product without hours.
    func followUpTime(after time: Int64, adding span: Int64) -> Int64 {
        hours?.time(after: time, adding: span) ?? time + span
    }

    /// A time earlier by such a span.
    func followUpTime(before time: Int64, subtracting span: Int64) -> Int64 {
        hours?.time(before: time, subtracting: span) ?? time - span
    }
}
