import Logging
import Storage
import Synchronization

/// Writes committed profiles to the disk, behind the epochs, one lane after the other.
///
/// One serial queue for the whole worker: SQLite's writing is half of what handoff does with a core
/// when it catches up, and two of them at once would only wait for the same disk.
final class Flusher: Sendable {
    /// What to write for a lane, of committed epochs only.
    struct Job: Sendable {
        let lane: Int32
        let writer: ProfileWriter
        let changes: [ProfileChange]
        let mark: ChangelogMark
        let laneMark: [UInt8]
        /// Whether a person was erased: no byte of the older versions may stay in the file.
        let scrubs: Bool
    }

    private let queue: any BackgroundQueue
    private let logger: Logger
    private let done: @Sendable (_ lane: Int32, _ outcome: Outcome) -> Void

    /// What became of a job.
    struct Outcome: Sendable {
        var isWritten = false
        /// Whether no byte of older versions is left, where that was asked for.
        var isScrubbed = false
    }

    init(
        queue: any BackgroundQueue, logger: Logger,
        done: @escaping @Sendable (_ lane: Int32, _ outcome: Outcome) -> Void
    ) {
        self.queue = queue
        self.logger = logger
        self.done = done
    }

    /// Writes later; `done` tells when.
    ///
    /// A job that fails is tried again by the lane's next flush, with everything that it held.
    func write(_ job: Job) {
        queue.run { [self] in
            var outcome = Outcome()
            FailurePoint.reach(.beforeFlush)
            do {
                try job.writer.write(
                    job.changes, mark: job.mark,
                    facts: [StoredFact(name: LaneRestore.markFact, value: job.laneMark)]
                        + (job.scrubs ? [LaneRestore.scrubFact(true)] : []))
                FailurePoint.reach(.afterFlush)
                outcome.isWritten = true
                if job.scrubs { try LaneRestore.scrub(job.writer, mark: job.mark) }
                outcome.isScrubbed = true
                if job.writer.logBytes > Flusher.logBytesBeforeCheckpoint {
                    try job.writer.checkpoint(.truncate)
                }
            } catch {
                logger.error(
                    "local state not written, will try again",
                    metadata: ["lane": "\(job.lane)", "error": "\(error)"])
            }
            done(job.lane, outcome)
        }
    }

    private static let logBytesBeforeCheckpoint = 40 << 20

    /// Returns when everything that was to be written before this call has been.
    func waitForAll() async {
        await withCheckedContinuation { continuation in
            queue.run { continuation.resume() }
        }
    }
}
