/// How much of a changelog a restore takes at a time, and from when on it fills a file in bulk.
///
/// Not for operators: the simulator sets them so low that its short logs come this way.
package struct RestoreLimits: Sendable {
    /// From more than so many records on, the file is filled without a sync for each batch.
    package var bulkRecords: Int64 = 50_000
    /// The same for a file that holds nothing yet: a crash in a bulk restore costs the whole file,
    /// which an empty one can afford sooner.
    package var bulkRecordsOfNew: Int64 = 10_000
    /// The most records that are read at a time.
    package var batchRecords = 10_000
    /// What is gathered for one transaction, in bytes of keys and values.
    ///
    /// Each transaction writes most pages of the index of keys anew, so fewer of them are better;
    /// each lane that restores holds as much.
    package var writeBytes = 16 << 20
    /// The same in records, for very small ones.
    package var writeRecords = 30_000

    /// The defaults.
    package init() {}
}
