import Foundation
import KafkaClient
import TestSupport
import Testing

@Suite("handoff topics ensure", .timeLimit(.minutes(10)))
struct TopicsTests {
    private static let lanes = [
        "marketing.leads", "marketing.activities", "sales.dispositions", "handoff.profiles",
    ]

    @Test("creates what is missing; the second run finds it")
    func creates() async throws {
        let place = try await Place()
        let first = try await place.run(["topics", "ensure"])
        #expect(first.exitCode == 0, "\(first.errors)")
        #expect(first.output.split(separator: "\n").count { $0.hasSuffix("created") } == 14)
        let counts = try await place.partitions(TopicsTests.lanes + ["reference.accounts"])
        #expect(counts.count == 5)
        #expect(TopicsTests.lanes.allSatisfy { counts[place.prefix + $0] == 3 })
        #expect(counts[place.prefix + "reference.accounts"] == 1)
        #expect(try await place.configuration("handoff.profiles")["cleanup.policy"] == "compact")
        let second = try await place.run(["topics", "ensure"])
        #expect(second.exitCode == 0)
        #expect(second.errors.isEmpty)
        #expect(second.output.split(separator: "\n").count { $0.hasSuffix("exists") } == 14)
    }

    @Test("two at once do no harm")
    func twoAtOnce() async throws {
        let place = try await Place()
        async let one = place.run(["topics", "ensure"])
        async let other = place.run(["topics", "ensure"])
        let codes = [try await one.exitCode, try await other.exitCode]
        #expect(codes == [0, 0])
    }

    @Test("a wrong cleanup policy is named, exit code 4")
    func cleanup() async throws {
        let place = try await Place()
        try await place.create(
            "handoff.profiles", partitions: 3,
            ["cleanup.policy": "delete", "max.message.bytes": "4194304"])
        try await place.create("marketing.leads", partitions: 3, ["cleanup.policy": "compact"])
        let run = try await place.run(["topics", "ensure"])
        #expect(run.exitCode == 4)
        let faults = run.faults
        #expect(faults.count == 2)
        for topic in ["handoff.profiles", "marketing.leads"] {
            #expect(faults.contains { $0.contains(place.prefix + topic) && $0.contains("--alter") })
        }
    }

    @Test("a topic that is too small for its records is named, exit code 4")
    func tooSmall() async throws {
        let place = try await Place()
        try await place.create(
            "handoff.dead-letters", partitions: 3, ["max.message.bytes": "1048588"])
        let run = try await place.run(["topics", "ensure"])
        let isReported =
            try await place.configuration("handoff.dead-letters")["max.message.bytes"] != nil
        #expect(run.exitCode == (isReported ? 4 : 0))
        #expect(run.errors.contains("max.message.bytes=1048588, less than 4194304") == isReported)
    }

    @Test("unequal partition counts are named, exit code 4, and nothing is made that cannot fit")
    func unequal() async throws {
        let place = try await Place()
        try await place.create("marketing.leads", partitions: 5)
        let run = try await place.run(["topics", "ensure"])
        #expect(run.exitCode == 4)
        #expect(run.errors.contains("\(place.prefix)marketing.leads has 5"))
        #expect(run.errors.contains("HANDOFF_PARTITIONS"))
        #expect(try await place.partitions(TopicsTests.lanes).count == 1)
        let fitting = try await place.run(["topics", "ensure"], ["HANDOFF_PARTITIONS": "5"])
        #expect(fitting.exitCode == 0)
        #expect(try await place.partitions(TopicsTests.lanes).values.allSatisfy { $0 == 5 })
    }

    @Test("existing lanes of unequal counts are told")
    func existingUnequal() async throws {
        let place = try await Place()
        for (number, topic) in TopicsTests.lanes.enumerated() {
            try await place.create(
                topic, partitions: number == 1 ? 2 : 3,
                ["cleanup.policy": topic == "handoff.profiles" ? "compact" : "delete"])
        }
        let run = try await place.run(["topics", "ensure"])
        #expect(run.exitCode == 4)
        #expect(run.errors.contains("must have the same number of partitions"))
        #expect(run.errors.contains("\(place.prefix)marketing.activities has 2"))
    }

    @Test("another count than the setting's is a warning if all lanes agree")
    func otherCount() async throws {
        let place = try await Place()
        #expect(try await place.run(["topics", "ensure"]).exitCode == 0)
        let run = try await place.run(["topics", "ensure"], ["HANDOFF_PARTITIONS": "4"])
        #expect(run.exitCode == 0)
        #expect(run.errors.contains("warning: "))
        #expect(run.errors.contains("set it to 3 (HANDOFF_PARTITIONS)"))
    }

    @Test(
        "no broker: exit code 3 within 30 s, with what to do",
        arguments: [
            ["topics", "ensure"], ["explain", "--lead", "a"], ["report"], ["tap"], ["run"],
            ["reference", "delete", "a.com", "--table", "accounts"],
        ])
    func noBroker(_ command: [String]) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("definition.yaml", try Fixtures.exampleDefinitionText())
        let start = ContinuousClock.now
        let run = try await Program.run(
            command + [
                "--bootstrap-servers", "127.0.0.1:1", "--definition", file.path,
                "--log-level", "critical",
            ])
        #expect(run.exitCode == 3)
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(run.faults.count == 1)
        #expect(run.errors.hasPrefix("no broker answers at 127.0.0.1:1 (Connect to "))
        #expect(run.errors.contains("Connection refused); check the address"))
    }
}
