/// The writing connection of a lane's file with its statements; lives inside `ProfileWriter`'s
/// lock.
struct ProfileTables: ~Copyable {
    let connection: Connection
    private let replace: Statement
    private let add: Statement
    private let put: Statement
    private let unfilled: Statement
    private let fill: Statement
    private let remove: Statement
    private let addresses: AddressTable
    private let waiting: WaitingTable
    private let filler: RowFiller
    private let readMark: Statement
    private let setMark: Statement
    private let readFact: Statement
    private let putFact: Statement
    private let removeFact: Statement
    /// How many rows are written one by one after one that was there already.
    private static let rowsWrittenSingly = 100
    /// Between begin and end of a bulk restore: nothing is synced.
    private(set) var isRestoring = false
    /// Whether a transaction is open from the begin to the end of the restore.
    private var isFilling = false
    /// Whether the restore has taken the indexes away, to make them at its end.
    private var lacksIndexes = false
    /// Whether any lead may be waiting.
    private var hasWaiting: Bool

    /// Prepares the statements.
    ///
    /// - Throws: `.restoreInterrupted` if the file's last restore did not end.
    init(_ connection: consuming Connection) throws(StorageError) {
        let open = "open"
        guard try connection.integer("SELECT restoring FROM meta", operation: open) == 0 else {
            throw StorageError(.restoreInterrupted, operation: open, file: connection.file)
        }
        // A statement that names an indexed column writes to the index, changed or not; nearly all
        // writes change neither.
        let replace = try connection.prepare(
            "UPDATE profiles SET v = ?2 WHERE k = ?1 AND due IS ?3 AND idle IS ?4",
            operation: "write profiles")
        let add = try connection.prepare(
            """
            INSERT INTO profiles (k, v, due, idle) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (k) DO NOTHING
            """, operation: "write profiles")
        let put = try connection.prepare(
            """
            INSERT INTO profiles (k, v, due, idle) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (k) DO UPDATE SET v = excluded.v, due = excluded.due, idle = excluded.idle
            """, operation: "write profiles")
        let unfilled = try connection.prepare(
            "SELECT k, v FROM profiles WHERE idle IS NULL LIMIT ?1", operation: "migrate")
        let fill = try connection.prepare(
            "UPDATE profiles SET due = ?2, idle = ?3 WHERE k = ?1", operation: "migrate")
        let remove = try connection.prepare(
            "DELETE FROM profiles WHERE k = ?1", operation: "write profiles")
        let addresses = try AddressTable(connection)
        let waiting = try WaitingTable(connection)
        let filler = try RowFiller(connection)
        let readMark = try connection.prepare(
            "SELECT changelog_position, written_at_ms FROM meta", operation: "read mark")
        let setMark = try connection.prepare(
            "UPDATE meta SET changelog_position = ?1, written_at_ms = ?2", operation: "write mark")
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
        self.replace = replace
        self.add = add
        self.put = put
        self.unfilled = unfilled
        self.fill = fill
        self.remove = remove
        self.addresses = addresses
        hasWaiting = waiting.hasRows
        self.waiting = waiting
        self.filler = filler
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

    mutating func write(
        _ changes: some Sequence<ProfileChange>, mark: ChangelogMark, facts: [StoredFact]
    ) throws(StorageError) -> Int {
        var hasWaiting = hasWaiting
        let count = try transaction { () throws(StorageError) -> Int in
            let count = try apply(changes, &hasWaiting)
            for fact in facts { try apply(fact) }
            try set(mark)
            return count
        }
        self.hasWaiting = hasWaiting
        return count
    }

    /// As `write`, of rows that are lent.
    mutating func restore(
        _ rows: some RestoredRows, mark: ChangelogMark, facts: [StoredFact]
    ) throws(StorageError) {
        var hasWaiting = hasWaiting
        try transaction { () throws(StorageError) in
            try restore(rows, &hasWaiting)
            for fact in facts { try apply(fact) }
            try set(mark)
        }
        self.hasWaiting = hasWaiting
    }

    /// All or nothing; between begin and end of a bulk restore nothing until then.
    private func transaction<Result>(
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        if isFilling { return try body() }
        return try connection.transaction(operation: "write profiles", body)
    }

    private func apply(
        _ changes: some Sequence<ProfileChange>, _ hasWaiting: inout Bool
    ) throws(StorageError) -> Int {
        // By place: through the protocol each change would be copied, with all that it owns.
        if let array = changes as? [ProfileChange] {
            for place in array.indices { try apply(array[place], &hasWaiting) }
            return array.count
        }
        var count = 0
        for change in changes {
            try apply(change, &hasWaiting)
            count += 1
        }
        return count
    }

    func delete(_ keys: [[UInt8]]) throws(StorageError) {
        var hasWaiting = hasWaiting
        try connection.transaction(operation: "erase profiles") { () throws(StorageError) in
            for key in keys { try apply(ProfileChange(key: key, value: nil), &hasWaiting) }
        }
    }

    mutating func beginBulkRestore(temporaryFolder: String) throws(StorageError) {
        let begin = "begin restore"
        // On the disk before the first row that is not: only then does the marker mean anything.
        try connection.execute("UPDATE meta SET restoring = 1", operation: begin)
        try connection.checkpoint(.truncate)
        try connection.execute("PRAGMA synchronous = OFF", operation: begin)
        isRestoring = true
        let hasLog = try !stopLogging()
        if try connection.integer("SELECT EXISTS (SELECT 1 FROM profiles)", operation: begin) == 0 {
            // Sorting them once costs less than finding a place for each row.
            try connection.execute(Schema.laneIndexes.removal, operation: begin)
            lacksIndexes = true
            // What does not fit into the cache's size is sorted in a file.
            connection.keepTemporaryFiles(in: temporaryFolder)
            try connection.execute("PRAGMA temp_store = FILE", operation: begin)
        }
        // Every commit writes the pages that changed, those of the index of keys again and again;
        // and without a log nothing can be rolled back. With one it would grow until the end.
        guard !hasLog else { return }
        try connection.execute("BEGIN IMMEDIATE", operation: begin)
        isFilling = true
    }

    /// Whatever happens in a bulk restore makes the file worthless, so a log would only write each
    /// page twice.
    ///
    /// While another connection has the file open, as a lane's first writer when it is restored
    /// again, SQLite refuses at once; then the log stays, which is only slower.
    ///
    /// - Returns: whether there is no log any more.
    private func stopLogging() throws(StorageError) -> Bool {
        do throws(StorageError) {
            try connection.execute("PRAGMA journal_mode = OFF", operation: "begin restore")
            return true
        } catch {
            guard error.code == .busy else { throw error }
            return false
        }
    }

    mutating func endBulkRestore(mark: ChangelogMark) throws(StorageError) {
        let end = "end restore"
        if lacksIndexes {
            try connection.execute(Schema.laneIndexes.creation, operation: end)
            lacksIndexes = false
        }
        if isFilling {
            try connection.execute("COMMIT", operation: end)
            isFilling = false
        }
        try connection.execute("PRAGMA temp_store = MEMORY", operation: end)
        try connection.execute("PRAGMA synchronous = NORMAL", operation: end)
        // This commit, or else the checkpoint, syncs the whole database file, but only because
        // there is something to write: the mark sees to that.
        try set(mark)
        try connection.checkpoint(.truncate)
        guard try connection.text("PRAGMA journal_mode = WAL", operation: end) == "wal" else {
            throw StorageError(
                .busy, operation: end, file: connection.file, detail: "no write-ahead log")
        }
        try connection.execute("UPDATE meta SET restoring = 0", operation: end)
        try connection.checkpoint(.truncate)
        isRestoring = false
    }

    private func restore(
        _ rows: some RestoredRows, _ hasWaiting: inout Bool
    ) throws(StorageError) {
        var place = 0
        // Up to where rows are written one by one: where a profile comes again others do, too.
        var singly = 0
        while place < rows.count {
            let end = place + RowFiller.group
            // A bulk restore mostly makes new rows, and a new row has nothing to be replaced.
            if isRestoring, !hasWaiting, place >= singly, end <= rows.count,
                (place..<end).allSatisfy(rows.isPlain)
            {
                if try filler.add(rows, from: place, addresses) {
                    place = end
                    continue
                }
                singly = place + ProfileTables.rowsWrittenSingly
            }
            for place in place..<min(end, rows.count) {
                try rows.withRow(at: place) {
                    (key, value, first, second, columns) throws(StorageError) in
                    try restore(key, value, first, second, columns, &hasWaiting)
                }
            }
            place = end
        }
    }

    private func restore(
        _ key: Span<UInt8>, _ value: Span<UInt8>?, _ first: Span<UInt8>?, _ second: Span<UInt8>?,
        _ columns: RestoredColumns, _ hasWaiting: inout Bool
    ) throws(StorageError) {
        var change = ProfileChange(
            key: [UInt8](copying: key), value: nil, due: columns.due, idle: columns.idle,
            addresses: [], waiting: columns.waiting)
        if let value { change.value = [UInt8](copying: value) }
        if let first { change.addresses?.append(String(copying: first)) }
        if let second { change.addresses?.append(String(copying: second)) }
        try apply(change, &hasWaiting)
    }

    private func apply(
        _ change: ProfileChange, _ hasWaiting: inout Bool
    ) throws(StorageError) {
        if let rows = change.value == nil ? [] : change.waiting, hasWaiting || !rows.isEmpty {
            hasWaiting = true
            try waiting.replace(change.key, by: rows)
        }
        guard let value = change.value else {
            try addresses.replace(change.key, by: [])
            return try remove.binding(blob: change.key.span, at: 1) { () throws(StorageError) in
                try remove.run()
            }
        }
        // A bulk restore mostly makes new rows, and a new row has nothing to be replaced.
        if isRestoring, try run(add, change, value), add.changes > 0 {
            return try addresses.add(change.addresses ?? [], of: change.key)
        }
        if let now = change.addresses { try addresses.replace(change.key, by: now) }
        if try run(replace, change, value), replace.changes > 0 { return }
        _ = try run(put, change, value)
    }

    /// Runs one of the two writing statements; true, so that it can stand in a condition.
    private func run(
        _ statement: borrowing Statement, _ change: ProfileChange, _ value: [UInt8]
    ) throws(StorageError) -> Bool {
        try statement.binding(blob: change.key.span, at: 1) { () throws(StorageError) in
            try statement.binding(blob: value.span, at: 2) { () throws(StorageError) in
                try statement.bind(change.idle, at: 4)
                try statement.binding(optionalBlob: change.due, at: 3) {
                    () throws(StorageError) in
                    try statement.run()
                }
            }
        }
        return true
    }

    /// Fills the columns of rows that version 1 wrote.
    func fill(
        limit: Int,
        _ columns: @Sendable ([UInt8]) -> (due: [UInt8]?, idle: Int64, addresses: [String])
    ) throws(StorageError) -> Int {
        try connection.transaction(operation: "migrate") { () throws(StorageError) -> Int in
            var rows: [(key: [UInt8], value: [UInt8])] = []
            try readUnfilled(limit: limit, into: &rows)
            for row in rows {
                let (due, idle, found) = columns(row.value)
                try addresses.replace(row.key, by: found)
                try fill.binding(blob: row.key.span, at: 1) { () throws(StorageError) in
                    try fill.bind(idle, at: 3)
                    try fill.binding(optionalBlob: due, at: 2) { () throws(StorageError) in
                        try fill.run()
                    }
                }
            }
            return rows.count
        }
    }

    private func readUnfilled(
        limit: Int, into rows: inout [(key: [UInt8], value: [UInt8])]
    ) throws(StorageError) {
        defer { unfilled.reset() }
        try unfilled.bind(Int64(limit), at: 1)
        while try unfilled.step() {
            rows.append(
                (
                    unfilled.withBlob(at: 0) { [UInt8](copying: $0) },
                    unfilled.withBlob(at: 1) { [UInt8](copying: $0) }
                ))
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
