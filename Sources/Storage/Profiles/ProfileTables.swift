/// The writing connection of a lane's file with its statements; lives inside `ProfileWriter`'s
/// lock.
struct ProfileTables: ~Copyable {
    let connection: Connection
    private let put: Statement
    private let remove: Statement
    private let readMark: Statement
    private let setMark: Statement
    private let readFact: Statement
    private let putFact: Statement
    private let removeFact: Statement
    /// Between begin and end of a bulk restore: nothing is synced.
    private(set) var isRestoring = false

    /// Prepares the statements.
    ///
    /// - Throws: `.restoreInterrupted` if the file's last restore did not end.
    init(_ connection: consuming Connection) throws(StorageError) {
        let open = "open"
        guard try connection.integer("SELECT restoring FROM meta", operation: open) == 0 else {
            throw StorageError(.restoreInterrupted, operation: open, file: connection.file)
        }
        let put = try connection.prepare(
            """
            INSERT INTO profiles (k, v) VALUES (?1, ?2)
            ON CONFLICT (k) DO UPDATE SET v = excluded.v
            """, operation: "write profiles")
        let remove = try connection.prepare(
            "DELETE FROM profiles WHERE k = ?1", operation: "write profiles")
        let readMark = try connection.prepare(
            "SELECT changelog_position, written_at_ms FROM meta", operation: "read mark")
        let setMark = try connection.prepare(
            "UPDATE meta SET changelog_position = ?1, written_at_ms = ?2",
            operation: "write mark")
        let readFact = try connection.prepare(
            "SELECT value FROM facts WHERE name = ?1", operation: "read fact")
        let putFact = try connection.prepare(
            """
            INSERT INTO facts (name, value) VALUES (?1, ?2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, operation: "write fact")
        let removeFact = try connection.prepare(
            "DELETE FROM facts WHERE name = ?1", operation: "write fact")
        // Only now: a half-made noncopyable value cannot be thrown away.
        self.put = put
        self.remove = remove
        self.readMark = readMark
        self.setMark = setMark
        self.readFact = readFact
        self.putFact = putFact
        self.removeFact = removeFact
        self.connection = connection
    }

    func mark() throws(StorageError) -> ChangelogMark? {
        defer { readMark.reset() }
        guard try readMark.step(), !readMark.isNull(at: 0) else { return nil }
        return ChangelogMark(
            nextOffset: readMark.integer(at: 0), writtenAtMilliseconds: readMark.integer(at: 1))
    }

    func fact(_ name: String) throws(StorageError) -> [UInt8]? {
        defer { readFact.reset() }
        try readFact.bind(name, at: 1)
        guard try readFact.step() else { return nil }
        return readFact.withBlob(at: 0) { [UInt8](copying: $0) }
    }

    func write(
        _ changes: some Sequence<ProfileChange>, mark: ChangelogMark, facts: [StoredFact]
    ) throws(StorageError) -> Int {
        try connection.transaction(operation: "write profiles") {
            () throws(StorageError) -> Int in
            var count = 0
            for change in changes {
                try apply(change)
                count += 1
            }
            for fact in facts { try apply(fact) }
            try set(mark)
            return count
        }
    }

    func delete(_ keys: [[UInt8]]) throws(StorageError) {
        try connection.transaction(operation: "erase profiles") { () throws(StorageError) in
            for key in keys { try apply(ProfileChange(key: key, value: nil)) }
        }
    }

    mutating func beginBulkRestore() throws(StorageError) {
        // On the disk before the first row that is not: only then does the marker mean anything.
        try connection.execute("UPDATE meta SET restoring = 1", operation: "begin restore")
        try connection.checkpoint(.truncate)
        try connection.execute("PRAGMA synchronous = OFF", operation: "begin restore")
        isRestoring = true
    }

    mutating func endBulkRestore(mark: ChangelogMark) throws(StorageError) {
        try connection.execute("PRAGMA synchronous = NORMAL", operation: "end restore")
        // A checkpoint syncs the log and then the whole database file, but only if the log holds
        // anything: the mark sees to that.
        try set(mark)
        try connection.checkpoint(.truncate)
        try connection.execute("UPDATE meta SET restoring = 0", operation: "end restore")
        try connection.checkpoint(.truncate)
        isRestoring = false
    }

    private func apply(_ change: ProfileChange) throws(StorageError) {
        guard let value = change.value else {
            return try remove.binding(blob: change.key.span, at: 1) { () throws(StorageError) in
                try remove.run()
            }
        }
        try put.binding(blob: change.key.span, at: 1) { () throws(StorageError) in
            try put.binding(blob: value.span, at: 2) { () throws(StorageError) in
                try put.run()
            }
        }
    }

    private func apply(_ fact: StoredFact) throws(StorageError) {
        guard let value = fact.value else {
            defer { removeFact.reset() }
            try removeFact.bind(fact.name, at: 1)
            return try removeFact.run()
        }
        try putFact.bind(fact.name, at: 1)
        try putFact.binding(blob: value.span, at: 2) { () throws(StorageError) in
            try putFact.run()
        }
    }

    private func set(_ mark: ChangelogMark) throws(StorageError) {
        defer { setMark.reset() }
        try setMark.bind(mark.nextOffset, at: 1)
        try setMark.bind(mark.writtenAtMilliseconds, at: 2)
        try setMark.run()
    }
}
