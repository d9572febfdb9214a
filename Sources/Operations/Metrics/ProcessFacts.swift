internal import Foundation
internal import Glibc

/// What the system says about this process, read from /proc; what cannot be read is left out.
package struct ProcessFacts: Sendable {
    /// Seconds since 1970.
    package var startedAt: Double?
    /// User and system time in seconds.
    package var cpuSeconds: Double?
    /// Memory in RAM.
    package var residentBytes: Int?
    /// Open file descriptors.
    package var openFiles: Int?
    /// The most that may be open.
    package var maxFiles: Int?

    /// Ticks a second in /proc, which Linux fixes for programs whatever its own clock is
    /// (`USER_HZ`, proc(5)).
    private static let ticks = 100.0
    /// x86-64 and most others; only used for one figure of memory.
    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    /// How things are now.
    package static func read() -> ProcessFacts {
        var facts = ProcessFacts()
        // The program's name, the second field, may hold spaces and parentheses.
        let stat = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        if stat.count > 21 {
            // Fields 14, 15, 22 and 24 of proc(5), counted from the third.
            if let user = Double(stat[11]), let system = Double(stat[12]) {
                facts.cpuSeconds = (user + system) / ticks
            }
            if let start = Double(stat[19]), let boot = bootTime() {
                facts.startedAt = boot + start / ticks
            }
            facts.residentBytes = Int(stat[21]).map { $0 * pageBytes }
        }
        // Without the one that lists them.
        let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        facts.openFiles = files.map { max(0, $0.count - 1) }
        let limits = text("/proc/self/limits").split(separator: "\n")
        facts.maxFiles = limits.first { $0.hasPrefix("Max open files") }
            .flatMap { $0.split(separator: " ").dropFirst(3).first }.flatMap { Int($0) }
        return facts
    }

    private static func bootTime() -> Double? {
        text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
