import Foundation
import KafkaClient
import TestSupport
import Testing

@Suite("handoff reference load", .timeLimit(.minutes(10)))
struct ReferenceLoadTests {
    @Test("bad rows are told with their place, good rows go out, exit code 1")
    func badRows() async throws {
        let place = try await Place()
        try await place.create("reference.accounts", partitions: 2)
        let file = try place.folder.file(
            "accounts.csv",
            """
            domain,name,employees,status
            https://www.Acme.com/,Acme,50,prospect
            ,No Key,1,prospect
            foo.org,Foo,12x,prospct
            bar.net,"Bar, Inc",1200.0,

            """)
        let run = try await place.run(["reference", "load", file.path, "--table", "accounts"])
        #expect(run.exitCode == 1)
        let places = run.faults.prefix(3).map {
            $0.replacing(file.path, with: "").split(separator: " ")[0]
        }
        #expect(places == [":3:1:", ":4:13:", ":4:17:"])
        #expect(run.output.contains("published 2 rows"))
        #expect(run.output.contains("left out 2 rows with 3 faults"))
        let records = try await records(place, "reference.accounts", partitions: 2)
        #expect(
            records == [
                "acme.com":
                    #"{"domain":"acme.com","name":"Acme","employees":50,"status":"prospect"}"#,
                "bar.net": #"{"domain":"bar.net","name":"Bar, Inc","employees":1200}"#,
            ])
    }

    @Test("a free-mail domain of the definition cannot be suppressed")
    func freeMail() async throws {
        let place = try await Place()
        try await place.create("reference.suppressions", partitions: 1)
        let file = try place.folder.file("s.csv", "entry,reason\ngmail.com,x\nA@B.com,y\n")
        let load = ["reference", "load", file.path, "--table", "suppressions"]
        let run = try await place.run(load)
        #expect(run.exitCode == 1)
        #expect(run.errors.contains("s.csv:2:1: 'gmail.com' is a free-mail domain"))
        let found = try await records(place, "reference.suppressions", partitions: 1)
        #expect(Array(found.keys) == ["a@b.com"])
    }

    @Test("suppressions need a definition, accounts do not; one that is named must be good")
    func definition() async throws {
        let place = try await Place()
        try await place.create("reference.suppressions", partitions: 1)
        try await place.create("reference.accounts", partitions: 1)
        let file = try place.folder.file("s.csv", "entry\ngmail.com\na@b.com\n")
        let load = ["reference", "load", file.path, "--table", "suppressions"]
        let nowhere = place.folder.url.appending(path: "nowhere.yaml").path
        for (arguments, more) in [
            (["--definition", nowhere], [:]), ([], ["HANDOFF_DEFINITION": nowhere]),
        ] {
            let run = try await place.run(load + arguments, more)
            #expect(run.exitCode == 2)
            #expect(
                run.faults == ["\(nowhere): cannot be read: there is no such file or folder"])
        }
        let broken = try place.folder.file("broken.yaml", "name: x\nversion: 0\n")
        let bad = try await place.run(load + ["--definition", broken.path])
        #expect(bad.exitCode == 2)
        #expect(bad.errors.contains("broken.yaml:2:10: 'version' must be"))
        // An empty variable counts as not set.
        let none = try await place.run(load, ["HANDOFF_DEFINITION": ""])
        #expect(none.exitCode == 2)
        #expect(none.errors.contains("loading suppressions needs the definition"))
        #expect(none.errors.contains("--definition FILE"))
        #expect(try await records(place, "reference.suppressions", partitions: 1).isEmpty)
        let accounts = try place.folder.file("a.csv", "domain\nacme.com\n")
        let other = try await place.run(
            ["reference", "load", accounts.path, "--table", "accounts"],
            ["HANDOFF_DEFINITION": ""])
        #expect(other.exitCode == 0, "\(other.errors)")
    }

    @Test("rows are deleted by key, under the keys that they have; unknown keys are exit code 1")
    func delete() async throws {
        let place = try await Place()
        try await place.create("reference.suppressions", partitions: 2)
        try await place.publish([
            Published(topic: "reference.suppressions", key: "a@b.com", value: #"{"entry":"x"}"#),
            // Another program's row, whose key is not in normal form, in a partition of its choice.
            Published(
                topic: "reference.suppressions", key: "Acme.com",
                value: #"{"entry":"acme.com"}"#, partition: 1),
            Published(topic: "reference.suppressions", key: "gone.com", value: "{}"),
            Published(topic: "reference.suppressions", key: "gone.com", value: nil),
            Published(topic: "reference.suppressions", key: "kept.com", value: "{}"),
        ])
        let delete = ["reference", "delete", "--table", "suppressions"]
        let run = try await place.run(
            delete + ["A@B.com", "https://www.acme.com/", "gone.com", "never.com"])
        #expect(run.exitCode == 1)
        #expect(run.output.contains("deleted 2 rows of \(place.prefix)reference.suppressions"))
        #expect(run.faults.last?.hasSuffix("reference.suppressions: gone.com, never.com") == true)
        let left = try await records(place, "reference.suppressions", partitions: 2)
        #expect(
            left == ["a@b.com": "", "Acme.com": "", "gone.com": "", "kept.com": "{}"])
        let wrong = try await place.run(delete + ["kept.com", "@x"])
        #expect(wrong.exitCode == 2)
        #expect(wrong.errors.contains("'@x' is not an e-mail address or a domain"))
        #expect(try await place.run(delete).exitCode == 2)
    }

    @Test("a fault in the header publishes nothing")
    func header() async throws {
        let place = try await Place()
        try await place.create("reference.campaigns", partitions: 1)
        let file = try place.folder.file("c.csv", "campaign_id,chanel\nc1,email\n")
        let run = try await place.run(["reference", "load", file.path, "--table", "campaigns"])
        #expect(run.exitCode == 2)
        #expect(run.errors.contains("c.csv:1:13: 'chanel' is not a column of campaigns"))
        #expect(run.errors.contains("did you mean 'channel'?"))
        #expect(try await records(place, "reference.campaigns", partitions: 1).isEmpty)
    }

    @Test("no topic: exit code 4; no broker: 3 within 30 s; no file or table: 2")
    func exitCodes() async throws {
        let place = try await Place()
        let file = try place.folder.file("a.csv", "domain\nacme.com\n")
        let load = ["reference", "load", file.path, "--table", "accounts"]
        let noTopic = try await place.run(load)
        #expect(noTopic.exitCode == 4)
        #expect(noTopic.errors.contains("handoff topics ensure"))
        let start = ContinuousClock.now
        let noBroker = try await place.run(load + ["--bootstrap-servers", "127.0.0.1:1"])
        #expect(noBroker.exitCode == 3)
        #expect(ContinuousClock.now - start < .seconds(30))
        for (path, reason) in [
            ("/no.csv", "there is no such file or folder"),
            (place.folder.url.path, "it is a folder, not a file"),
        ] {
            let noFile = try await place.run(["reference", "load", path, "--table", "accounts"])
            #expect(noFile.exitCode == 2)
            #expect(noFile.faults == ["\(path): cannot be read: \(reason)"])
        }
        let noTable = try await place.run(["reference", "load", file.path, "--table", "acounts"])
        #expect(noTable.exitCode == 2)
        #expect(noTable.errors.contains("'accounts'"))
    }

    /// Key and value of all records.
    private func records(
        _ place: Place, _ topic: String, partitions: Int32
    ) async throws -> [String: String] {
        let starts = (0..<partitions).map {
            (TopicPartition(topic: place.prefix + topic, partition: $0), Int64(0))
        }
        let reader = try PartitionReader(
            settings: place.broker.settings(), isolation: .readCommitted,
            partitions: Dictionary(uniqueKeysWithValues: starts), logger: .silent)
        var found: [String: String] = [:]
        while reader.ends().count < Int(partitions) {
            guard let batch = try await reader.next(max: 100, timeout: .seconds(10)) else { break }
            for index in 0..<batch.count {
                let record = batch.stored(at: index)
                found[String(decoding: record.key ?? [], as: UTF8.self)] = String(
                    decoding: record.value ?? [], as: UTF8.self)
            }
        }
        await reader.close()
        return found
    }
}
