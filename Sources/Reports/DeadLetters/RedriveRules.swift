import WireFormats

/// What a redrive does with a dead letter.
package enum RedriveVerdict: Sendable, Hashable {
    /// It goes to this partition of its topic.
    case redrive(partition: Int32)
    /// It stays where it is.
    case left(RedriveObstacle)
}

/// Why a dead letter is not redriven, in the order in which they apply.
package enum RedriveObstacle: Int, Sendable, CaseIterable, Comparable {
    case sourceless, done, reference, foreign, noTopic, applied, empty, truncated, noPartition
    case capped, tooLarge, homeless, limited

    package static func < (left: RedriveObstacle, right: RedriveObstacle) -> Bool {
        left.rawValue < right.rawValue
    }

    /// What the operator reads.
    package var sentence: String {
        switch self {
        case .sourceless: "no headers that say where it came from"
        case .done: "redriven before"
        case .reference:
            "a row of reference data: the old row would replace a newer one; load a correct one"
        case .foreign: "its topic is not an input of these settings"
        case .noTopic: "its topic does not exist"
        case .applied:
            "the event was applied without the wrong field; its copy would be dropped as a repeat"
        case .empty: "its value is null, which is no event"
        case .truncated: "only a part of its value was kept"
        case .noPartition: "its partition does not exist"
        case .homeless: "no partition of the changelog holds its lead"
        case .tooLarge: "larger than max.message.bytes of its topic"
        case .capped: "redriven --max-redrives times already"
        case .limited: "for a later run, because of --limit"
        }
    }
}

/// Decides, letter by letter, what a redrive does: a pure function of what was looked up before.
package struct RedriveRules: Sendable {
    /// An input as it is on the broker.
    package struct Input: Sendable {
        /// How many partitions it has; 0 if it is missing.
        package var partitions: Int
        /// The largest record that it takes, in bytes.
        package var largest: Int

        /// Everything given.
        package init(partitions: Int, largest: Int) {
            self.partitions = partitions
            self.largest = largest
        }
    }

    /// Bytes of a record beside key, value and headers, at most.
    private static let overhead = 512

    /// The inputs by their full names.
    package var inputs: [String: Input]
    /// The topics of reference data by their full names.
    package var references: Set<String>
    /// How often one record may be redriven.
    package var maxRedrives: Int
    /// What was redriven before.
    package var ledger = RedriveLedger()
    /// The partitions of the lanes that hold the leads of `unknown_mql` letters, by key.
    package var homes: [[UInt8]: Int32] = [:]

    /// Nothing redriven yet, no homes known.
    package init(inputs: [String: Input], references: Set<String>, maxRedrives: Int) {
        self.inputs = inputs
        self.references = references
        self.maxRedrives = maxRedrives
    }

    /// Whether it must be known which lane holds the letter's lead (CONTRACT.md 2).
    package func needsHome(_ letter: Letter) -> Bool {
        letter.reason == DeadLetterReason.unknownMQL.rawValue
            && obstacle(letter, valueBytes: 0) == nil
    }

    /// What to do with a letter whose value has so many bytes.
    package func verdict(_ letter: Letter, valueBytes: Int) -> RedriveVerdict {
        if let obstacle = obstacle(letter, valueBytes: valueBytes) { return .left(obstacle) }
        guard let source = letter.source else { return .left(.sourceless) }
        if letter.reason == DeadLetterReason.unknownMQL.rawValue {
            guard let home = homes[letter.key ?? []] else { return .left(.homeless) }
            return .redrive(partition: home)
        }
        return .redrive(partition: source.place.partition)
    }

    /// Why it stays, homes apart.
    private func obstacle(_ letter: Letter, valueBytes: Int) -> RedriveObstacle? {
        guard let source = letter.source else { return .sourceless }
        if ledger.holds(letter) { return .done }
        if references.contains(source.topic) { return .reference }
        guard let input = inputs[source.topic] else { return .foreign }
        if input.partitions == 0 { return .noTopic }
        if letter.reason == DeadLetterReason.fieldIgnored.rawValue { return .applied }
        if !letter.hasValue { return .empty }
        if letter.isTruncated { return .truncated }
        if Int(source.place.partition) >= input.partitions { return .noPartition }
        if letter.redrives >= maxRedrives { return .capped }
        let size =
            (letter.key?.count ?? 0) + valueBytes + RedriveRules.overhead
            + letter.redriveHeaders.reduce(0) { sum, header in
                sum + header.name.utf8.count + (header.value?.count ?? 0) + 10
            }
        return size > input.largest ? .tooLarge : nil
    }
}

/// What a redrive did, or would do, by reason, source topic and outcome.
package struct RedriveTally: Sendable {
    private struct Row: Hashable, Comparable {
        /// -1 for what is redriven.
        var order: Int
        var reason: String
        var topic: String

        static func < (left: Row, right: Row) -> Bool {
            (left.order, left.reason, left.topic) < (right.order, right.reason, right.topic)
        }
    }

    private var rows: [Row: Int] = [:]
    /// Letters in the topic, chosen by the filter or not.
    package var seen = 0
    /// Letters that are redriven.
    package private(set) var redriven = 0
    /// Letters that the filter chose and that stay.
    package private(set) var left = 0

    /// Nothing seen yet.
    package init() {}

    /// Counts a letter that the filter chose.
    package mutating func count(_ letter: Letter, _ verdict: RedriveVerdict) {
        var order = -1
        if case .left(let obstacle) = verdict {
            order = obstacle.rawValue
            left += 1
        } else {
            redriven += 1
        }
        rows[
            Row(
                order: order, reason: letter.reason ?? "-", topic: letter.source?.topic ?? "-"),
            default: 0] += 1
    }

    /// How many letters stay for a reason.
    package func count(_ obstacle: RedriveObstacle) -> Int {
        rows.filter { $0.key.order == obstacle.rawValue }.values.reduce(0, +)
    }

    /// One line for each reason, topic and outcome, and one that sums up.
    package func text(isDryRun: Bool) -> String {
        var lines: [String] = []
        if !rows.isEmpty {
            var table = TextTable(["reason", "source topic", "letters", ""], numbersFrom: 2)
            let sorted = rows.sorted { $0.key < $1.key }
            for (row, count) in sorted { table.add([row.reason, row.topic, "\(count)"]) }
            lines = table.lines(longest: 80)
            for (place, row) in sorted.enumerated() {
                let obstacle = RedriveObstacle(rawValue: row.key.order)
                lines[place + 1] +=
                    "  "
                    + (obstacle.map { "left: \($0.sentence)" }
                        ?? (isDryRun ? "would be redriven" : "redriven"))
            }
            lines.append("")
        }
        let chosen = "\(redriven) of \(redriven + left) chosen letters, \(seen) in all"
        lines.append(
            isDryRun
                ? "dry run, nothing was published: would redrive \(chosen)"
                    + (redriven > 0 ? "; add --execute to do it" : "")
                : "redriven: \(chosen)")
        return lines.joined(separator: "\n")
    }
}
