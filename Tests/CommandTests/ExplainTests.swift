import Foundation
import KafkaClient
import Qualification
import TestSupport
import Testing
import WireFormats

@Suite("handoff explain", .timeLimit(.minutes(10)))
struct ExplainTests {
    @Test("text and JSON tell the scores line by line and what would do")
    func explains() async throws {
        let place = try await ExplainTests.place()
        let text = try await place.run(["explain", "--lead", "ann"])
        #expect(text.exitCode == 0, "\(text.errors)")
        let words = text.output.split(whereSeparator: \.isNewline).map {
            $0.split(separator: " ").joined(separator: " ")
        }
        for line in [
            // The account of the reference topic, not the lead's own number, gives the points.
            "+20 company_size company.employees 5000", "fit 50",
            "crm: not_ready (engagement)", "engagement 10 of 30",
            "- 20 engagement points (10 of 30)", "analytics: not interested",
        ] {
            #expect(words.contains(line), "\(line)\n\(text.output)")
        }
        #expect(words.contains { $0.hasPrefix("- 1 trial_started (+25)") })
        let json = try await place.run(["explain", "--lead", "ann", "--json"])
        #expect(json.exitCode == 0)
        let shown = try JSONDecoder().decode(Shown.self, from: Data(json.output.utf8))
        #expect(shown.lead_id == "ann" && shown.fit == 50)
        #expect(shown.fit_reasons.reduce(0) { $0 + $1.points } == 50)
        let crm = try #require(shown.products.first)
        #expect(crm.published?.codes == ["engagement"])
        #expect(crm.engagement_reasons.reduce(0) { $0 + $1.points } == crm.engagement)
        #expect(crm.missing == ["20 engagement points (10 of 30)"])
        #expect(crm.would_do.contains { $0.steps == ["1 trial_started (+25)"] })
    }

    @Test("an unknown lead is exit code 1, an erased one is said to be erased")
    func unknown() async throws {
        let place = try await ExplainTests.place()
        let unknown = try await place.run(["explain", "--lead", "nobody"])
        #expect(unknown.exitCode == 1)
        #expect(unknown.errors.contains("no lead 'nobody'"))
        let erased = try await place.run(["explain", "--lead", "gone"])
        #expect(erased.exitCode == 0)
        #expect(erased.output.contains("lead gone was erased at 20"))
        let deleted = try await place.run(["explain", "--lead", "deleted"])
        #expect(deleted.exitCode == 1)
    }

    @Test("what a form was filled in with does not reach the terminal")
    func hostileText() async throws {
        let place = try await ExplainTests.place()
        for more in [[], ["--json"]] {
            let run = try await place.run(["explain", "--lead", "evil"] + more)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(run.output.contains("evil"))
            #expect(run.output.contains("VP Sales") == more.isEmpty)
            let steering = run.output.unicodeScalars.filter { scalar in
                scalar != "\n" && (scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value))
                    || (0x2028...0x202e).contains(scalar.value)
            }
            #expect(steering.isEmpty, "\(Array(steering))")
        }
    }

    @Test("without the changelog: exit code 4")
    func noTopic() async throws {
        let place = try await Place()
        let run = try await place.run(["explain", "--lead", "ann"])
        #expect(run.exitCode == 4)
        #expect(run.errors.contains("handoff topics ensure"))
    }

    private struct Shown: Decodable {
        struct Line: Decodable { var points: Double }
        struct Published: Decodable { var codes: [String] }
        struct Way: Decodable { var steps: [String] }
        struct Entry: Decodable {
            var product: String
            var published: Published?
            var engagement: Double
            var engagement_reasons: [Line]
            var missing: [String]
            var would_do: [Way]
        }
        var lead_id: String
        var fit: Double
        var fit_reasons: [Line]
        var products: [Entry]
    }

    /// The profiles of `ann` with her account, of `evil` with a title that steers, of erased `gone`
    /// and forgotten `deleted`.
    private static func place() async throws -> Place {
        let place = try await Place()
        try #require(try await place.run(["topics", "ensure"]).exitCode == 0)
        let account = try place.folder.file("accounts.csv", "domain,employees\nacme.com,5000\n")
        let load = try await place.run(
            ["reference", "load", account.path, "--table", "accounts"])
        try #require(load.exitCode == 0, "\(load.errors)")
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let reference = MemoryReference()
        reference.apply(.account(Account(domain: "acme.com", employees: 5000)))
        let author = try ProfileAuthor(reference: reference, at: now)
        var records = OutboundRecords()
        for version in try author.profiles(of: "ann") {
            records.append(topic: 0, partition: 1, key: Array("ann".utf8), value: version)
        }
        let evil = "VP Sales\u{1b}[2J\u{9b}31m\u{202e}\r\n+99 forged"
        for version in try author.profiles(of: "evil", jobTitle: evil) {
            records.append(topic: 0, partition: 1, key: Array("evil".utf8), value: version)
        }
        let gone = try author.erased("gone")
        records.append(topic: 0, partition: 2, key: Array("gone".utf8), value: gone)
        records.append(topic: 0, partition: 0, key: Array("deleted".utf8), value: gone)
        records.append(topic: 0, partition: 0, key: Array("deleted".utf8), value: nil as [UInt8]?)
        let producer = try PlainProducer(
            settings: place.broker.settings(), topics: [place.prefix + "handoff.profiles"],
            logger: .silent)
        #expect(try await producer.send(records).isEmpty)
        await producer.close()
        return place
    }
}

/// Makes profiles as a lane would.
private final class ProfileAuthor {
    private let symbols = SymbolTable()
    private let qualifier: Qualifier
    private var codec: ProfileCodec
    private let time: Timestamp
    private var number = 0

    init(reference: MemoryReference, at time: Timestamp) throws {
        qualifier = Qualifier(
            definition: try Fixtures.exampleDefinition(), symbols: symbols, reference: reference,
            limits: Qualifier.Limits())
        codec = ProfileCodec(symbols: symbols)
        self.time = time
    }

    /// One for each of the lead's two events.
    func profiles(of id: String, jobTitle: String = "VP Sales") throws -> [[UInt8]] {
        var profile = Profile(leadID: id)
        let fields: [(field: LeadField, value: FactValue)] = [
            (.email, .text("ann@acme.com")), (.jobTitle, .text(jobTitle)),
            (.country, .text("FR")), (.employees, .number(80)), (.consent, .bool(true)),
        ]
        _ = try qualifier.apply(
            LeadEvent(
                header: header(), kind: .captured, fields: fields,
                productInterest: [symbols.intern("crm")], campaign: .none, channel: .none),
            to: &profile)
        let first = codec.encode(&profile)
        _ = try qualifier.apply(
            ActivityEvent(
                header: header(), type: symbols.intern("webinar_attended"), product: .none,
                campaign: .none, channel: .none, properties: []),
            to: &profile)
        return [first, codec.encode(&profile)]
    }

    func erased(_ id: String) throws -> [UInt8] {
        var profile = Profile(leadID: id)
        _ = try qualifier.apply(
            LeadEvent(
                header: header(), kind: .erased, fields: [], productInterest: [], campaign: .none,
                channel: .none),
            to: &profile)
        return codec.encode(&profile)
    }

    private func header() -> EventHeader {
        number += 1
        let id = "event \(number)"
        return EventHeader(
            stamp: Stamp(at: time, eventID: EventID(id)), recordedAt: time)
    }
}
