internal import CLibrdkafka
internal import Logging
internal import Synchronization

/// What librdkafka's callbacks of one handle reach through the opaque pointer.
///
/// Callbacks come on librdkafka's own threads and may not call back into the library
/// (INTRODUCTION.md, "Threads and callbacks"), so they only record and log.
final class HandleContext: Sendable {
    let logger: Logger
    private let settings: ClientSettings
    private let lastProblem = Mutex("")
    /// Called with the index given to `produce` and the code when a record was not delivered.
    let undelivered: (@Sendable (Int, Int32) -> Void)?

    init(
        logger: Logger, settings: ClientSettings,
        undelivered: (@Sendable (Int, Int32) -> Void)? = nil
    ) {
        self.logger = logger
        self.settings = settings
        self.undelivered = undelivered
    }

    /// The latest warning or error of the library: why a connection cannot be made.
    var problem: String { lastProblem.withLock { $0 } }

    func log(level: Int32, facility: String, line: String) {
        let line = settings.redacted(line)
        if level <= 4 || facility == "FAIL" { lastProblem.withLock { $0 = line } }
        let severity: Logger.Level =
            switch level {
            case ...3: .error
            case 4: .warning
            case 5: .notice
            case 6: .info
            default: .debug
            }
        logger.log(
            level: severity, "librdkafka",
            metadata: ["facility": "\(facility)", "line": "\(line)"])
    }
}

/// Reads the context of a handle without changing its reference count.
func context(of handle: OpaquePointer?) -> HandleContext? {
    guard let handle = unsafe handle, let opaque = unsafe rd_kafka_opaque(handle) else {
        return nil
    }
    return unsafe Unmanaged<HandleContext>.fromOpaque(opaque).takeUnretainedValue()
}
