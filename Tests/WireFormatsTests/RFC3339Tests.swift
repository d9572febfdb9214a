import Foundation
import Qualification
import Testing
import WireFormats

@testable import ReferenceModel

/// Times in every form that RFC 3339 allows, and in forms that it does not.
struct RFC3339Tests {
    private static func read(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return RFC3339.timestamp(bytes.span)?.milliseconds
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-09-07T10:05:00Z", 1_788_775_500_000),
            ("2026-09-07t10:05:00z", 1_788_775_500_000),
            ("2026-09-07T10:05:00.1Z", 1_788_775_500_100),
            ("2026-09-07T10:05:00.12Z", 1_788_775_500_120),
            ("2026-09-07T10:05:00.123Z", 1_788_775_500_123),
            ("2026-09-07T10:05:00.1239Z", 1_788_775_500_123),
            ("2026-09-07T10:05:00.999999999Z", 1_788_775_500_999),
            ("2026-09-07T10:05:00.000000001Z", 1_788_775_500_000),
            ("2026-09-07T12:05:00+02:00", 1_788_775_500_000),
            ("2026-09-07T04:35:00-05:30", 1_788_775_500_000),
            ("2026-09-07T10:05:00+00:00", 1_788_775_500_000),
            ("2026-09-07T10:05:00-00:00", 1_788_775_500_000),
            ("2026-09-07T00:05:00.5+23:59", 1_788_653_160_500),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("1999-12-31T23:59:59.999Z", 946_684_799_999),
        ] as [(String, Int64)])
    func isATime(_ text: String, _ milliseconds: Int64) {
        #expect(RFC3339Tests.read(text) == milliseconds)
    }

    @Test(arguments: [
        "", "2026-09-07", "2026-09-07T10:05:00", "2026-09-07 10:05:00Z", "20260907T100500Z",
        "2026-9-7T10:05:00Z", "2026-09-07T10:05Z", "2026-09-07T10:05:00.Z",
        "2026-09-07T10:05:00,5Z",
        "2026-09-07T24:00:00Z", "2026-09-07T23:59:60Z", "2016-12-31T23:59:60Z",
        "2026-09-07T10:60:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-09-07T10:05:00+0200", "2026-09-07T10:05:00+02",
        "2026-09-07T10:05:00+24:00", "2026-09-07T10:05:00+02:60", "2026-09-07T10:05:00+2:00",
        "2026-09-07T10:05:00ZZ", "2026-09-07T10:05:00Z ", " 2026-09-07T10:05:00Z",
        "2026-09-07T10:05:00Europe/Berlin", "2026-09-07T10:05:00\u{2212}02:00",
        "\u{ff12}026-09-07T10:05:00Z", "-2026-09-07T10:05:00Z", "+2026-09-07T10:05:00Z",
        "12026-09-07T10:05:00Z", "2026-09-07T10:05:00.1", "2026-09-07T10:05:00.12345",
        "2026-W37-1T10:05:00Z", "1788775500", "2026-09-07T1o:05:00Z", "2026/09/07T10:05:00Z",
    ])
    func isNoTime(_ text: String) {
        #expect(RFC3339Tests.read(text) == nil)
    }

    @Test func whatIsWrittenReadsBack() {
        var random = SplitMix64(seed: 2)
        for _ in 0..<3_000 {
            let time = Timestamp(
                milliseconds: Int64(random.number(-62_167_219_200_000...253_402_300_799_999)))
            #expect(RFC3339Tests.read(time.description) == time.milliseconds)
        }
    }

    @Test func agreesWithTheModelOnSpoiltTexts() {
        var random = SplitMix64(seed: 3)
        let alphabet = Array("0123456789-:TZtz+. ")
        for _ in 0..<5_000 {
            var text = Array(
                random.pick([
                    "2026-09-07T10:05:00.123+02:00", "2026-02-28T23:59:59Z", "2024-02-29T00:00:00z",
                ]))
            for _ in 0..<random.number(0...2) {
                text[random.number(0...text.count - 1)] = random.pick(alphabet)
            }
            let written = String(text)
            #expect(RFC3339Tests.read(written) == Moment.parse(written), "\(written)")
        }
    }

    @Test func anOffsetMayLeadBeyondTheYear9999() {
        let bytes = Array("9999-12-31T23:59:59-01:00".utf8)
        let time = RFC3339.timestamp(bytes.span)
        let text = time?.description
        #expect(text == nil || text?.hasPrefix("9999") == true)
    }
}
