import Foundation
import Testing

@testable import Storage

/// What a bulk restore leaves behind is what was written one by one.
@Suite struct BulkRestoreTests {
    let state = TemporaryState()

    @Test(arguments: [true, false])
    func theFileIsAsIfWrittenWithoutOne(isNew: Bool) throws {
        try compare(isNew: isNew, isOpenTwice: false)
    }

    /// A lane that is restored again may still hold the writer of its first restore.
    @Test(arguments: [true, false])
    func anotherWriterIsNotInTheWay(isNew: Bool) throws {
        try compare(isNew: isNew, isOpenTwice: true)
    }

    /// Each profile of a restore looks for its rows, once any lead waits.
    @Test func waitingLeadsAreFoundByIndexMeanwhile() throws {
        var tables = try emptyTables()
        try tables.beginBulkRestore(temporaryFolder: state.path)
        let plan = try tables.connection.prepare(
            "EXPLAIN QUERY PLAN " + WaitingTable.removal, operation: "test")
        #expect(try plan.step())
        #expect(plan.text(at: 3)?.contains("INDEX waiting_leads") == true)
    }

    /// What a sort cannot hold in the size of the cache goes into a file of the state folder.
    @Test func aLargeRestoreIsSortedInAFile() throws {
        var settings = ProfileStoreSettings()
        settings.writerCacheBytes = 1 << 20
        let rows = (0..<20_000).map { number in
            change("k\(100_000 + number)", "1", ["example.\(number * 7_919 % 20_000)@pat"])
        }
        let writer = try ProfileWriter(folder: state.folder(), lane: 0, settings: settings)
        try writer.beginBulkRestore()
        try writer.write(rows, mark: mark(1))
        try writer.endBulkRestore(mark: mark(1))
        let lines = try content(of: 0)
        #expect(lines.filter { $0.hasPrefix("address ") }.count == rows.count)
    }

    /// In memory, a sort would grow with the lane.
    @Test func sortsOfABulkRestoreAreNotBoundToMemory() throws {
        var tables = try emptyTables()
        let place = "PRAGMA temp_store"
        let (memory, file): (Int64, Int64) = (2, 1)
        #expect(try tables.connection.integer(place, operation: "test") == memory)
        try tables.beginBulkRestore(temporaryFolder: state.path)
        #expect(try tables.connection.integer(place, operation: "test") == file)
        try tables.endBulkRestore(mark: mark(1))
        #expect(try tables.connection.integer(place, operation: "test") == memory)
    }

    /// Rows that are lent leave the same as those that are copied.
    @Test(arguments: [true, false], [true, false])
    func lentRowsAreWrittenAlike(isBulk: Bool, isNew: Bool) throws {
        let folder = try state.folder()
        let stretches = [
            // First, as no groups are made once a lead waits: new ones with and without addresses,
            // one with a lead that is there, one with a deletion, and a part of a group.
            plain(0..<10, addresses: 1) + plain(10..<20, addresses: 2),
            plain(20..<29, addresses: 1) + plain(29..<30, addresses: 0),
            plain(5..<6, addresses: 1) + plain(30..<39, addresses: 2)
                + [ProfileChange(key: bytes("lead-150"), value: nil)]
                + plain(51..<60, addresses: 1) + plain(60..<63, addresses: 2),
            [
                change("a", "1", ["example.acme@pat"]),
                change("b", "1", ["example.acme@sam", "example.other"]),
                change("c", "1", []),
            ],
            [
                change("a", "2", ["example.other@pat"]),
                ProfileChange(key: bytes("b"), value: nil),
                ProfileChange(key: bytes("d"), value: bytes(""), idle: 3, addresses: ["x"]),
            ],
        ]
        for lane in 0...1 {
            let writer = try ProfileWriter(folder: folder, lane: lane)
            if !isNew { try writer.write(plain(3..<4, addresses: 2), mark: mark(1)) }
            if lane == 0, isBulk { try writer.beginBulkRestore() }
            for stretch in stretches {
                let facts = [StoredFact(name: "lane", value: bytes("1"))]
                if lane == 0 {
                    try writer.restore(LentChanges(changes: stretch), mark: mark(9), facts: facts)
                } else {
                    try writer.write(stretch, mark: mark(9), facts: facts)
                }
            }
            if lane == 0, isBulk { try writer.endBulkRestore(mark: mark(9)) }
        }
        #expect(try content(of: 0) == (try content(of: 1)))
    }

    private func plain(_ numbers: Range<Int>, addresses: Int) -> [ProfileChange] {
        numbers.map { number in
            ProfileChange(
                key: bytes("lead-\(100 + number)"), value: bytes("value \(number)"),
                due: number % 3 == 0 ? bytes("due \(number)") : nil, idle: Int64(number),
                addresses: (0..<addresses).map { "example.\(number)@\($0)" }, waiting: [])
        }
    }

    /// Until its end a bulk restore is one transaction, and a failure leaves a worthless file.
    @Test func aFailedBulkRestoreIsRefused() throws {
        let folder = try state.folder()
        var settings = ProfileStoreSettings()
        settings.maximumFileBytes = 200 << 10
        settings.writerCacheBytes = 64 << 10
        do {
            let writer = try ProfileWriter(folder: folder, lane: 0, settings: settings)
            try writer.beginBulkRestore()
            let rows = (0..<1_000).map {
                change("k\($0)", String(repeating: "v", count: 700), [])
            }
            let error = try #require(throws: StorageError.self) {
                try writer.write(rows, mark: mark(1))
            }
            #expect(error.code == .full)
        }
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error.code == .restoreInterrupted)
    }

    /// Restores in bulk in lane 0 and by single writes in lane 1, and compares the files.
    private func compare(isNew: Bool, isOpenTwice: Bool) throws {
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
            #expect(try first?.mark() ?? mark(20) == mark(20))
        }
        let restored = try content(of: 0)
        #expect(restored == (try content(of: 1)))
        #expect(restored.contains("index profiles_due"))
        #expect(restored.contains("address example.other@pat a"))
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
            UNION ALL SELECT 'profile ' || k || ' ' || v || ' ' || ifnull(due, '-') || ' ' || idle
                FROM profiles
            UNION ALL SELECT 'address ' || address || ' ' || k
                FROM addresses INDEXED BY addresses_sorted
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

/// Changes as a restore lends them.
private struct LentChanges: RestoredRows {
    let changes: [ProfileChange]

    var count: Int { changes.count }

    func isPlain(at place: Int) -> Bool {
        changes[place].value != nil && (changes[place].waiting ?? []).isEmpty
    }

    func withRow(at place: Int, _ body: RestoredRowTaker) throws(StorageError) {
        let change = changes[place]
        let columns = RestoredColumns(
            due: change.due, idle: change.idle ?? 0, waiting: change.waiting ?? [])
        let texts = (change.addresses ?? []).map { Array($0.utf8) }
        let (first, second) = (texts.first ?? [], texts.dropFirst().first ?? [])
        let value = change.value ?? []
        try body(
            change.key.span, change.value == nil ? nil : value.span,
            texts.isEmpty ? nil : first.span, texts.count < 2 ? nil : second.span, columns)
    }
}
