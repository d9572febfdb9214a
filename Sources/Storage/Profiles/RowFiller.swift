/// Adds the new rows of a bulk restore, several with a statement: to start one and to open its
/// tables was a sixth of SQLite's instructions (callgrind, rows of 650 bytes; 4 rows at a time save
/// 13 %, 10 save 17 %, 50 save 19 %).
struct RowFiller: ~Copyable {
    /// How many rows a statement adds.
    static let group = 10
    private let profiles: Statement
    private let addresses: Statement

    /// Prepares the statements.
    init(_ connection: borrowing Connection) throws(StorageError) {
        func rows(_ row: String) -> String {
            Array(repeating: row, count: RowFiller.group).joined(separator: ", ")
        }
        let profiles = try connection.prepare(
            """
            INSERT INTO profiles (k, v, due, idle) VALUES \(rows("(?, ?, ?, ?)"))
            ON CONFLICT (k) DO NOTHING
            """, operation: "write profiles")
        let addresses = try connection.prepare(
            "INSERT OR IGNORE INTO addresses (k, address) VALUES \(rows("(?, ?)"))",
            operation: "write profiles")
        self.profiles = profiles
        self.addresses = addresses
    }

    /// Adds a group of plain rows from `place` on.
    ///
    /// - Returns: whether all of them are new. If not, those that are new are there without their
    ///   addresses, the others are as they were: all of them are to be written one by one.
    func add(
        _ rows: some RestoredRows, from place: Int, _ table: borrowing AddressTable
    ) throws(StorageError) -> Bool {
        try addProfiles(rows, from: place, 0)
        guard profiles.changes == RowFiller.group else { return false }
        let isGroup = try addAddresses(rows, from: place, 0)
        for place in place..<place + RowFiller.group {
            try rows.withRow(at: place) { (key, _, first, second, _) throws(StorageError) in
                if !isGroup, let first { try table.add(first, of: key) }
                if let second { try table.add(second, of: key) }
            }
        }
        return true
    }

    /// Each row is lent inside the one before, so that all are there when the statement runs.
    private func addProfiles(
        _ rows: some RestoredRows, from place: Int, _ number: Int
    ) throws(StorageError) {
        guard number < RowFiller.group else {
            defer { profiles.reset() }
            return try profiles.run()
        }
        let column = Int32(4 * number)
        try rows.withRow(at: place + number) {
            (key, value, _, _, columns) throws(StorageError) in
            guard let value else { preconditionFailure("a deletion is no plain row") }
            try profiles.lending(blob: key, at: column + 1) { () throws(StorageError) in
                try profiles.lending(blob: value, at: column + 2) { () throws(StorageError) in
                    try profiles.bind(columns.idle, at: column + 4)
                    try profiles.lending(optionalBlob: columns.due, at: column + 3) {
                        () throws(StorageError) in
                        try addProfiles(rows, from: place, number + 1)
                    }
                }
            }
        }
    }

    /// The first address of each; false, and nothing is done, if one has none.
    private func addAddresses(
        _ rows: some RestoredRows, from place: Int, _ number: Int
    ) throws(StorageError) -> Bool {
        guard number < RowFiller.group else {
            defer { addresses.reset() }
            try addresses.run()
            return true
        }
        var isDone = false
        try rows.withRow(at: place + number) { (key, _, first, _, _) throws(StorageError) in
            guard let first else { return addresses.reset() }
            try addresses.lending(blob: key, at: Int32(2 * number + 1)) {
                () throws(StorageError) in
                try addresses.lending(text: first, at: Int32(2 * number + 2)) {
                    () throws(StorageError) in
                    isDone = try addAddresses(rows, from: place, number + 1)
                }
            }
        }
        return isDone
    }
}
