/// What a worker is doing and what it has done, as of one moment: a value that its surroundings may
/// show, without any person's data.
///
/// Times are those of `WorkerClock.now`. Counters hold what was committed, so that a rewind counts
/// nothing twice, and never go back while the process runs, whichever lanes come and go.
package struct WorkerStatus: Sendable {
    /// Where the worker is on its way to lanes that run.
    package enum Phase: String, Sendable {
        /// Reference data is being read, the producer made ready.
        case starting
        /// Waiting for the group to hand out partitions.
        case joining
        /// The lanes of the assignment are open.
        case assigned
        /// An epoch failed, or another definition came: the lanes are about to begin again at the
        /// last commit.
        case rewinding
        /// Told to stop.
        case stopping
    }

    /// When this was asked for.
    package var now: Duration
    /// Where the worker is.
    package var phase: Phase
    /// Since when it is there.
    package var phaseSince: Duration
    /// When the loop of the worker last turned, or went on to its next call of Kafka.
    package var lastBeat: Duration
    /// When an epoch was last committed; nil if none was.
    package var lastCommit: Duration?
    /// When the reference topics were last read to their ends; nil if they never were.
    package var lastReferenceRead: Duration?
    /// The open lanes, by number.
    package var lanes: [LaneStatus]
    /// What each lane has counted, lanes that have moved away included.
    package var counters: [Int32: LaneCounters]
    /// How long commits took, in seconds, from the first cut to the answer.
    package var epochDurations: Histogram
    /// Seconds from the Kafka timestamp of the oldest record of a lane's part of an epoch to its
    /// commit.
    package var recordAges: Histogram
    /// How long writes of committed profiles to the disk took, in seconds.
    package var flushDurations: Histogram
    /// What the worker as a whole has counted.
    package var totals: WorkerTotals
}

/// What a worker has counted that belongs to no lane.
package struct WorkerTotals: Sendable, Equatable {
    /// Transactions that failed.
    package var commitFailures = 0
    /// Times that all lanes began again at the last commit.
    package var rewinds = 0
    /// Times that partitions were taken away by the group.
    package var revocations = 0
    /// Profiles written to the disk.
    package var flushedProfiles = 0
    /// Writes that failed and are tried again.
    package var flushFailures = 0
    /// Records of changelogs that restores have read.
    package var restoredRecords: Int64 = 0
}

/// One open lane.
package struct LaneStatus: Sendable {
    /// What it does.
    package enum State: String, Sendable, CaseIterable {
        /// Its state is brought to the end of its changelog.
        case restoring
        /// It takes records.
        case running
    }

    /// The number of its partitions.
    package let number: Int32
    /// What it does.
    package var state = State.restoring
    /// When it was opened.
    package let openedAt: Duration
    /// When it began to take records.
    package var runningSince: Duration?
    /// Records in the inputs that it has not taken yet, by what the broker last said; nil until
    /// that is known.
    ///
    /// Counts transaction markers and records of open transactions in the inputs, too.
    package var lag: Int64?
    /// When its part of an epoch was last committed.
    package var lastCommit: Duration?
    /// Records of the changelog read so far by the restore.
    package var restored: Int64 = 0
    /// Records of the changelog that the restore has to read.
    package var restoreTotal: Int64 = 0
    /// When the restore last came further.
    package var restoreProgress: Duration
    /// When the lane's task last went round.
    package var lastTurn: Duration
    /// When it last took a record or ended its part of an epoch, or had nothing to do.
    package var lastProgress: Duration
    /// About how many bytes its profiles in memory occupy.
    package var hotBytes = 0
    /// Bytes of committed profiles that are not on the disk yet.
    package var unflushedBytes = 0

    init(number: Int32, now: Duration) {
        self.number = number
        openedAt = now
        restoreProgress = now
        lastTurn = now
        lastProgress = now
    }
}
