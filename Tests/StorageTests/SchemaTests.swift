import Foundation
import Qualification
import Testing

@testable import Storage

@Suite struct SchemaTests {
    let state = TemporaryState()

    @Test(arguments: [("lane-<n>.sqlite", Schema.lane), ("reference.sqlite", .reference)])
    func thePublishedSchemaIsTheSumOfTheSteps(file: String, schema: Schema) throws {
        let published = try Self.publishedSchema(of: file)
        let fromFile = try connection("published.sqlite")
        try fromFile.execute(published, operation: "test")
        let fromSteps = try connection("steps.sqlite")
        try schema.migrate(fromSteps)
        #expect(try Self.describe(fromFile) == Self.describe(fromSteps))
        #expect(try Self.describe(fromSteps).count > 3)
    }

    @Test func aFileOfANewerWorkerIsRefusedUntouched() throws {
        let folder = try state.folder()
        do {
            let newer = try connection("lane-0.sqlite")
            try Schema.lane.migrate(newer)
            try newer.execute("PRAGMA user_version = 9", operation: "test")
        }
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error.code == .schemaTooNew(found: 9, supported: 2))
        #expect(error.consequence == .refuseToStart)
        #expect(error.description.contains("schema version 9, this worker knows up to 2"))
    }

    @Test func anOlderFileTakesOnlyTheStepsItLacks() throws {
        _ = try state.folder()
        let older = try connection("lane-0.sqlite")
        try Schema.lane.migrate(older)
        try older.execute("INSERT INTO facts VALUES ('clock', x'01')", operation: "test")
        let newer = Schema(
            applicationID: Schema.lane.applicationID,
            steps: Schema.lane.steps + ["ALTER TABLE facts ADD COLUMN added INTEGER DEFAULT 5;"])
        try newer.migrate(older)
        #expect(try older.integer("SELECT added FROM facts", operation: "test") == 5)
        #expect(try older.integer("PRAGMA user_version", operation: "test") == 3)
        try newer.migrate(older)
        #expect(throws: StorageError.self) { try Schema.lane.migrate(older) }
    }

    @Test func aStepThatFailsLeavesTheFileAtTheStepBefore() throws {
        _ = try state.folder()
        let file = try connection("lane-0.sqlite")
        let broken = Schema(
            applicationID: 1,
            steps: ["CREATE TABLE a (x);", "CREATE TABLE b (x); CREATE TABLE a (x);"])
        #expect(throws: StorageError.self) { try broken.migrate(file) }
        #expect(try file.integer("PRAGMA user_version", operation: "test") == 1)
        #expect(try file.integer("SELECT count(*) FROM sqlite_schema", operation: "test") == 1)
    }

    @Test func aFileOfVersion1IsStillReadable() throws {
        let folder = try state.folder()
        do {
            try connection("lane-0.sqlite").execute(laneVersion1, operation: "test")
            try connection("reference.sqlite").execute(referenceVersion1, operation: "test")
        }
        let writer = try ProfileWriter(folder: folder, lane: 0)
        #expect(
            writer.openedAt
                == ChangelogMark(nextOffset: 4_711, writtenAtMilliseconds: 1_767_225_600_000))
        #expect(try writer.fact("clock") == [0x2a])
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try reader.value(for: bytes("lead-1")) == [1, 2, 3])
        #expect(try reader.value(for: bytes("lead-2")) == [])
        let reference = try ReferenceWriter(folder: folder)
        #expect(
            try reference.positions() == [
                ReferencePosition(topic: "reference.accounts", partition: 1, nextOffset: 17)
            ])
        let rows = try ReferenceReader(folder: folder, changes: reference.changes)
        let account = try rows.account(domain: "acme.example")
        #expect(account?.annualRevenue == 1.5e6)
        #expect(account?.status == .customer)
        #expect(try rows.campaign(id: "c1")?.channel == "webinar")
        #expect(try rows.isSuppressed("bob@example.com"))
    }

    @Test func everyWriterErasesAndLogsAhead() throws {
        _ = try state.folder()
        let file = try connection("lane-0.sqlite")
        #expect(try file.integer("PRAGMA secure_delete", operation: "test") == 1)
        #expect(try file.integer("PRAGMA synchronous", operation: "test") == 1)
        #expect(try file.integer("PRAGMA wal_autocheckpoint", operation: "test") == 0)
        #expect(try file.integer("PRAGMA page_size", operation: "test") == 4_096)
        let mode = try file.prepare("PRAGMA journal_mode", operation: "test")
        #expect(try mode.step())
        #expect(mode.text(at: 0) == "wal")
    }

    private func connection(_ file: String) throws -> Connection {
        try FileManager.default.createDirectory(
            atPath: state.path, withIntermediateDirectories: true)
        return try Connection.open(
            path: state.path + "/" + file, file: file,
            settings: ProfileStoreSettings().connection(isWriter: true))
    }

    /// Tables with each column's declaration, and the file's numbers: independent of layout.
    private static func describe(_ connection: borrowing Connection) throws -> [String] {
        let statement = try connection.prepare(
            """
            SELECT m.type || ' ' || m.name || ' ' || c.cid || ' ' || c.name || ' ' || c.type || ' '
                || c."notnull" || ' ' || ifnull(c.dflt_value, '-') || ' ' || c.pk
            FROM sqlite_schema m, pragma_table_info(m.name) c
            UNION ALL SELECT 'strict ' || name || ' ' || strict || ' ' || wr FROM pragma_table_list
            UNION ALL SELECT 'check ' || name || ' ' || (sql LIKE '%CHECK (id = 1)%') || ' '
                || (sql LIKE '%CHECK (restoring IN (0, 1))%') FROM sqlite_schema
            UNION ALL SELECT 'version ' || user_version FROM pragma_user_version
            UNION ALL SELECT 'application ' || application_id FROM pragma_application_id
            ORDER BY 1
            """, operation: "test")
        var lines: [String] = []
        while try statement.step() { lines.append(statement.text(at: 0) ?? "") }
        return lines
    }

    private static func publishedSchema(of file: String) throws -> String {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../schemas/state.sql").path
        let contents = try #require(FileManager.default.contents(atPath: path))
        let parts = String(decoding: contents, as: UTF8.self).components(separatedBy: "-- file: ")
        let part = try #require(parts.first { $0.hasPrefix(file + ",") })
        // What is left of the heading's line becomes a comment again.
        return "-- " + part
    }
}
