import Foundation
import Qualification
import Reports
import TestSupport
import Testing

/// The page in a real browser.
///
/// Skipped where there is none; see `Browser`.
@Suite("The page in a browser", .serialized, .timeLimit(.minutes(10)))
struct BrowserTests {
    /// What the page looks like from inside.
    struct Measured: Decodable {
        struct Chart: Decodable {
            var id: String
            var bars: Int
            var narrowest: Double
            var lowest: Double
            var pieces: Int
            var paintedPieces: Int
        }
        var innerWidth: Double
        var scrollWidth: Double
        var openedScrollWidth: Double
        var overflowing: [String]
        var charts: [Chart]
        var resources: Int
        var tables: Int
        var smallestText: Double
        var isDark: Bool
    }

    @Test(
        "charts have a size and nothing is wider than the window, without any network",
        .enabled(if: Browser.path != nil, "no Chromium is installed"),
        arguments: [360, 1280], [false, true])
    func layout(_ width: Int, _ isDark: Bool) throws {
        let page = PageTests.rich(channel: String(repeating: "unbroken", count: 20)).page
        let seen = try Self.measure(page, width: width, isDark: isDark)
        #expect(seen.innerWidth == Double(width))
        #expect(seen.isDark == isDark)
        #expect(seen.scrollWidth <= seen.innerWidth && seen.openedScrollWidth <= seen.innerWidth)
        #expect(seen.overflowing.isEmpty, "\(seen.overflowing)")
        #expect(seen.resources == 0)
        #expect(seen.charts.count == 9 && seen.tables == 9)
        for chart in seen.charts {
            #expect(chart.bars > 0 && chart.pieces > 0, "\(chart.id)")
            #expect(chart.narrowest >= 60 && chart.lowest >= 15, "\(chart.id)")
            #expect(chart.paintedPieces == chart.pieces, "\(chart.id)")
        }
        #expect(seen.smallestText >= 12)
    }

    @Test("an empty report is a page, too", .enabled(if: Browser.path != nil))
    func empty() throws {
        let page = ReportFold().report(asOf: .earliestAccepted).page
        let seen = try Self.measure(page, width: 360, isDark: false)
        #expect(seen.scrollWidth <= seen.innerWidth)
    }

    // MARK: Browser

    private static let script = """
        const wide = () =>
          Math.max(document.documentElement.scrollWidth, document.body.scrollWidth);
        const before = wide();
        const charts = [...document.querySelectorAll("figure.chart")].map(chart => {
          const bars = [...chart.querySelectorAll("svg.bar")].map(b => b.getBoundingClientRect());
          const pieces = [...chart.querySelectorAll("rect.piece")];
          return {id: chart.id, bars: bars.length,
            narrowest: Math.min(1e6, ...bars.map(b => b.width)),
            lowest: Math.min(1e6, ...bars.map(b => b.height)), pieces: pieces.length,
            paintedPieces: pieces.filter(p => p.getBoundingClientRect().width > 0 &&
              document.querySelector(p.getAttribute("fill").slice(4, -1))).length};
        });
        document.querySelectorAll("details").forEach(d => d.open = true);
        const overflowing = [...document.querySelectorAll("body *")].filter(e =>
          !e.closest(".scroll") && !e.closest("svg") && !e.closest("script") &&
          e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className);
        const texts = [...document.querySelectorAll("p,span,b,td,th,li,dd,summary")];
        measured({innerWidth, scrollWidth: before, openedScrollWidth: wide(), overflowing,
          charts, resources: performance.getEntriesByType("resource").length,
          tables: document.querySelectorAll("table caption").length,
          smallestText: Math.min(...texts.map(e => parseFloat(getComputedStyle(e).fontSize))),
          isDark: getComputedStyle(document.body).backgroundColor === "rgb(20, 23, 26)"});
        """

    /// Loads the page with a script that measures it; its own policy would forbid any script.
    private static func measure(_ page: String, width: Int, isDark: Bool) throws -> Measured {
        let open = page.replacing(
            "default-src 'none';", with: "default-src 'none'; script-src 'unsafe-inline';")
        return try Browser.measure(open, script: script, width: width, isDark: isDark)
    }
}
