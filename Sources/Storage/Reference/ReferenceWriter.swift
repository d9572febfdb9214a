import Qualification
import Synchronization

/// The only writer of the reference cache; calls from several threads take turns.
package final class ReferenceWriter: Sendable {
    /// The change clock to give to every `ReferenceReader` of this cache.
    package let changes: ReferenceChanges
    private let folder: StateFolder
    private let state: Mutex<ReferenceTables>

    /// A log longer than this is moved into the database after a batch.
    private static let logBytesBeforeCheckpoint = 16 << 20

    /// Opens, checks after an unclean stop, and migrates the cache; makes it if it is missing.
    ///
    /// - Throws: `.corrupt` (remove the file and read the topics from their start);
    ///   `.schemaTooNew`, `.foreignFile`; `.full`, `.inputOutput`.
    package init(
        folder: StateFolder, settings: ReferenceCacheSettings = ReferenceCacheSettings()
    ) throws(StorageError) {
        self.folder = folder
        let file = StateFolder.referenceFile
        let wasClosed = folder.bytes(of: file + "-wal") == 0
        let connection = try Connection.open(
            path: folder.path(of: file), file: file, settings: settings.connection(isWriter: true))
        if !wasClosed { try connection.quickCheck() }
        try Schema.reference.migrate(connection)
        changes = ReferenceChanges()
        state = Mutex(try ReferenceTables(connection))
    }

    /// Applies changes in their order, with the positions after them, in one transaction.
    ///
    /// Then the readers are told which rows to look up again.
    ///
    /// - Throws: `.full`, `.inputOutput`, `.corrupt`, `.busy`; then nothing was applied.
    package func apply(
        _ batch: [ReferenceRecord], positions: [ReferencePosition]
    ) throws(StorageError) {
        try state.withLock { (tables) throws(StorageError) in
            try changes.whileChanging { () throws(StorageError) in
                try tables.apply(batch, positions: positions)
                // Within the lock, for the clock takes one writer; after the commit, see the clock.
                if !batch.isEmpty { changes.advance(batch.lazy.map(\.change.key)) }
            }
            let logBytes = folder.bytes(of: StateFolder.referenceFile + "-wal")
            guard logBytes > Self.logBytesBeforeCheckpoint else { return }
            // Best effort: the batch is committed, and the next one tries again.
            try? tables.connection.checkpoint(.truncate)
        }
    }

    /// Up to where each partition was applied; none on a fresh cache.
    ///
    /// - Throws: `.corrupt`, `.inputOutput`.
    package func positions() throws(StorageError) -> [ReferencePosition] {
        try state.withLock { (tables) throws(StorageError) in try tables.positions() }
    }

    /// Moves the log into the database, for idle moments.
    ///
    /// - Throws: `.busy` if a reader was in the way, `.full`, `.inputOutput`.
    package func checkpoint() throws(StorageError) {
        try state.withLock { (tables) throws(StorageError) in
            try tables.connection.checkpoint(.truncate)
        }
    }
}

/// Limits of the reference cache.
package struct ReferenceCacheSettings: Sendable {
    /// Page cache of the writing connection, in bytes.
    package var writerCacheBytes = 8 << 20
    /// Page cache of each reading connection, in bytes.
    package var readerCacheBytes = 2 << 20
    /// How much of the file is mapped, in bytes of address space; see `ProfileStoreSettings`.
    package var mappedBytes = 256 << 20
    /// How long writer and readers wait for each other, in milliseconds.
    package var busyTimeoutMilliseconds: Int32 = 2_000
    /// Rows that each reader keeps in memory for each of the three tables, absent rows included.
    package var rowsInMemory = 4_096

    /// The defaults: about 3 MB for each reader.
    package init() {}

    func connection(isWriter: Bool) -> ConnectionSettings {
        ConnectionSettings(
            cacheBytes: isWriter ? writerCacheBytes : readerCacheBytes, mappedBytes: mappedBytes,
            busyTimeoutMilliseconds: busyTimeoutMilliseconds, isWriter: isWriter)
    }
}
