package import Storage
import Synchronization

/// The reference cache of a worker: one writer, one change clock, made anew if the file must go.
package final class ReferenceCache: Sendable {
    private let folder: StateFolder
    private let current: Mutex<ReferenceWriter>

    /// Opens the cache; a damaged file is thrown away, because its topics hold everything.
    package init(folder: StateFolder) throws(StorageError) {
        self.folder = folder
        do throws(StorageError) {
            current = Mutex(try ReferenceWriter(folder: folder))
        } catch {
            guard error.consequence == .wipeAndRestore else { throw error }
            try folder.removeReference()
            current = Mutex(try ReferenceWriter(folder: folder))
        }
    }

    /// The writer.
    package var writer: ReferenceWriter { current.withLock { $0 } }

    /// The clock that tells readers which rows changed.
    package var changes: ReferenceChanges { writer.changes }

    /// Begins with an empty cache.
    ///
    /// Only before the first reader is made.
    package func reset() throws(StorageError) {
        try folder.removeReference()
        let fresh = try ReferenceWriter(folder: folder)
        current.withLock { $0 = fresh }
    }
}
