/// Normal forms of e-mail addresses, domains and countries (CONTRACT.md 3 and 5).
package enum Address {
    /// The normal form of an e-mail address, or nil if it is not one.
    ///
    /// Trimmed and lower-cased; must match `^[^@\s]+@[^@\s]+\.[^@\s]+$`.
    package static func email(_ text: String) -> String? {
        if let ascii = PlainText(text) {
            guard let bytes = ascii.trimmedAndLowered, isEmail(bytes) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
        let email = trimmed(text).lowercased()
        let hasSpace = email.unicodeScalars.contains { $0.properties.isWhitespace }
        return !hasSpace && isEmail(Array(email.utf8)) ? email : nil
    }

    /// `^[^@\s]+@[^@\s]+\.[^@\s]+$` for text without white space.
    private static func isEmail(_ bytes: [UInt8]) -> Bool {
        guard let at = bytes.firstIndex(of: UInt8(ascii: "@")), at > 0,
            !bytes[(at + 1)...].contains(UInt8(ascii: "@"))
        else { return false }
        let domain = bytes[(at + 1)...]
        return domain.indices.contains { place in
            domain[place] == UInt8(ascii: ".") && place > domain.startIndex
                && place < domain.endIndex - 1
        }
    }

    /// The part of a normal e-mail address after the `@`.
    package static func domain(ofEmail email: String) -> String {
        guard let at = email.utf8.firstIndex(of: UInt8(ascii: "@")) else { return email }
        return String(email[email.utf8.index(after: at)...])
    }

    /// The normal form of a domain, or nil if nothing is left.
    ///
    /// Lower case, without scheme, port, path, `www.` and trailing dots.
    package static func domain(_ text: String) -> String? {
        if let ascii = PlainText(text), ascii.isBareDomain { return text }
        var domain = Substring(trimmed(text).lowercased())
        let beforePath = domain.prefix { !"/?#".contains($0) }
        if beforePath.hasSuffix(":"), domain[beforePath.endIndex...].hasPrefix("//") {
            domain = domain[beforePath.endIndex...].dropFirst(2)
        }
        if let end = domain.firstIndex(where: { "/?#".contains($0) }) { domain = domain[..<end] }
        if let port = domain.lastIndex(of: ":") { domain = domain[..<port] }
        if domain.hasPrefix("www.") { domain = domain.dropFirst(4) }
        while domain.hasSuffix(".") { domain = domain.dropLast() }
        return domain.isEmpty ? nil : String(domain)
    }

    /// The domain and all its parents: `a.b.co` gives `a.b.co`, `b.co` and `co`.
    package static func withParents(_ domain: String) -> [String] {
        var found = [domain]
        var rest = Substring(domain).utf8
        while let dot = rest.firstIndex(of: UInt8(ascii: ".")) {
            rest = rest[rest.index(after: dot)...]
            if !rest.isEmpty { found.append(String(Substring(rest))) }
        }
        return found
    }

    /// The normal form of a key of `reference.suppressions`: an e-mail address if it has an `@`,
    /// else a domain.
    package static func suppressionEntry(_ text: String) -> String? {
        text.contains("@") ? email(text) : domain(text)
    }

    /// The ISO 3166-1 alpha-2 code in upper case, or nil if there is no such country; `UK` means
    /// GB.
    package static func country(_ text: String) -> String? {
        if text.utf8.count == 2, countries.contains(text) { return text }
        // ASCII only: Unicode upper-casing turns letters such as sharp s into two that are a code.
        guard let code = PlainText(text)?.trimmedAndUppered else { return nil }
        if code == "UK" { return "GB" }
        return code.utf8.count == 2 && countries.contains(code) ? code : nil
    }

    /// The text without white space at both ends.
    package static func trimmed(_ text: String) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    /// ISO 3166-1 alpha-2, officially assigned codes.
    private static let countries: Set<String> = Set(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
        BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ \
        DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP \
        GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG \
        KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML \
        MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE \
        PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL \
        SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM \
        US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
        """.split(separator: " ").map(String.init))
}

/// A text of ASCII only, as nearly all addresses are, whose normal form needs no Unicode tables.
private struct PlainText {
    private let bytes: [UInt8]

    init?(_ text: String) {
        bytes = Array(text.utf8)
        if bytes.contains(where: { $0 >= 0x80 }) { return nil }
    }

    /// Lower case without white space at both ends; nil if there is any in between.
    var trimmedAndLowered: [UInt8]? {
        let first = bytes.firstIndex { !PlainText.isSpace($0) } ?? bytes.endIndex
        let last = bytes.lastIndex { !PlainText.isSpace($0) } ?? bytes.startIndex
        if first >= bytes.endIndex { return [] }
        var lowered: [UInt8] = []
        lowered.reserveCapacity(last - first + 1)
        for byte in bytes[first...last] {
            if PlainText.isSpace(byte) { return nil }
            lowered.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)
        }
        return lowered
    }

    /// Upper case without white space at both ends.
    var trimmedAndUppered: String? {
        trimmedAndLowered.map { lowered in
            let uppered = lowered.map { $0 &- UInt8(ascii: "a") < 26 ? $0 & 0xdf : $0 }
            return String(decoding: uppered, as: UTF8.self)
        }
    }

    /// Whether this is a domain in its normal form already: nothing to strip, nothing to lower.
    var isBareDomain: Bool {
        if bytes.isEmpty || bytes.last == UInt8(ascii: ".") || bytes.starts(with: "www.".utf8) {
            return false
        }
        return bytes.allSatisfy { byte in
            byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte &- 9 < 5
    }
}
