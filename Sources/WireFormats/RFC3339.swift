package import Qualification

/// RFC 3339 date-times, read byte by byte because there is one in every event.
package enum RFC3339 {
    /// The time of a text such as `2026-09-07T10:05:00.123+02:00`, or nil if it is not one.
    ///
    /// Digits beyond milliseconds are cut off. A zone is required; leap seconds are not accepted.
    package static func timestamp(_ text: Span<UInt8>) -> Timestamp? {
        guard text.count >= 20, text.count <= 64,
            text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":")
        else { return nil }
        let year = pair(text, 0) * 100 + pair(text, 2)
        let hour = pair(text, 11)
        let minute = pair(text, 14)
        let second = pair(text, 17)
        guard hour < 24, minute < 60, second < 60,
            let date = UTCDay(year: year, month: pair(text, 5), day: pair(text, 8))
        else { return nil }
        var place = 19
        guard let thousandths = fraction(text, &place), let offset = zone(text, &place),
            place == text.count
        else { return nil }
        let ofDay = ((hour * 60 + minute - offset) * 60 + second) * 1000 + thousandths
        let time = Timestamp(milliseconds: date.start.milliseconds + Int64(ofDay))
        // An offset can carry the last hours of 9999 into a year that cannot be written.
        return time <= .latestAccepted ? time : nil
    }

    /// The number of two digits; one greater than any part of a time if they are none.
    private static func pair(_ text: Span<UInt8>, _ place: Int) -> Int {
        let tens = text[place] &- UInt8(ascii: "0")
        let ones = text[place &+ 1] &- UInt8(ascii: "0")
        return tens > 9 || ones > 9 ? 1_000_000 : Int(tens) &* 10 &+ Int(ones)
    }

    /// The milliseconds of `.123...`; zero without a fraction, nil for a dot without digits.
    private static func fraction(_ text: Span<UInt8>, _ place: inout Int) -> Int? {
        guard text[place] == UInt8(ascii: ".") else { return 0 }
        place += 1
        let start = place
        var value = 0
        while place < text.count, text[place] &- UInt8(ascii: "0") <= 9 {
            if place - start < 3 { value = value * 10 + Int(text[place] &- UInt8(ascii: "0")) }
            place += 1
        }
        let count = place - start
        if count == 0 { return nil }
        return count == 1 ? value * 100 : count == 2 ? value * 10 : value
    }

    /// The offset from UTC in minutes.
    private static func zone(_ text: Span<UInt8>, _ place: inout Int) -> Int? {
        guard place < text.count else { return nil }
        let sign = text[place]
        if sign | 0x20 == UInt8(ascii: "z") {
            place += 1
            return 0
        }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), place + 6 <= text.count,
            text[place + 3] == UInt8(ascii: ":")
        else { return nil }
        let hours = pair(text, place + 1)
        let minutes = pair(text, place + 4)
        guard hours < 24, minutes < 60 else { return nil }
        place += 6
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}
