package import Logging

extension Logger {
    /// A logger that says nothing, for tests and one-shot tools.
    package static var silent: Logger {
        Logger(label: "handoff.silent") { _ in SwiftLogNoOpLogHandler() }
    }
}
