import Foundation
import Glibc
import KafkaClient
import TestSupport
import Testing

@Suite("handoff tap", .timeLimit(.minutes(10)))
struct TapTests {
    private static func place() async throws -> Place {
        let place = try await Place()
        try #require(try await place.run(["topics", "ensure"]).exitCode == 0)
        return place
    }

    private static func start(_ place: Place, _ arguments: [String]) throws -> WorkerProcess {
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("HANDOFF_")
        }
        return try WorkerProcess(
            arguments: ["tap"] + arguments,
            environment: inherited.merging([
                "HANDOFF_BOOTSTRAP_SERVERS": place.broker.bootstrapServers,
                "HANDOFF_TOPIC_PREFIX": place.prefix, "HANDOFF_DEFINITION": place.definition.path,
            ]) { $1 },
            logPath: place.folder.url.appending(path: Broker.unique("tap")).path)
    }

    private static func waitUntilTapping(_ tap: WorkerProcess) async throws {
        try await Eventually.holds("tapping", within: .seconds(90), state: { tap.lastWords }) {
            tap.errors.contains("tapping ")
        }
    }

    @Test(
        "shows what comes from now on, until SIGTERM or SIGINT: exit code 0",
        arguments: [SIGTERM, SIGINT])
    func follows(_ signal: Int32) async throws {
        let place = try await Self.place()
        try await place.publish([Story(lead: "old").qualified()])
        let tap = try Self.start(place, [])
        try await Self.waitUntilTapping(tap)
        try await place.publishInVain([Story(lead: "vain").qualified()])
        let ann = Story(lead: "ann", partition: 2)
        try await place.publish([ann.qualified(), ann.status(), ann.alert()])
        try await Eventually.holds("shown", within: .seconds(90), state: { tap.lastWords }) {
            [
                "MQL crm  lead ann", "status crm  lead ann: handed_off",
                "ALERT warning crm  lead ann",
            ]
            .allSatisfy(tap.output.contains)
        }
        #expect(!tap.output.contains("old") && !tap.output.contains("vain"))
        _ = Glibc.kill(tap.id, signal)
        let asked = ContinuousClock.now
        #expect(try await tap.waitForEnd(within: .seconds(20)) == .exited(0))
        #expect(ContinuousClock.now - asked < .seconds(5))
    }

    @Test("from the beginning, as JSON, filtered by lead, product and type, up to a limit")
    func filters() async throws {
        let place = try await Self.place()
        let (ann, bob) = (Story(lead: "ann"), Story(lead: "bob", partition: 1))
        try await place.publish([
            ann.status(), bob.status(), ann.qualified(), bob.qualified(), ann.alert(),
            ann.deadLetter("bad_value", partition: 0, offset: 0, prefix: place.prefix),
        ])
        func lines(_ arguments: [String]) async throws -> [String] {
            let run = try await place.run(["tap", "--from-beginning", "--json"] + arguments)
            #expect(run.exitCode == 0, "\(run.errors)")
            return run.output.split(separator: "\n").map(String.init)
        }
        let all = try await lines(["--lead", "ann", "--limit", "4"])
        #expect(all.count == 4 && all.allSatisfy { $0.contains(#""key":"ann""#) })
        let mqls = try await lines(["--type", "mql", "--product", "crm", "--limit", "2"])
        let topics = try mqls.map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8)).topic
        }
        #expect(topics == [place.prefix + "sales.mql.crm", place.prefix + "sales.mql.crm"])
        let letters = try await lines(["--type", "bad_value", "--limit", "1"])
        #expect(letters.first?.contains("value_base64") == true)
        let bobs = try await lines([
            "--lead", "bob", "--type", "sla.warning", "--type", "mql.qualified",
            "--limit", "1",
        ])
        #expect(bobs.first?.contains(#""ce_type":"mql.qualified""#) == true)
    }

    @Test("since a time, by the records' timestamps")
    func since() async throws {
        let place = try await Self.place()
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var records = [Story(lead: "early").status(), Story(lead: "late").status()]
        (records[0].timestamp, records[1].timestamp) = (now - 600_000, now - 60_000)
        try await place.publish(records)
        let run = try await place.run(["tap", "--since", "5m", "--json", "--limit", "1"])
        #expect(run.exitCode == 0 && run.output.contains("late"), "\(run.errors)")
    }

    @Test("a broker that goes away for good ends it: exit code 3 after half a minute, with why")
    func brokerGone() async throws {
        let (broker, stop) = try await Broker.stoppable()
        let place = try await Place(broker)
        try #require(try await place.run(["topics", "ensure"]).exitCode == 0)
        let tap = try Self.start(place, [])
        try await Self.waitUntilTapping(tap)
        try await place.publish([Story(lead: "ann").status()])
        try await Eventually.holds("shown", within: .seconds(90), state: { tap.lastWords }) {
            tap.output.contains("lead ann")
        }
        stop()
        // 30 s are promised; the rest is for a busy machine.
        #expect(try await tap.waitForEnd(within: .seconds(40)) == .exited(3))
        let words = tap.errors.split(separator: "\n").last ?? ""
        #expect(words.contains("no broker answers at \(broker.bootstrapServers) ("))
        #expect(words.contains("check the address"))
        #expect(!words.contains("thrd"), "\(words)")
    }

    @Test("wrong usage: 2; missing topics: 4; no broker: 3")
    func exitCodes() async throws {
        let place = try await Place()
        for arguments in [
            ["--type", "mqls"], ["--limit", "0"], ["--product", "x"], ["--since", "then"],
            ["--from-beginning", "--since", "1h"],
        ] {
            #expect(try await place.run(["tap"] + arguments).exitCode == 2, "\(arguments)")
        }
        let missing = try await place.run(["tap"])
        #expect(missing.exitCode == 4 && missing.errors.contains(place.prefix + "sales.mql.crm"))
        let away = try await place.run(["tap", "--bootstrap-servers", "127.0.0.1:1"])
        #expect(away.exitCode == 3)
    }

    private struct Line: Decodable { var topic: String }
}
