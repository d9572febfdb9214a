import KafkaClient
import SimulatedKafka

@testable import Storage

/// What a lane's file holds, read with a few statements: a worker prepares dozens, and a schedule
/// looks at about ten files.
struct StoredLane {
    /// Up to where the changelog is in the file.
    let position: Int64
    /// The profiles.
    let rows: [[UInt8]: [UInt8]]

    /// Reads a file as a worker that starts after a crash finds it: its log is taken in, and it has
    /// to be sound; nil if nothing was written yet, or if its restore did not end, for then the
    /// worker removes it.
    init?(_ folder: StateFolder, _ lane: Int) throws {
        let file = StateFolder.laneFile(lane)
        let settings = ConnectionSettings(
            cacheBytes: 1 << 20, mappedBytes: 0, busyTimeoutMilliseconds: 0, isWriter: false)
        let connection = try Connection.open(
            path: folder.path(of: file), file: file, settings: settings)
        try connection.quickCheck()
        let meta = try connection.prepare(
            "SELECT restoring, changelog_position FROM meta", operation: "judge")
        guard try meta.step(), meta.integer(at: 0) == 0, !meta.isNull(at: 1) else { return nil }
        position = meta.integer(at: 1)
        meta.reset()
        let profiles = try connection.prepare("SELECT k, v FROM profiles", operation: "judge")
        var rows: [[UInt8]: [UInt8]] = [:]
        while try profiles.step() {
            let key = profiles.withBlob(at: 0) { [UInt8](copying: $0) }
            rows[key] = profiles.withBlob(at: 1) { [UInt8](copying: $0) }
        }
        self.rows = rows
    }

    /// How many rows, missing ones included, are not what the changelog makes of them.
    ///
    /// Later versions are no harm: they are replayed over themselves. Nor is a row that is missing
    /// or older because compaction had removed its record before that was read: a later version
    /// stands behind it.
    func differences(from log: PartitionLog) -> Int {
        let committed = log.everCommitted()
        let allowed = Published.fold(committed, below: position)
        var wrong = Set(rows.keys).union(allowed.keys).filter { rows[$0] != allowed[$0] }
        if wrong.isEmpty { return 0 }
        for record in committed where record.offset >= position {
            guard let key = record.key, let value = record.value, rows[key] == value else {
                continue
            }
            wrong.remove(key)
        }
        let left = Set(log.committed(from: log.start, max: .max).map(\.offset))
        let laterKeys = Set(committed.lazy.filter { $0.offset >= position }.compactMap(\.key))
        wrong = wrong.filter { key in
            // A deletion is removed when it is old, without any; what is of before it is wrong.
            guard laterKeys.contains(key) else { return true }
            let versions = committed.filter { $0.key == key && $0.offset < position }
            guard let last = versions.last, !left.contains(last.offset) else { return true }
            return rows[key].map { row in !versions.contains { $0.value == row } } ?? false
        }
        return wrong.count
    }
}
