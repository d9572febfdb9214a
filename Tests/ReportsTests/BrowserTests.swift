import Foundation
import Qualification
import Reports
import Testing

/// The page in a real browser.
///
/// Skipped where there is none: Chromium of the PATH, or
/// `HANDOFF_TEST_CHROMIUM`; `deploy/test` installs it if it can.
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
        .enabled(if: BrowserTests.browser != nil, "no Chromium is installed"),
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

    @Test("an empty report is a page, too", .enabled(if: BrowserTests.browser != nil))
    func empty() throws {
        let page = ReportFold().report(asOf: .earliestAccepted).page
        let seen = try Self.measure(page, width: 360, isDark: false)
        #expect(seen.scrollWidth <= seen.innerWidth)
    }

    // MARK: Browser

    static let browser: String? = {
        let environment = ProcessInfo.processInfo.environment
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let found = folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
        return ([environment["HANDOFF_TEST_CHROMIUM"] ?? ""] + found)
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    private static let script = """
        <script>
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
        const measured = {innerWidth, scrollWidth: before, openedScrollWidth: wide(), overflowing,
          charts, resources: performance.getEntriesByType("resource").length,
          tables: document.querySelectorAll("table caption").length,
          smallestText: Math.min(...texts.map(e => parseFloat(getComputedStyle(e).fontSize))),
          isDark: getComputedStyle(document.body).backgroundColor === "rgb(20, 23, 26)"};
        parent.document.body.innerHTML =
          "<pre id=measured>" + btoa(JSON.stringify(measured)) + "</pre>";
        </script></body>
        """

    /// Loads the page with a script that measures it; its own policy would forbid any script.
    ///
    /// It stands in a frame of the width wanted, because Chromium's own window has at least 500
    /// pixels; media queries and percentages go by the frame.
    private static func measure(_ page: String, width: Int, isDark: Bool) throws -> Measured {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "handoff-page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let open = page.replacing(
            "default-src 'none';", with: "default-src 'none'; script-src 'unsafe-inline';")
        let inside = open.replacing("</body>", with: script)
            .replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
        let frame =
            "<!doctype html><body style=\"margin:0\"><iframe width=\"\(width)\" height=\"900\" "
            + "style=\"border:0\" srcdoc=\"\(inside)\"></iframe></body>"
        let file = folder.appending(path: "page.html")
        try Data(frame.utf8).write(to: file)
        let chromium = Process()
        chromium.executableURL = URL(fileURLWithPath: try #require(browser))
        chromium.arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1400,900",
            "--user-data-dir=\(folder.path)/profile",
            "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom", file.path,
        ]
        let output = folder.appending(path: "dom")
        try Data().write(to: output)
        chromium.standardOutput = try FileHandle(forWritingTo: output)
        chromium.standardError = FileHandle.nullDevice
        chromium.standardInput = FileHandle.nullDevice
        try chromium.run()
        chromium.waitUntilExit()
        let text = try String(contentsOf: output, encoding: .utf8)
        let found = try #require(
            text.firstMatch(of: /id="measured">([A-Za-z0-9+\/=]+)</), "\(text)")
        let data = try #require(Data(base64Encoded: String(found.1)))
        return try JSONDecoder().decode(Measured.self, from: data)
    }
}
