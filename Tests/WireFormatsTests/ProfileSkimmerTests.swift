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
        // One for all, as in a restore: nothing of a profile may stay for the next.
        var skimmer = ColumnSkimmer()
        var addresses: [UInt8] = []
        try lane.run { _, profile in
            let bytes = codec.encode(&profile)
            let timers = try ProfileCodec.timers(of: bytes)
            #expect(timers == profile.timers, "seed \(seed)")
            #expect(ProfileCodec.isStub(bytes.span) == (profile.asOf == .distantPast))
            let start = addresses.count
            let columns = try skimmer.columns(of: bytes.span, addresses: &addresses)
            #expect(columns.timers == profile.timers, "seed \(seed)")
            let found = ProfileSkimmerTests.texts(columns, addresses[start...])
            #expect(found == profile.fields.addressKeys, "seed \(seed)")
            if timers.nextAlert != nil { alerts += 1 }
        }
        print("seed \(seed): \(alerts) profiles with alerts")
    }

    @Test(
        arguments: [
            ("pat@mail.acme.example", "acme.example"), ("pat@acme.example", "acme.example"),
            ("pat@acme.example", "acme.example.org"), (nil, "acme.example"),
            ("pat@acme.example", nil),
            ("pat", "@"), ("a@b@c.d", ".c..d."), ("@", ""), (nil, nil),
        ] as [(String?, String?)])
    func addressesAreThoseOfTheFields(_ email: String?, _ domain: String?) throws {
        let bytes = Array(((email ?? "") + (domain ?? "")).utf8)
        let middle = (email ?? "").utf8.count
        var keys = Array("before".utf8)
        let found = AddressKey.append(
            email: email == nil ? nil : 0..<middle,
            companyDomain: domain == nil ? nil : middle..<bytes.count, of: bytes.span, to: &keys)
        let columns = ProfileColumns(
            timers: Profile(leadID: "a").timers, firstAddressBytes: found.first,
            secondAddressBytes: found.second)
        #expect(
            ProfileSkimmerTests.texts(columns, keys.dropFirst(6))
                == AddressKey.keys(email: email, companyDomain: domain))
    }

    private static func texts(
        _ columns: ProfileColumns, _ addresses: ArraySlice<UInt8>
    ) -> [String] {
        var rest = addresses
        let texts = [columns.firstAddressBytes, columns.secondAddressBytes].compactMap { count in
            count.map { count in
                defer { rest = rest.dropFirst(count) }
                return String(decoding: rest.prefix(count), as: UTF8.self)
            }
        }
        #expect(rest.isEmpty)
        return texts
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
