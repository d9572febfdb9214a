import KafkaClient
import Logging
import Qualification
import Storage
import Synchronization
import WireFormats

/// Brings a lane's local state to the end of its changelog.
///
/// The changelog is the truth. The file is a prefix of it, or it is thrown away: damaged, of
/// another log, or older than the tombstones of the log. Reading goes to the end *including*
/// uncommitted records, because a `read_committed` end stops short of a transaction that is about
/// to be committed (STREAMING.md 0.5).
final class LaneRestore {
    private let lane: Int32
    private let changelog: TopicPartition
    private let folder: StateFolder
    private let limits: RestoreLimits
    private let kafka: any KafkaPort
    private let clock: any WorkerClock
    private let disk: any BackgroundQueue
    private let logger: Logger
    private let isStopping: @Sendable () -> Bool
    private let progress: @Sendable (_ restored: Int64, _ total: Int64) -> Void
    /// The number of the last mark seen.
    private var sequence: Int64?
    private var hasGap = false

    init(
        lane: Int32, environment: LaneEnvironment, isStopping: @escaping @Sendable () -> Bool
    ) {
        self.lane = lane
        changelog = TopicPartition(
            topic: environment.settings.topics.profiles, partition: lane)
        folder = environment.folder
        limits = environment.settings.restore
        kafka = environment.kafka
        clock = environment.clock
        disk = environment.disk.another()
        logger = environment.logger
        self.isStopping = isStopping
        let report = environment.report
        progress = { report(.restoring(lane: lane, restored: $0, total: $1)) }
    }

    /// Kafka keeps tombstones for a day by default (`delete.retention.ms`); a file older than that
    /// may hold profiles whose deletion is no longer in the log.
    static let oldestFile: Int64 = 23 * 3_600_000
    static let progressInterval = Duration.seconds(2)
    /// How long a read without any record waits before it is noted that the restore makes no
    /// progress.
    static let readTimeout = Duration.seconds(1)

    /// A fact that is there while older versions of an erased person's profile may still be in the
    /// file: written with the stub, removed when the file is clean, looked for at every start.
    static func scrubFact(_ isDue: Bool) -> StoredFact {
        StoredFact(name: "scrub", value: isDue ? [1] : nil)
    }

    /// Cleans a file and takes the fact away.
    static func scrub(_ writer: ProfileWriter, mark: ChangelogMark) throws(StorageError) {
        try writer.scrub()
        try writer.write([], mark: mark, facts: [scrubFact(false)])
    }

    /// The name of the fact that holds the encoded `LaneMark`.
    static let markFact = "lane"

    /// A restored lane: its file, its mark, up to where the changelog was read, and whether from
    /// its start.
    struct Restored {
        let writer: ProfileWriter
        let mark: LaneMark
        let position: Int64
        let isWhole: Bool
    }

    /// Restores; nil if the lane was told to stop meanwhile.
    ///
    /// From the local position on, or from the start of the log: if asked to, if there is no usable
    /// file, and if an epoch is missing in what was read (the marks of a lane are numbered).
    func run(fromStart: Bool) async throws -> Restored? {
        let first = try await restore(fromStart: fromStart)
        guard let first, !first.isWhole, hasGap else { return first }
        logger.warning(
            "the changelog was not read completely, reading it from its start",
            metadata: ["lane": "\(lane)"])
        return try await restore(fromStart: true)
    }

    private func restore(fromStart: Bool) async throws -> Restored? {
        sequence = nil
        hasGap = false
        var range = try await retrying { () throws(KafkaError) in
            try await kafka.logRange(changelog)
        }
        var writer = try open()
        var from = range.lowerBound
        if let opened = writer.openedAt {
            let age = clock.wallMilliseconds() - opened.writtenAtMilliseconds
            if range.lowerBound <= opened.nextOffset, opened.nextOffset <= range.upperBound,
                age < LaneRestore.oldestFile || opened.nextOffset == range.upperBound
            {
                if !fromStart { from = opened.nextOffset }
                sequence = try writer.fact(LaneRestore.markFact)
                    .map { try LaneMark(decoding: $0).sequence }
            } else {
                logger.notice(
                    "local state thrown away: it does not belong to the changelog",
                    metadata: ["lane": "\(lane)", "position": "\(opened.nextOffset)"])
                writer = try reset(writer)
            }
        }
        let isWhole = from == range.lowerBound
        // A predecessor may still be finishing: what it added since is part of the state as well.
        while from < range.upperBound {
            guard try await replay(from, range.upperBound, into: writer) else { return nil }
            from = range.upperBound
            range = try await retrying { () throws(KafkaError) in
                try await kafka.logRange(changelog)
            }
        }
        if try writer.fact("scrub") != nil, let position = try writer.mark() {
            try LaneRestore.scrub(writer, mark: position)
        }
        let mark = try writer.fact(LaneRestore.markFact).map { try LaneMark(decoding: $0) }
        return Restored(
            writer: writer, mark: mark ?? LaneMark(), position: range.upperBound,
            isWhole: isWhole)
    }

    private func open() throws -> ProfileWriter {
        let writer = try openSound()
        do {
            try LaneRestore.fillColumns(writer, batch: limits.batchRecords)
            return writer
        } catch let error as ProfileCodecError {
            logger.warning(
                "local state thrown away", metadata: ["lane": "\(lane)", "error": "\(error)"])
            return try reset(writer)
        }
    }

    /// A file of version 1 does not tell its timers apart from its profiles; without them alerts
    /// would be missed.
    private static func fillColumns(_ writer: ProfileWriter, batch: Int) throws {
        let failure = Mutex<ProfileCodecError?>(nil)
        var filled = 1
        while filled > 0 {
            filled = try writer.fill(limit: batch) { value in
                do throws(ProfileCodecError) {
                    let timers = try ProfileCodec.timers(of: value)
                    return (
                        timers.nextAlert?.sortable, timers.idleness.sortable,
                        try ProfileCodec.addressKeys(of: value)
                    )
                } catch {
                    failure.withLock { $0 = error }
                    return (nil, 0, [])
                }
            }
            if let error = failure.withLock({ $0 }) { throw error }
        }
    }

    private func openSound() throws -> ProfileWriter {
        do {
            return try ProfileWriter(folder: folder, lane: Int(lane))
        } catch {
            guard error.consequence == .wipeAndRestore else { throw error }
            logger.warning(
                "local state thrown away", metadata: ["lane": "\(lane)", "error": "\(error)"])
            try folder.removeLane(Int(lane))
            return try ProfileWriter(folder: folder, lane: Int(lane))
        }
    }

    private func reset(_ writer: consuming ProfileWriter) throws -> ProfileWriter {
        _ = consume writer
        try folder.removeLane(Int(lane))
        return try ProfileWriter(folder: folder, lane: Int(lane))
    }

    /// Applies the log from one offset to another; false if the lane was told to stop.
    private func replay(
        _ from: Int64, _ end: Int64, into writer: ProfileWriter
    ) async throws -> Bool {
        let reading = try kafka.readChangelog(changelog, from: from)
        let filling = RestoreFilling(
            writer, queue: disk, isBulk: try isBulk(end - from, writer))
        do {
            let position = try await fill(filling, reading, from, end)
            // The reader can go only when its batches have.
            try await filling.finish()
            async let closed: Void = reading.close()
            try await filling.end(changelogMark(position))
            await closed
            return position >= end
        } catch {
            // The file is not to be touched any more when whoever called removes it.
            try? await filling.finish()
            throw error
        }
    }

    /// Reads on while the last stretch is written; the position up to which it came.
    private func fill(
        _ filling: RestoreFilling, _ reading: any ChangelogReading, _ from: Int64, _ end: Int64
    ) async throws -> Int64 {
        var stretch = ChangelogStretch(limits: limits)
        var position = from
        var reported = clock.now()
        while position < end {
            if isStopping() {
                // What was read so far stays: the next restore goes on from there.
                if filling.hasBegun { try await filling.write(stretch, changelogMark(position)) }
                return position
            }
            let batch = try await retrying { () throws(KafkaError) in
                try await reading.next(
                    max: limits.batchRecords, timeout: LaneRestore.readTimeout)
            }
            if let batch {
                for mark in stretch.take(batch) { try note(mark) }
            } else {
                logger.notice(
                    "restore waits for an open transaction to end",
                    metadata: ["lane": "\(lane)", "position": "\(position)", "end": "\(end)"])
            }
            FailurePoint.reach(.duringRestore)
            position = reading.position()
            if clock.now() - reported > LaneRestore.progressInterval || position >= end {
                reported = clock.now()
                progress(min(position, end) - from, end - from)
            }
            guard stretch.isFull || position >= end else { continue }
            try await filling.write(stretch, changelogMark(position))
            stretch.removeAll()
        }
        return position
    }

    /// See `RestoreLimits`.
    private func isBulk(_ records: Int64, _ writer: ProfileWriter) throws -> Bool {
        let isNew = try writer.mark() == nil
        return records > (isNew ? limits.bulkRecordsOfNew : limits.bulkRecords)
    }

    /// Marks may repeat, because the local position may lag, but none may be missing.
    private func note(_ mark: [UInt8]) throws {
        let found = try LaneMark(decoding: mark).sequence
        if let sequence, found > sequence + 1 { hasGap = true }
        sequence = max(found, sequence ?? found)
    }

    private func changelogMark(_ position: Int64) -> ChangelogMark {
        ChangelogMark(
            nextOffset: position, writtenAtMilliseconds: clock.wallMilliseconds())
    }

    /// Repeats a call while its failure passes by itself, with a pause that grows to a second.
    private func retrying<Output>(
        _ call: () async throws(KafkaError) -> Output
    ) async throws -> Output {
        var pause = Duration.milliseconds(50)
        while true {
            do throws(KafkaError) {
                return try await call()
            } catch {
                guard error.isPassing, !isStopping() else { throw error }
                logger.debug("retrying", metadata: ["error": "\(error)"])
                let alarm = Signal()
                clock.after(pause) { alarm.set() }
                await alarm.wait()
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}
