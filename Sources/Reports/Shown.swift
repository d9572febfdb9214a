/// Texts of messages as they may be shown: whoever fills in a form decides what they hold.
package enum Shown {
    /// The text with every control character replaced by U+FFFD, so that none reaches a terminal.
    package static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { shown.append(isHidden(scalar) ? "\u{fffd}" : scalar) }
        return String(shown)
    }

    /// JSON text with an escape for every character that a terminal would act on.
    ///
    /// C0 stays: in JSON it can only be white space between values.
    package static func json(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isHidden($0) && $0.value >= 0x20 }) else {
            return text
        }
        var shown = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar), scalar.value >= 0x20 {
                let digits = String(scalar.value, radix: 16)
                shown += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// The text as content or quoted attribute of an HTML page.
    package static func html(_ text: String) -> String {
        var shown = ""
        for scalar in plain(text).unicodeScalars {
            switch scalar {
            case "&": shown += "&amp;"
            case "<": shown += "&lt;"
            case ">": shown += "&gt;"
            case "\"": shown += "&quot;"
            case "'": shown += "&#39;"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// C0, DEL and C1 steer terminals, line and paragraph separators break lines, and the
    /// bidirectional controls make text look like another (Unicode TR36).
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0x61c: true
        default: false
        }
    }
}
