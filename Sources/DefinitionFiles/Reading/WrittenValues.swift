package import Qualification

extension Points {
    /// Decimal digits with an optional sign and at most two decimals (further zeros are no
    /// decimals).
    package init?(decimal text: String) {
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(whole.count)
        var decimals: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            decimals = Array(rest.dropFirst())
            guard !decimals.isEmpty else { return nil }
        } else if !rest.isEmpty {
            return nil
        }
        while decimals.count > 2, decimals.last == UInt8(ascii: "0") { decimals.removeLast() }
        guard !whole.isEmpty || !decimals.isEmpty, decimals.allSatisfy(\.isDigit),
            decimals.count <= 2
        else { return nil }
        decimals += [UInt8](repeating: UInt8(ascii: "0"), count: 2 - decimals.count)
        let digits = String(decoding: Array(whole) + decimals, as: UTF8.self)
        guard let magnitude = Int64(digits) else { return nil }
        self.init(hundredths: isNegative ? -magnitude : magnitude)
    }
}

extension Span24h {
    /// A whole number and one of s, m, h, d; with `allowsMilliseconds` also ms.
    package init?(written text: String, allowsMilliseconds: Bool = false) {
        let digits = text.utf8.prefix(while: \.isDigit)
        guard !digits.isEmpty, let count = Int64(String(decoding: digits, as: UTF8.self)) else {
            return nil
        }
        let unit: Int64
        switch String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self) {
        case "ms" where allowsMilliseconds: unit = 1
        case "s": unit = 1_000
        case "m": unit = 60_000
        case "h": unit = 3_600_000
        case "d": unit = Span24h.milliseconds
        default: return nil
        }
        let (total, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.init(milliseconds: total)
    }
}

extension UTCDay {
    /// A date `YYYY-MM-DD` that exists.
    package init?(written text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy(\.isDigit) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            year >= 2000
        else { return nil }
        self.init(year: year, month: month, day: day)
    }
}

/// The words of job titles and of the phrases that are looked for in them (CONTRACT.md 4).
enum TitleWords {
    /// Lower-cased, split at every character that is not a letter or digit.
    static func split(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
