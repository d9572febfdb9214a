import Glibc
import Logging
import UnixSignals

/// Begins the stop at the first SIGTERM or SIGINT, and ends the program at once at the second.
///
/// Whoever asks twice does not want to wait for a broker that is silent; nothing is lost by ending
/// at any moment.
struct StopSignals {
    /// Trapped before anything starts; the service group would trap them only when it runs, and
    /// what comes in between would be lost.
    let signals: UnixSignalsSequence
    let logger: Logger
    /// Called at the first.
    let stop: @Sendable () async -> Void

    /// Until cancelled.
    func run() async {
        var isStopping = false
        for await _ in signals {
            if isStopping {
                logger.error("told twice to stop, ending at once")
                _exit(1)
            }
            isStopping = true
            logger.notice("stopping; a second signal ends it at once")
            await stop()
        }
    }
}
