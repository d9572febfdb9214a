import Qualification
import Reports
import Testing

/// Dead letters, what is done with them, and the list of them.
struct LetterTests {
    static func header(_ name: String, _ value: String) -> Letter.Header {
        (name, Array(value.utf8))
    }

    /// What the worker appends, in its order.
    static func appended(
        _ reason: String, _ topic: String = "sales.dispositions", partition: Int = 2,
        offset: Int = 44
    ) -> [Letter.Header] {
        [
            header("handoff.error.reason", reason), header("handoff.error.detail", "it is wrong"),
            header("handoff.error.topic", topic),
            header("handoff.error.partition", "\(partition)"),
            header("handoff.error.offset", "\(offset)"),
            header("handoff.error.worker-version", "1"),
        ]
    }

    static func letter(
        _ headers: [Letter.Header], offset: Int64 = 7, key: String? = "ann",
        hasValue: Bool = true, at: Int64 = 1_000
    ) -> Letter {
        Letter(
            place: RecordPlace(partition: 1, offset: offset), timestamp: at,
            key: key.map { Array($0.utf8) }, hasValue: hasValue, headers: headers)
    }

    private static func names(_ headers: [Letter.Header]) -> [String] { headers.map(\.name) }

    @Test func onlyWhatTheWorkerAppendedLastIsTakenOff() {
        // Somebody has put a dead letter back with all its headers, and it died again.
        let nested =
            [LetterTests.header("trace", "x")] + LetterTests.appended("bad_value", "old")
            + LetterTests.appended("unknown_mql")
        let letter = LetterTests.letter(nested)
        #expect(letter.reason == "unknown_mql" && letter.detail == "it is wrong")
        #expect(letter.source?.topic == "sales.dispositions")
        #expect(letter.source?.place == RecordPlace(partition: 2, offset: 44))
        #expect(
            LetterTests.names(letter.original)
                == ["trace"] + LetterTests.names(LetterTests.appended("")))
    }

    @Test func headersInAnotherOrderAreFound() {
        let shuffled =
            LetterTests.appended("unknown_mql").reversed() + [LetterTests.header("trace", "x")]
        let letter = LetterTests.letter(Array(shuffled))
        #expect(letter.reason == "unknown_mql" && letter.source != nil)
        #expect(LetterTests.names(letter.original) == ["trace"])
    }

    @Test func theCountGoesOnAndAnyOtherHeaderStays() {
        let first = LetterTests.letter(
            [("null", nil), LetterTests.header("a", "1"), LetterTests.header("a", "2")]
                + LetterTests.appended("unknown_mql"))
        #expect(first.redrives == 0)
        #expect(LetterTests.names(first.redriveHeaders) == ["null", "a", "a", "handoff.redrives"])
        let again = LetterTests.letter(first.redriveHeaders + LetterTests.appended("unknown_mql"))
        #expect(again.redrives == 1)
        let last = again.redriveHeaders.last?.value.map { String(decoding: $0, as: UTF8.self) }
        #expect(again.redriveHeaders.count == 4 && last == "2")
        for odd in ["-4", "many", ""] {
            let letter = LetterTests.letter(
                [LetterTests.header("handoff.redrives", odd)]
                    + LetterTests.appended("unknown_mql"))
            #expect(letter.redrives == 0, "\(odd)")
        }
    }

    @Test(arguments: ["1000001", "9223372036854775807", "9999999999999999999999"])
    func aCountThatIsTooGreatIsTheGreatest(_ count: String) {
        let letter = LetterTests.letter(
            [LetterTests.header("handoff.redrives", count)] + LetterTests.appended("bad_value"))
        #expect(letter.redrives == 1_000_000)
        #expect(LetterTests.rules().verdict(letter, valueBytes: 1) == .left(.capped))
        #expect(LetterTests.rules().verdict(letter, valueBytes: 1 << 20) == .left(.capped))
        #expect(letter.redriveHeaders.last?.value == Array("1000001".utf8))
        let value = RedriveLedger.value(of: letter, to: 0)
        #expect(String(decoding: value, as: UTF8.self).contains(#""redrives":1000001"#))
    }

    @Test(arguments: [
        ("handoff.error.topic", ""), ("handoff.error.partition", "-1"),
        ("handoff.error.partition", "x"), ("handoff.error.offset", "99999999999999999999"),
    ])
    func aSourceThatIsNoneIsNone(_ name: String, _ value: String) {
        let headers = LetterTests.appended("unknown_mql").map {
            $0.name == name ? LetterTests.header(name, value) : $0
        }
        #expect(LetterTests.letter(headers).source == nil)
        #expect(LetterTests.letter([]).source == nil)
    }

    // MARK: Rules

    private static func rules() -> RedriveRules {
        RedriveRules(
            inputs: [
                "sales.dispositions": .init(partitions: 3, largest: 10_000),
                "marketing.leads": .init(partitions: 0, largest: 10_000),
            ], references: ["reference.accounts"], maxRedrives: 3)
    }

    @Test func everyLetterHasAnOutcome() {
        var rules = LetterTests.rules()
        rules.homes = [Array("ann".utf8): 1]
        let done = LetterTests.letter(LetterTests.appended("bad_value"), offset: 8)
        rules.ledger.take(
            key: RedriveLedger.key(of: done.place), value: RedriveLedger.value(of: done, to: 2))
        let count = LetterTests.header("handoff.redrives", "3")
        let partial = LetterTests.header("handoff.error.truncated-from", "9")
        let bad = LetterTests.appended("bad_value")
        let cases: [(Letter, Int, RedriveVerdict)] = [
            (LetterTests.letter(bad), 100, .redrive(partition: 2)),
            (LetterTests.letter(LetterTests.appended("unknown_mql")), 1, .redrive(partition: 1)),
            (
                LetterTests.letter(LetterTests.appended("unknown_mql"), key: "bob"), 1,
                .left(.homeless)
            ),
            (LetterTests.letter([]), 1, .left(.sourceless)),
            (done, 1, .left(.done)),
            (
                LetterTests.letter(LetterTests.appended("not_json", "reference.accounts")), 1,
                .left(.reference)
            ),
            (LetterTests.letter(LetterTests.appended("bad_value", "x")), 1, .left(.foreign)),
            (
                LetterTests.letter(LetterTests.appended("bad_value", "marketing.leads")), 1,
                .left(.noTopic)
            ),
            (LetterTests.letter(LetterTests.appended("field_ignored")), 1, .left(.applied)),
            (LetterTests.letter(bad, hasValue: false), 0, .left(.empty)),
            (LetterTests.letter(bad + [partial]), 1, .left(.truncated)),
            (
                LetterTests.letter(LetterTests.appended("bad_value", partition: 3)), 1,
                .left(.noPartition)
            ),
            (LetterTests.letter(bad), 9_900, .left(.tooLarge)),
            (LetterTests.letter([count] + bad), 1, .left(.capped)),
        ]
        for (letter, bytes, verdict) in cases {
            #expect(rules.verdict(letter, valueBytes: bytes) == verdict)
        }
        var tally = RedriveTally()
        for (letter, bytes, _) in cases {
            tally.count(letter, rules.verdict(letter, valueBytes: bytes))
        }
        tally.count(done, .left(.limited))
        #expect(tally.redriven == 2 && tally.left == 13)
        for obstacle in RedriveObstacle.allCases {
            #expect(tally.count(obstacle) == 1)
            #expect(tally.text(isDryRun: true).contains("left: \(obstacle.sentence)"))
        }
    }

    @Test func anotherLetterAtTheSamePlaceIsNotTheOneThatWasRedriven() {
        let old = LetterTests.letter(LetterTests.appended("bad_value"))
        var ledger = RedriveLedger()
        ledger.take(
            key: RedriveLedger.key(of: old.place), value: RedriveLedger.value(of: old, to: 2))
        #expect(ledger.holds(old))
        // The topic was made anew: the same offset, another record or another time.
        #expect(!ledger.holds(LetterTests.letter(LetterTests.appended("bad_value", offset: 45))))
        #expect(!ledger.holds(LetterTests.letter(LetterTests.appended("bad_value"), at: 2_000)))
        #expect(ledger.outdated(first: [1: 7]).isEmpty)
        #expect(ledger.outdated(first: [1: 8]) == [old.place])
        // Nothing is known of its partition, which is not to say that it is gone.
        #expect(ledger.outdated(first: [0: 9]).isEmpty && ledger.outdated(first: [:]).isEmpty)
        // What cannot be read counts as redriven; what is deleted does not.
        ledger.take(key: RedriveLedger.key(of: old.place), value: Array("?".utf8))
        #expect(ledger.holds(LetterTests.letter(LetterTests.appended("bad_value"), at: 2_000)))
        ledger.take(key: RedriveLedger.key(of: old.place), value: nil)
        #expect(!ledger.holds(old) && ledger.count == 0)
        ledger.take(key: Array("nonsense".utf8), value: Array("{}".utf8))
        #expect(ledger.count == 0)
    }

    // MARK: List

    @Test func theListIsTheSameInAnyOrder() {
        let letters = (0..<40).map { (number: Int) -> Letter in
            let reason = number % 3 == 0 ? "bad_value" : "unknown_mql"
            let time = Int64(number % 7) * 1_000
            return LetterTests.letter(
                LetterTests.appended(reason), offset: Int64(number), at: time)
        }
        func json(_ letters: [Letter]) -> String {
            var list = LetterList(samples: 4)
            for letter in letters { list.add(letter, isRedriven: letter.place.offset % 2 == 0) }
            return list.json(asOf: Timestamp(milliseconds: 0), filter: LetterFilter()).pretty
        }
        let wanted = json(letters)
        #expect(json(letters.reversed()) == wanted)
        #expect(json(letters.shuffled()) == wanted)
        #expect(wanted.contains(#""letters": 40"#) && wanted.contains(#""redriven": 20"#))
    }

    @Test func nothingInALetterSteersTheTerminal() {
        let evil = "\u{1b}[2J\u{7}\u{202e}"
        let headers = LetterTests.appended("bad\(evil)", "topic\(evil)").map {
            $0.name == "handoff.error.detail" ? LetterTests.header($0.name, "x\(evil)\ny") : $0
        }
        let letter = LetterTests.letter(headers, key: "key\(evil)")
        var list = LetterList(samples: 1)
        list.add(letter, isRedriven: false)
        var tally = RedriveTally()
        tally.count(letter, .redrive(partition: 0))
        let json = list.json(asOf: Timestamp(milliseconds: 0), filter: LetterFilter()).compact
        for text in [list.text, json, tally.text(isDryRun: false)] {
            for scalar in evil.unicodeScalars where scalar != "[" && scalar != "2" && scalar != "J"
            {
                #expect(!text.unicodeScalars.contains(scalar), "\(text)")
            }
        }
    }

    @Test func tooManyGroupsAreOne() {
        var list = LetterList(samples: 1)
        for number in 0..<1_500 {
            list.add(LetterTests.letter(LetterTests.appended("code-\(number)")), isRedriven: false)
        }
        let text = list.text
        #expect(text.contains("1500 letters"))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("-  ") || $0.hasPrefix("- ") } > 0)
    }

    @Test func theFilterChooses() {
        let letter = LetterTests.letter(LetterTests.appended("unknown_mql"), at: 5_000)
        #expect(LetterFilter().lets(letter))
        #expect(LetterFilter(reasons: ["unknown_mql"], topics: ["sales.dispositions"]).lets(letter))
        #expect(LetterFilter(key: "ann", since: 5_000, until: 5_001).lets(letter))
        let others = [
            LetterFilter(reasons: ["bad_value"]), LetterFilter(topics: ["marketing.leads"]),
            LetterFilter(key: "an"), LetterFilter(since: 5_001), LetterFilter(until: 5_000),
        ]
        for filter in others { #expect(!filter.lets(letter)) }
        #expect(LetterFilter(since: 1).lets(LetterTests.letter([], at: -1)))
        #expect(!LetterFilter(key: "").lets(LetterTests.letter([], key: nil)))
    }
}
