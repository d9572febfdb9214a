/// Limits of one lane's profile store; the worker divides its budget by the number of lanes.
package struct ProfileStoreSettings: Sendable {
    /// When a file's structure is examined at opening (0.2 s for 244 MB in memory).
    package enum Check: Sendable {
        /// Never.
        case never
        /// When the last owner did not close the file, which a log left behind tells.
        case afterUncleanStop
        /// Always.
        case always
    }

    /// Page cache of the writing connection, in bytes.
    package var writerCacheBytes = 16 << 20
    /// Page cache of the reading connection, in bytes; every flush empties it, the map stays.
    package var readerCacheBytes = 4 << 20
    /// How much of the file is mapped, in bytes of address space; 0 for none.
    ///
    /// With a map, a disk that fails while a page is read ends the process by SIGBUS instead of an
    /// error.
    package var mappedBytes = 1 << 30
    /// How large the file may become, in bytes, before writes fail as `.full`; nil for no limit.
    package var maximumFileBytes: Int?
    /// How long writer and reader wait for each other, in milliseconds.
    package var busyTimeoutMilliseconds: Int32 = 2_000
    /// When the file's structure is examined.
    package var check = Check.afterUncleanStop

    /// The defaults: for a handful of lanes on a small machine.
    package init() {}

    func connection(isWriter: Bool) -> ConnectionSettings {
        ConnectionSettings(
            cacheBytes: isWriter ? writerCacheBytes : readerCacheBytes,
            mappedBytes: mappedBytes, busyTimeoutMilliseconds: busyTimeoutMilliseconds,
            maximumFileBytes: maximumFileBytes, isWriter: isWriter)
    }
}
