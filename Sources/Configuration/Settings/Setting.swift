import DefinitionFiles
import Qualification

/// The declaration of one setting: its names, its range, its meaning.
///
/// The file, the environment, the flags, `--help` and the README all go by these declarations.
package struct Setting: Sendable {
    /// The name in the file; a dot stands for nesting, as in `topics.leads`.
    package let name: String
    /// One sentence without full stop.
    package let meaning: String
    /// What values it takes: `a time from 1ms to 10s`.
    package let values: String
    /// Whether an empty text is a value; else an empty environment variable counts as not set.
    let mayBeEmpty: Bool
    /// Puts a written value into the settings; false if it is none.
    let apply: @Sendable (String, inout Settings) -> Bool
    /// The value as one would write it.
    package let shown: @Sendable (Settings) -> String

    /// `HANDOFF_` and the name in upper case.
    package var environmentName: String {
        "HANDOFF_" + name.uppercased().replacing(".", with: "_")
    }

    /// `--` and the name with hyphens.
    package var flag: String {
        "--" + name.replacing("_", with: "-").replacing(".", with: "-")
    }

    /// The default as one would write it.
    package var defaultValue: String { shown(Settings()) }

    /// Where a setting is kept.
    typealias Path<Value> = any WritableKeyPath<Settings, Value> & Sendable

    /// A text that must match `isValid`.
    static func text(
        _ name: String, _ path: Path<String>, values: String,
        mayBeEmpty: Bool = false, _ meaning: String,
        isValid: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> Setting {
        Setting(
            name: name, meaning: meaning, values: values, mayBeEmpty: mayBeEmpty,
            apply: { text, settings in
                let isBlank = text.allSatisfy(\.isWhitespace)
                guard isBlank ? mayBeEmpty : isValid(text) else { return false }
                settings[keyPath: path] = isBlank ? "" : text
                return true
            },
            shown: { $0[keyPath: path] })
    }

    /// A whole number in a range.
    static func whole(
        _ name: String, _ path: Path<Int>,
        _ range: ClosedRange<Int>, _ meaning: String
    ) -> Setting {
        Setting(
            name: name, meaning: meaning,
            values: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            mayBeEmpty: false,
            apply: { text, settings in
                guard let number = Int(text), range.contains(number) else { return false }
                settings[keyPath: path] = number
                return true
            },
            shown: { String($0[keyPath: path]) })
    }

    /// A number of bytes, which may be written as `64MiB`.
    static func bytes(
        _ name: String, _ path: Path<Int>,
        _ range: ClosedRange<Int>, _ meaning: String
    ) -> Setting {
        let least = ByteCount.text(range.lowerBound)
        let most = ByteCount.text(range.upperBound)
        return Setting(
            name: name, meaning: meaning, values: "bytes from \(least) to \(most)",
            mayBeEmpty: false,
            apply: { text, settings in
                guard let bytes = ByteCount.read(text), range.contains(bytes) else { return false }
                settings[keyPath: path] = bytes
                return true
            },
            shown: { ByteCount.text($0[keyPath: path]) })
    }

    /// A length of time in a range.
    static func span(
        _ name: String, _ path: Path<Span24h>,
        from least: String, to most: String, _ meaning: String
    ) -> Setting {
        Setting(
            name: name, meaning: meaning, values: "a time from \(least) to \(most)",
            mayBeEmpty: false,
            apply: { text, settings in
                guard let span = Span24h(written: text, allowsMilliseconds: true),
                    let least = Span24h(written: least, allowsMilliseconds: true),
                    let most = Span24h(written: most, allowsMilliseconds: true),
                    (least...most).contains(span)
                else { return false }
                settings[keyPath: path] = span
                return true
            },
            shown: { $0[keyPath: path].written })
    }

    /// One of a few words.
    static func choice<Choice>(
        _ name: String, _ path: Path<Choice>, _ meaning: String
    ) -> Setting
    where Choice: RawRepresentable<String> & CaseIterable & Sendable {
        Setting(
            name: name, meaning: meaning,
            values: Choice.allCases.map(\.rawValue).joined(separator: ", "), mayBeEmpty: false,
            apply: { text, settings in
                guard let choice = Choice(rawValue: text) else { return false }
                settings[keyPath: path] = choice
                return true
            },
            shown: { $0[keyPath: path].rawValue })
    }
}

/// Numbers of bytes as people write them.
enum ByteCount {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    /// Digits with an optional binary unit.
    static func read(_ text: String) -> Int? {
        let unit = units.first { text.hasSuffix($0.name) }
        let digits = text.dropLast(unit?.name.count ?? 0)
        guard let count = Int(digits), count >= 0 else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit?.bytes ?? 1)
        return overflow ? nil : bytes
    }

    /// In the largest unit that divides it.
    static func text(_ bytes: Int) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes % $0.bytes == 0 }) else {
            return String(bytes)
        }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}

extension Span24h {
    /// In the largest unit that divides it: `100ms`, `5m`, `0s`.
    var written: String {
        let units: [(String, Int64)] = [
            ("d", Span24h.milliseconds), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
        ]
        guard total != 0 else { return "0s" }
        let unit = units.first { total % $0.1 == 0 } ?? ("ms", 1)
        return "\(total / unit.1)\(unit.0)"
    }
}
