import Foundation
package import Qualification

/// The compiled time zones of the machine: the IANA database as the package tzdata installs it.
package struct TimeZoneFolder: Sendable {
    /// Where the zones are.
    package let path: String

    /// The folder that the variable TZDIR names, as for the C library, else the system's.
    package static var standard: TimeZoneFolder {
        let named = ProcessInfo.processInfo.environment["TZDIR"] ?? ""
        return TimeZoneFolder(path: named.isEmpty ? "/usr/share/zoneinfo" : named)
    }

    /// A folder of zones.
    package init(path: String) {
        self.path = path
    }

    /// Whether there is any time zone data.
    package var exists: Bool { offsets(ofZone: "Etc/UTC") != nil }

    /// The offsets of a zone by its IANA name, such as `Europe/Berlin`; nil if there is none.
    package func offsets(ofZone name: String) -> UTCOffsets? {
        guard TimeZoneFolder.isName(name) else { return nil }
        let file = URL(fileURLWithPath: path).appendingPathComponent(name)
        guard let handle = try? FileHandle(forReadingFrom: file),
            let data = try? handle.read(upToCount: TimeZoneFile.longest)
        else { return nil }
        return TimeZoneFile.offsets(Array(data))
    }

    /// The names of all zones, sorted; for suggestions.
    package var names: [String] {
        let found = FileManager.default.enumerator(atPath: path)
        let names = (found?.compactMap { $0 as? String } ?? []).filter(TimeZoneFolder.isName)
        // The folders `Europe`, `America` and so on are no zones.
        let folders = Set(names.compactMap { $0.lastIndex(of: "/").map($0.prefix(upTo:)) })
        return names.filter { !folders.contains($0[...]) }.sorted()
    }

    /// Parts of letters, digits, `_`, `+` and `-`, each beginning with a capital letter: what the
    /// IANA database allows itself, and no way out of the folder nor into `right/`, where leap
    /// seconds are counted.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                guard let first = part.utf8.first, (first | 0x20).isLowerLetter else {
                    return false
                }
                return !first.isLowerLetter
                    && part.utf8.allSatisfy {
                        ($0 | 0x20).isLowerLetter || $0.isDigit || "_+-".utf8.contains($0)
                    }
            }
    }
}
