import ArgumentParser
import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Logging
import Qualification
import ServiceLifecycle
import Storage
import UnixSignals
import Worker

/// `handoff run`: the worker.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the worker until it is told to stop (SIGTERM, SIGINT).",
        discussion: """
            Several workers with the same group_id share the lanes. Prints a line that begins with \
            'handoff ready' on standard output whenever all its lanes run; logs go to standard \
            error.

            SIGHUP reads the definition file again. A good one takes effect between two commits, \
            for all lanes at once, as a stop and a start with it would, and the ready line comes \
            again; each lead is decided by it at its next event. Anything that would keep a worker \
            from starting (a fault in the file, no approvals, missing topics) is logged with its \
            place, and the old definition stays in force. Send it to every worker of the group.
            """)

    @OptionGroup var settingsOption: SettingsOption

    @Flag(help: "Run a definition that marketing or sales has not approved, for trials.")
    var allowUnapproved = false

    func run() async throws {
        // First of all, because a SIGHUP that nobody has trapped ends the program.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        ProcessMemory.prepare()
        let settings = try settingsOption.load().settings
        try armFailurePoint()
        let checked = try Files.definition(settings.definition)
        try Admission(allowUnapproved: allowUnapproved).check(checked.definition, settings)
        let logger = settings.makeLogger()
        for warning in checked.warnings { logger.warning("\(warning)") }
        let definition = settings.applied(to: checked.definition)
        let composition = try await Composition(
            settings, definition, logger, reloads: hangUps, allowUnapproved: allowUnapproved)
        try await composition.run()
    }

    private func armFailurePoint() throws {
        #if DEBUG
            let name = "HANDOFF_FAILURE_POINT"
            guard let text = ProcessInfo.processInfo.environment[name] else { return }
            guard FailurePoint.arm(text) else {
                let points = FailurePoint.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure(
                    "\(name) is POINT:COUNT, with one of \(points); not '\(text)'", exitCode: 2)
            }
        #endif
    }
}

/// Whether a definition may run at all (CONTRACT.md 4).
struct Admission {
    let allowUnapproved: Bool

    func check(_ definition: Definition, _ settings: Settings) throws {
        var faults = settings.topicFaults(of: definition.products)
        let missing = [
            definition.approvals.marketing == nil ? "marketing" : nil,
            definition.approvals.sales == nil ? "sales" : nil,
        ].compactMap { $0 }
        if !missing.isEmpty, !allowUnapproved {
            faults.append(
                "not approved by \(missing.joined(separator: " and ")): add the name under "
                    + "approved_by, or run a trial with --allow-unapproved")
        }
        let today = Timestamp(milliseconds: SystemClock().wallMilliseconds()).day
        if definition.effectiveFrom > today {
            faults.append(
                "effective from \(definition.effectiveFrom), and today is \(today) (UTC)")
        }
        guard faults.isEmpty else {
            let lines = faults.map { "\(settings.definition): \($0)" }
            throw CommandFailure(lines.joined(separator: "\n"), exitCode: 2)
        }
    }
}
