import Configuration
import DefinitionFiles
import KafkaClient
import Logging
import Operations
import Qualification
import ServiceLifecycle
import UnixSignals
import Worker

/// Reads the definition again at each SIGHUP and hands a good one to the worker.
///
/// What would keep a worker from starting keeps the old definition in force: the same checks, in
/// the same words, but nothing ends.
struct DefinitionReloader: Service {
    /// A stop waits at most this long for a reload that asks a broker which does not answer.
    private static let patience = Duration.seconds(5)

    let settings: Settings
    let allowUnapproved: Bool
    let laneCount: Int
    /// Trapped since the program started, because an untrapped SIGHUP ends it.
    let signals: UnixSignalsSequence
    let inForce: DefinitionInForce
    let events: GroupEvents
    let logger: Logger

    func run() async throws {
        // What was handed over last, in force or about to be.
        var accepted = inForce.current.sha256
        for await _ in signals.cancelOnGracefulShutdown() {
            guard let definition = await read(unlike: accepted) else { continue }
            accepted = definition.sha256
            events.reload(definition)
        }
    }

    /// The definition of the file if it may run; nil if not, or if it is the accepted one.
    private func read(unlike accepted: String) async -> Definition? {
        do {
            let bytes = try Files.read(settings.definition)
            guard SHA256.hexadecimal(bytes) != accepted else {
                logger.notice(
                    "definition reload: the file is unchanged",
                    metadata: ["file": "\(settings.definition)", "sha256": "\(accepted)"])
                inForce.note(.unchanged)
                return nil
            }
            let checked = try Files.definition(bytes, settings.definition)
            try Admission(allowUnapproved: allowUnapproved).check(checked.definition, settings)
            for warning in checked.warnings { logger.warning("\(warning)") }
            let definition = settings.applied(to: checked.definition)
            try await checkTopics(of: definition)
            return definition
        } catch {
            refuse(error)
            return nil
        }
    }

    private func checkTopics(of definition: Definition) async throws {
        let admin = try AdminClient(
            settings: settings.client("reload"), timeout: DefinitionReloader.patience,
            logger: logger)
        let found = try await TopicCheck(topics: settings.workerTopics, definition: definition)
            .run(admin)
        guard found == laneCount else {
            throw CommandFailure(
                "the inputs have \(found) partitions now, not \(laneCount): start the workers anew",
                exitCode: 4)
        }
    }

    private func refuse(_ error: any Error) {
        let faults = "\(error)".split(separator: "\n").map(String.init)
        for fault in faults { logger.error("definition reload: \(fault)") }
        let current = inForce.current
        logger.error(
            "definition reload failed, the old one stays in force",
            metadata: [
                "faults": "\(faults.count)", "name": "\(current.name)",
                "version": "\(current.version)",
            ])
        inForce.note(.failed, faults: faults)
    }
}
