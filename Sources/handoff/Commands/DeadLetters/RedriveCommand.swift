import ArgumentParser
import Configuration
import Foundation
import KafkaClient
import Qualification
import Reports
import UnixSignals
import WireFormats
import Worker

/// `handoff dead-letters redrive`: publishes dead letters again.
struct RedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Publish dead letters again to the topics that they came from, each once.",
        discussion: """
            Without --execute nothing is published: it only shows what would be. Mend the cause \
            first: the record goes back byte for byte, so it dies again if nothing has changed.

            What can help: an answer that came before its MQL or to the wrong lane (unknown_mql), \
            a product or a reason that a new definition has (unknown_product, unknown_reason), a \
            clock that ran ahead (occurred_in_future), a newer program. The other codes are about \
            the bytes, which stay as they are.

            Each record goes back to the partition that it came from; one with unknown_mql to the \
            partition whose changelog holds its lead. It has its key, value and headers as before, \
            a Kafka timestamp of now, and a header handoff.redrives, which counts. If it dies \
            again the new dead letter has that header, too, and may be redriven --max-redrives \
            times in all.

            Exactly once: records, and what was redriven (topic handoff.redrives, made if it is \
            missing), are written in one transaction. Run it as often as you like, with any \
            filter, kill it at any moment: no dead letter is redriven twice, and none that a \
            filter passed over is forgotten. Of two at once the later one goes on, the other ends \
            with exit code 1. An event that was applied before is dropped as a repeat by its \
            event_id, so nothing counts twice. Ctrl-C stops it between two transactions (exit \
            code 1); after kill -9 within one, lanes may wait for up to 25 s, or until the next run.

            Never redriven: field_ignored (the event was applied), rows of reference data (load \
            correct ones), null values, values of which only a part was kept, records without \
            headers that say where they came from, those of topics or partitions that are no \
            inputs of these settings, or not there, or too small. The table tells.

            Examples:
              handoff dead-letters redrive
              handoff dead-letters redrive --reason unknown_mql --since 1d --execute
              handoff dead-letters redrive --key lead-000042 --execute
            """)

    @OptionGroup var letters: LetterOptions

    @Flag(help: "Publish; without it nothing is.")
    var execute = false

    @Option(help: "Leave records that were redriven so often already, 1 to 1000.")
    var maxRedrives = 3

    @Option(help: "Redrive at most so many; the others wait for the next run.")
    var limit: Int?

    @OptionGroup var settingsOption: SettingsOption

    func validate() throws {
        guard (1...1_000).contains(maxRedrives) else {
            throw ValidationError("--max-redrives must be from 1 to 1000")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let settings = try settingsOption.load().settings
        do {
            let filter = letters.filter(settings)
            let tally = try await stoppable { stop in
                let redrive = try Redrive(
                    settings: settings, filter: filter, maxRedrives: maxRedrives,
                    limit: limit ?? .max, stop: stop)
                return try await execute ? redrive.execute() : redrive.preview()
            }
            print(tally.text(isDryRun: !execute))
        } catch let error as KafkaError {
            throw error.asCommandFailure
        }
    }

    /// Runs the body; SIGINT and SIGTERM set the flag instead of ending the program in the middle
    /// of a transaction, which would keep lanes waiting.
    private func stoppable(
        _ body: (StopFlag) async throws -> RedriveTally
    ) async throws -> RedriveTally {
        let stop = StopFlag()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in signals {
                    // Whoever asks twice does not want to wait for a broker that is silent.
                    if stop.isSet { _exit(1) }
                    stop.set()
                }
            }
            defer { group.cancelAll() }
            return try await body(stop)
        }
    }
}
