import Foundation
import Storage
import Testing

@Suite struct StateFolderTests {
    let state = TemporaryState()

    @Test func oneProcessAtATimeOwnsAFolder() throws {
        let first = try state.folder()
        let error = try #require(throws: StorageError.self) { _ = try state.folder() }
        #expect(error.code == .lockedByOtherProcess)
        #expect(error.consequence == .refuseToStart)
        #expect(error.description.contains(state.path))
        #expect(error.detail == "process \(getpid())")
        #expect(first.path == state.path)
    }

    @Test func theLockGoesWithItsOwner() throws {
        do { _ = try state.folder() }
        _ = try state.folder()
    }

    @Test func theLockOfAKilledProcessIsGone() async throws {
        try await #require(processExitsWith: .signal(SIGKILL)) { [path = state.path as String] in
            let folder = try StateFolder(path: path)
            kill(getpid(), SIGKILL)
            withExtendedLifetime(folder) {}
        }
        _ = try state.folder()
    }

    @Test func missingParentsAreMadeForTheOwnerOnly() throws {
        let path = state.path + "/a/b"
        _ = try StateFolder(path: path + "/")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }

    @Test func aFolderThatCannotBeMadeIsATypedError() throws {
        _ = try state.folder()
        let error = try #require(throws: StorageError.self) {
            _ = try StateFolder(path: state.path + "/handoff.lock/below")
        }
        #expect(error.code == .inputOutput)
        #expect(error.detail == "Not a directory")
    }

    @Test func lanesAreListedAndRemovedWithAllTheirFiles() throws {
        let folder = try state.folder()
        do {
            let writers = try [11, 2].map { try ProfileWriter(folder: folder, lane: $0) }
            for writer in writers { try writer.write([.init("a", "1")], mark: mark(1)) }
            try Data().write(to: URL(fileURLWithPath: state.path + "/lane-x.sqlite"))
            #expect(try folder.lanes() == [2, 11])
        }
        try folder.removeLane(2)
        try folder.removeLane(2)
        #expect(try folder.lanes() == [11])
        let left = try FileManager.default.contentsOfDirectory(atPath: state.path).sorted()
        #expect(left == ["handoff.lock", "lane-11.sqlite", "lane-x.sqlite"])
    }

    @Test func aLogWithoutItsDatabaseIsNotApplied() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        try writer.write([.init("a", "1")], mark: mark(1))
        let other = TemporaryState()
        try state.copy("lane-0.sqlite", to: other)
        try FileManager.default.removeItem(atPath: other.path + "/lane-0.sqlite")
        let fresh = try ProfileWriter(folder: other.folder(), lane: 0)
        #expect(fresh.openedAt == nil)
    }
}
