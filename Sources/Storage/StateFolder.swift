import Glibc

/// The folder that holds one worker's local state, locked for as long as this object lives.
///
/// Owns the lock's descriptor; the files in it are opened by the stores. The lock goes with the
/// process, so a killed worker leaves none behind. Local disks only: neither flock nor SQLite's
/// write-ahead log can be trusted on a network file system.
package final class StateFolder: Sendable {
    /// The folder's path as given.
    package let path: String
    private let lock: Int32

    /// The name of the reference cache's file.
    package static let referenceFile = "reference.sqlite"
    private static let lockFile = "handoff.lock"

    /// The name of a lane's file; a lane has its partition's number.
    package static func laneFile(_ lane: Int) -> String { "lane-\(lane).sqlite" }

    /// Makes the folder if it is missing (for its owner alone: profiles are personal) and locks it.
    ///
    /// - Throws: `.lockedByOtherProcess` naming the folder and the process, if that is known;
    ///   `.inputOutput` if the folder cannot be made or written.
    package init(path: String) throws(StorageError) {
        try Self.makeFolders(path)
        let file = path + "/" + Self.lockFile
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open lock", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let other = Self.failure("lock state folder", path)
            let holder = Self.content(of: descriptor)
            close(descriptor)
            guard isHeld else { throw other }
            throw StorageError(
                .lockedByOtherProcess, operation: "lock state folder", file: path,
                detail: holder.isEmpty ? "" : "process \(holder)")
        }
        self.path = path
        lock = descriptor
        // Only a hint for the message above; the lock is what counts.
        let process = Array("\(getpid())".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, process, process.count, 0)
    }

    deinit { close(lock) }

    /// The path of a file in the folder.
    package func path(of file: String) -> String { path + "/" + file }

    /// The lanes that have a file here, in ascending order; also those this worker owns no longer.
    ///
    /// - Throws: `.inputOutput`.
    package func lanes() throws(StorageError) -> [Int] {
        guard let folder = unsafe opendir(path) else { throw Self.failure("list", path) }
        defer { unsafe _ = closedir(folder) }
        var found: [Int] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("lane-"), name.hasSuffix(".sqlite"),
                let lane = Int(name.dropFirst(5).dropLast(7)), Self.laneFile(lane) == name
            else { continue }
            found.append(lane)
        }
        return found.sorted()
    }

    /// Removes a lane's database, log and shared memory, if they exist; its stores must be closed.
    ///
    /// - Throws: `.inputOutput`.
    package func removeLane(_ lane: Int) throws(StorageError) {
        try remove(Self.laneFile(lane))
    }

    /// Removes the reference cache, if it exists; its stores must be closed.
    ///
    /// - Throws: `.inputOutput`.
    package func removeReference() throws(StorageError) { try remove(Self.referenceFile) }

    private func remove(_ file: String) throws(StorageError) {
        // The database first: SQLite throws a log without a database away, whereas a database that
        // has lost its log in a crash between the two may be damaged.
        for suffix in ["", "-wal", "-shm"] {
            guard unsafe unlink(path(of: file + suffix)) == 0 || errno == ENOENT else {
                throw Self.failure("remove", file)
            }
        }
    }

    /// The size of a file in bytes, 0 if it is missing.
    func bytes(of file: String) -> Int {
        var status = stat()
        return unsafe stat(path(of: file), &status) == 0 ? Int(status.st_size) : 0
    }

    private static func makeFolders(_ path: String) throws(StorageError) {
        var end = path.startIndex
        while end < path.endIndex {
            let start = path.index(after: end)
            end = path[start...].firstIndex(of: "/") ?? path.endIndex
            guard unsafe mkdir(String(path[..<end]), 0o700) != 0, errno != EEXIST else { continue }
            // A parent may exist without being ours to write (EACCES, EROFS); the end decides.
            guard end < path.endIndex else { throw failure("make folder", path) }
        }
    }

    private static func content(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    private static func failure(_ operation: String, _ file: String) -> StorageError {
        let reason = errno
        return StorageError(
            reason == ENOSPC || reason == EDQUOT ? .full : .inputOutput, operation: operation,
            file: file, detail: unsafe String(cString: strerror(reason)))
    }
}
