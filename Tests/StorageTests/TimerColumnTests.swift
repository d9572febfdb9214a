import Foundation
import Testing

@testable import Storage

/// The columns by which a lane finds what is to be done without an event.
@Suite struct TimerColumnTests {
    let state = TemporaryState()

    private static func change(_ key: String, due: UInt8?, idle: Int64?) -> ProfileChange {
        ProfileChange(
            key: bytes(key), value: bytes("v"), due: due.map { [$0, 0] }, idle: idle)
    }

    private func due(_ reader: ProfileReader, after start: [UInt8] = [], limit: Int = 100) throws
        -> [String]
    {
        var found: [String] = []
        try reader.forEachDue(after: start, limit: limit) { due, key in
            found.append("\(due[0]) \(String(decoding: [UInt8](copying: key), as: UTF8.self))")
        }
        return found
    }

    @Test func alertsComeInTheOrderOfTheirBytes() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        try writer.write(
            [
                Self.change("a", due: 9, idle: 1), Self.change("b", due: nil, idle: 1),
                Self.change("c", due: 3, idle: 1), Self.change("d", due: 200, idle: 1),
            ], mark: mark(1))
        #expect(try due(reader) == ["3 c", "9 a", "200 d"])
        #expect(try due(reader, after: [3, 0], limit: 1) == ["9 a"])
        #expect(try due(reader, after: [200, 0]) == [])
        // Changed, ended, begun, left alone, deleted.
        try writer.write(
            [
                Self.change("a", due: 1, idle: 1), Self.change("b", due: 7, idle: 1),
                Self.change("c", due: nil, idle: 1), Self.change("d", due: 200, idle: 1),
            ], mark: mark(2))
        #expect(try due(reader) == ["1 a", "7 b", "200 d"])
        try writer.write([ProfileChange(key: bytes("a"), value: nil)], mark: mark(3))
        #expect(try due(reader) == ["7 b", "200 d"])
    }

    @Test func idleProfilesComeInPartsAndEachOnce() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        try writer.write(
            (100..<160).map { Self.change("k\($0)", due: nil, idle: Int64($0 % 5)) },
            mark: mark(1))
        var place = IdlePlace(idle: 1)
        var seen: [[UInt8]] = []
        while let found = try reader.idleKeys(after: place, through: 3, limit: 7) {
            seen += found.keys
            place = found.next
        }
        #expect(seen.count == 36)
        #expect(Set(seen).count == 36)
    }

    @Test func bothAreFoundByTheirIndex() throws {
        let folder = try state.folder()
        _ = try ProfileWriter(folder: folder, lane: 0)
        let connection = try connection("lane-0.sqlite")
        for (query, index) in [
            ("SELECT due, k FROM profiles WHERE due > x'' ORDER BY due LIMIT 9", "profiles_due"),
            (
                "SELECT idle, rowid, k FROM profiles WHERE (idle, rowid) > (1, 2) AND idle <= 9 "
                    + "ORDER BY idle, rowid LIMIT 9", "profiles_idle"
            ),
            ("SELECT k, v FROM profiles WHERE idle IS NULL LIMIT 9", "profiles_idle"),
            (
                "UPDATE profiles SET v = x'' WHERE k = x'' AND due IS NULL AND idle IS 3",
                "sqlite_autoindex_profiles_1"
            ),
        ] {
            let plan = try connection.prepare("EXPLAIN QUERY PLAN " + query, operation: "test")
            #expect(try plan.step())
            let text = plan.text(at: 3) ?? ""
            #expect(text.contains("SEARCH") && text.contains(index), "\(query): \(text)")
            #expect(try !plan.step(), "a sort: \(plan.text(at: 3) ?? "")")
        }
    }

    @Test func aFileOfVersion1IsFilled() throws {
        let folder = try state.folder()
        do {
            try connection("lane-0.sqlite").execute(laneVersion1, operation: "test")
        }
        let writer = try ProfileWriter(folder: folder, lane: 0)
        #expect(
            try writer.fill(limit: 1) { ($0.isEmpty ? nil : $0, Int64($0.count), ["a"]) } == 1)
        #expect(
            try writer.fill(limit: 9) { ($0.isEmpty ? nil : $0, Int64($0.count), ["a"]) } == 1)
        #expect(try writer.fill(limit: 9) { _ in (nil, 0, []) } == 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try due(reader) == ["1 lead-1"])
        #expect(try reader.value(for: bytes("lead-1")) == [1, 2, 3])
        let idle = try reader.idleKeys(after: IdlePlace(idle: 0), through: 2, limit: 9)
        #expect(idle?.keys == [bytes("lead-2")])
        let found = try reader.leads(after: AddressPlace(address: "a"), below: "b", limit: 9)
        #expect(found?.keys == [bytes("lead-1"), bytes("lead-2")])
    }

    private func connection(_ file: String) throws -> Connection {
        try Connection.open(
            path: state.path + "/" + file, file: file,
            settings: ProfileStoreSettings().connection(isWriter: true))
    }
}
