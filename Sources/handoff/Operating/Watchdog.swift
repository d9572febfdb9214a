import Foundation
import Logging
import Operations
import Synchronization
import Worker

/// Ends the process when its work stands still, for its supervisor to start it again.
///
/// Nothing is lost by ending at any moment; a worker that hangs keeps its lanes from everybody. It
/// looks from the thread of the clock, because a stuck worker may hold up all tasks.
final class Watchdog: Sendable {
    private let probes: Probes
    private let clock: SystemClock
    private let logger: Logger
    private let status: @Sendable () -> OperatorStatus
    private let isStopped = Atomic(false)

    /// A dog that sleeps until `start`; `/live` fails at the limit of `probes`, the dog bites at
    /// twice that.
    init(
        _ probes: Probes, _ clock: SystemClock, _ logger: Logger,
        status: @escaping @Sendable () -> OperatorStatus
    ) {
        self.probes = probes
        self.clock = clock
        self.logger = logger
        self.status = status
    }

    /// Looks again and again until stopped.
    func start() {
        clock.after(Watchdog.interval) { [self] in
            if isStopped.load(ordering: .acquiring) { return }
            look()
            start()
        }
    }

    /// Looks no more.
    func stop() { isStopped.store(true, ordering: .releasing) }

    private static let interval = Duration.seconds(1)

    private func look() {
        let stalls = probes.stalls(of: status(), limit: 2 * probes.stallLimit)
        guard !stalls.isEmpty else { return }
        logger.critical(
            "the worker is stuck and ends; start it again, nothing is lost",
            metadata: ["reason": "\(stalls.joined(separator: "; "))"])
        fflush(nil)
        _exit(1)
    }
}
