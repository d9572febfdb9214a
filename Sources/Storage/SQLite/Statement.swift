import CSQLite

/// One prepared statement, owned and finalised here; used on its connection's thread only.
///
/// Bound bytes are lent, not copied: bind and step inside `binding`, which clears them at its end.
@safe struct Statement: ~Copyable {
    private let raw: OpaquePointer
    private let operation: String
    private let file: String

    /// Compiles `sql`.
    init(
        preparing sql: String, on connection: OpaquePointer, operation: String, file: String
    ) throws(StorageError) {
        var prepared: OpaquePointer?
        // PERSISTENT: "the prepared statement will be retained for a long time and probably reused
        // many times" (https://sqlite.org/c3ref/c_prepare_normalize.html).
        let code = unsafe sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            throw unsafe StorageError(
                unsafeConnection: connection, operation: operation, file: file)
        }
        unsafe raw = prepared
        self.operation = operation
        self.file = file
    }

    deinit { unsafe sqlite3_finalize(raw) }

    /// Moves to the next row; false after the last, and then the statement is to be reset.
    func step() throws(StorageError) -> Bool {
        switch unsafe sqlite3_step(raw) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure()
        }
    }

    /// Steps a statement that gives no rows.
    func run() throws(StorageError) { _ = try step() }

    /// Ends the read transaction a step began, and forgets every bound value.
    func reset() {
        // The result repeats the error of the last step, which step() has already thrown.
        unsafe _ = sqlite3_reset(raw)
        unsafe _ = sqlite3_clear_bindings(raw)
    }

    /// Lends `bytes` as a blob while `body` runs.
    func binding<Result>(
        blob bytes: Span<UInt8>, at index: Int32,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try lending(blob: bytes, at: index) { () throws(StorageError) -> Result in
            defer { reset() }
            return try body()
        }
    }

    /// The same without clearing, which costs as much as binding: inside a `binding` of the same
    /// statement, or where it is reset at once when it has run.
    func lending<Result>(
        blob bytes: Span<UInt8>, at index: Int32,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try unsafe lending(bytes, body) { buffer in
            // A null pointer would bind NULL; an empty blob is something else.
            if let base = buffer.baseAddress, !buffer.isEmpty {
                unsafe sqlite3_bind_blob64(raw, index, base, UInt64(buffer.count), nil)
            } else {
                unsafe sqlite3_bind_zeroblob(raw, index, 0)
            }
        }
    }

    /// The same of UTF-8 as a text.
    func lending<Result>(
        text bytes: Span<UInt8>, at index: Int32,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try unsafe lending(bytes, body) { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                if let base = characters.baseAddress {
                    unsafe sqlite3_bind_text64(
                        raw, index, base, UInt64(buffer.count), nil, UInt8(SQLITE_UTF8))
                } else {
                    unsafe handoff_bind_text_copy(raw, index, "", 0)
                }
            }
        }
    }

    private func lending<Result>(
        _ bytes: Span<UInt8>, _ body: () throws(StorageError) -> Result,
        bind: (UnsafeBufferPointer<UInt8>) -> Int32
    ) throws(StorageError) -> Result {
        try unsafe bytes.withUnsafeBufferPointer {
            (buffer) throws(StorageError) -> Result in
            guard unsafe bind(buffer) == SQLITE_OK else { throw failure() }
            return try body()
        }
    }

    /// The same for bytes that may be missing, which binds NULL.
    func binding<Result>(
        optionalBlob bytes: [UInt8]?, at index: Int32,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        if let bytes { return try binding(blob: bytes.span, at: index, body) }
        try bindNull(at: index)
        defer { reset() }
        return try body()
    }

    /// As `lending(blob:at:)`, of bytes that may be missing.
    func lending<Result>(
        optionalBlob bytes: [UInt8]?, at index: Int32,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        if let bytes { return try lending(blob: bytes.span, at: index, body) }
        try bindNull(at: index)
        return try body()
    }

    /// How many rows the statement that was run last on this connection changed.
    var changes: Int { Int(unsafe sqlite3_changes(sqlite3_db_handle(raw))) }

    /// Binds a copy of `text`, nil as NULL.
    func bind(_ text: String?, at index: Int32) throws(StorageError) {
        guard let text else { return try bindNull(at: index) }
        let bytes = text.utf8Span.span
        let code = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                if let base = characters.baseAddress {
                    unsafe handoff_bind_text_copy(raw, index, base, Int32(clamping: buffer.count))
                } else {
                    unsafe handoff_bind_text_copy(raw, index, "", 0)
                }
            }
        }
        guard code == SQLITE_OK else { throw failure() }
    }

    /// Binds an integer, nil as NULL.
    func bind(_ value: Int64?, at index: Int32) throws(StorageError) {
        guard let value else { return try bindNull(at: index) }
        guard unsafe sqlite3_bind_int64(raw, index, value) == SQLITE_OK else { throw failure() }
    }

    /// Binds a number, nil as NULL; SQLite stores a NaN as NULL.
    func bind(_ value: Double?, at index: Int32) throws(StorageError) {
        guard let value else { return try bindNull(at: index) }
        guard unsafe sqlite3_bind_double(raw, index, value) == SQLITE_OK else { throw failure() }
    }

    private func bindNull(at index: Int32) throws(StorageError) {
        guard unsafe sqlite3_bind_null(raw, index) == SQLITE_OK else { throw failure() }
    }

    /// Whether a column of the current row is NULL.
    func isNull(at column: Int32) -> Bool {
        unsafe sqlite3_column_type(raw, column) == SQLITE_NULL
    }

    /// An integer column of the current row, 0 for NULL.
    func integer(at column: Int32) -> Int64 { unsafe sqlite3_column_int64(raw, column) }

    /// A number column of the current row, 0 for NULL.
    func double(at column: Int32) -> Double { unsafe sqlite3_column_double(raw, column) }

    /// A text column of the current row, nil for NULL.
    func text(at column: Int32) -> String? {
        guard let start = unsafe sqlite3_column_text(raw, column) else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(raw, column))
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Lends a blob column of the current row without copying it, empty for NULL.
    func withBlob<Result, Failure>(
        at column: Int32, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The pointer holds until the next step or reset, which body cannot reach.
        let start = unsafe sqlite3_column_blob(raw, column)
        let count = unsafe Int(sqlite3_column_bytes(raw, column))
        let bytes = unsafe UnsafeBufferPointer(
            start: start?.assumingMemoryBound(to: UInt8.self), count: count)
        return try unsafe body(bytes.span)
    }

    private func failure() -> StorageError {
        unsafe StorageError(
            unsafeConnection: sqlite3_db_handle(raw), operation: operation, file: file)
    }
}

extension [UInt8] {
    /// A copy of a span's bytes.
    init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}

extension String {
    /// A copy of UTF-8.
    init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
