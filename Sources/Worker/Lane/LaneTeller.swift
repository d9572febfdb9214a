/// How a lane's task keeps its gauge and the monitor up to date, at a cost that no record feels.
///
/// A value of the lane's task.
struct LaneTeller {
    private let gauge: LaneGauge
    private let monitor: WorkerMonitor
    private let clock: any WorkerClock
    private var told = Duration.zero
    private var toldLag: Int64? = -1
    private var lastCount = -1
    /// The oldest record since the last cut, and of the cut that is being committed.
    private var oldest = LaneMerge.nothing
    private var oldestInFlight = LaneMerge.nothing
    private var inFlight: LaneCounters?
    private var hasCut = false
    private var flush: (profiles: Int, since: Duration)?

    /// A lane that works tells so often; asking librdkafka for three ends takes a microsecond.
    private static let interval = Duration.milliseconds(100)

    init(_ gauge: LaneGauge, _ monitor: WorkerMonitor, _ clock: any WorkerClock) {
        self.gauge = gauge
        self.monitor = monitor
        self.clock = clock
    }

    /// A record with this Kafka timestamp was taken.
    mutating func taken(_ timestamp: Int64) {
        oldest = min(oldest, timestamp)
    }

    /// The lane's part of an epoch was handed over.
    mutating func cut(_ counters: LaneCounters) {
        inFlight = counters
        oldestInFlight = oldest
        oldest = LaneMerge.nothing
        hasCut = true
    }

    /// It is committed.
    mutating func committed() {
        guard let counters = inFlight else { return }
        inFlight = nil
        gauge.committed(counters, at: clock.now())
        guard oldestInFlight != LaneMerge.nothing else { return }
        monitor.observe(
            recordAge: .milliseconds(clock.wallMilliseconds() - oldestInFlight))
    }

    /// Profiles are on their way to the disk.
    mutating func beginFlush(_ profiles: Int) {
        flush = (profiles, clock.now())
    }

    /// They are there, or will be tried again.
    mutating func flushed(isWritten: Bool) {
        guard let (profiles, since) = flush else { return }
        flush = nil
        monitor.flushed(profiles, isWritten: isWritten, took: clock.now() - since)
    }

    /// Whether it is time to tell: once in a while, and before waiting for as long as it takes,
    /// unless the same was told already.
    mutating func isDue(isWaiting: Bool) -> Bool {
        isWaiting && toldLag != 0 || clock.now() - told >= LaneTeller.interval
    }

    /// Tells.
    mutating func tell(
        lag: Int64?, isIdle: Bool, taken: Int, hotBytes: Int, unflushedBytes: Int
    ) {
        let now = clock.now()
        let hasMoved = isIdle || hasCut || taken != lastCount
        (told, toldLag, lastCount, hasCut) = (now, lag, taken, false)
        gauge.update {
            $0.lag = lag
            $0.lastTurn = now
            if hasMoved { $0.lastProgress = now }
            $0.hotBytes = hotBytes
            $0.unflushedBytes = unflushedBytes
        }
    }
}
