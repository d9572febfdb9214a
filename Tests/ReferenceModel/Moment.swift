/// Times as milliseconds since 1970 in UTC, and the UTC days they fall on.
enum Moment {
    /// Milliseconds of 24 hours.
    static let day: Int64 = 86_400_000

    /// 2000-01-01T00:00:00Z; nothing earlier is accepted.
    static let earliest: Int64 = 946_684_800_000

    /// Reads an RFC 3339 time with an offset or `Z`; digits beyond milliseconds are cut off.
    static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, let day = parseDay(bytes[0..<10]),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            let hour = number(bytes[11..<13]), hour < 24, bytes[13] == UInt8(ascii: ":"),
            let minute = number(bytes[14..<16]), minute < 60, bytes[16] == UInt8(ascii: ":"),
            let second = number(bytes[17..<19]), second < 60
        else { return nil }

        var position = 19
        var milliseconds = 0
        if bytes[position] == UInt8(ascii: ".") {
            let fraction = bytes[(position + 1)...].prefix { (0x30...0x39).contains($0) }
            guard !fraction.isEmpty else { return nil }
            for index in 0..<3 {
                let start = fraction.startIndex + index
                let digit = start < fraction.endIndex ? Int(fraction[start]) - 0x30 : 0
                milliseconds = milliseconds * 10 + digit
            }
            position = fraction.endIndex
        }
        guard let offset = offsetMinutes(bytes[position...]) else { return nil }
        let seconds = day * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60
        return Int64(seconds) * 1_000 + Int64(milliseconds)
    }

    /// Reads `YYYY-MM-DD` as a number of days since 1970.
    static func parseDay(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        return parseDay(bytes[...])
    }

    /// The time as the outputs write it: milliseconds and `Z`.
    static func text(_ time: Int64) -> String {
        let date = dayText(utcDay(time))
        let inDay = Int(time - Int64(utcDay(time)) * day)
        let (hours, minutes) = (inDay / 3_600_000, inDay / 60_000 % 60)
        let (seconds, milliseconds) = (inDay / 1_000 % 60, inDay % 1_000)
        let clock = [padded(hours, 2), padded(minutes, 2), padded(seconds, 2)]
        return "\(date)T\(clock.joined(separator: ":")).\(padded(milliseconds, 3))Z"
    }

    /// The UTC day of a time, as a number of days since 1970.
    static func utcDay(_ time: Int64) -> Int {
        Int((time - (time % day + day) % day) / day)
    }

    /// A day as `YYYY-MM-DD`.
    static func dayText(_ day: Int) -> String {
        // Counting in years that begin in March puts the leap day last.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let leapless = dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096
        let yearOfEra = leapless / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
    }

    private static func parseDay(_ bytes: ArraySlice<UInt8>) -> Int? {
        let start = bytes.startIndex
        guard bytes.count == 10, let year = number(bytes[start..<start + 4]),
            bytes[start + 4] == UInt8(ascii: "-"), let month = number(bytes[start + 5..<start + 7]),
            bytes[start + 7] == UInt8(ascii: "-"), let date = number(bytes[start + 8..<start + 10]),
            (1...12).contains(month), date >= 1, date <= length(of: month, in: year)
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func length(of month: Int, in year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    private static func offsetMinutes(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let sign = bytes.first else { return nil }
        if bytes.count == 1 {
            return sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") ? 0 : nil
        }
        let start = bytes.startIndex
        guard bytes.count == 6, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let hours = number(bytes[start + 1..<start + 3]), hours < 24,
            bytes[start + 3] == UInt8(ascii: ":"),
            let minutes = number(bytes[start + 4..<start + 6]), minutes < 60
        else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in digits {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte) - 0x30
        }
        return value
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
