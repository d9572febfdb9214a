import Foundation
import Qualification
import Testing
import WireFormats

/// Profiles of version 1 stay readable for ever.
///
/// `ProfileVersion1` must never be made anew: changelogs hold such bytes. A change of the format
/// gets a new version, a new fixture beside this one, and a decoder for both.
struct ProfileVersion1Tests {
    private let symbols = SymbolTable()

    private func decode(_ base64: String) throws -> Profile {
        let bytes = [UInt8](try #require(Data(base64Encoded: base64)))
        #expect(bytes.first == 1)
        return try ProfileCodec(symbols: symbols).decode(bytes, leadID: "a")
    }

    private func text(_ symbol: Symbol) -> String { symbols.text(symbol) }

    @Test func theLeadIsAsItWasWritten() throws {
        let profile = try decode(ProfileVersion1.rich)
        #expect(profile.leadID == "a")
        #expect(profile.asOf.description == "2026-09-07T10:05:00.123Z")
        #expect(profile.hasLeadEvent && profile.erasedAt == nil)
        let texts: [(LeadField, String)] = [
            (.email, "ann@acme.example"), (.firstName, "Ann"), (.lastName, "L\u{e9}e \u{1f980}"),
            (.phone, "+1"), (.jobTitle, "VP Sales"), (.companyName, "A \"B\""),
            (.companyDomain, "acme.example"), (.country, "DE"), (.industry, "software"),
        ]
        for (field, text) in texts { #expect(profile.fields.text(field) == text) }
        #expect(profile.fields.number(.employees) == 80)
        #expect(profile.fields.number(.annualRevenue) == 99.5)
        #expect(profile.fields.consent == true)
        #expect(profile.fields.entries.count == 12)
        let stamps = profile.fields.entries.map { "\($0.stamp.at) \($0.stamp.eventID.text)" }
        let captured = "2026-08-18T10:05:00.123Z 0d8b5cba-c9b6-567d-ada7-4a1a00340d9a"
        let updated = "2026-09-04T10:05:00.123Z updated"
        #expect(
            stamps == [
                captured, captured, updated, captured, updated, captured, captured, updated,
                captured, captured, captured, updated,
            ])
        #expect(profile.interests.map(text) == ["crm", "analytics", "gone"])
    }

    @Test func touchesAndActivitiesAreAsTheyWereWritten() throws {
        let profile = try decode(ProfileVersion1.rich)
        let first = try #require(profile.firstTouch)
        let last = try #require(profile.lastTouch)
        #expect(first.stamp.eventID.text == "first" && first.source == .leads)
        #expect(first.stamp.at.description == "2026-08-18T10:05:00.123Z")
        #expect(text(first.channel) == "email" && text(first.campaign) == "c1")
        #expect(last.stamp.eventID.text == "last" && last.source == .activities)
        #expect(last.channel == .none && text(last.campaign) == "c\u{e9}2")
        let cells = profile.counts.cells.map { cell in
            var length = 0
            symbols.withBytes(of: cell.type) { length = $0.count }
            return "\(cell.day) \(cell.count) \(length) \(text(cell.tag))"
        }
        #expect(
            Set(cells) == [
                "2026-09-07 300 9 crm", "2026-06-09 1 9 ", "2026-09-07 1 14 analytics",
                "2026-09-07 1 18 crm",
            ])
        #expect(profile.counts.cells.count == 4)
        let bytes = RichProfile.conditional
        let conditional = symbols.intern(bytes.span)
        #expect(profile.counts.cells.contains { $0.type == conditional })
        #expect(
            profile.freshness.map { "\(text($0.tag)) \($0.at)" } == [
                "crm 2026-09-07T10:05:00.123Z", " 2026-07-29T10:05:00.123Z",
            ])
        #expect(
            profile.recent.map {
                "\($0.stamp.eventID.text) \(text($0.type)) \(text($0.tag)) \(text($0.campaign))"
            } == [
                "last demo_requested  ", "activity 1 page_view crm ", "activity 2 page_view  c1",
                "activity 3 page_view  ", "activity 4 page_view  ",
            ])
        #expect(
            profile.remembered.entries.map { "\($0.at.day) \($0.hash) \($0.source)" } == [
                "2026-08-18 18446744073709551615 leads", "2026-09-04 1 leads",
                "2026-09-05 81985529216486895 dispositions", "2026-09-06 7 activities",
                "2026-09-07 8 activities", "2026-09-08 9 dispositions",
            ])
        #expect(profile.remembered.activityCount == 2)
    }

    @Test func productsAreAsTheyWereWritten() throws {
        let profile = try decode(ProfileVersion1.rich)
        #expect(profile.products.map { text($0.product) } == ["", "crm", "analytics"])
        #expect(profile.products.map(\.status) == [.notReady, .handedOff, .notReady])
        #expect(
            profile.products.map { $0.codes.map(text) } == [
                ["no_product"], ["open"], ["missing:lead.phone", "fit", "engagement"],
            ])
        #expect(profile.products.map(\.cycles) == [0, 6, 0])
        #expect(profile.products.map(\.publishedCycle) == [0, 6, 0])
        #expect(
            profile.products.map(\.messages.counts) == [[0, 0, 0, 0, 1], [6, 2, 1, 0, 130], []])
        let agreements = profile.agreements
        #expect(agreements.map(\.sha256.count) == [64, 64])
        #expect(agreements.first?.sha256.hasPrefix("0a0a") == true)
        #expect(
            agreements.first?.reasons == [
                RejectionReason(code: "wrong_size", action: .disqualify),
                RejectionReason(code: "bad_timing", action: .recycle(afterDays: 60)),
            ])
        #expect(agreements.map(\.products) == [["crm", "gone"], []])
        #expect(agreements.last?.reasons == [])
    }

    @Test func mqlsAreAsTheyWereWritten() throws {
        let mqls = try decode(ProfileVersion1.rich).products[1].mqls
        #expect(mqls.map(\.cycle) == [1, 2, 3, 4, 5, 6])
        #expect(mqls.first?.id.description == "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a")
        #expect(mqls.map(\.id) == (1...6).map(RichProfile.id))
        #expect(mqls.last?.qualifiedAt.description == "2026-09-05T10:05:00.123Z")
        #expect(mqls.last?.followUpBy.description == "2026-09-06T10:05:00.123Z")
        #expect(Set(mqls.map { text($0.topic) }) == ["sales.mql.crm"])
        #expect(mqls.map { text($0.owner) } == [""] + (2...6).map { "owner \($0)" })
        #expect(mqls.map(\.agreement) == [0, 0, 0, 1, 1, 1])
        #expect(mqls.map(\.isWithdrawn) == [true] + Array(repeating: false, count: 5))
        #expect(mqls.map(\.isLapsed) == [false, true, false, false, false, false])
        #expect(
            mqls.map { $0.disposition?.answer } == [nil, nil, .rejected, .lost, .accepted, nil])
        #expect(
            mqls.map { $0.disposition?.action } == [
                nil, nil, .disqualify, .recycle(afterDays: 60), nil, nil,
            ])
        #expect(
            mqls.map { $0.disposition.map { text($0.reason) } } == [
                nil, nil, "wrong_size", "bad_timing", "", nil,
            ])
        #expect(mqls[2].disposition?.stamp.eventID.text == "answer 2")
        #expect(mqls[2].disposition?.stamp.at.description == "2026-09-05T10:05:00.123Z")
        #expect(mqls.map(\.alerts.endOnContact) == [false, false, false, false, true, false])
        let alerts = mqls.map { [$0.alerts.warning, $0.alerts.breach, $0.alerts.escalation] }
        let asOf = RichProfile.asOf
        #expect(alerts.prefix(4).allSatisfy { $0 == [nil, nil, nil] })
        #expect(alerts[4] == [nil, asOf + .minutes(30), nil])
        #expect(alerts[5] == [asOf + .minutes(15), asOf + .minutes(30), asOf + .days(1)])
    }

    @Test func aStubIsAsItWasWritten() throws {
        let stub = try decode(ProfileVersion1.stub)
        #expect(stub.erasedAt?.description == "2026-09-07T10:05:00.123Z")
        #expect(stub.asOf == .distantPast && !stub.hasLeadEvent)
        #expect(stub.fields.entries.isEmpty && stub.interests.isEmpty && stub.recent.isEmpty)
        #expect(stub.firstTouch == nil && stub.lastTouch == nil)
        #expect(stub.products.map { text($0.product) } == ["", "crm", "analytics"])
        #expect(stub.products.map(\.cycles) == [0, 6, 0])
        #expect(stub.products.map(\.messages.counts) == [[0, 0, 0, 0, 1], [6, 2, 1, 0, 130], []])
        #expect(stub.products.allSatisfy { $0.status == nil && $0.mqls.isEmpty })
    }

    @Test func anEmptyProfileIsAsItWasWritten() throws {
        let empty = try decode(ProfileVersion1.empty)
        #expect(empty.isEmpty)
    }

    @Test func versionOneIsStillWrittenTheSameWay() throws {
        #expect(ProfileCodec.version == 1, "a new version: this test goes, the others stay")
        var codec = ProfileCodec(symbols: symbols)
        var rich = RichProfile.make(symbols)
        var stub = RichProfile.makeStub(symbols)
        var empty = Profile(leadID: "a")
        #expect(Data(codec.encode(&rich)).base64EncodedString() == ProfileVersion1.rich)
        #expect(Data(codec.encode(&stub)).base64EncodedString() == ProfileVersion1.stub)
        #expect(Data(codec.encode(&empty)).base64EncodedString() == ProfileVersion1.empty)
    }
}
