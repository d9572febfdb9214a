import Foundation
import Operations
import TestSupport
import Testing

/// The page at `/`, and what a browser makes of it.
///
/// Those in a browser are skipped where there is none, as the report's page.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DashboardTests {
    @Test func thePageAsksNobodyButTheWorker() throws {
        let response = Sample.get("/")
        let page = String(decoding: response.body, as: UTF8.self)
        #expect(response.headers.contains { $0.name == "Content-Security-Policy" })
        #expect(response.headers[0].value.contains("connect-src 'self'"))
        for word in ["http:", "https:", "src=", "@import", "url(", "innerHTML"] {
            #expect(!page.contains(word), "\(word)")
        }
        // Every place that the script fills is there.
        for match in page.matches(of: /(?:at|say|bars|table)\("([a-z-]+)"[,)]/) {
            #expect(page.contains("id=\"\(match.1)\""), "\(match.1)")
        }
        // And every metric that it asks for.
        let names = Set(Metric.all.map(\.name))
        for match in page.matches(of: /"((?:handoff|process)_[a-z_]+)"/) {
            #expect(names.contains(String(match.1)), "\(match.1)")
        }
    }

    /// What the page looks like from inside.
    private struct Measured: Decodable {
        var innerWidth: Double
        var scrollWidth: Double
        var overflowing: [String]
        var smallestText: Double
        var isDark: Bool
        var state: String
        var lag: String
        var text: String
        var path: String
    }

    @Test(
        "the page shows the worker on a phone and on a desk",
        .enabled(if: Browser.path != nil, "no Chromium is installed"),
        arguments: [360, 1280], [false, true])
    func shows(_ width: Int, _ isDark: Bool) throws {
        let lanes = (0..<8).map { Sample.lane($0, isRunning: $0 != 3, restoreAge: 1) }
        let status = Sample.status(lanes: lanes, name: String(repeating: "unbroken", count: 12))
        let seen = try Self.measure(status, width: width, isDark: isDark)
        #expect(seen.innerWidth == Double(width))
        #expect(seen.isDark == isDark)
        #expect(seen.scrollWidth <= seen.innerWidth, "\(seen.overflowing)")
        #expect(seen.overflowing.isEmpty, "\(seen.overflowing)")
        #expect(seen.smallestText >= 12)
        #expect(seen.state == "ready")
        #expect(seen.lag == "56")
        for text in [
            "crm: not_ready", "bad_timestamp", "crm: warning", "crm: accepted",
            "3 restoring 500 of 1,000", "unbroken",
        ] {
            #expect(seen.text.contains(text), "\(text)")
        }
        #expect(seen.path.hasPrefix("M"))
    }

    @Test(
        "a worker that does not answer is told apart",
        .enabled(if: Browser.path != nil, "no Chromium is installed"))
    func silent() throws {
        let seen = try Self.measure(nil, width: 360, isDark: false)
        #expect(seen.state == "no answer")
    }

    private static let measuring = """
        setTimeout(() => {
          const overflowing = [...document.querySelectorAll("body *")].filter(e =>
            !e.closest("svg") && e.tagName !== "SCRIPT" &&
            e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.id);
          const texts = [...document.querySelectorAll("p,span,b,td,th,li,figcaption")];
          measured({innerWidth, overflowing,
            scrollWidth: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth),
            smallestText: Math.min(...texts.map(e => parseFloat(getComputedStyle(e).fontSize))),
            isDark: getComputedStyle(document.body).backgroundColor === "rgb(20, 23, 26)",
            state: document.getElementById("state").textContent,
            lag: document.getElementById("lag").textContent,
            text: document.querySelector("body").innerText,
            path: document.querySelector("#lag-line path").getAttribute("d") || ""});
        }, 1500);
        """

    /// Loads the page in a frame of the width wanted, with answers in place of a worker.
    private static func measure(
        _ status: OperatorStatus?, width: Int, isDark: Bool
    ) throws -> Measured {
        let encoded = ["/status", "/metrics"].compactMap { path in
            status.map { Data(Sample.text(path, $0).utf8).base64EncodedString() }
        }
        let stub = """
            <script>
            const given = {"/status": "\(encoded.first ?? "")",
              "/metrics": "\(encoded.last ?? "")"};
            window.fetch = async path => ({ok: given[path] !== "", text: async () =>
              decodeURIComponent(escape(atob(given[path])))});
            </script></head>
            """
        return try Browser.measure(
            Dashboard.page.replacing("</head>", with: stub), script: measuring, width: width,
            isDark: isDark, patience: .seconds(4))
    }
}
