import Foundation
import KafkaClient
import Qualification
import ReferenceModel
import Storage
import TestSupport
import Testing

@testable import WireFormats
@testable import Worker

/// A new suppression, or an account with another status, stops the leads that it concerns without
/// an event of theirs.
struct ReferenceTrailTests {
    @Test func keysPutADomainBesideItsSubdomains() {
        #expect(AddressKey.of("pat@mail.acme.example") == "example.acme.mail@pat")
        #expect(AddressKey.of("acme.example") == "example.acme")
        #expect(AddressKey.keys(email: "a@acme.example", companyDomain: "acme.example").count == 1)
        #expect(AddressKey.keys(email: "a@x.example", companyDomain: "acme.example").count == 2)
        #expect(AddressKey.keys(email: nil, companyDomain: nil).isEmpty)
    }

    /// The in-memory question and the index's ranges must agree, whatever the address.
    @Test func aKeyIsConcernedIfItIsInOneOfTheRanges() {
        let addresses = [
            "acme.example", "mail.acme.example", "notacme.example", "pat@acme.example",
            "pat@mail.acme.example", "patty@acme.example", "pat@acme.example.org", "example",
            "a@example", "pat@acme-x.example", "x.acme",
        ]
        let concerned: [String: Set<String>] = [
            "acme.example": [
                "acme.example", "mail.acme.example", "pat@acme.example", "pat@mail.acme.example",
                "patty@acme.example",
            ],
            "pat@acme.example": ["pat@acme.example"],
            "mail.acme.example": ["mail.acme.example", "pat@mail.acme.example"],
        ]
        for (entry, expected) in concerned {
            let ranges = AddressKey.ranges(concernedBy: entry)
            for address in addresses {
                let key = AddressKey.of(address)
                let isConcerned = AddressKey.concerning(key).contains(AddressKey.of(entry))
                #expect(isConcerned == expected.contains(address), "\(address) by \(entry)")
                let isInRange = ranges.contains { range in
                    !isBefore(key, range.from) && isBefore(key, range.below)
                }
                #expect(isInRange == expected.contains(address), "\(address) by \(entry)")
            }
        }
    }

    private func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    @Test func whatTheSkimmerFindsIsWhatTheProfileHas() throws {
        let symbols = SymbolTable()
        var codec = ProfileCodec(symbols: symbols)
        var profile = Profile(leadID: "a")
        let stamp = Stamp(
            at: Timestamp(milliseconds: 1_788_775_500_000), eventID: EventID("event"))
        profile.hasLeadEvent = true
        profile.asOf = stamp.at
        _ = profile.fields.merge(.firstName, .text("Pat"), stamp: stamp)
        _ = profile.fields.merge(.email, .text("pat@acme.example"), stamp: stamp)
        _ = profile.fields.merge(.employees, .number(80), stamp: stamp)
        _ = profile.fields.merge(.companyDomain, .text("acme.org"), stamp: stamp)
        _ = profile.fields.merge(.consent, .bool(true), stamp: stamp)
        let encoded = codec.encode(&profile)
        #expect(profile.fields.addressKeys == ["example.acme@pat", "org.acme"])
        #expect(try ProfileCodec.addressKeys(of: encoded) == profile.fields.addressKeys)
    }

    // MARK: A lane

    @Test(arguments: ["kept in memory", "on the disk", "restored"])
    func anOpenMQLIsWithdrawnWhenItsLeadIsSuppressed(_ where: String) throws {
        let scene = try Scene()
        try scene.qualify("a", email: "pat@mail.acme.example")
        try scene.qualify("b", email: "kim@other.example")
        switch `where` {
        case "on the disk":
            scene.driver.commit()
            scene.driver.flush()
        case "restored":
            scene.driver.commit()
            try scene.driver.crash()
        default: break
        }
        try scene.suppress("acme.example", offset: 7)
        #expect(try scene.follow() == ["mql.withdrawn a suppressed", "lead.status_changed a"])
        #expect(scene.driver.decided == [scene.partition: 8])
        #expect(try scene.follow().isEmpty)
    }

    @Test func anAddressIsFoundUnderItsNewValueOnly() throws {
        let scene = try Scene()
        try scene.qualify("a", email: "pat@acme.example")
        scene.driver.commit()
        scene.driver.flush()
        try scene.update("a", email: "pat@new.example")
        scene.driver.commit()
        scene.driver.flush()
        #expect(scene.driver.storedAddresses == ["example.new@pat"])
        try scene.suppress("pat@acme.example", offset: 1)
        #expect(try scene.follow().isEmpty)
        try scene.suppress("pat@new.example", offset: 2)
        #expect(try scene.follow() == ["mql.withdrawn a suppressed", "lead.status_changed a"])
    }

    @Test func aLeadSetFreeIsToldOfButNotHandedOver() throws {
        let scene = try Scene()
        try scene.account("acme.example", status: .competitor, offset: 0)
        try scene.qualify("a", email: "pat@acme.example", expecting: "suppressed")
        scene.driver.commit()
        try scene.account("acme.example", status: .prospect, offset: 1)
        // Everything but an event of its own speaks for the lead, so nothing is said either.
        #expect(try scene.follow().isEmpty)
        try scene.touch("a")
        #expect(scene.types().contains("mql.qualified a"))
    }

    @Test func aLeadSetFreeBelowItsThresholdsIsNotReadyAgain() throws {
        let scene = try Scene()
        try scene.account("acme.example", status: .competitor, offset: 0)
        try scene.update("a", email: "pat@acme.example")
        #expect(scene.types() == ["lead.status_changed a"])
        try scene.account("acme.example", status: .prospect, offset: 1)
        #expect(try scene.follow() == ["lead.status_changed a"])
        #expect(scene.driver.outputs.last?.body["status"]?.text == "not_ready")
    }

    /// An answer derives the lead's standing anew, but decides its own product only.
    @Test func anAnswerBeforehandDoesNotHideTheOtherProducts() throws {
        let scene = try Scene()
        try scene.qualify("a", email: "pat@acme.example", products: #"["crm","billing"]"#)
        try scene.qualify("b", email: "kim@acme.example")
        try scene.suppress("acme.example", offset: 0)
        try scene.answer("a", "accepted")
        #expect(scene.types() == ["mql.withdrawn a suppressed", "lead.status_changed a"])
        let rest = try scene.follow().filter { $0.hasPrefix("mql.withdrawn a") }
        #expect(rest == ["mql.withdrawn a suppressed"])
    }

    /// The rows are there, but not yet the version that tells of them.
    @Test func rowsThatAreBeingChangedWaitForTheirVersion() throws {
        let scene = try Scene()
        try scene.qualify("a", email: "pat@acme.example")
        try scene.suppress("acme.example", offset: 0)
        scene.driver.isReferenceChanging = true
        #expect(try scene.follow().isEmpty)
        scene.driver.isReferenceChanging = false
        #expect(try scene.follow().count == 2)
    }

    /// The cache of the lane's new owner is behind that of the last one.
    @Test func whatACacheTakesInLaterIsLookedAtThen() throws {
        let scene = try Scene()
        try scene.qualify("a", email: "pat@acme.example")
        scene.driver.commit()
        try scene.driver.crash(decidedUpTo: 8)
        try scene.suppress("other.example", offset: 3)
        #expect(try scene.follow().isEmpty)
        try scene.suppress("acme.example", offset: 7)
        #expect(try scene.follow().count == 2)
    }

    @Test func aHundredLeadsOfADomainAreTakenInTurns() throws {
        let scene = try Scene()
        for number in 0..<100 {
            try scene.qualify("lead-\(number)", email: "p\(number)@acme.example")
        }
        scene.driver.commit()
        scene.driver.flush()
        try scene.suppress("acme.example", offset: 0)
        var turns = 0
        while try !scene.driver.followReference(limit: 8) { turns += 1 }
        #expect(turns > 10)
        let withdrawn = scene.types().filter { $0.hasPrefix("mql.withdrawn") }
        #expect(Set(withdrawn).count == 100)
        #expect(withdrawn.count == 100)
    }
}

/// A lane with leads of crm, and what it said since it was last asked.
private final class Scene {
    let driver: LaneDriver
    let partition = LaneMark.ReferencePartition(topic: "reference", partition: 0)
    private var now = AlertScene.start
    private var heard = 0

    init() throws {
        driver = try LaneDriver(
            definition: try Fixtures.exampleDefinition(), settings: ModelSettings())
    }

    func qualify(
        _ lead: String, email: String, products: String = #"["crm"]"#,
        expecting: String = "handed_off"
    ) throws {
        try update(lead, email: email, products: products)
        try touch(lead)
        driver.commit()
        let last = driver.outputs.last { $0.topic == ModelTopic.nurture }
        #expect(last?.body["status"]?.text == expecting)
        heard = driver.outputs.count
    }

    func update(_ lead: String, email: String, products: String = #"["crm"]"#) throws {
        now += 1
        try driver.take(
            AlertScene.event(
                ModelTopic.leads, "lead.captured", lead, now,
                """
                "email":"\(email)","job_title":"VP Sales","country":"US","employees":80,\
                "industry":"software","annual_revenue":20000000,"consent":{"contact":true},\
                "product_interest":\(products)
                """))
    }

    func touch(_ lead: String) throws {
        now += 1
        try driver.take(
            AlertScene.event(ModelTopic.activities, "demo_requested", lead, now, #""by":"form""#))
    }

    func answer(_ lead: String, _ answer: String) throws {
        now += 1
        try driver.take(AlertScene.answer(lead, answer, now))
    }

    func suppress(_ entry: String, offset: Int64) throws {
        driver.change(.suppression(Suppression(entry: entry)), offset: offset)
    }

    func account(_ domain: String, status: Account.Status, offset: Int64) throws {
        driver.change(.account(Account(domain: domain, status: status)), offset: offset)
    }

    /// Decides again what is to be, and tells what was said.
    func follow() throws -> [String] {
        #expect(try driver.followReference())
        return types()
    }

    /// What was said since the last question: type, lead, and why if it says so in one word.
    func types() -> [String] {
        driver.commit()
        defer { heard = driver.outputs.count }
        return driver.outputs[heard...].map { output in
            [output.body["type"]?.text, output.body["lead_id"]?.text, output.body["reason"]?.text]
                .compactMap { $0 }.joined(separator: " ")
        }
    }
}
