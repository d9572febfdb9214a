import DefinitionFiles
import Foundation
import Qualification
import Testing

/// Time zone data as the definition's reader compiles it.
struct TimeZoneTests {
    static let zones = [
        "Europe/Berlin", "Europe/Dublin", "Africa/Cairo", "America/New_York", "America/Santiago",
        "America/Havana", "America/Nuuk", "America/St_Johns", "America/Asuncion", "Asia/Kolkata",
        "Asia/Jerusalem", "Asia/Beirut", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe",
        "Australia/Adelaide", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Norfolk",
        "Pacific/Apia", "Atlantic/Azores", "Antarctica/Troll", "Etc/GMT+12", "UTC",
    ]

    /// Foundation has its own data and its own rules for later years: an independent reader.
    @Test(arguments: zones)
    func offsetsAreThoseOfFoundation(_ name: String) throws {
        let offsets = try #require(TimeZoneFolder.standard.offsets(ofZone: name))
        let zone = try #require(TimeZone(identifier: name))
        var seconds: Int64 = 946_684_800
        let end: Int64 = 946_684_800 + 200 * 31_556_952
        while seconds < end {
            // About every nine days, at changing times of the day.
            seconds += 777_777
            let date = Date(timeIntervalSince1970: Double(seconds))
            let offset = offsets.offset(at: Timestamp(milliseconds: seconds * 1_000))
            #expect(
                offset.total == Int64(zone.secondsFromGMT(for: date)) * 1_000, "\(name) \(date)")
        }
        for change in offsets.changes.prefix(100) {
            for nudge in [-1, 0] as [Int64] {
                let time = change.at.milliseconds + nudge
                let date = Date(timeIntervalSince1970: Double(time) / 1_000)
                let offset = offsets.offset(at: Timestamp(milliseconds: time))
                #expect(
                    offset.total == Int64(zone.secondsFromGMT(for: date)) * 1_000, "\(name) \(date)"
                )
            }
        }
    }

    @Test(arguments: zones)
    func yearsRepeatForEver(_ name: String) throws {
        let offsets = try #require(TimeZoneFolder.standard.offsets(ofZone: name))
        var time = Timestamp(milliseconds: 4_102_444_800_000)  // 2100
        for _ in 0..<2_000 {
            time = time + Span24h(milliseconds: 777_777_777)
            for cycles in 1...19 {
                let later = time + .days(146_097 * cycles)
                #expect(offsets.offset(at: later) == offsets.offset(at: time), "\(name) \(later)")
            }
        }
    }

    @Test func everyZoneOfTheMachineIsRead() throws {
        let names = TimeZoneFolder.standard.names
        #expect(names.count > 300)
        for name in names where name != "Factory" {
            #expect(TimeZoneFolder.standard.offsets(ofZone: name) != nil, "\(name)")
        }
    }

    @Test(arguments: [
        "", "/", "..", "../zoneinfo/UTC", "Europe/../UTC", "/etc/passwd", "right/UTC", "posix/UTC",
        "europe/Berlin", "Europe", "Europe/", "Europe/Nowhere", "zone.tab", "localtime",
        "tzdata.zi",
    ])
    func nothingElseIsAZone(_ name: String) {
        #expect(TimeZoneFolder.standard.offsets(ofZone: name) == nil)
    }

    @Test func aFolderWithoutZonesHasNone() {
        let folder = TimeZoneFolder(path: "/usr/share/zoneinfo/Nowhere")
        #expect(!folder.exists)
        #expect(folder.names.isEmpty)
    }

    @Test func bytesThatAreCutOrWrongAreRefused() throws {
        let file = URL(fileURLWithPath: TimeZoneFolder.standard.path)
            .appendingPathComponent("Europe/Berlin")
        let bytes = [UInt8](try Data(contentsOf: file))
        #expect(TimeZoneFile.offsets(bytes) != nil)
        for length in 0..<bytes.count {
            #expect(TimeZoneFile.offsets(Array(bytes.prefix(length))) == nil, "\(length) bytes")
        }
        // Whatever a broken file says, reading it ends.
        for place in stride(from: 0, to: bytes.count, by: 3) {
            var broken = bytes
            broken[place] ^= 0xff
            _ = TimeZoneFile.offsets(broken)
        }
    }

    /// A file without a table: version 2, one type, and the rule.
    private static func file(rule: String, offset: UInt8 = 0) -> [UInt8] {
        let header = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        let counts: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
        let type: [UInt8] = [0, 0, offset, 0, 0, 0, 0]
        let block = header + [UInt8](repeating: 0, count: 12) + counts + type
        return block + block + Array("\n\(rule)\n".utf8)
    }

    /// Rule, a time, the offset then in minutes.
    @Test(arguments: [
        ("UTC0", "2030-07-01T00:00:00Z", 0), ("<+0530>-5:30", "2030-07-01T00:00:00Z", 330),
        ("AAA3", "2030-07-01T00:00:00Z", -180), ("AAA-1:02:00", "2030-07-01T00:00:00Z", 62),
        ("EST5EDT,M3.2.0,M11.1.0", "2030-03-10T06:59:59Z", -300),
        ("EST5EDT,M3.2.0,M11.1.0", "2030-03-10T07:00:00Z", -240),
        ("EST5EDT,M3.2.0,M11.1.0", "2030-11-03T05:59:59Z", -240),
        ("EST5EDT,M3.2.0,M11.1.0", "2030-11-03T06:00:00Z", -300),
        // Negative and long times of day; days of the year with and without 29 February.
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31T00:59:59Z", -120),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2030-03-31T01:00:00Z", -60),
        ("IST-2IDT,M3.4.4/26,M10.5.0", "2030-03-29T00:00:00Z", 180),
        ("AAA0BBB,J60/0,J300/0", "2028-02-29T12:00:00Z", 0),
        ("AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00Z", 60),
        ("AAA0BBB,59/0,300/0", "2028-02-29T00:00:00Z", 60),
        // Summer time over the new year, and all year.
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "2030-01-01T00:00:00Z", 780),
        ("XXX3EDT4,0/0,J365/23", "2030-07-01T00:00:00Z", -240),
        ("XXX3EDT4,0/0,J365/23", "2030-12-31T23:30:00Z", -240),
    ])
    func rulesByHand(_ rule: String, _ at: String, _ minutes: Int) throws {
        let offsets = try #require(TimeZoneFile.offsets(TimeZoneTests.file(rule: rule)))
        let seconds = try Date(at, strategy: .iso8601).timeIntervalSince1970
        let time = Timestamp(milliseconds: Int64(seconds) * 1_000)
        #expect(offsets.offset(at: time) == .minutes(minutes))
        #expect(offsets.offset(at: time + .days(146_097 * 3)) == .minutes(minutes))
    }

    @Test(arguments: [
        "AA0", "AAA", "AAA25", "AAA0BBB", "AAA0BBB,M3.2.0", "AAA0BBB,M13.1.0,M1.1.0",
        "AAA0BBB,M3.6.0,M1.1.0", "AAA0BBB,M3.1.7,M1.1.0", "AAA0BBB,J0,J1", "AAA0BBB,366,1",
        "AAA0BBB,M3.2.0,M11.1.0,", "AAA0BBB,M3.2.0/168,M11.1.0", "<AAA0", "AAA0:60", "AAA99999999",
    ])
    func whatIsNoRuleIsRefused(_ rule: String) {
        #expect(TimeZoneFile.offsets(TimeZoneTests.file(rule: rule)) == nil)
    }
}
