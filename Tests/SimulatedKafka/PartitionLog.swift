package import KafkaClient

/// The log of one partition as a broker keeps it: records, transaction markers, and what a
/// `read_committed` reader may see of it.
package struct PartitionLog {
    /// What one offset holds.
    struct Entry {
        let offset: Int64
        /// Nil for a marker.
        let record: StoredRecord?
        /// The transaction it belongs to; nil for a plain record.
        let transaction: Int?
    }

    private(set) var entries: [Entry] = []
    /// The first offset.
    package private(set) var start: Int64 = 0
    /// The offset that the next entry gets: the high watermark.
    package private(set) var end: Int64 = 0
    /// The first offsets of transactions that have no marker here yet.
    private var open: [Int: Int64] = [:]
    private var aborted: Set<Int> = []
    private var decided: Set<Int> = []
    /// What compaction has removed, for those who judge a run.
    private var removed: [Entry] = []

    /// The last stable offset: before it everything is decided.
    package var lastStable: Int64 { open.values.min() ?? end }

    /// Whether a transaction has records here and no marker.
    package var hasOpenTransaction: Bool { !open.isEmpty }

    mutating func append(_ record: StoredRecord, partition: Int32, transaction: Int?) {
        var record = record
        record.offset = end
        record.partition = partition
        record.topic = 0
        entries.append(Entry(offset: end, record: record, transaction: transaction))
        if let transaction, open[transaction] == nil { open[transaction] = end }
        end += 1
    }

    /// Writes the marker of a transaction.
    mutating func settle(_ transaction: Int, isCommitted: Bool) {
        if !isCommitted { aborted.insert(transaction) }
        open[transaction] = nil
        entries.append(Entry(offset: end, record: nil, transaction: transaction))
        end += 1
    }

    /// The committed records from an offset on, up to `max` of them and below the last stable
    /// offset.
    package func committed(from offset: Int64, max: Int) -> [StoredRecord] {
        var found: [StoredRecord] = []
        let stable = lastStable
        for entry in entries[place(of: offset)...] {
            if entry.offset >= stable || found.count >= max { break }
            guard let record = entry.record else { continue }
            if let transaction = entry.transaction, aborted.contains(transaction) { continue }
            found.append(record)
        }
        return found
    }

    /// Everything that was ever committed, what compaction has removed and what still lacks its
    /// marker included.
    package func everCommitted() -> [StoredRecord] {
        (entries + removed).compactMap { entry -> StoredRecord? in
            guard entry.transaction.map(decided.contains) ?? true else { return nil }
            return entry.record
        }.sorted { $0.offset < $1.offset }
    }

    /// The transaction is committed; its marker follows.
    mutating func decide(_ transaction: Int) { decided.insert(transaction) }

    /// All records from an offset on, decided or not, as a `read_uncommitted` reader sees them.
    package func all(from offset: Int64) -> [StoredRecord] {
        entries[place(of: offset)...].compactMap(\.record)
    }

    /// Drops what later committed records of the same key replace, below an offset; and aborted
    /// records.
    ///
    /// Offsets stay, as in Kafka. Deletions go only when they are as old as `delete.retention.ms`.
    mutating func compact(below limit: Int64, dropsDeletions: Bool) {
        var latest: [[UInt8]: Int64] = [:]
        let stable = min(limit, lastStable)
        for entry in entries where entry.offset < stable && !isAborted(entry) {
            if let key = entry.record?.key { latest[key] = entry.offset }
        }
        let isKept = { [self] (entry: Entry) -> Bool in
            guard entry.offset < stable, let record = entry.record else { return true }
            if isAborted(entry) || dropsDeletions && record.value == nil { return false }
            return record.key.map { latest[$0] == entry.offset } ?? true
        }
        removed += entries.filter { !isKept($0) && !isAborted($0) }
        entries = entries.filter(isKept)
    }

    private func isAborted(_ entry: Entry) -> Bool {
        entry.transaction.map { aborted.contains($0) } ?? false
    }

    private func place(of offset: Int64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
