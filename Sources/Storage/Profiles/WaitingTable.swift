/// The writing side of the table of leads that wait for a product's capacity.
struct WaitingTable: ~Copyable {
    private let put: Statement
    private let remove: Statement
    /// Runs for each profile that is written, so it must find its rows by an index.
    static let removal = "DELETE FROM waiting WHERE k = ?1"
    /// Whether any lead may be waiting: without one nothing is looked for, at each profile.
    let hasRows: Bool

    /// Prepares the statements.
    init(_ connection: borrowing Connection) throws(StorageError) {
        let put = try connection.prepare(
            "INSERT OR IGNORE INTO waiting (product, rank, k) VALUES (?1, ?2, ?3)",
            operation: "write profiles")
        let remove = try connection.prepare(WaitingTable.removal, operation: "write profiles")
        let rows = try connection.integer(
            "SELECT EXISTS (SELECT 1 FROM waiting)", operation: "open")
        self.put = put
        self.remove = remove
        hasRows = rows == 1
    }

    /// Lets a lead wait for these products and no others.
    func replace(_ key: [UInt8], by rows: [WaitingRow]) throws(StorageError) {
        try remove.binding(blob: key.span, at: 1) { () throws(StorageError) in
            try remove.run()
        }
        for row in rows {
            try put.binding(blob: row.rank.span, at: 2) { () throws(StorageError) in
                try put.binding(blob: key.span, at: 3) { () throws(StorageError) in
                    try put.bind(row.product, at: 1)
                    try put.run()
                }
            }
        }
    }
}
