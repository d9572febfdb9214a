import Foundation
import Testing

@testable import Storage

/// What a bulk restore leaves behind is what was written one by one.
@Suite struct BulkRestoreTests {
    let state = TemporaryState()

    @Test(arguments: [true, false])
    func theFileIsAsIfWrittenWithoutOne(isNew: Bool) throws {
        let folder = try state.folder()
        for lane in 0...1 {
            let isBulk = lane == 0
            let writer = try ProfileWriter(folder: folder, lane: lane)
            if !isNew { try writer.write([change("z", "0", ["old.example"])], mark: mark(1)) }
            if isBulk { try writer.beginBulkRestore() }
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
        }
        let restored = try content(of: 0)
        #expect(restored == (try content(of: 1)))
        #expect(restored.contains("index profiles_due"))
        #expect(restored.contains("address example.other@pat"))
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
