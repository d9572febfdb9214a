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
    package var batchRecords = 2_000
    /// What is gathered before it is written, in bytes of keys and values.
    ///
    /// More to sort at once means fewer changes of each page of the index of keys. Each lane that
    /// restores holds as much twice: what is read, and what is written meanwhile.
    package var writeBytes = 8 << 20
    /// The same in records, for very small ones.
    package var writeRecords = 15_000

    /// The defaults.
    package init() {}
}
