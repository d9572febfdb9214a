package import Qualification

/// Reads compiled time zone data (TZif, RFC 9636): the table of changes, and the rule for all years
/// after it.
package enum TimeZoneFile {
    /// The longest file that is read; those of the IANA database are below 4 KiB.
    package static let longest = 1 << 20

    /// The offsets of a zone from the year 2000 on, before which no event is accepted; nil if the
    /// bytes are no zone of version 2 or later without leap seconds.
    package static func offsets(_ bytes: [UInt8]) -> UTCOffsets? {
        var reader = TZifReader(bytes: bytes)
        // The first block is for readers of 32-bit times.
        guard let old = reader.header(), old.version >= UInt8(ascii: "2"),
            reader.skip(old.length(ofTime: 4)), let header = reader.header(),
            header.leapSeconds == 0, header.types > 0,
            let table = reader.table(header), let footer = reader.footer()
        else { return nil }
        if footer.isEmpty { return compiled(table.first, table.changes, rule: nil) }
        return ZoneRule(footer).flatMap { compiled(table.first, table.changes, rule: $0) }
    }

    /// The table from the year 2000 on, with the changes of the rule for one whole cycle.
    private static func compiled(
        _ first: Span24h, _ table: [UTCOffsets.Change], rule: ZoneRule?
    ) -> UTCOffsets? {
        let last = max(table.last?.at ?? .earliestAccepted, .earliestAccepted)
        let year = last.day.calendarDate.year
        var changes = table
        if let rule {
            // Two years more at the end: what begins within the cycle must also end in the table.
            let cycleYears = Int(UTCOffsets.cycle.total / Span24h.milliseconds) / 365
            let further = rule.changes(inYears: year...year + cycleYears + 4)
            changes += further.filter { $0.at > (table.last?.at ?? .distantPast) }
        }
        // Without a table the rule holds for all times.
        let standard = rule.map { Span24h(milliseconds: Int64($0.standard) * 1000) }
        var start = table.isEmpty ? standard ?? first : first
        var offset = start
        var kept: [UTCOffsets.Change] = []
        for change in changes {
            if change.at <= .earliestAccepted {
                start = change.offset
            } else if change.offset != offset {
                // Two at one time: the later written one counts.
                if kept.last?.at == change.at { kept.removeLast() }
                kept.append(change)
            }
            offset = change.offset
        }
        // By the second year only the rule is at work, so the cycle can begin.
        let repeats = rule?.summer == nil ? nil : last + .days(2 * 366)
        return UTCOffsets(first: start, changes: kept, repeatsFrom: repeats)
    }
}

/// Reads TZif from its first byte to its last; nil wherever the bytes end too early.
private struct TZifReader {
    /// The counts of a block.
    struct Header {
        var version: UInt8
        var utcFlags: Int
        var standardFlags: Int
        var leapSeconds: Int
        var times: Int
        var types: Int
        var characters: Int

        /// The bytes of the block.
        func length(ofTime size: Int) -> Int {
            times * (size + 1) + types * 6 + characters + leapSeconds * (size + 4)
                + standardFlags + utcFlags
        }
    }

    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func header() -> Header? {
        guard place + 44 <= bytes.count,
            bytes[place..<place + 4].elementsEqual("TZif".utf8)
        else { return nil }
        let version = bytes[place + 4]
        place += 20
        let counts = (0..<6).map { _ in Int(number(4)) }
        // Nothing in a file of this size can have more: keeps sums far from overflow.
        guard counts.allSatisfy({ (0...TimeZoneFile.longest).contains($0) }) else { return nil }
        return Header(
            version: version, utcFlags: counts[0], standardFlags: counts[1],
            leapSeconds: counts[2], times: counts[3], types: counts[4], characters: counts[5])
    }

    mutating func skip(_ length: Int) -> Bool {
        place += length
        return place <= bytes.count
    }

    /// The offset before the first change, and the changes of a block of 64-bit times.
    mutating func table(_ header: Header) -> (first: Span24h, changes: [UTCOffsets.Change])? {
        let end = place + header.length(ofTime: 8)
        guard end <= bytes.count else { return nil }
        let times = (0..<header.times).map { _ in number(8) }
        let kinds = bytes[place..<place + header.times].map { Int($0) }
        place += header.times
        let offsets = (0..<header.types).map { _ in
            let seconds = number(4)
            place += 2
            return Span24h(milliseconds: seconds * 1000)
        }
        place = end
        let farthest = Timestamp.distantFuture.milliseconds / 1000
        guard kinds.allSatisfy({ $0 < offsets.count }), times.allSatisfy({ $0 < farthest }),
            zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        let changes = zip(times, kinds).map { time, kind in
            UTCOffsets.Change(
                at: Timestamp(milliseconds: max(time, -farthest) * 1000), offset: offsets[kind])
        }
        return (offsets[0], changes)
    }

    /// The rule, between two line feeds at the end.
    func footer() -> String? {
        guard place + 2 <= bytes.count, bytes[place] == UInt8(ascii: "\n"),
            bytes.last == UInt8(ascii: "\n")
        else { return nil }
        return String(decoding: bytes[(place + 1)..<(bytes.count - 1)], as: UTF8.self)
    }

    /// A signed number of 4 or 8 bytes, the most significant first.
    private mutating func number(_ size: Int) -> Int64 {
        var value = Int64(Int8(bitPattern: bytes[place]))
        for offset in 1..<size { value = value << 8 | Int64(bytes[place + offset]) }
        place += size
        return value
    }
}
