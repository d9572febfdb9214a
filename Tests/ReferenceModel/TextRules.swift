/// How domains are compared (section 5).
enum Domain {
    /// Lower-case, without scheme, `www.`, path and trailing dot.
    static func normalised(_ written: String) -> String {
        var text = written.trimmed.lowercased()[...]
        if let scheme = text.firstRange(of: "://") { text = text[scheme.upperBound...] }
        text = text.prefix { $0 != "/" }
        if text.hasPrefix("www.") { text = text.dropFirst(4) }
        while text.hasSuffix(".") { text = text.dropLast() }
        return String(text)
    }

    /// The domain and its parents, the longest first.
    static func withParents(_ domain: String) -> [String] {
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        return labels.indices.map { labels[$0...].joined(separator: ".") }
    }
}

/// How e-mail addresses are read (section 5).
enum Email {
    /// Trimmed and lower-cased; nil when it does not match `^[^@\s]+@[^@\s]+\.[^@\s]+$`.
    static func normalised(_ written: String) -> String? {
        let text = written.trimmed.lowercased()
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !text.contains(where: \.isWhitespace) else {
            return nil
        }
        // A dot with something on both sides of it.
        let inner = parts[1].dropFirst().dropLast()
        return inner.contains(".") ? text : nil
    }

    static func domain(of email: String) -> String {
        String(email.drop { $0 != "@" }.dropFirst())
    }
}

/// How job titles become words (section 4).
enum JobTitle {
    /// Lower-cased and split at every character that is neither letter nor digit.
    static func words(_ title: String) -> [String] {
        title.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
    }

    /// The value of the first list item one of whose phrases occurs as consecutive words.
    static func value(of words: [String], in list: [ModelDefinition.Persona]) -> String? {
        list.first { item in
            item.phrases.contains { phrase in
                !phrase.isEmpty && words.contains(phrase)
            }
        }?.value
    }
}

/// How country codes are read (section 3).
enum Country {
    /// The upper-case code, `UK` as GB; nil when ISO 3166-1 has no such alpha-2 code.
    static func normalised(_ written: String) -> String? {
        let code = written.uppercased()
        let meant = code == "UK" ? "GB" : code
        return codes.contains(meant) ? meant : nil
    }

    private static let codes = Set(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
        BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
        DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
        GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
        KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
        MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
        PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
        SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
        VN VU WF WS YE YT ZA ZM ZW
        """.split(separator: " ").map(String.init))
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
