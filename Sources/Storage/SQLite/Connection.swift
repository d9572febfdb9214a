import CSQLite

/// How one connection is set up; all sizes in bytes.
struct ConnectionSettings: Sendable {
    var cacheBytes: Int
    /// Address space, not memory; pages in the map are not copied into the cache.
    var mappedBytes: Int
    /// How long a call waits for another connection before it fails as `.busy`, in milliseconds.
    var busyTimeoutMilliseconds: Int32
    var maximumFileBytes: Int?
    var isWriter: Bool
}

/// One SQLite connection: opened with NOMUTEX, so used by one thread at a time.
///
/// The holder sees to that: writers sit inside a `Mutex`, readers are not `Sendable`.
@safe struct Connection: ~Copyable {
    /// Owned here and closed by `deinit`.
    ///
    /// close_v2 waits for statements that are finalised later, so the order in which a holder's
    /// properties go does not matter.
    private let raw: OpaquePointer
    /// The file's name without its folder, for errors.
    let file: String

    /// The size of a page in bytes; fixed, because the scrubber reads pages itself.
    static let pageBytes = 4_096
    /// A write-ahead log longer than this is cut when it is next reset.
    private static let logBytesKept = 128 << 20

    /// Once, before the first connection; refused, and without harm, if there was one.
    private static let isConfigured = handoff_count_no_memory() == SQLITE_OK

    private init(raw: OpaquePointer, file: String) {
        unsafe self.raw = raw
        self.file = file
    }

    deinit { unsafe sqlite3_close_v2(raw) }

    /// Opens and sets up a database; a writer creates a missing file, a reader does not.
    static func open(
        path: String, file: String, settings: ConnectionSettings
    ) throws(StorageError) -> Connection {
        // Readers are opened for writing too: a read-only handle cannot make the -shm file, nor
        // recover the log after a crash. `query_only` is what keeps them from writing.
        // NOMUTEX: "separate threads are allowed to use SQLite at the same time, as long as each
        // thread is using a different database connection" (https://sqlite.org/c3ref/open.html).
        var flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        if settings.isWriter { flags |= SQLITE_OPEN_CREATE }
        _ = isConfigured
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let raw = unsafe opened else {
            let error = StorageError(
                sqliteCode: code, operation: "open", file: file,
                detail: unsafe String(cString: sqlite3_errstr(code)))
            unsafe sqlite3_close_v2(opened)  // an open that failed still leaves a handle to free
            throw error
        }
        let connection = unsafe Connection(raw: raw, file: file)
        try connection.configure(settings)
        return connection
    }

    private func configure(_ settings: ConnectionSettings) throws(StorageError) {
        unsafe sqlite3_busy_timeout(raw, settings.busyTimeoutMilliseconds)
        var pragmas = [
            "cache_size = -\(max(settings.cacheBytes >> 10, 64))",
            "mmap_size = \(settings.mappedBytes)",
            "temp_store = MEMORY",
            "foreign_keys = OFF",
        ]
        if settings.isWriter {
            // Before the first page exists; both are without effect on a file that has pages.
            pragmas.insert("page_size = \(Self.pageBytes)", at: 0)
            pragmas.insert("auto_vacuum = NONE", at: 1)
            pragmas += [
                "journal_mode = WAL",
                "synchronous = NORMAL",
                // Not to be told from OFF and FAST in our flushes (6.6 against 7 to 10 us a row,
                // noise included): the pages are written anyway. Not enough alone, see scrub().
                "secure_delete = ON",
                "wal_autocheckpoint = 0",
                "journal_size_limit = \(Self.logBytesKept)",
            ]
            if let bytes = settings.maximumFileBytes {
                pragmas.append("max_page_count = \(max(bytes / Self.pageBytes, 1))")
            }
        } else {
            pragmas.append("query_only = ON")
        }
        for pragma in pragmas { try execute("PRAGMA \(pragma)", operation: "open") }
    }

    /// Runs SQL of this program (never of a user); may be several statements.
    func execute(_ sql: String, operation: String) throws(StorageError) {
        guard unsafe sqlite3_exec(raw, sql, nil, nil, nil) == SQLITE_OK else {
            throw unsafe StorageError(unsafeConnection: raw, operation: operation, file: file)
        }
    }

    /// Compiles one statement to be kept for the life of the connection.
    func prepare(_ sql: String, operation: String) throws(StorageError) -> Statement {
        try unsafe Statement(preparing: sql, on: raw, operation: operation, file: file)
    }

    /// The first column of the first row, 0 if there is none.
    func integer(_ sql: String, operation: String) throws(StorageError) -> Int64 {
        let statement = try prepare(sql, operation: operation)
        return try statement.step() ? statement.integer(at: 0) : 0
    }

    /// The first column of the first row as text, nil if there is none.
    func text(_ sql: String, operation: String) throws(StorageError) -> String? {
        let statement = try prepare(sql, operation: operation)
        return try statement.step() ? statement.text(at: 0) : nil
    }

    /// Runs `body` in one transaction that has the write lock from its start.
    ///
    /// When `body` or the commit throws, nothing of it remains.
    func transaction<Result>(
        operation: String, _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try execute("BEGIN IMMEDIATE", operation: operation)
        do {
            let result = try body()
            try execute("COMMIT", operation: operation)
            return result
        } catch {
            // After FULL, IOERR or NOMEM SQLite may have rolled back already; then this says
            // "no transaction is active", which is what is wanted.
            try? execute("ROLLBACK", operation: operation)
            throw error
        }
    }

    /// Moves the write-ahead log into the database; what `.truncate` leaves is an empty log.
    ///
    /// - Throws: `.busy` if a reader held an old page for longer than the busy timeout.
    func checkpoint(_ mode: CheckpointMode) throws(StorageError) {
        let native =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        guard unsafe sqlite3_wal_checkpoint_v2(raw, "main", native, nil, nil) == SQLITE_OK else {
            throw unsafe StorageError(unsafeConnection: raw, operation: "checkpoint", file: file)
        }
    }

    /// Lets temporary files of all connections of the process be made in a folder.
    ///
    /// They may hold what is personal, and elsewhere may be no disk. SQLite removes them as soon as
    /// it has opened them.
    func keepTemporaryFiles(in folder: String) {
        unsafe handoff_keep_temporary_files(folder)
    }

    /// Forgets the cached pages.
    func dropCache() { unsafe _ = sqlite3_db_release_memory(raw) }

    /// Lends SQLite's own handle of the database file.
    ///
    /// Never open the file a second time: closing any descriptor of it drops all POSIX locks the
    /// process has on it (https://sqlite.org/howtocorrupt.html, 2.2).
    func withDatabaseFile<Result>(
        operation: String,
        _ body: (UnsafeMutablePointer<sqlite3_file>) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        var handle: UnsafeMutablePointer<sqlite3_file>?
        let code = unsafe withUnsafeMutablePointer(to: &handle) { slot in
            unsafe sqlite3_file_control(raw, "main", SQLITE_FCNTL_FILE_POINTER, slot)
        }
        guard code == SQLITE_OK, let handle = unsafe handle else {
            throw unsafe StorageError(unsafeConnection: raw, operation: operation, file: file)
        }
        return try unsafe body(handle)
    }

    /// Looks at every page's structure; 0.2 s for 244 MB in memory.
    ///
    /// - Throws: `.corrupt` with SQLite's first finding.
    func quickCheck() throws(StorageError) {
        let statement = try prepare("PRAGMA quick_check(1)", operation: "check")
        guard try statement.step() else { return }
        let finding = statement.text(at: 0) ?? ""
        guard finding == "ok" else {
            throw StorageError(.corrupt, operation: "check", file: file, detail: finding)
        }
    }
}

/// How far a checkpoint goes.
package enum CheckpointMode: Sendable {
    /// As far as is possible without waiting for a reader.
    case passive
    /// Everything, and the log's file is cut to nothing; waits for readers up to the busy timeout.
    case truncate
}
