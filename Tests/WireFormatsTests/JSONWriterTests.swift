import Foundation
import Qualification
import ReferenceModel
import Testing

@testable import WireFormats

/// JSON as it is written: escapes that every parser undoes, numbers in the shortest form.
struct JSONWriterTests {
    private static func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.object(body)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func expectRoundTrip(_ text: String) throws {
        let json = written { writer in
            writer.text("t", text)
            writer.array("l", [text]) { writer, item in writer.item(item) }
        }
        let model = try #require(JSONValue.parse(json), "\(json)")
        #expect(model == ["t": .string(text), "l": [.string(text)]], "\(json)")
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        let read = try #require(object?["t"] as? String)
        #expect(read.utf8.elementsEqual(text.utf8), "\(json)")
        #expect(!json.utf8.contains { $0 < 0x20 })
    }

    @Test func everyASCIICharacterIsReadBackAlsoBetweenOthers() throws {
        for value in UInt8(0)...0x7f {
            let character = String(UnicodeScalar(value))
            for text in [
                character, "a\(character)b", "\(character)\(character)", "\u{e9}\(character)",
            ] {
                try JSONWriterTests.expectRoundTrip(text)
            }
        }
    }

    @Test(arguments: [
        "", "\"quoted\" \\ text", "\u{1f980}\u{2028}\u{2029}\u{feff}", "cafe\u{301} caf\u{e9}",
        "\u{ffff}\u{10ffff}\u{80}\u{7ff}\u{800}", "</script>", "tab\tline\r\n", "\u{0}",
    ])
    func textsAreReadBackByteForByte(_ text: String) throws {
        try JSONWriterTests.expectRoundTrip(text)
    }

    @Test(arguments: Reading.seeds)
    func randomTextsAreReadBack(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<20 {
            var text = ""
            for _ in 0..<random.number(0...12) {
                let limit = random.pick([0x20, 0x80, 0x800, 0xd7ff, 0x10ffff])
                let value = UInt32(random.number(0...limit))
                if let scalar = UnicodeScalar(value) { text.unicodeScalars.append(scalar) }
            }
            try JSONWriterTests.expectRoundTrip(text)
        }
    }

    @Test func membersAreInTheOrderOfTheCallsAndAbsentOnesAreNot() {
        let json = JSONWriterTests.written { writer in
            writer.text("z", "1")
            writer.text("gone", nil)
            writer.points("p", nil)
            writer.integer("i", nil)
            writer.number("n", nil)
            writer.bool("b", false)
            writer.array("e", [Int]()) { _, _ in }
            writer.object("o") { _ in }
            writer.array("l", [1, 2]) { writer, item in
                writer.object { $0.integer("x", Int64(item)) }
            }
            writer.object("in") { $0.text("a", "b") }
            writer.time("at", Timestamp(milliseconds: 0))
            writer.integer("last", -5)
        }
        #expect(
            json == #"{"z":"1","b":false,"e":[],"o":{},"l":[{"x":1},{"x":2}],"in":{"a":"b"},"#
                + #""at":"1970-01-01T00:00:00.000Z","last":-5}"#)
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (50, "50"), (-3, "-3"), (0.5, "0.5"), (99.99, "99.99"),
            (9_007_199_254_740_992, "9007199254740992"), (1e-7, "1e-07"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] as [(Double, String)])
    func aNumberIsWrittenSoThatItReadsBack(_ number: Double, _ text: String) {
        let json = JSONWriterTests.written { $0.number("n", number) }
        #expect(json == "{\"n\":\(text)}")
        #expect(JSONValue.parse(json)?["n"]?.double == number)
    }

    @Test func factsAreWrittenByTheirKind() {
        let json = JSONWriterTests.written { writer in
            writer.fact("t", .text("x"))
            writer.fact("n", .number(1.5))
            writer.fact("b", .bool(true))
            writer.points("p", Points(hundredths: -1_005))
        }
        #expect(json == #"{"t":"x","n":1.5,"b":true,"p":-10.05}"#)
    }
}
