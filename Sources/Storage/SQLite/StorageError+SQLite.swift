import CSQLite

extension StorageError {
    /// The error for a result code of SQLite; `code` may be an extended one.
    init(sqliteCode code: Int32, operation: String, file: String, detail: String) {
        self.init(
            Self.kind(of: code), operation: operation, file: file, sqliteCode: code, detail: detail)
    }

    /// The error that `connection` has just reported.
    init(unsafeConnection connection: OpaquePointer?, operation: String, file: String) {
        let code = unsafe sqlite3_extended_errcode(connection)
        // The general text of the code, not sqlite3_errmsg: constraint messages name columns only,
        // but no promise says that none will ever quote a value.
        let detail = unsafe String(cString: sqlite3_errstr(code))
        self.init(sqliteCode: code, operation: operation, file: file, detail: detail)
    }

    private static func kind(of code: Int32) -> Code {
        // An I/O error for want of space (quota, SQLITE_IOERR_WRITE after ENOSPC) stays an I/O
        // error; both close the lane. The low byte is the primary code
        // (https://sqlite.org/rescode.html).
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_FULL: .full
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_NOLFS,
            SQLITE_AUTH, SQLITE_NOMEM:
            .inputOutput
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .busy
        default: .unexpected
        }
    }
}
