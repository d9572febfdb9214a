import Foundation
import Qualification
import ReferenceModel
import Testing

@testable import WireFormats

/// Profiles as bytes: nothing is lost, and damaged bytes are refused.
struct ProfileCodecTests {
    /// Fewer than for single records, because each is a world.
    static let seeds =
        1...(ProcessInfo.processInfo.environment["HANDOFF_TEST_SEEDS"].flatMap(UInt64.init) ?? 12)

    @Test(arguments: ProfileCodecTests.seeds)
    func whatIsDecodedEncodesToTheSameBytes(_ seed: UInt64) throws {
        let lane = try WorldLane(seed: seed)
        var codec = ProfileCodec(symbols: lane.symbols)
        try lane.run { key, profile in
            let bytes = codec.encode(&profile)
            let leadID = String(decoding: key, as: UTF8.self)
            var decoded = try codec.decode(bytes, leadID: leadID)
            #expect(codec.encode(&decoded) == bytes, "seed \(seed)")
            // In a lane with other symbols the lists that are sorted by symbol may be in another
            // order; read and written twice, they are not.
            var other = ProfileCodec(symbols: SymbolTable())
            var foreign = try other.decode(bytes, leadID: leadID)
            let bytesThere = other.encode(&foreign)
            #expect(bytesThere.count == bytes.count)
            var again = try other.decode(bytesThere, leadID: leadID)
            #expect(other.encode(&again) == bytesThere)
        }
        #expect(!lane.profiles.isEmpty)
    }

    @Test(arguments: ProfileCodecTests.seeds)
    func whatIsDecodedDecidesTheSame(_ seed: UInt64) throws {
        let kept = try WorldLane(seed: seed)
        try kept.run()
        let stored = try WorldLane(seed: seed)
        var codec = ProfileCodec(symbols: stored.symbols)
        try stored.run { key, profile in
            let bytes = codec.encode(&profile)
            profile = try codec.decode(bytes, leadID: String(decoding: key, as: UTF8.self))
        }
        let bodies = [kept, stored].map { $0.messages.map(MessageWriter.body) }
        #expect(bodies[0] == bodies[1], "seed \(seed)")
        #expect(kept.messages.map(\.id) == stored.messages.map(\.id))
    }

    @Test func theCachedFieldsAreThoseOfTheProfile() throws {
        let lane = try WorldLane(seed: 3)
        var codec = ProfileCodec(symbols: lane.symbols)
        try lane.run { _, profile in
            _ = codec.encode(&profile)
            let cached = codec.encode(&profile)
            profile.fields.encoded = nil
            #expect(codec.encode(&profile) == cached)
        }
    }

    @Test func everyTruncationIsRefused() throws {
        for bytes in try ProfileCodecTests.someProfiles() {
            let codec = ProfileCodec(symbols: SymbolTable())
            for count in 0..<bytes.count {
                #expect(throws: ProfileCodecError.self, "\(count) of \(bytes.count) bytes") {
                    _ = try codec.decode(Array(bytes[..<count]), leadID: "a")
                }
            }
            #expect(throws: ProfileCodecError.self) {
                _ = try codec.decode(bytes + [0], leadID: "a")
            }
        }
    }

    @Test func anUnknownVersionIsNamed() throws {
        let codec = ProfileCodec(symbols: SymbolTable())
        for version in [0, 3, 255] as [UInt8] {
            #expect(throws: ProfileCodecError.unknownVersion(version)) {
                _ = try codec.decode([version] + [0, 0, 0], leadID: "a")
            }
        }
        #expect(throws: ProfileCodecError.truncated) { _ = try codec.decode([], leadID: "a") }
        #expect(throws: ProfileCodecError.malformed("unknown flags")) {
            _ = try codec.decode([1, 0xff], leadID: "a")
        }
        #expect(
            ProfileCodecError.unknownVersion(9).description
                == "the profile has format version 9; run a newer handoff")
    }

    @Test func flippedBytesAreRefusedOrReadButNeverCrash() async {
        await #expect(processExitsWith: .success) {
            var random = SplitMix64(seed: 17)
            let codec = ProfileCodec(symbols: SymbolTable())
            for bytes in try ProfileCodecTests.someProfiles() {
                for _ in 0..<1_500 {
                    var damaged = bytes
                    for _ in 0..<random.number(1...3) {
                        damaged[random.number(0...bytes.count - 1)] = UInt8(random.number(0...255))
                    }
                    do throws(ProfileCodecError) {
                        _ = try codec.decode(damaged, leadID: "a")
                    } catch {
                        continue
                    }
                }
            }
        }
    }

    @Test func timesAtTheEndsOfTheRangeNeverCrash() async {
        await #expect(processExitsWith: .success) {
            // as_of at the end of time, and a remembered id that lies after it.
            let writer = ByteWriter()
            for byte in [ProfileCodec.version, 2] { writer.byte(byte) }
            writer.signed(.max)
            for _ in 0..<5 { writer.count(0) }
            writer.count(1)
            writer.signed(1 << 40)
            writer.word(7)
            for _ in 0..<2 { writer.count(0) }
            let codec = ProfileCodec(symbols: SymbolTable())
            _ = try? codec.decode(writer.bytes, leadID: "a")
        }
    }

    private static func someProfiles() throws -> [[UInt8]] {
        let lane = try WorldLane(seed: 5)
        try lane.run()
        var codec = ProfileCodec(symbols: lane.symbols)
        return lane.profiles.values.map { profile in
            var profile = profile
            return codec.encode(&profile)
        }
    }

    @Test(
        arguments: [
            0, 1, 127, 128, 16_383, 16_384, UInt64(UInt32.max), UInt64(Int64.max), .max,
        ] as [UInt64])
    func numbersOfAnySizeAreReadBack(_ number: UInt64) throws {
        let writer = ByteWriter()
        writer.unsigned(number)
        writer.signed(Int64(truncatingIfNeeded: number))
        writer.signed(-Int64(truncatingIfNeeded: number >> 1))
        writer.word(number)
        writer.text("caf\u{e9}\u{0}")
        var reader = ByteReader(writer.bytes)
        #expect(try reader.unsigned() == number)
        #expect(try reader.signed() == Int64(truncatingIfNeeded: number))
        #expect(try reader.signed() == -Int64(truncatingIfNeeded: number >> 1))
        #expect(try reader.word() == number)
        #expect(try reader.text() == "caf\u{e9}\u{0}")
        #expect(reader.isAtEnd)
    }

    @Test func theMarkOfALaneIsReadBack() throws {
        var mark = LaneMark(
            streamClock: Timestamp(milliseconds: 1_788_775_500_000),
            positions: [.leads: 7, .activities: 1 << 40, .dispositions: 0])
        let bytes = mark.encoded
        #expect(try LaneMark(decoding: bytes) == mark)
        #expect(try LaneMark(decoding: LaneMark().encoded) == LaneMark())
        #expect(
            bytes == [
                2, 0, 0xc0, 0xa3, 0xa0, 0xb5, 0x8f, 0x68, 3, 0, 14, 1, 0x80, 0x80, 0x80, 0x80,
                0x80, 0x40, 2, 0, 0, 0, 0, 0, 0,
            ])
        #expect(try LaneMark(decoding: [1] + bytes.dropFirst().dropLast(4)) == mark)
        mark.capacity.day = UTCDay(number: 20_703)
        mark.capacity.isReleasing = true
        mark.capacity.used = ["crm": 300, "analytics": 1]
        #expect(try LaneMark(decoding: mark.encoded) == mark)
        for count in 0..<bytes.count {
            #expect(throws: ProfileCodecError.self) {
                _ = try LaneMark(decoding: Array(bytes[..<count]))
            }
        }
        #expect(throws: ProfileCodecError.unknownVersion(3)) { _ = try LaneMark(decoding: [3]) }
        #expect(String(validating: LaneMark.key, as: UTF8.self) == nil)
    }
}
