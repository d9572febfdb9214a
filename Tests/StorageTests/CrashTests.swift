import Foundation
import Storage
import Testing

/// What a file holds after the process died at the worst moment.
@Suite struct CrashTests {
    let state = TemporaryState()

    @Test func aKillInTheMiddleOfAWriteLeavesRowsAndMarkOfTheOneBefore() async throws {
        try await #require(processExitsWith: .signal(SIGKILL)) { [path = state.path as String] in
            let writer = try ProfileWriter(folder: StateFolder(path: path), lane: 0)
            try writer.write([.init("a", "1"), .init("b", "1")], mark: mark(10))
            try writer.write(Killing(after: 5_000), mark: mark(20))
        }
        let folder = try state.folder()
        #expect(!state.bytes(of: "lane-0.sqlite-wal").isEmpty)
        let writer = try ProfileWriter(folder: folder, lane: 0)
        #expect(writer.openedAt == mark(10))
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try reader.count() == 2)
        #expect(try reader.value(for: bytes("a")) == bytes("1"))
    }

    @Test func aKillAfterAWriteLosesNothing() async throws {
        try await #require(processExitsWith: .signal(SIGKILL)) { [path = state.path as String] in
            let writer = try ProfileWriter(folder: StateFolder(path: path), lane: 0)
            try writer.write([.init("a", "1")], mark: mark(10))
            kill(getpid(), SIGKILL)
        }
        let folder = try state.folder()
        #expect(try ProfileWriter(folder: folder, lane: 0).openedAt == mark(10))
    }

    @Test func filesCopiedAtAnyMomentHoldRowsThatFitTheirMark() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        for round in 1...12 {
            let changes = (0..<300).map { ProfileChange("k\($0 + 100)", "\(round)") }
            try writer.write(changes, mark: mark(Int64(round)))
            if round % 5 == 0 { try writer.checkpoint(.passive) }
            let other = TemporaryState()
            try state.copy("lane-0.sqlite", to: other)
            let copied = try other.folder()
            let opened = try ProfileWriter(folder: copied, lane: 0)
            #expect(opened.openedAt == mark(Int64(round)))
            let reader = try ProfileReader(folder: copied, lane: 0)
            #expect(try reader.value(for: bytes("k250")) == bytes("\(round)"))
        }
    }

    @Test func aCutLogGivesAnEarlierMarkWithItsRows() throws {
        let writer = try ProfileWriter(folder: state.folder(), lane: 0)
        for round in 1...6 {
            let changes = (0..<50).map { ProfileChange("k\($0 + 100)", "\(round)") }
            try writer.write(changes, mark: mark(Int64(round)))
        }
        let log = state.bytes(of: "lane-0.sqlite-wal").count
        var marks: Set<Int64> = []
        for kept in Array(stride(from: 0, to: log, by: 2_000)) + [log] {
            let other = TemporaryState()
            try state.copy("lane-0.sqlite", to: other)
            let cut = unsafe truncate(other.path + "/lane-0.sqlite-wal", kept)
            #expect(cut == 0)
            let folder = try other.folder()
            let found = try ProfileWriter(folder: folder, lane: 0).openedAt?.nextOffset
            let reader = try ProfileReader(folder: folder, lane: 0)
            for key in ["k100", "k149"] {
                #expect(try reader.value(for: bytes(key)) == found.map { bytes("\($0)") })
            }
            marks.insert(found ?? 0)
        }
        #expect(marks.isSuperset(of: [0, 1, 6]))
    }

    @Test func anInterruptedBulkRestoreIsRefused() async throws {
        try await #require(processExitsWith: .signal(SIGKILL)) { [path = state.path as String] in
            let writer = try ProfileWriter(folder: StateFolder(path: path), lane: 0)
            try writer.beginBulkRestore()
            try writer.write([.init("a", "1")], mark: mark(10))
            kill(getpid(), SIGKILL)
        }
        let folder = try state.folder()
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error.code == .restoreInterrupted)
        #expect(error.consequence == .wipeAndRestore)
        try folder.removeLane(0)
        #expect(try ProfileWriter(folder: folder, lane: 0).openedAt == nil)
    }

    @Test func aCompletedBulkRestoreIsTrusted() throws {
        let folder = try state.folder()
        do {
            let writer = try ProfileWriter(folder: folder, lane: 0)
            try writer.beginBulkRestore()
            for batch in 0..<5 {
                let rows = (0..<1_000).map {
                    ProfileChange("k\(batch * 1_000 + $0)", String(repeating: "v", count: 700))
                }
                try writer.write(rows, mark: mark(Int64(batch)))
            }
            try writer.endBulkRestore(mark: mark(99))
            #expect(writer.logBytes == 0)
        }
        let writer = try ProfileWriter(folder: folder, lane: 0)
        #expect(writer.openedAt == mark(99))
        #expect(try ProfileReader(folder: folder, lane: 0).count() == 5_000)
    }
}

/// Changes that kill the process while SQLite's transaction is open.
private struct Killing: Sequence, IteratorProtocol, Sendable {
    var after: Int

    mutating func next() -> ProfileChange? {
        after -= 1
        if after == 0 { kill(getpid(), SIGKILL) }
        return ProfileChange("k\(after)", String(repeating: "x", count: 4_000))
    }
}
