package import Qualification

/// What a worker is set to, already checked; durations and bounds have names.
package struct WorkerSettings: Sendable {
    /// All topic names.
    package var topics = Topics()
    /// Bounds of CONTRACT.md 3.
    package var limits = Qualifier.Limits()
    /// The follow-up clock and forgetting.
    package var followUp = FollowUpSettings()
    /// How far an event may lie ahead of its record.
    package var futureTolerance = Span24h.minutes(5)
    /// How long a lane waits for an input that is behind.
    package var mergeWait = Duration.milliseconds(100)
    /// How long an epoch lasts.
    package var commitInterval = Duration.milliseconds(100)
    /// How long an epoch lasts while a lane is behind.
    ///
    /// Nobody waits for a single event of a backlog, and a profile that changes twice in an epoch
    /// is encoded and published once.
    package var catchUpInterval = Duration.seconds(2)
    /// How many records one epoch may take, over all lanes; each may take a thousand, or all of
    /// these if they are fewer.
    package var epochMaxEvents = 240_000
    /// How many bytes one epoch may publish, changelog included, over all lanes; it is in memory
    /// two or three times.
    package var epochMaxBytes = 48 << 20
    /// How often committed profiles go to the disk.
    package var flushInterval = Duration.seconds(10)
    /// With so many bytes of committed profiles waiting for the disk, over all lanes, they go
    /// sooner.
    package var flushBytes = 32 << 20
    /// How many bytes of profiles stay in memory, over all lanes.
    package var hotProfileBytes = 64 << 20
    /// How a lane reads its changelog.
    package var restore = RestoreLimits()
    /// How long a stop may take.
    package var shutdownTimeout = Duration.seconds(20)
    /// The lanes of the whole group, that is the partitions of each input.
    package var laneCount = 1
    /// Written on dead letters.
    package var workerVersion = "0"

    /// The defaults.
    package init() {}

    /// The share of one lane; a worker that owns fewer lanes uses less.
    var epochMaxEventsPerLane: Int {
        // Below a thousand a transaction costs more than what is in it, unless that is wanted.
        max(min(1_000, epochMaxEvents), epochMaxEvents / max(1, laneCount))
    }
    var epochMaxBytesPerLane: Int { max(1 << 20, epochMaxBytes / max(1, laneCount)) }
    var flushBytesPerLane: Int { max(1 << 20, flushBytes / max(1, laneCount)) }
    var hotProfileBytesPerLane: Int { max(1 << 20, hotProfileBytes / max(1, laneCount)) }
}
