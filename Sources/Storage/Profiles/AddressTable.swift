/// The writing side of the table of addresses by which leads are found.
struct AddressTable: ~Copyable {
    private let put: Statement
    private let remove: Statement

    /// Prepares the statements.
    init(_ connection: borrowing Connection) throws(StorageError) {
        let put = try connection.prepare(
            "INSERT OR IGNORE INTO addresses (k, address) VALUES (?1, ?2)",
            operation: "write profiles")
        let remove = try connection.prepare(
            "DELETE FROM addresses WHERE k = ?1", operation: "write profiles")
        self.put = put
        self.remove = remove
    }

    /// Lets a lead have these addresses and no others.
    func replace(_ key: [UInt8], by addresses: [String]) throws(StorageError) {
        try remove.binding(blob: key.span, at: 1) { () throws(StorageError) in
            try remove.run()
        }
        try add(addresses, of: key)
    }

    /// Gives a lead these addresses, too.
    func add(_ addresses: [String], of key: [UInt8]) throws(StorageError) {
        for address in addresses {
            try put.binding(blob: key.span, at: 1) { () throws(StorageError) in
                try put.bind(address, at: 2)
                try put.run()
            }
        }
    }

    /// Gives a lead an address, too.
    func add(_ address: Span<UInt8>, of key: Span<UInt8>) throws(StorageError) {
        try put.binding(blob: key, at: 1) { () throws(StorageError) in
            try put.lending(text: address, at: 2) { () throws(StorageError) in
                try put.run()
            }
        }
    }
}
