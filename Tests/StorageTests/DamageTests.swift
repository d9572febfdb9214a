import Foundation
import Storage
import Testing

@Suite struct DamageTests {
    let state = TemporaryState()

    @Test func aFileThatIsNoDatabaseIsCorrupt() throws {
        let folder = try state.folder()
        let text = Data(repeating: 0x41, count: 9_000)
        #expect(
            FileManager.default.createFile(atPath: folder.path(of: "lane-0.sqlite"), contents: text)
        )
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error.code == .corrupt)
        #expect(error.consequence == .wipeAndRestore)
    }

    @Test func damageInsideIsFoundByTheCheckAfterAnUncleanStop() throws {
        let folder = try state.folder()
        do {
            let writer = try ProfileWriter(folder: folder, lane: 0)
            try writer.write(
                (100..<900).map { ProfileChange("k\($0)", String(repeating: "x", count: 300)) },
                mark: mark(1))
        }
        // Behind the first pages of the tables, some of which are read when the file is opened.
        try state.overwrite(
            "lane-0.sqlite", at: 15 * 4_096, with: Array(repeating: 0x5a, count: 40_960))
        // Closed cleanly, so it is not examined yet.
        _ = try ProfileWriter(folder: folder, lane: 0)
        // A log of nothing but its header's length: what a crash leaves behind.
        let log = Data(repeating: 0, count: 32)
        #expect(
            FileManager.default.createFile(
                atPath: folder.path(of: "lane-0.sqlite-wal"), contents: log))
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error.code == .corrupt)
        #expect(error.operation == "check")
    }

    @Test func damageMetByAReadOrAScrubIsATypedError() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let rows = (100..<900).map { ProfileChange("k\($0)", String(repeating: "x", count: 300)) }
        try writer.write(rows, mark: mark(1))
        try writer.checkpoint()
        // A b-tree page whose cells begin inside its header.
        for page in 5...40 {
            try state.overwrite(
                "lane-0.sqlite", at: UInt64(page * 4_096), with: [13, 0, 0, 0, 9, 0, 1, 0])
        }
        #expect(throws: StorageError.self) { try writer.scrub() }
        let reader = try ProfileReader(folder: folder, lane: 0)
        let error = try #require(throws: StorageError.self) {
            for row in rows { _ = try reader.value(for: row.key) }
        }
        #expect(error.code == .corrupt)
    }

    @Test func aFileOfAnotherKindIsNeitherReadNorChanged() throws {
        let folder = try state.folder()
        _ = try ReferenceWriter(folder: folder)
        try FileManager.default.copyItem(
            atPath: folder.path(of: "reference.sqlite"), toPath: folder.path(of: "lane-0.sqlite"))
        let before = state.bytes(of: "lane-0.sqlite")
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error.code == .foreignFile)
        #expect(error.consequence == .refuseToStart)
        #expect(state.bytes(of: "lane-0.sqlite") == before)
    }

    @Test func errorsNameOperationFileCauseAndRemedyButNoData() {
        let error = StorageError(
            .full, operation: "write profiles", file: "lane-1.sqlite", sqliteCode: 13,
            detail: "database or disk is full")
        #expect(
            error.description == """
                write profiles: lane-1.sqlite: no space left (database or disk is full, 13); \
                free disk space; the lane resumes from Kafka
                """)
    }
}
