import Foundation
import Glibc
import KafkaClient
import TestSupport
import Testing
import WireFormats

@Suite("handoff dead-letters", .timeLimit(.minutes(10)), .serialized)
struct DeadLettersTests {
    private static let letters = "handoff.dead-letters"
    private static let answers = "sales.dispositions"

    private static func place() async throws -> Place {
        let place = try await Place()
        let run = try await place.run(["topics", "ensure"])
        try #require(run.exitCode == 0, "\(run.errors)")
        return place
    }

    /// A record as the worker writes it.
    private static func letter(
        _ reason: String, _ key: String, from topic: String = answers, partition: Int = 0,
        offset: Int, value: String? = "{}", more: [String: String] = [:], in place: Place
    ) -> Published {
        Published(
            topic: letters, key: key, value: value, partition: Int32(offset % 3),
            headers: [
                "handoff.error.reason": reason, "handoff.error.detail": "\(key) was wrong",
                "handoff.error.topic": place.prefix + topic,
                "handoff.error.partition": "\(partition)", "handoff.error.offset": "\(offset)",
                "handoff.error.worker-version": "1",
            ].merging(more) { $1 })
    }

    /// Everything committed in a topic, by partition and offset.
    static func records(_ topic: String, in place: Place) async throws -> [StoredRecord] {
        let admin = try AdminClient(settings: place.broker.settings(), logger: .silent)
        let name = place.prefix + topic
        let count = try await place.partitions([topic])[name] ?? 0
        var ends: [TopicPartition: Int64] = [:]
        for number in 0..<Int32(count) {
            let partition = TopicPartition(topic: name, partition: number)
            let end = try await admin.watermarks(partition, isolation: .readUncommitted).high
            if end > 0 { ends[partition] = end }
        }
        guard !ends.isEmpty else { return [] }
        let reader = try PartitionReader(
            settings: place.broker.settings(), isolation: .readCommitted,
            partitions: ends.mapValues { _ in 0 }, logger: .silent)
        var found: [StoredRecord] = []
        try await Eventually.holds("\(topic) read", within: .seconds(60)) {
            if let batch = try await reader.next(max: 10_000, timeout: .milliseconds(200)) {
                found += (0..<batch.count).map { batch.stored(at: $0) }
            }
            let positions = reader.positions()
            return ends.allSatisfy { (positions[$0.key] ?? 0) >= $0.value }
        }
        await reader.close()
        return found.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    private static func redrive(
        _ place: Place, _ arguments: [String] = [], exitCode: Int32 = 0
    ) async throws -> String {
        let run = try await place.run(["dead-letters", "redrive"] + arguments)
        #expect(run.exitCode == exitCode, "\(run.errors)")
        return run.output
    }

    /// A line of the table, spaces taken together.
    private static func has(_ line: String, in output: String) -> Bool {
        output.split(separator: "\n").contains {
            $0.split(separator: " ").joined(separator: " ") == line
        }
    }

    // MARK: Redrive

    @Test("a dry run publishes nothing; then each letter goes once, whatever the filters were")
    func filters() async throws {
        let place = try await Self.place()
        try await place.publish([
            Self.letter(
                "unknown_reason", "ann", partition: 2, offset: 0, value: "{\"a\": 1}",
                more: ["trace": "t1"], in: place),
            Self.letter("unknown_reason", "bob", partition: 1, offset: 1, in: place),
            Self.letter(
                "bad_timestamp", "bob", from: "marketing.leads", offset: 2, value: "not json",
                in: place),
        ])
        let dry = try await Self.redrive(place)
        let (answers, leads) = (place.prefix + Self.answers, place.prefix + "marketing.leads")
        #expect(Self.has("unknown_reason \(answers) 2 would be redriven", in: dry), "\(dry)")
        #expect(Self.has("bad_timestamp \(leads) 1 would be redriven", in: dry), "\(dry)")
        #expect(dry.contains("dry run, nothing was published") && dry.contains("--execute"))
        for topic in [Self.answers, "marketing.leads", "handoff.redrives"] {
            #expect(try await Self.records(topic, in: place).isEmpty)
        }
        let first = try await Self.redrive(
            place, ["--reason", "unknown_reason", "--key", "ann", "--execute"])
        #expect(first.contains("redriven: 1 of 1 chosen letters, 3 in all"), "\(first)")
        let again = try await Self.redrive(place, ["--reason", "unknown_reason", "--execute"])
        #expect(again.contains("redriven: 1 of 2 chosen letters"), "\(again)")
        let rest = try await Self.redrive(place, ["--topic", "marketing.leads", "--execute"])
        #expect(rest.contains("redriven: 1 of 1 chosen letters"), "\(rest)")
        let none = try await Self.redrive(place, ["--execute"])
        #expect(none.contains("redriven: 0 of 3 chosen letters"), "\(none)")
        #expect(Self.has("unknown_reason \(answers) 2 left: redriven before", in: none))

        let got = try await Self.records(Self.answers, in: place)
        #expect(got.map(\.partition) == [1, 2])
        let ann = try #require(got.last)
        #expect(ann.key == Array("ann".utf8) && ann.value == Array("{\"a\": 1}".utf8))
        #expect(ann.headers.map(\.name) == ["trace", "handoff.redrives"])
        #expect(
            ann.headers.map { $0.value.map { String(decoding: $0, as: UTF8.self) } }
                == ["t1", "1"])
        let lead = try await Self.records("marketing.leads", in: place)
        #expect(lead.map(\.value) == [Array("not json".utf8)])
    }

    @Test("letters that cannot be redriven are left, each with its reason")
    func outcomes() async throws {
        let place = try await Self.place()
        let counted = ["handoff.redrives": "3"]
        try await place.publish([
            Self.letter("field_ignored", "a", from: "marketing.leads", offset: 0, in: place),
            Self.letter("not_json", "b", from: "reference.accounts", offset: 1, in: place),
            Published(topic: Self.letters, key: "c", value: "x"),
            Self.letter("not_json", "d", offset: 3, value: nil, in: place),
            Self.letter("not_json", "e", from: "gone", offset: 4, in: place),
            Self.letter("bad_value", "f", partition: 9, offset: 5, in: place),
            Self.letter("bad_value", "g", offset: 6, more: counted, in: place),
            Self.letter(
                "too_large", "h", offset: 7, more: ["handoff.error.truncated-from": "9"],
                in: place),
            Self.letter("unknown_mql", "i", offset: 8, in: place),
            Self.letter(
                "bad_value", "j", offset: 9,
                value: String(repeating: "x", count: 1_100_000), in: place),
            Self.letter("unknown_mql", "home", partition: 0, offset: 10, in: place),
            Published(topic: "handoff.profiles", key: "home", value: "?", partition: 2),
            Published(topic: "handoff.profiles", key: "i", value: "?", partition: 1),
            Published(topic: "handoff.profiles", key: "i", value: nil, partition: 1),
        ])
        for arguments in [[], ["--execute"]] {
            let output = try await Self.redrive(place, arguments)
            let sentences = [
                "the event was applied without the wrong field", "a row of reference data",
                "no headers that say where it came from", "its value is null",
                "its topic is not an input", "its partition does not exist",
                "redriven --max-redrives times already", "only a part of its value",
                "no partition of the changelog holds its lead", "larger than max.message.bytes",
            ]
            for sentence in sentences { #expect(output.contains(sentence), "\(output)") }
            #expect(output.contains("1 of 11 chosen letters, 11 in all"), "\(output)")
        }
        let got = try await Self.records(Self.answers, in: place)
        #expect(got.map(\.partition) == [2] && got.first?.key == Array("home".utf8))
        // The cap is the operator's to raise.
        let raised = try await Self.redrive(place, ["--max-redrives", "4", "--execute"])
        #expect(raised.contains("redriven: 1 of 11 chosen letters"), "\(raised)")
        let counts = try await Self.records(Self.answers, in: place)
            .compactMap { $0.headers.last?.value.map { String(decoding: $0, as: UTF8.self) } }
        #expect(counts.sorted() == ["1", "4"])
    }

    @Test("--limit leaves the others for the next run; a missing topic of redrives is made")
    func limit() async throws {
        let place = try await Place()
        for topic in [
            Self.answers, "marketing.leads", "marketing.activities", "handoff.profiles",
            Self.letters,
        ] {
            try await place.create(topic, partitions: 3)
        }
        try await place.publish(
            (0..<10).map { Self.letter("bad_value", "k\($0)", offset: $0, in: place) })
        #expect(try await Self.redrive(place).contains("would redrive 10 of 10"))
        for (redriven, left) in [(4, 10), (4, 10), (2, 10)] {
            let output = try await Self.redrive(place, ["--limit", "4", "--execute"])
            #expect(output.contains("redriven: \(redriven) of \(left) chosen"), "\(output)")
        }
        #expect(try await Self.records(Self.answers, in: place).count == 10)
        let policy = try await place.configuration("handoff.redrives")["cleanup.policy"]
        #expect(policy == "compact")
    }

    @Test(
        "what is known of letters that are gone is deleted, but not that of partitions unheard of")
    func forgets() async throws {
        let place = try await Self.place()
        try await place.publish([
            // In front of every record, as places are behind which retention has deleted.
            Published(topic: "handoff.redrives", key: "1@-1", value: "{}"),
            Published(topic: "handoff.redrives", key: "9@5", value: "{}"),
            Self.letter("bad_value", "a", offset: 0, in: place),
        ])
        #expect(try await Self.redrive(place, ["--execute"]).contains("redriven: 1 of 1"))
        let kept = try await Self.records("handoff.redrives", in: place).suffix(2)
        #expect(kept.map { $0.key.map { String(decoding: $0, as: UTF8.self) } } == ["1@-1", "0@0"])
        #expect(kept.first?.value == nil && kept.last?.value != nil)
    }

    // MARK: Exactly once

    private static let many = 12_000

    private static func fill(_ place: Place) async throws {
        try await place.publish(
            (0..<many).map { number in
                Self.letter(
                    "unknown_reason", "k\(number)", partition: number % 3, offset: number,
                    value: "{\"number\":\(number)}", in: place)
            })
    }

    private static func start(_ place: Place) throws -> WorkerProcess {
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("HANDOFF_")
        }
        return try WorkerProcess(
            arguments: ["dead-letters", "redrive", "--execute"],
            environment: inherited.merging([
                "HANDOFF_BOOTSTRAP_SERVERS": place.broker.bootstrapServers,
                "HANDOFF_TOPIC_PREFIX": place.prefix, "HANDOFF_DEFINITION": place.definition.path,
            ]) { $1 },
            logPath: place.folder.url.appending(path: Broker.unique("redrive")).path)
    }

    private static func written(_ place: Place) async throws -> Int64 {
        let admin = try AdminClient(settings: place.broker.settings(), logger: .silent)
        var sum: Int64 = 0
        for number in 0..<Int32(3) {
            sum += try await admin.watermarks(
                TopicPartition(topic: place.prefix + answers, partition: number),
                isolation: .readUncommitted
            ).high
        }
        return sum
    }

    private static func checkOnce(_ place: Place) async throws {
        let keys = try await records(answers, in: place).compactMap { record in
            record.key.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(keys.count == many && Set(keys).count == many, "\(keys.count) records")
    }

    @Test("killed in the middle, again and again: each letter once")
    func kills() async throws {
        let place = try await Self.place()
        try await Self.fill(place)
        // Within the first transaction, and some transactions later.
        for (number, progress) in [1_200, 1, 2_300, 700].enumerated() {
            let before = try await Self.written(place)
            let run = try Self.start(place)
            try await Eventually.holds(
                "\(progress) more written", within: .seconds(60), state: { run.lastWords }
            ) {
                if run.hasEnded != nil { return true }
                return try await Self.written(place) >= before + Int64(progress)
            }
            #expect(run.hasEnded == nil, "run \(number) was too quick to be killed")
            try await run.kill()
        }
        let last = try await Self.redrive(place, ["--execute"])
        // Some before the kills, some after.
        #expect(last.contains("left: redriven before"), "\(last)")
        #expect(!last.contains("redriven: 0 of"), "\(last)")
        try await Self.checkOnce(place)
        let none = try await Self.redrive(place, ["--execute"])
        #expect(none.contains("redriven: 0 of"), "\(none)")
        try await Self.checkOnce(place)
    }

    @Test("SIGTERM stops it between two transactions: exit code 1", arguments: [SIGTERM, SIGINT])
    func stops(_ signal: Int32) async throws {
        let place = try await Self.place()
        try await Self.fill(place)
        let run = try Self.start(place)
        try await Eventually.holds(
            "something written", within: .seconds(60), state: { run.lastWords }
        ) { try await Self.written(place) > 0 }
        _ = Glibc.kill(run.id, signal)
        #expect(try await run.waitForEnd(within: .seconds(30)) == .exited(1), "\(run.lastWords)")
        // Nothing is left open, so this reads to the end.
        let written = try await Self.records(Self.answers, in: place).count
        #expect(run.errors.contains("stopped: \(written) letters redriven"), "\(run.lastWords)")
        #expect(written < Self.many)
        _ = try await Self.redrive(place, ["--execute"])
        try await Self.checkOnce(place)
    }

    @Test(
        "two at once: the later one goes on, the other ends, each letter once",
        arguments: [true, false])
    func twoAtOnce(isPaused: Bool) async throws {
        let place = try await Self.place()
        try await Self.fill(place)
        let first = try Self.start(place)
        try await Eventually.holds(
            "something written", within: .seconds(60), state: { first.lastWords }
        ) { try await Self.written(place) > 0 }
        // Stopped between two transactions or within one; it does not know what comes.
        if isPaused { first.send(.pause) }
        let second = try Self.start(place)
        let ended = try await second.waitForEnd(within: .seconds(120))
        #expect(ended == .exited(0), "\(second.lastWords)")
        first.send(.resume)
        let end = try await first.waitForEnd(within: .seconds(120))
        // One that is not held up may be done before the other begins.
        if isPaused || end != .exited(0) {
            #expect(end == .exited(1), "\(first.lastWords)")
            #expect(first.errors.contains("another redrive has begun"), "\(first.lastWords)")
        }
        try await Self.checkOnce(place)
    }

    @Test("metadata that lack the topic of redrives do not make every letter a new one")
    func metadataThatLag() async throws {
        let cluster = try MockCluster()
        let place = try await Place(Broker(bootstrapServers: cluster.bootstrapServers))
        let ledger = "handoff.redrives"
        for topic in [
            Self.answers, "marketing.leads", "marketing.activities", "handoff.profiles",
            Self.letters, ledger,
        ] {
            cluster.createTopic(place.prefix + topic, partitions: 3)
        }
        try await place.publish([
            Self.letter("bad_value", "a", offset: 0, in: place),
            Published(topic: ledger, key: "0@0", value: "{}"),
        ])
        cluster.delay(.initProducerId, by: .seconds(3))
        cluster.delay(.addPartitionsToTransaction, by: .seconds(1))
        let run = try Self.start(place)
        try await Eventually.holds(
            "topics looked up", within: .seconds(60), state: { run.lastWords }
        ) { !cluster.awaits(.initProducerId) }
        let unknownTopic: Int32 = 3
        cluster.setError(unknownTopic, ofTopic: place.prefix + ledger)
        let end = try await run.waitForEnd(within: .seconds(150))
        #expect(end == .exited(3), "\(run.lastWords)")
        #expect(run.errors.contains("read \(place.prefix + ledger): "), "\(run.lastWords)")
        // No transaction was begun.
        #expect(cluster.awaits(.addPartitionsToTransaction), "\(run.lastWords)")
    }

    // MARK: List

    @Test("the list is as its schema says, and tells what was redriven")
    func list() async throws {
        let place = try await Self.place()
        try await place.publish(
            (0..<5).map { Self.letter("unknown_reason", "k\($0)", offset: $0, in: place) } + [
                Self.letter("bad_value", "k1", from: "marketing.leads", offset: 9, in: place),
                Published(topic: Self.letters, key: "bare", value: nil),
            ])
        _ = try await Self.redrive(place, ["--key", "k1", "--execute"])
        let table = try await place.run(["dead-letters", "list", "--samples", "1"])
        #expect(table.exitCode == 0, "\(table.errors)")
        #expect(table.output.contains("7 letters, 2 redriven"), "\(table.output)")
        #expect(table.output.contains("k1 was wrong"), "\(table.output)")
        let file = place.folder.url.appending(path: "letters.json")
        for more in [[], ["--reason", "unknown_reason", "--since", "1h", "--topic", Self.answers]] {
            let run = try await place.run(["dead-letters", "list", "--format", "json"] + more)
            #expect(run.exitCode == 0, "\(run.errors)")
            let list = try JSONDecoder().decode(Listed.self, from: Data(run.output.utf8))
            #expect(list.letters == (more.isEmpty ? 7 : 5))
            #expect(list.groups.first?.letters == 5 && list.groups.first?.redriven == 1)
            #expect(list.groups.first?.samples.count == 3)
            try Data(run.output.utf8).write(to: file)
            try Self.validate(file)
        }
    }

    private struct Listed: Decodable {
        struct Group: Decodable {
            struct Sample: Decodable {
                var offset: Int
            }
            var letters: Int
            var redriven: Int
            var samples: [Sample]
        }
        var letters: Int
        var groups: [Group]
    }

    private static func validate(_ file: URL) throws {
        let python = ProcessInfo.processInfo.environment["HANDOFF_TEST_PYTHON"] ?? "python3"
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = [
            python, Fixtures.repository + "/deploy/lib/validate.py", "--letters", file.path,
        ]
        let said = Pipe()
        check.standardOutput = said
        try check.run()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(text)")
    }

    @Test(
        "wrong usage: 2; missing topic: 4; no broker: 3 within 30 s",
        arguments: [
            ["list"], ["redrive"], ["redrive", "--execute"],
        ])
    func exitCodes(_ command: [String]) async throws {
        let place = try await Place()
        let usage = [
            ["--reason", "nonsense"], ["--since", "yesterday"],
            ["--since", "2026-11-02", "--until", "2026-11-01"],
            command[0] == "list" ? ["--samples", "-1"] : ["--limit", "0"],
            command[0] == "list" ? ["--format", "html"] : ["--max-redrives", "0"],
        ]
        for wrong in usage {
            let run = try await place.run(["dead-letters"] + command + wrong)
            #expect(run.exitCode == 2, "\(wrong): \(run.errors)")
        }
        let missing = try await place.run(["dead-letters"] + command)
        #expect(missing.exitCode == 4, "\(missing.errors)")
        #expect(missing.errors.contains(place.prefix + Self.letters))
        let asked = ContinuousClock.now
        let nobody = try await place.run(
            ["dead-letters"] + command, ["HANDOFF_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
        #expect(nobody.exitCode == 3, "\(nobody.errors)")
        #expect(ContinuousClock.now - asked < .seconds(30))
    }
}
