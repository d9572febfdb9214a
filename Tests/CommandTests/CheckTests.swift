import Foundation
import TestSupport
import Testing

@Suite("handoff check", .timeLimit(.minutes(10)))
struct CheckTests {
    @Test("a good definition is summed up")
    func good() async throws {
        let folder = try TemporaryFolder()
        let text = try Fixtures.exampleDefinitionText()
        let file = try folder.file("definition.yaml", text)
        let run = try await Program.run(["check", "--definition", file.path])
        #expect(run.exitCode == 0)
        #expect(run.errors.isEmpty)
        let sha256 = "eb51a658471a0e4fcba27eac8f1fed4e63407e3dedc11cd18d28f99d99c84913"
        for part in ["b2b-saas, version 3", sha256, "2026-09-01", "sales.mql.billing"] {
            #expect(run.output.contains(part))
        }
    }

    @Test("seven faults are seven lines with line and column")
    func sevenFaults() async throws {
        var text = try Fixtures.exampleDefinitionText()
        let breaks = [
            ("version: 3", "version: three"), ("core: [US", "core: [USA"),
            ("lead.job_title", "lead.jobtitle"), ("points: 12}", "points: 12.345}"),
            ("activity: page_view", "activty: page_view"), ("at_most: 4", "atmost: 4"),
            ("follow_up_within: 48h", "follow_up_within: 48"),
        ]
        for (old, new) in breaks {
            text.replaceSubrange(try #require(text.firstRange(of: old)), with: new)
        }
        let folder = try TemporaryFolder()
        let file = try folder.file("definition.yaml", text)
        let run = try await Program.run(["check", file.path])
        #expect(run.exitCode == 2)
        #expect(run.output.isEmpty)
        let places = run.faults.map {
            $0.replacing(file.path, with: "").split(separator: " ")[0]
        }
        #expect(
            places
                == [
                    ":2:10:", ":7:10:", ":10:38:", ":28:66:", ":39:22:", ":54:54:", ":57:82:",
                ])
    }

    @Test("faults of settings and definition are told in one go")
    func both() async throws {
        let folder = try TemporaryFolder()
        let broken = try Fixtures.exampleDefinitionText()
            .replacing("version: 3", with: "version: 0")
        let definition = try folder.file("definition.yaml", broken)
        let settings = try folder.file(
            "handoff.yaml",
            """
            group_idd: x
            definition: \(definition.path)
            kafka: {compresion.codec: lz4}

            """)
        let run = try await Program.run(["check", "--settings", settings.path])
        #expect(run.exitCode == 2)
        #expect(
            run.faults.map { $0.replacing(folder.url.path + "/", with: "") } == [
                "handoff.yaml:1:1: 'group_idd' is not a setting; did you mean 'group_id'?",
                "handoff.yaml:3:9: compresion.codec: is not a librdkafka property; "
                    + "did you mean compression.codec?",
                "definition.yaml:2:10: 'version' must be a whole number from 1 to 1000000000, "
                    + "not '0'",
            ])
    }

    @Test("a machine without time zone data says what to install")
    func noTimeZones() async throws {
        let folder = try TemporaryFolder()
        let hours = "{days: [mon], from: 09:00, to: 17:00, time_zone: Europe/Berlin}"
        let text = try Fixtures.exampleDefinitionText().replacing(
            "warn_before: 4h", with: "warn_before: 4h, business_hours: \(hours)")
        let file = try folder.file("definition.yaml", text)
        let found = try await Program.run(["check", file.path], environment: ["TZDIR": ""])
        #expect(found.exitCode == 0)
        let run = try await Program.run(
            ["check", file.path], environment: ["TZDIR": folder.url.path])
        #expect(run.exitCode == 2)
        #expect(run.faults.count == 1)
        #expect(run.errors.contains("no time zone data in \(folder.url.path); install"))
    }

    @Test("an unknown variable is told with the nearest name")
    func unknownVariable() async throws {
        let run = try await Program.run(["check"], environment: ["HANDOFF_GROUPID": "x"])
        #expect(run.exitCode == 2)
        #expect(run.errors.contains("HANDOFF_GROUPID: "))
        #expect(run.errors.contains("did you mean 'HANDOFF_GROUP_ID'?"))
    }

    @Test("missing approvals are told and are no fault")
    func approvals() async throws {
        let folder = try TemporaryFolder()
        let text = try Fixtures.exampleDefinitionText().split(separator: "\n")
            .filter { !$0.hasPrefix("approved_by") }.joined(separator: "\n")
        let file = try folder.file("definition.yaml", text)
        let run = try await Program.run(["check", file.path])
        #expect(run.exitCode == 0)
        #expect(run.errors.contains("warning: not approved by marketing and sales"))
        #expect(run.output.contains("marketing: MISSING"))
    }

    @Test(
        "every command's help has an example and exit code 0",
        arguments: [["check"], ["topics", "ensure"], ["reference", "load"], ["explain"]])
    func help(_ command: [String]) async throws {
        let run = try await Program.run(command + ["--help"])
        #expect(run.exitCode == 0)
        let text = run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains("Example"))
        #expect(text.contains("handoff " + command.joined(separator: " ")))
    }

    @Test("an unknown flag is wrong usage")
    func unknownFlag() async throws {
        #expect(try await Program.run(["check", "--nonsense"]).exitCode == 2)
    }
}
