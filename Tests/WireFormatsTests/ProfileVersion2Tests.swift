import Foundation
import Qualification
import Testing
import WireFormats

/// Profiles of version 2, of leads that wait for capacity, stay readable for ever.
///
/// `ProfileVersion2` must never be made anew: see `ProfileVersion1Tests`.
struct ProfileVersion2Tests {
    private let symbols = SymbolTable()

    private func decode() throws -> Profile {
        let bytes = [UInt8](try #require(Data(base64Encoded: ProfileVersion2.rich)))
        #expect(bytes.first == 2)
        return try ProfileCodec(symbols: symbols).decode(bytes, leadID: "a")
    }

    @Test func whatTheLeadWaitsForIsAsItWasWritten() throws {
        let waiting = try decode().waiting
        #expect(waiting.map { symbols.text($0.product) } == ["analytics", "later"])
        #expect(waiting.map(\.score.hundredths) == [7_025, -300])
        #expect(
            waiting.map(\.asOf.description) == [
                "2026-09-07T10:06:00.123Z", "2026-09-07T10:05:00.123Z",
            ])
        #expect(waiting.map { symbols.text($0.type) } == ["demo_requested", "lead.captured"])
        #expect(waiting.map { symbols.text($0.tag) } == ["crm", ""])
        #expect(
            waiting.map(\.at.description) == [
                "2026-09-06T10:05:00.123Z", "2026-09-07T10:05:00.123Z",
            ])
    }

    @Test func everythingElseIsThatOfVersionOne() throws {
        var profile = try decode()
        #expect(profile.products.last?.status == .waitingForCapacity)
        var codec = ProfileCodec(symbols: symbols)
        profile.waiting = []
        profile.products[2] = RichProfile.make(symbols).products[2]
        #expect(Data(codec.encode(&profile)).base64EncodedString() == ProfileVersion1.rich)
    }

    @Test func itIsSkimmedLikeVersionOne() throws {
        let bytes = [UInt8](try #require(Data(base64Encoded: ProfileVersion2.rich)))
        let profile = try decode()
        #expect(try ProfileCodec.timers(of: bytes) == profile.timers)
        #expect(try ProfileCodec.addressKeys(of: bytes) == profile.fields.addressKeys)
        let key = Array("a".utf8)
        let waiting = try ProfileCodec.waiting(of: bytes, key: key)
        #expect(waiting.map(\.product) == ["analytics", "later"])
        #expect(waiting.map(\.order) == profile.waiting.map { $0.order(ofLead: key) })
        let one = [UInt8](try #require(Data(base64Encoded: ProfileVersion1.rich)))
        #expect(try ProfileCodec.waiting(of: one, key: key).isEmpty)
    }

    @Test func itIsStillWrittenTheSameWay() throws {
        var codec = ProfileCodec(symbols: symbols)
        var rich = RichProfile.makeWaiting(symbols)
        let written = Data(codec.encode(&rich)).base64EncodedString()
        #expect(written == ProfileVersion2.rich)
    }
}
