/// The columns of a row beside its key and value, on its way to the file in a restore.
package struct RestoredColumns: Sendable {
    /// As `ProfileChange.due`.
    package var due: [UInt8]?
    /// As `ProfileChange.idle`.
    package var idle: Int64
    /// As `ProfileChange.waiting`.
    package var waiting: [WaitingRow]

    /// Makes columns.
    package init(due: [UInt8]?, idle: Int64, waiting: [WaitingRow]) {
        self.due = due
        self.idle = idle
        self.waiting = waiting
    }
}

/// Takes a row that is lent: its key, its value unless it is a deletion, up to two addresses, and
/// the other columns.
package typealias RestoredRowTaker = (
    _ key: Span<UInt8>, _ value: Span<UInt8>?, _ first: Span<UInt8>?, _ second: Span<UInt8>?,
    _ columns: RestoredColumns
) throws(StorageError) -> Void

/// Rows of a restore that lie where they came from, and are lent one by one without a copy.
package protocol RestoredRows: Sendable {
    /// How many there are.
    var count: Int { get }

    /// Whether the row at `place` is no deletion, and its lead waits for nothing.
    func isPlain(at place: Int) -> Bool

    /// Lends the row at `place` (0 to `count` - 1).
    func withRow(at place: Int, _ body: RestoredRowTaker) throws(StorageError)
}
