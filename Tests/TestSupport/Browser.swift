internal import Foundation

/// A page in a real browser, looked at by a script of the test's own.
///
/// Chromium of the PATH, or `HANDOFF_TEST_CHROMIUM`; `deploy/test` installs it if it can, and tests
/// that need it are skipped where there is none.
package enum Browser {
    /// The program, if there is one.
    package static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let found = folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
        return ([environment["HANDOFF_TEST_CHROMIUM"] ?? ""] + found)
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Why nothing was measured.
    package struct Failure: Error, CustomStringConvertible {
        /// The reason, with the end of what the browser made of the page.
        package var description: String
    }

    /// Loads a page in a frame of the width wanted and decodes what its script has measured.
    ///
    /// In a frame, because Chromium's own window has at least 500 pixels; media queries and
    /// percentages go by the frame. The script hands its findings over by calling
    /// `measured(findings)`. `patience` lets it wait so long in virtual time.
    package static func measure<Findings: Decodable>(
        _ page: String, script: String, width: Int, isDark: Bool, patience: Duration? = nil,
        as type: Findings.Type = Findings.self
    ) throws -> Findings {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: Broker.unique("handoff-page"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inside = page.replacing(
            "</body>", with: "<script>\(handOver)\(script)</script></body>"
        ).replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
        let frame =
            "<!doctype html><body style=\"margin:0\"><iframe width=\"\(width)\" height=\"900\" "
            + "style=\"border:0\" srcdoc=\"\(inside)\"></iframe></body>"
        let file = folder.appending(path: "page.html")
        try Data(frame.utf8).write(to: file)
        let text = try dom(of: file, folder, isDark: isDark, patience)
        guard let found = text.firstMatch(of: /id="measured">([A-Za-z0-9+\/=]+)</),
            let data = Data(base64Encoded: String(found.1))
        else { throw Failure(description: "nothing was measured: \(text.suffix(2_000))") }
        return try JSONDecoder().decode(Findings.self, from: data)
    }

    private static let handOver = """
        const measured = findings => {
          parent.document.body.innerHTML = "<pre id=measured>" +
            btoa(unescape(encodeURIComponent(JSON.stringify(findings)))) + "</pre>";
        };
        """

    private static func dom(
        of file: URL, _ folder: URL, isDark: Bool, _ patience: Duration?
    ) throws -> String {
        guard let path else { throw Failure(description: "no Chromium is installed") }
        let chromium = Process()
        chromium.executableURL = URL(fileURLWithPath: path)
        let budget = patience.map { ["--virtual-time-budget=\($0.components.seconds * 1_000)"] }
        chromium.arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
                "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1400,900",
                "--user-data-dir=\(folder.path)/profile",
                "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)",
            ] + (budget ?? []) + ["--dump-dom", file.path]
        let output = folder.appending(path: "dom")
        try Data().write(to: output)
        chromium.standardOutput = try FileHandle(forWritingTo: output)
        chromium.standardError = FileHandle.nullDevice
        chromium.standardInput = FileHandle.nullDevice
        try chromium.run()
        chromium.waitUntilExit()
        return try String(contentsOf: output, encoding: .utf8)
    }
}
