import Configuration
import Logging
import Operations
import Qualification
import ServiceLifecycle
import Worker

/// Serves probes, status, metrics and the dashboard for as long as the worker runs.
///
/// The first service of the group: it answers before the worker joins, and until that has left.
struct OperatorService: Service {
    private let server: HTTPServer

    /// Takes the port.
    ///
    /// - Throws: `CommandFailure` with exit code 1 if it cannot be had.
    init(
        _ settings: Settings, _ clock: SystemClock, _ logger: Logger,
        status: @escaping @Sendable () -> OperatorStatus
    ) throws {
        let pages = OperatorPages(
            probes: Probes(stallLimit: settings.stallTimeout.duration.seconds), status: status)
        do throws(HTTPServerError) {
            server = try HTTPServer(
                host: settings.httpHost, port: settings.httpPort, now: { clock.now() },
                answer: { pages.answer($0) })
        } catch {
            throw CommandFailure("\(error)", exitCode: 1)
        }
        logger.info(
            "serving over HTTP",
            metadata: ["host": "\(settings.httpHost)", "port": "\(server.port)"])
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await server.run()
            } onCancel: {
                server.stop()
            }
        } onGracefulShutdown: {
            server.stop()
        }
    }
}
