import Qualification
import ReferenceModel
import Testing

@testable import WireFormats

/// What is told of a profile's bytes without decoding them is what decoding tells.
struct ProfileSkimmerTests {
    @Test(arguments: ProfileCodecTests.seeds)
    func skimmingTellsWhatDecodingTells(_ seed: UInt64) throws {
        let lane = try WorldLane(seed: seed, records: 400)
        var codec = ProfileCodec(symbols: lane.symbols)
        var alerts = 0
        try lane.run { _, profile in
            let bytes = codec.encode(&profile)
            let timers = try ProfileCodec.timers(of: bytes)
            #expect(timers == profile.timers, "seed \(seed)")
            #expect(ProfileCodec.isStub(bytes) == (profile.asOf == .distantPast))
            if timers.nextAlert != nil { alerts += 1 }
        }
        print("seed \(seed): \(alerts) profiles with alerts")
    }

    @Test func aProfileWithEverything() throws {
        let symbols = SymbolTable()
        var codec = ProfileCodec(symbols: symbols)
        var profile = RichProfile.make(symbols)
        let timers = try ProfileCodec.timers(of: codec.encode(&profile))
        #expect(timers == profile.timers)
        #expect(timers.nextAlert != nil)
        #expect(timers.idleness.kind == .lead)
    }

    @Test func stubs() throws {
        var codec = ProfileCodec(symbols: SymbolTable())
        var stub = Profile(leadID: "a")
        var timers = try ProfileCodec.timers(of: codec.encode(&stub))
        #expect(timers.idleness.kind == .forgotten)
        stub.erasedAt = RichProfile.asOf
        timers = try ProfileCodec.timers(of: codec.encode(&stub))
        #expect(timers.idleness == Idleness(kind: .erased, since: RichProfile.asOf.day))
    }

    @Test func damagedBytesAreRefused() throws {
        var codec = ProfileCodec(symbols: SymbolTable())
        var profile = RichProfile.make(codec.symbolTable)
        let bytes = codec.encode(&profile)
        #expect(throws: ProfileCodecError.self) { _ = try ProfileCodec.timers(of: []) }
        #expect(throws: ProfileCodecError.unknownVersion(9)) {
            _ = try ProfileCodec.timers(of: [9, 0])
        }
        // Beyond the products lies nothing that a skim looks at.
        for count in 0..<bytes.count / 2 {
            #expect(throws: ProfileCodecError.self) {
                _ = try ProfileCodec.timers(of: Array(bytes[..<count]))
            }
        }
    }
}
