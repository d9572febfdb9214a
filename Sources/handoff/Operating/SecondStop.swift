import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// Ends the program at once when it is told to stop for the second time.
///
/// Whoever asks twice does not want to wait for a broker that is silent; nothing is lost by ending
/// at any moment.
struct SecondStop: Service {
    /// Trapped before the service group traps the same, so that none is missed.
    let signals: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        var isStopping = false
        // Not until the shutdown begins, but until its turn comes, which is the last.
        for await _ in signals.cancelOnGracefulShutdown() {
            if isStopping {
                logger.error("told twice to stop, ending at once")
                _exit(1)
            }
            isStopping = true
            logger.notice("stopping; a second signal ends it at once")
        }
    }
}
