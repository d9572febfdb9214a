import Synchronization

/// A changed profile on its way to the file.
package struct ProfileChange: Sendable, Equatable {
    /// The lead's id as bytes; any bytes are allowed.
    package var key: [UInt8]
    /// The encoded profile, nil to delete it.
    package var value: [UInt8]?
    /// The profile's next alert, as bytes that compare like alerts; nil if none is pending.
    package var due: [UInt8]?
    /// Since when the profile is idle, as a number; nil only in files of version 1.
    package var idle: Int64?

    /// The addresses by which the lead is found; nil if they are those that the file has.
    package var addresses: [String]?
    /// For what the lead waits; nil if it is what the file has.
    package var waiting: [WaitingRow]?

    /// Makes a change.
    package init(
        key: [UInt8], value: [UInt8]?, due: [UInt8]? = nil, idle: Int64? = nil,
        addresses: [String]? = nil, waiting: [WaitingRow]? = nil
    ) {
        self.waiting = waiting
        self.addresses = addresses
        self.key = key
        self.value = value
        self.due = due
        self.idle = idle
    }
}

/// A product that a lead waits for, and its place among those that do.
package struct WaitingRow: Sendable, Equatable {
    /// The product's id.
    package var product: String
    /// Bytes that compare like the places of leads; the lead's key decides between equal ones.
    package var rank: [UInt8]

    /// Makes a row.
    package init(product: String, rank: [UInt8]) {
        self.product = product
        self.rank = rank
    }
}

/// A named value that is kept beside the profiles, changed in the same transaction.
package struct StoredFact: Sendable, Equatable {
    /// The name, chosen by the worker, such as "clock".
    package var name: String
    /// The value, nil to delete it.
    package var value: [UInt8]?

    /// Makes a fact.
    package init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// How far a file reflects the changelog.
package struct ChangelogMark: Sendable, Equatable {
    /// The offset of the next changelog record to apply; everything before it is in the file.
    package var nextOffset: Int64
    /// When that was written, in milliseconds since 1970, by the caller's clock.
    ///
    /// Older than the changelog's `delete.retention.ms`: tombstones may be missing there, so remove
    /// the lane's file and restore.
    package var writtenAtMilliseconds: Int64

    /// Makes a mark.
    package init(nextOffset: Int64, writtenAtMilliseconds: Int64) {
        self.nextOffset = nextOffset
        self.writtenAtMilliseconds = writtenAtMilliseconds
    }
}

/// The only writer of a lane's file, for the flusher; calls from several threads take turns.
///
/// Rows and the changelog's position change in one transaction, so after any crash of the process
/// the file holds exactly what the changelog held at its mark. After a loss of power it may be an
/// older mark, never rows that do not belong to it.
///
/// Measured with values of 700 bytes, in batches of 30,000 sorted by key, without and with the
/// checkpoint: 3.0 and 5.2 us a row in 30,000 rows, 6.6 and 17 us a row in 300,000.
package final class ProfileWriter: Sendable {
    /// The mark a file had when it was opened, nil if nothing was written to it yet.
    package let openedAt: ChangelogMark?
    private let folder: StateFolder
    private let file: String
    private let state: Mutex<ProfileTables>

    /// A log longer than this is moved into the database between the batches of a restore.
    private static let restoreLogBytes = 64 << 20

    /// Opens, checks and migrates a lane's file, and makes it if it is missing.
    ///
    /// - Throws: `.corrupt` and `.restoreInterrupted` (remove the lane's files and restore);
    ///   `.schemaTooNew`, `.foreignFile`; `.full`, `.inputOutput`.
    package init(
        folder: StateFolder, lane: Int, settings: ProfileStoreSettings = ProfileStoreSettings()
    ) throws(StorageError) {
        file = StateFolder.laneFile(lane)
        self.folder = folder
        // SQLite removes the log when the last connection closes; one left behind tells of a stop
        // without that.
        let wasClosed = folder.bytes(of: file + "-wal") == 0
        let connection = try Connection.open(
            path: folder.path(of: file), file: file, settings: settings.connection(isWriter: true))
        if settings.check == .always || settings.check == .afterUncleanStop && !wasClosed {
            try connection.quickCheck()
        }
        try Schema.lane.migrate(connection)
        let tables = try ProfileTables(connection)
        openedAt = try tables.mark()
        state = Mutex(tables)
    }

    /// Applies changes, the new mark and facts in one transaction; all of it or nothing.
    ///
    /// - Parameters:
    ///   - changes: each key once, in ascending order, which keeps the index's pages together.
    ///   - mark: the position after the committed epoch the changes belong to.
    /// - Returns: the number of changes.
    /// - Throws: `.full`, `.inputOutput`, `.corrupt`, `.busy`.
    @discardableResult
    package func write(
        _ changes: some Sequence<ProfileChange> & Sendable, mark: ChangelogMark,
        facts: [StoredFact] = []
    ) throws(StorageError) -> Int {
        try state.withLock { (tables) throws(StorageError) -> Int in
            let count = try tables.write(changes, mark: mark, facts: facts)
            try shorten(tables)
            return count
        }
    }

    /// As `write`, of rows that are lent; the keys in ascending order, each once.
    ///
    /// - Throws: as `write`.
    package func restore(
        _ rows: some RestoredRows, mark: ChangelogMark, facts: [StoredFact]
    ) throws(StorageError) {
        try state.withLock { (tables) throws(StorageError) in
            try tables.restore(rows, mark: mark, facts: facts)
            try shorten(tables)
        }
    }

    /// Without syncs a checkpoint is only copying, and the log must not hold everything.
    private func shorten(_ tables: borrowing ProfileTables) throws(StorageError) {
        guard tables.isRestoring, logBytes > Self.restoreLogBytes else { return }
        try tables.connection.checkpoint(.truncate)
    }

    /// Gives rows of a file of version 1 what it did not have: `due`, `idle` and addresses of a
    /// profile.
    ///
    /// - Parameters:
    ///   - limit: the most rows of one call, which is one transaction.
    ///   - columns: tells them from a profile's bytes.
    /// - Returns: the number of rows filled; 0 when none was left.
    /// - Throws: `.full`, `.inputOutput`, `.corrupt`, `.busy`.
    package func fill(
        limit: Int,
        _ columns: @Sendable ([UInt8]) -> (due: [UInt8]?, idle: Int64, addresses: [String])
    ) throws(StorageError) -> Int {
        try state.withLock { (tables) throws(StorageError) -> Int in
            try tables.fill(limit: limit, columns)
        }
    }

    /// Deletes rows so that none of their bytes stay in the file or its log; the mark stays.
    ///
    /// For profiles replaced by a stub, `write` the stubs and `scrub` after it. Erase many at a
    /// time: a scrub reads the whole file.
    ///
    /// - Throws: as `write` and `scrub`; on `.busy` from the scrub the rows are deleted: scrub
    ///   again.
    @discardableResult
    package func erase(_ keys: [[UInt8]]) throws(StorageError) -> ScrubReport {
        try state.withLock { (tables) throws(StorageError) -> ScrubReport in
            try tables.delete(keys)
            return try tables.connection.scrub()
        }
    }

    /// Leaves no byte of any deleted or replaced profile in the file or its log.
    ///
    /// - Throws: `.busy` if a reader held the log (try again), `.inputOutput`, `.corrupt`.
    @discardableResult
    package func scrub() throws(StorageError) -> ScrubReport {
        try state.withLock { (tables) throws(StorageError) in try tables.connection.scrub() }
    }

    /// The mark of the last write, nil before the first.
    ///
    /// - Throws: `.corrupt`, `.inputOutput`.
    package func mark() throws(StorageError) -> ChangelogMark? {
        try state.withLock { (tables) throws(StorageError) in try tables.mark() }
    }

    /// The value of a fact, nil if it was never set.
    ///
    /// - Throws: `.corrupt`, `.inputOutput`.
    package func fact(_ name: String) throws(StorageError) -> [UInt8]? {
        try state.withLock { (tables) throws(StorageError) in try tables.fact(name) }
    }

    /// The size of the write-ahead log's file in bytes; grows until a `.truncate` checkpoint.
    package var logBytes: Int { folder.bytes(of: file + "-wal") }

    /// The size of the database's file in bytes, without the log.
    package var databaseBytes: Int { folder.bytes(of: file) }

    /// Moves the log into the database; for idle moments, or when `logBytes` grows.
    ///
    /// - Throws: `.busy` if a reader was in the way, `.full`, `.inputOutput`.
    package func checkpoint(_ mode: CheckpointMode = .truncate) throws(StorageError) {
        try state.withLock { (tables) throws(StorageError) in
            try tables.connection.checkpoint(mode)
        }
    }

    /// Starts a restore of many rows; until `endBulkRestore` nothing is safe against a crash, and a
    /// file opened after one throws `.restoreInterrupted`.
    ///
    /// An empty file goes without most of its indexes meanwhile. They are sorted at the end, in as
    /// much memory as `ProfileStoreSettings.writerCacheBytes` and, beyond that, in a file of the
    /// state folder that nobody else can open.
    ///
    /// - Throws: `.full`, `.inputOutput`; `.busy` if a reader held the log.
    package func beginBulkRestore() throws(StorageError) {
        try state.withLock { (tables) throws(StorageError) in
            try tables.beginBulkRestore(temporaryFolder: folder.path)
        }
    }

    /// Ends the restore: everything is on the disk and the file may be trusted again.
    ///
    /// - Parameter mark: the position up to which the changelog was applied.
    /// - Throws: `.full`, `.inputOutput`, `.busy`; the file then still counts as interrupted.
    package func endBulkRestore(mark: ChangelogMark) throws(StorageError) {
        try state.withLock { (tables) throws(StorageError) in
            try tables.endBulkRestore(mark: mark)
        }
    }
}
