/// Normal forms of e-mail addresses, domains and countries (CONTRACT.md 3 and 5).
package enum Address {
    /// The normal form of an e-mail address, or nil if it is not one.
    ///
    /// Trimmed and lower-cased; must match `^[^@\s]+@[^@\s]+\.[^@\s]+$`.
    package static func email(_ text: String) -> String? {
        let email = trimmed(text).lowercased()
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !email.contains(where: \.isWhitespace) else {
            return nil
        }
        let domain = Array(parts[1].unicodeScalars)
        let hasInnerDot = domain.indices.contains { index in
            domain[index] == "." && index > 0 && index < domain.count - 1
        }
        return hasInnerDot ? email : nil
    }

    /// The part of a normal e-mail address after the `@`.
    package static func domain(ofEmail email: String) -> String {
        email.split(separator: "@", maxSplits: 1).last.map(String.init) ?? email
    }

    /// The normal form of a domain, or nil if nothing is left.
    ///
    /// Lower case, without scheme, port, path, `www.` and trailing dots.
    package static func domain(_ text: String) -> String? {
        var domain = Substring(trimmed(text).lowercased())
        if let scheme = domain.firstRange(of: "://") { domain = domain[scheme.upperBound...] }
        if let end = domain.firstIndex(where: { "/?#".contains($0) }) { domain = domain[..<end] }
        if let port = domain.lastIndex(of: ":") { domain = domain[..<port] }
        if domain.hasPrefix("www.") { domain = domain.dropFirst(4) }
        while domain.hasSuffix(".") { domain = domain.dropLast() }
        return domain.isEmpty ? nil : String(domain)
    }

    /// The domain and its parents that still have a dot: `a.b.co` gives `a.b.co` and `b.co`.
    package static func withParents(_ domain: String) -> [String] {
        var found = [domain]
        var rest = Substring(domain)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if rest.contains(".") { found.append(String(rest)) }
        }
        return found
    }

    /// The normal form of a key of `reference.suppressions`: an e-mail address if it has an `@`, else a domain.
    package static func suppressionEntry(_ text: String) -> String? {
        text.contains("@") ? email(text) : domain(text)
    }

    /// The ISO 3166-1 alpha-2 code in upper case, or nil if there is no such country; `UK` means GB.
    package static func country(_ text: String) -> String? {
        let code = trimmed(text).uppercased()
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
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
        BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE \
        EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
        HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC \
        LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
        NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
        SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO \
        TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
        """.split(separator: " ").map(String.init))
}
