import Foundation
import Testing

@testable import Storage

/// What a bulk restore leaves behind is what was written one by one.
@Suite struct BulkRestoreTests {
    let state = TemporaryState()

    @Test(arguments: [true, false], [10, ProfileTables.sortedRecords + 1])
    func theFileIsAsIfWrittenWithoutOne(isNew: Bool, records: Int64) throws {
        try compare(isNew: isNew, records: records, isOpenTwice: false)
    }

    /// A lane that is restored again may still hold the writer of its first restore.
    @Test(arguments: [true, false])
    func anotherWriterIsNotInTheWay(isNew: Bool) throws {
        try compare(isNew: isNew, records: 10, isOpenTwice: true)
    }

    /// Each profile of a restore looks for its rows, once any lead waits.
    @Test func waitingLeadsAreFoundByIndexMeanwhile() throws {
        var tables = try emptyTables()
        try tables.beginBulkRestore(records: 10)
        let plan = try tables.connection.prepare(
            "EXPLAIN QUERY PLAN " + WaitingTable.removal, operation: "test")
        #expect(try plan.step())
        #expect(plan.text(at: 3)?.contains("INDEX waiting_leads") == true)
    }

    /// Making them at the end takes memory for each row.
    @Test(
        arguments: zip([ProfileTables.sortedRecords, ProfileTables.sortedRecords + 1], [0, 3]))
    func aLongRestoreKeepsTheIndexes(records: Int64, kept: Int64) throws {
        var tables = try emptyTables()
        try tables.beginBulkRestore(records: records)
        let count = try tables.connection.integer(
            """
            SELECT count(*) FROM sqlite_schema
            WHERE name IN ('profiles_due', 'profiles_idle', 'addresses_sorted')
            """, operation: "test")
        #expect(count == kept)
    }

    /// Restores in bulk in lane 0 and by single writes in lane 1, and compares the files.
    private func compare(isNew: Bool, records: Int64, isOpenTwice: Bool) throws {
        let folder = try state.folder()
        for lane in 0...1 {
            let isBulk = lane == 0
            let first = isOpenTwice ? try ProfileWriter(folder: folder, lane: lane) : nil
            let writer = try ProfileWriter(folder: folder, lane: lane)
            // Neither closed sooner.
            defer { withExtendedLifetime((first, writer)) {} }
            if !isNew { try writer.write([change("z", "0", ["old.example"])], mark: mark(1)) }
            // By this the other connection has the log open, too.
            _ = try first?.mark()
            if isBulk { try writer.beginBulkRestore(records: records) }
            try writer.write(
                [change("a", "1", ["example.acme@pat"]), change("b", "1", ["example.acme@sam"])],
                mark: mark(10))
            // The same leads again: one with another address, one that is deleted.
            try writer.write(
                [
                    change("a", "2", ["example.other@pat"]),
                    ProfileChange(key: bytes("b"), value: nil),
                ],
                mark: mark(20))
            if isBulk { try writer.endBulkRestore(mark: mark(20)) }
            #expect(try first?.mark() ?? mark(20) == mark(20))
        }
        let restored = try content(of: 0)
        #expect(restored == (try content(of: 1)))
        #expect(restored.contains("index profiles_due"))
        #expect(restored.contains("address example.other@pat"))
    }

    /// Of a new file of lane 0.
    private func emptyTables() throws -> ProfileTables {
        _ = try ProfileWriter(folder: state.folder(), lane: 0)
        let file = StateFolder.laneFile(0)
        return try ProfileTables(
            Connection.open(
                path: state.path + "/" + file, file: file,
                settings: ProfileStoreSettings().connection(isWriter: true)))
    }

    private func change(_ key: String, _ value: String, _ addresses: [String]) -> ProfileChange {
        ProfileChange(
            key: bytes(key), value: bytes(value), due: bytes("due"), idle: 7, addresses: addresses,
            waiting: [WaitingRow(product: "crm", rank: bytes(value))])
    }

    /// Tables, indexes, rows and the way of the log, as lines.
    private func content(of lane: Int) throws -> [String] {
        let file = "lane-\(lane).sqlite"
        let connection = try Connection.open(
            path: state.path + "/" + file, file: file,
            settings: ProfileStoreSettings().connection(isWriter: false))
        let rows = try connection.prepare(
            """
            SELECT 'index ' || name FROM sqlite_schema WHERE type = 'index'
            UNION ALL SELECT 'profile ' || k || ' ' || v || ' ' || due || ' ' || idle FROM profiles
            UNION ALL SELECT 'address ' || address FROM addresses INDEXED BY addresses_sorted
            UNION ALL SELECT 'waiting ' || product || ' ' || rank || ' ' || k FROM waiting
            UNION ALL SELECT 'restoring ' || restoring || ' ' || changelog_position FROM meta
            UNION ALL SELECT 'log ' || journal_mode FROM pragma_journal_mode
            ORDER BY 1
            """, operation: "test")
        var lines: [String] = []
        while try rows.step() { lines.append(rows.text(at: 0) ?? "null") }
        return lines
    }
}
