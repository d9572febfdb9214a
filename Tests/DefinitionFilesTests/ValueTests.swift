import DefinitionFiles
import Qualification
import Testing

@Suite("Written values")
struct ValueTests {
    @Test(
        arguments: [
            ("0", 0), ("30", 3000), ("-15", -1500), ("+2.5", 250), ("24.05", 2405), (".5", 50),
            ("1.500", 150), ("-0.25", -25), ("007", 700),
        ] as [(String, Int64)])
    func pointsHaveAtMostTwoDecimals(_ text: String, _ hundredths: Int64) {
        #expect(Points(decimal: text) == Points(hundredths: hundredths))
    }

    @Test(arguments: ["", "-", ".", "1.", "1.005", "1e2", "a", "1 ", "0x1", "1,5", "1.2.3"])
    func otherTextIsNoPoints(_ text: String) {
        #expect(Points(decimal: text) == nil)
    }

    @Test func hugePointsAreRefusedWithoutOverflow() {
        #expect(Points(decimal: String(repeating: "9", count: 30)) == nil)
    }

    @Test(
        arguments: [
            ("0s", 0), ("90s", 90_000), ("5m", 300_000), ("24h", 86_400_000), ("2d", 172_800_000),
        ] as [(String, Int64)])
    func spansAreAWholeNumberAndAUnit(_ text: String, _ milliseconds: Int64) {
        #expect(Span24h(written: text) == Span24h(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "5", "h", "1.5h", "-1h", "1H", "1 h", "1w", "100ms", "1h30m", "99999999999999999d",
        "999999999999999999999d",
    ])
    func otherTextIsNoSpan(_ text: String) {
        #expect(Span24h(written: text) == nil)
    }

    @Test func settingsMayUseMilliseconds() {
        #expect(
            Span24h(written: "100ms", allowsMilliseconds: true) == Span24h(milliseconds: 100))
    }

    @Test(arguments: ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "1999-12-31", "today"])
    func otherTextIsNoDay(_ text: String) {
        #expect(UTCDay(written: text) == nil)
    }

    @Test(arguments: ["0x1F", "0o17", "0b11", "010", "1_000", "12:30", ".inf", "-.INF", ".nan"])
    func numbersThatReadersDisagreeAboutAreDoubtful(_ text: String) {
        #expect(ScalarKind(text, isPlain: true) == .doubtful)
    }

    @Test(arguments: ["yes", "NO", "on", "a1", "1a", "1.2.3", "1-2", "e5", "-", "...", "x_1"])
    func wordsAreText(_ text: String) {
        #expect(ScalarKind(text, isPlain: true) == .text(text))
    }

    @Test(arguments: [
        ("fit_at_leest", "fit_at_least"), ("oints", "points"), ("piont", "points"),
        ("owner", "owner_id"), ("POINTS", "points"), ("wenn", "when"),
    ])
    func theNearestNameIsSuggested(_ written: String, _ meant: String) {
        let names = ["id", "when", "points", "fit_at_least", "engagement_at_least", "owner_id"]
        #expect(NearestName.nearest(to: written, among: names) == meant)
    }

    @Test func nothingIsSuggestedForAStranger() {
        #expect(NearestName.nearest(to: "colour", among: ["points", "id"]) == nil)
        #expect(NearestName.nearest(to: "", among: ["points", "id"]) == nil)
    }
}
