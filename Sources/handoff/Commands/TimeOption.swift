import ArgumentParser
import Foundation
import Qualification
import WireFormats
import Worker

/// A point in time on the command line: a time, a day, or how long ago.
struct TimeOption: ExpressibleByArgument {
    /// What a help text says about it.
    static let help = "an RFC 3339 time, a UTC day (2026-11-01), or how long ago (90m, 12h, 7d)"

    let time: Timestamp

    init?(argument: String) {
        self.init(argument, now: Timestamp(milliseconds: SystemClock().wallMilliseconds()))
    }

    init?(_ text: String, now: Timestamp) {
        if let time = RFC3339.timestamp(Array(text.utf8).span) {
            self.time = time
            return
        }
        if let time = RFC3339.timestamp(Array("\(text)T00:00:00Z".utf8).span) {
            self.time = time
            return
        }
        let units: [Character: Int64] = [
            "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
        ]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            (0...10_000_000).contains(count)
        else { return nil }
        time = Timestamp(milliseconds: now.milliseconds - count * unit)
    }
}

extension Definition {
    /// - Throws: `CommandFailure` with exit code 2 if the product is not one of the definition.
    func checkProduct(_ name: String?, _ path: String) throws {
        guard let name, !products.contains(where: { $0.id == name }) else { return }
        throw CommandFailure(
            "--product \(name): the definition \(path) has no such product; it has "
                + products.map(\.id).joined(separator: ", "), exitCode: 2)
    }
}
