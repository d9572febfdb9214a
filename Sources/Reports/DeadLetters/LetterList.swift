package import Qualification

/// The dead letters grouped by reason and source topic, in any order of reading.
package struct LetterList: Sendable {
    /// What letters are grouped by.
    private struct Group: Hashable, Comparable {
        var reason: String?
        var topic: String?

        static func < (left: Group, right: Group) -> Bool {
            (left.reason ?? "", left.topic ?? "") < (right.reason ?? "", right.topic ?? "")
        }
    }

    private struct Content: Sendable {
        var count = 0
        var redriven = 0
        var first: Int64?
        var last: Int64?
        /// The latest, newest first.
        var samples: [(letter: Letter, isRedriven: Bool)] = []
    }

    /// Reasons and topics stand in headers that anybody can write; letters of more groups than this
    /// are counted as if they had none.
    private static let groupLimit = 1_000

    /// Texts of a table are cut to so many characters.
    private static let longestDetail = 160

    private let sampleCount: Int
    private var groups: [Group: Content] = [:]
    /// Letters that were counted.
    package private(set) var count = 0
    /// Those of them that have been redriven.
    package private(set) var redriven = 0

    /// Nothing counted yet; each group will show so many of its latest letters.
    package init(samples: Int) { sampleCount = samples }

    /// Counts a letter.
    package mutating func add(_ letter: Letter, isRedriven: Bool) {
        var group = Group(reason: letter.reason, topic: letter.source?.topic)
        if groups[group] == nil, groups.count >= LetterList.groupLimit { group = Group() }
        count += 1
        redriven += isRedriven ? 1 : 0
        var content = groups[group] ?? Content()
        content.count += 1
        content.redriven += isRedriven ? 1 : 0
        if letter.timestamp >= 0 {
            content.first = min(content.first ?? .max, letter.timestamp)
            content.last = max(content.last ?? .min, letter.timestamp)
        }
        let place = content.samples.firstIndex { LetterList.isNewer(letter, than: $0.letter) }
        content.samples.insert((letter, isRedriven), at: place ?? content.samples.count)
        if content.samples.count > sampleCount { content.samples.removeLast() }
        groups[group] = content
    }

    private static func isNewer(_ letter: Letter, than other: Letter) -> Bool {
        if letter.timestamp != other.timestamp { return letter.timestamp > other.timestamp }
        return other.place < letter.place
    }

    /// The largest group first.
    private var sorted: [(group: Group, content: Content)] {
        groups.map { ($0.key, $0.value) }.sorted { left, right in
            left.1.count == right.1.count ? left.0 < right.0 : left.1.count > right.1.count
        }
    }

    /// For a terminal: a table of the groups, then their samples.
    package var text: String {
        guard count > 0 else { return "no dead letters" }
        var table = TextTable(
            ["reason", "source topic", "letters", "redriven", "first", "last"], numbersFrom: 2)
        for (group, content) in sorted {
            table.add([
                group.reason ?? "-", group.topic ?? "-", "\(content.count)",
                "\(content.redriven)", LetterList.time(content.first),
                LetterList.time(content.last),
            ])
        }
        var lines = table.lines(longest: 80)
        for (group, content) in sorted where !content.samples.isEmpty {
            lines += ["", Shown.plain("\(group.reason ?? "-")  \(group.topic ?? "-")")]
            lines += content.samples.map { LetterList.line($0.letter, $0.isRedriven) }
        }
        lines += ["", "\(count) letters, \(redriven) redriven"]
        return lines.joined(separator: "\n")
    }

    private static func time(_ timestamp: Int64?) -> String {
        guard let stamp = timestamp.flatMap(Shown.stamp) else { return "-" }
        return "\(stamp.prefix(10)) \(stamp.dropFirst(11).prefix(8))"
    }

    private static func line(_ letter: Letter, _ isRedriven: Bool) -> String {
        var parts = ["\(letter.place.partition)@\(letter.place.offset)", time(letter.timestamp)]
        if let source = letter.source {
            parts.append("from \(source.place.partition)@\(source.place.offset)")
        }
        let key = letter.key.map { String(validating: $0, as: UTF8.self) ?? Base64.text($0) }
        parts.append(key.map { "key \($0)" } ?? "no key")
        if letter.redrives > 0 { parts.append("came back \(letter.redrives) times") }
        if isRedriven { parts.append("redriven") }
        let detail = letter.detail ?? "no detail"
        parts.append(
            detail.count > longestDetail ? detail.prefix(longestDetail - 1) + "…" : detail)
        return "  " + Shown.plain(parts.joined(separator: "  "))
    }

    /// For programs: schemas/dead-letters.json.
    package func json(asOf now: Timestamp, filter: LetterFilter) -> JSONTree {
        func time(_ milliseconds: Int64?) -> JSONTree? {
            milliseconds.flatMap(Shown.stamp).map(JSONTree.text)
        }
        return .object([
            ("as_of", .text(now.description)),
            (
                "filter",
                .object([
                    ("reasons", .array(filter.reasons.sorted().map(JSONTree.text))),
                    ("topics", .array(filter.topics.sorted().map(JSONTree.text))),
                    ("key", filter.key.map(JSONTree.text)),
                    ("since", time(filter.since)), ("until", time(filter.until)),
                ])
            ),
            ("letters", .whole(count)), ("redriven", .whole(redriven)),
            (
                "groups",
                .array(
                    sorted.map { group, content in
                        .object([
                            ("reason", group.reason.map(JSONTree.text)),
                            ("topic", group.topic.map(JSONTree.text)),
                            ("letters", .whole(content.count)),
                            ("redriven", .whole(content.redriven)),
                            ("first", time(content.first)), ("last", time(content.last)),
                            (
                                "samples",
                                .array(
                                    content.samples.map {
                                        LetterList.json($0.letter, $0.isRedriven)
                                    })
                            ),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ letter: Letter, _ isRedriven: Bool) -> JSONTree {
        let key = letter.key.map { String(validating: $0, as: UTF8.self) }
        return .object([
            ("partition", .whole(Int(letter.place.partition))),
            ("offset", .whole(Int(letter.place.offset))),
            ("at", letter.stamp.map(JSONTree.text)),
            (
                "source",
                letter.source.map { source in
                    .object([
                        ("partition", .whole(Int(source.place.partition))),
                        ("offset", .whole(Int(source.place.offset))),
                    ])
                }
            ),
            ("key", key.flatMap { $0 }.map(JSONTree.text)),
            (
                "key_base64",
                key != nil && key == .some(nil)
                    ? letter.key.map { .text(Base64.text($0)) } : nil
            ),
            ("detail", letter.detail.map(JSONTree.text)),
            ("redrives", .whole(letter.redrives)), ("redriven", .flag(isRedriven)),
        ])
    }
}

extension Shown {
    /// A Kafka timestamp in RFC 3339; nil for none.
    static func stamp(_ milliseconds: Int64) -> String? {
        guard milliseconds >= 0 else { return nil }
        return min(Timestamp(milliseconds: milliseconds), .latestAccepted).description
    }
}
