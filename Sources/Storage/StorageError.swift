/// Why local state could not be read or written, and what the worker is to do about it.
///
/// Never holds keys or values: it may be logged as it is.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package enum Code: Hashable, Sendable {
        /// The file is damaged, or is no SQLite database at all.
        case corrupt
        /// A bulk restore ended in the middle, so the rows are of no known moment.
        case restoreInterrupted
        /// The file is a database, but of another program or of another kind of state.
        case foreignFile
        /// A newer worker wrote the file.
        case schemaTooNew(found: Int, supported: Int)
        /// Another process owns the state folder.
        case lockedByOtherProcess
        /// No space is left on the disk, or the file has reached its limit.
        case full
        /// The disk or the file system failed, or refuses access.
        case inputOutput
        /// A reader or writer held the file longer than the busy timeout; nothing was changed.
        case busy
        /// Any other SQLite result: a fault of this program.
        case unexpected
    }

    /// What the worker does next; no storage error ends the process once lanes run.
    package enum Consequence: Hashable, Sendable {
        /// Remove the file, then restore it: profiles from the changelog, reference from its
        /// topics.
        case wipeAndRestore
        /// Stop the lane and report it; Kafka holds everything, so nothing is lost.
        case closeLane
        /// Only a person can resolve it: refuse to start, and say why.
        case refuseToStart
        /// The same call may succeed later.
        case retry
    }

    /// The kind of failure.
    package let code: Code
    /// What was being done, such as "open" or "write profiles".
    package let operation: String
    /// The name of the file without its folder; for the folder's lock, the folder's path.
    package let file: String
    /// SQLite's extended result code, 0 if the failure is not from SQLite.
    package let sqliteCode: Int32
    /// SQLite's or the system's own words, without data.
    package let detail: String

    /// Makes an error; `sqliteCode` 0 means that it does not come from SQLite.
    package init(
        _ code: Code, operation: String, file: String, sqliteCode: Int32 = 0, detail: String = ""
    ) {
        self.code = code
        self.operation = operation
        self.file = file
        self.sqliteCode = sqliteCode
        self.detail = detail
    }

    /// What the worker does next.
    package var consequence: Consequence {
        switch code {
        case .corrupt, .restoreInterrupted: .wipeAndRestore
        case .full, .inputOutput, .unexpected: .closeLane
        case .foreignFile, .schemaTooNew, .lockedByOtherProcess: .refuseToStart
        case .busy: .retry
        }
    }

    /// What to do about it, in a sentence for an operator.
    package var remedy: String {
        switch code {
        case .corrupt, .restoreInterrupted: "the worker removes the file and restores it from Kafka"
        case .foreignFile: "name another state folder, or move the file away"
        case .schemaTooNew:
            "run the newer worker, or remove the file: it is restored from Kafka"
        case .lockedByOtherProcess: "stop the other worker, or give this one its own state folder"
        case .full: "free disk space; the lane resumes from Kafka"
        case .inputOutput: "look at the disk, its mount and permissions; nothing is lost"
        case .busy: "it is tried again"
        case .unexpected: "report it with this text"
        }
    }

    /// Operation, file, cause and remedy in one line.
    package var description: String {
        var text = "\(operation): \(file): \(cause)"
        if !detail.isEmpty { text += " (\(detail)" + (sqliteCode == 0 ? ")" : "") }
        if sqliteCode != 0 { text += detail.isEmpty ? " (\(sqliteCode))" : ", \(sqliteCode))" }
        return text + "; " + remedy
    }

    private var cause: String {
        switch code {
        case .corrupt: "damaged or not a database"
        case .restoreInterrupted: "a bulk restore was interrupted"
        case .foreignFile: "not a file of this kind of state"
        case .schemaTooNew(let found, let supported):
            "schema version \(found), this worker knows up to \(supported)"
        case .lockedByOtherProcess: "in use by another process"
        case .full: "no space left"
        case .inputOutput: "the disk or file system failed"
        case .busy: "in use for longer than the busy timeout"
        case .unexpected: "unexpected result"
        }
    }
}
