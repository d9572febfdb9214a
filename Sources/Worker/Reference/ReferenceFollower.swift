package import KafkaClient
package import Logging
import Qualification
import Storage
import Synchronization
import WireFormats

/// Keeps the reference cache at the end of the reference topics, for as long as the worker runs.
///
/// Every worker reads all partitions. Rows and positions change in one SQLite transaction, so a
/// crash repeats or loses nothing. Bad records are skipped here; the owner of lane 0 reports them.
package final class ReferenceFollower: Sendable {
    private let settings: ClientSettings
    private let admin: AdminClient
    private let topics: Topics
    private let cache: ReferenceCache
    private let clock: any WorkerClock
    private let monitor: WorkerMonitor
    private let logger: Logger
    private let isStopping = Atomic(false)
    private let caughtUp = Signal()
    private let wake = Signal()
    private let reader = Mutex<PartitionReader?>(nil)
    private let reported = Mutex<Set<TopicPartition>>([])

    /// Kafka's UNKNOWN_TOPIC_OR_PARTITION.
    private static let unknownTopic: Int32 = 3
    private static let recordsPerBatch = 5_000
    private static let readTimeout = Duration.seconds(1)
    private static let pollInterval = Duration.seconds(1)
    /// Kafka keeps tombstones for a day by default; a cache older than that may hold rows whose
    /// deletion is no longer in the log.
    private static let oldestCache: Int64 = 23 * 3_600_000

    /// Joins what the composition made; nothing happens before `run`.
    package init(
        settings: ClientSettings, admin: AdminClient, topics: Topics, cache: ReferenceCache,
        clock: any WorkerClock, monitor: WorkerMonitor, logger: Logger
    ) {
        self.settings = settings
        self.admin = admin
        self.topics = topics
        self.cache = cache
        self.clock = clock
        self.monitor = monitor
        self.logger = logger
    }

    /// Returns when the ends seen at start have been reached, or when `run` has ended.
    ///
    /// One waiter.
    package func waitUntilCaughtUp() async {
        await caughtUp.wait()
    }

    /// Makes `run` return soon.
    package func stop() {
        isStopping.store(true, ordering: .releasing)
        reader.withLock { $0?.cancelWait() }
        wake.set()
    }

    /// Follows until stopped.
    ///
    /// Between changes only the ends of the topics are asked for, once in `pollInterval`: a
    /// standing reader would keep a connection busy for topics that change a few times an hour (and
    /// on brokers that answer an empty fetch at once, a core).
    package func run() async throws {
        defer { caughtUp.set() }
        var known: [TopicPartition: Int64]?
        while !isStopping.load(ordering: .acquiring) {
            do {
                let ranges = try await logRanges()
                known = try await read(
                    from: try known.map { extended($0, ranges) } ?? startPositions(ranges),
                    to: ranges)
                caughtUp.set()
            } catch let error as KafkaError where error.isPassing {
                logger.warning("reference", metadata: ["error": "\(error)"])
            }
            let alarm = wake
            clock.after(ReferenceFollower.pollInterval) { alarm.set() }
            await alarm.wait()
        }
    }

    /// Applies everything up to the ends; returns the positions reached.
    private func read(
        from start: [TopicPartition: Int64], to ranges: [TopicPartition: Range<Int64>]
    ) async throws -> [TopicPartition: Int64] {
        let end = { (partition: TopicPartition) in ranges[partition]?.upperBound ?? 0 }
        let shorter = start.filter { $0.value > end($0.key) }
        report(shorter)
        let rest = start.filter { shorter[$0.key] == nil }
        guard rest.contains(where: { $0.value < end($0.key) }) else {
            if shorter.isEmpty { monitor.referenceRead() }
            return start
        }
        let reached = try await follow(from: rest, to: ranges.filter { rest[$0.key] != nil })
        if shorter.isEmpty, !isStopping.load(ordering: .acquiring) { monitor.referenceRead() }
        return reached.merging(shorter) { reached, _ in reached }
    }

    /// Warns, once, of partitions that end before what was read of them.
    ///
    /// Their rows are missing until the next start, which begins such a log anew. Not here: a
    /// leader that was just elected may say so for a moment, and lanes would decide by an empty
    /// cache.
    private func report(_ shorter: [TopicPartition: Int64]) {
        let known = reported.withLock { reported in
            defer { reported = Set(shorter.keys) }
            return reported
        }
        for (partition, position) in shorter where !known.contains(partition) {
            logger.warning(
                "a reference topic is shorter than before; was it made anew?",
                metadata: ["partition": "\(partition)", "read": "\(position)"])
        }
    }

    private func follow(
        from start: [TopicPartition: Int64], to ranges: [TopicPartition: Range<Int64>]
    ) async throws -> [TopicPartition: Int64] {
        var positions = start
        let reader = try PartitionReader(
            settings: settings, isolation: .readCommitted, partitions: positions, logger: logger)
        self.reader.withLock { $0 = reader }
        let parser = ReferenceParser()
        while !isStopping.load(ordering: .acquiring),
            !hasReached(ranges, positions, reader.ends())
        {
            let batch: RecordBatch?
            do throws(KafkaError) {
                batch = try await reader.next(
                    max: ReferenceFollower.recordsPerBatch,
                    timeout: ReferenceFollower.readTimeout)
            } catch {
                guard error.isPassing else { throw error }
                logger.warning("reference", metadata: ["error": "\(error)"])
                continue
            }
            guard let batch else { continue }
            let changes = changes(in: batch, reader.topics, parser)
            positions = reader.positions()
            try cache.writer.apply(changes, positions: stored(positions))
        }
        self.reader.withLock { $0 = nil }
        await reader.close()
        return positions
    }

    // MARK: Positions

    private func logRanges() async throws -> [TopicPartition: Range<Int64>] {
        let counts = try await admin.describeTopics(topics.references)
        if let missing = topics.references.first(where: { counts[$0] == nil }) {
            // They were there when the worker started: a broker that has just started may not know
            // them yet, and without them the cache would seem to be of another log.
            throw KafkaError(
                code: ReferenceFollower.unknownTopic, operation: "read reference data",
                subject: missing, consequence: .retry, remedy: "create the topic again")
        }
        var ranges: [TopicPartition: Range<Int64>] = [:]
        for (topic, count) in counts {
            for number in 0..<Int32(count) {
                let partition = TopicPartition(topic: topic, partition: number)
                let (low, high) = try await admin.watermarks(
                    partition, isolation: .readUncommitted)
                ranges[partition] = low..<max(low, high)
            }
        }
        return ranges
    }

    /// With the partitions that a topic was given meanwhile.
    private func extended(
        _ known: [TopicPartition: Int64], _ ranges: [TopicPartition: Range<Int64>]
    ) -> [TopicPartition: Int64] {
        known.merging(ranges.mapValues(\.lowerBound)) { known, _ in known }
    }

    /// Where the cache stands, or everything from the start if it is of another log or too old.
    private func startPositions(
        _ ranges: [TopicPartition: Range<Int64>]
    ) throws -> [TopicPartition: Int64] {
        var known: [TopicPartition: Int64] = [:]
        var writtenAt: Int64 = 0
        for position in try cache.writer.positions() {
            if position.topic == ReferenceFollower.writtenAtTopic {
                writtenAt = position.nextOffset
            } else {
                known[
                    TopicPartition(topic: position.topic, partition: position.partition)] =
                    position.nextOffset
            }
        }
        if known.isEmpty { return ranges.mapValues(\.lowerBound) }
        let isOld = clock.wallMilliseconds() - writtenAt > ReferenceFollower.oldestCache
        let isUsable = ranges.allSatisfy { partition, range in
            guard let position = known[partition] else { return true }
            if position == range.upperBound { return true }
            return !isOld && range.lowerBound <= position && position <= range.upperBound
        }
        guard isUsable, known.keys.allSatisfy({ ranges[$0] != nil }) else {
            logger.notice("reference cache thrown away: it is too old or of another log")
            try cache.reset()
            return ranges.mapValues(\.lowerBound)
        }
        return Dictionary(
            uniqueKeysWithValues: ranges.map { ($0.key, known[$0.key] ?? $0.value.lowerBound) })
    }

    /// Not a topic: under this name the positions keep when they were written.
    private static let writtenAtTopic = "#written-at-ms"

    private func stored(_ positions: [TopicPartition: Int64]) -> [ReferencePosition] {
        positions.map {
            ReferencePosition(
                topic: $0.key.topic, partition: $0.key.partition, nextOffset: $0.value)
        } + [
            ReferencePosition(
                topic: ReferenceFollower.writtenAtTopic, partition: 0,
                nextOffset: clock.wallMilliseconds())
        ]
    }

    private func hasReached(
        _ ranges: [TopicPartition: Range<Int64>], _ positions: [TopicPartition: Int64],
        _ ends: [TopicPartition: Int64]
    ) -> Bool {
        // An end that the broker reported counts as well: behind it lie only markers and records of
        // transactions that are not committed.
        ranges.allSatisfy { partition, range in
            (positions[partition] ?? 0) >= range.upperBound || ends[partition] != nil
        }
    }

    // MARK: Records

    private func changes(
        in batch: RecordBatch, _ names: [String], _ parser: ReferenceParser
    ) -> [ReferenceRecord] {
        var changes: [ReferenceRecord] = []
        for place in 0..<batch.count {
            let topic = names[Int(batch.topic(at: place))]
            guard let table = topics.table(ofReference: topic) else { continue }
            // A fault is reported by the audit of lane 0, see `ReferenceAudit`.
            if case .success(let change) = parser.read(table, batch, at: place) {
                changes.append(
                    ReferenceRecord(
                        change: change,
                        at: ReferencePlace(
                            topic: topic, partition: batch.partition(at: place),
                            offset: batch.offset(at: place))))
            }
        }
        return changes
    }
}

extension ReferenceParser {
    /// The change that a record of a batch makes, or why it makes none.
    func read(
        _ table: ReferenceTable, _ batch: RecordBatch, at place: Int
    ) -> Result<ReferenceChange, DeadLetter> {
        do throws(DeadLetter) {
            return .success(
                try batch.withKey(at: place) { (key) throws(DeadLetter) -> ReferenceChange in
                    let key = [UInt8](copying: key)
                    guard batch.hasValue(at: place) else { return try deletion(table, key: key) }
                    return try batch.withValue(at: place) {
                        (value) throws(DeadLetter) -> ReferenceChange in
                        try change(table, key: key, value: value)
                    }
                })
        } catch {
            return .failure(error)
        }
    }
}

extension Topics {
    /// The table that a reference topic fills.
    func table(ofReference topic: String) -> ReferenceTable? {
        switch topic {
        case accounts: .accounts
        case campaigns: .campaigns
        case suppressions: .suppressions
        default: nil
        }
    }
}
