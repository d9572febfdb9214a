import Foundation
import Operations

/// A worker as it may be, for the pages to show.
enum Sample {
    static func status(
        phase: OperatorStatus.Phase = .assigned, loopAge: Double = 0.02,
        lanes: [OperatorStatus.Lane] = [lane(0)], name: String = "b2b-saas",
        samples: [MetricSample] = samples, reload: OperatorStatus.ReloadResult? = nil
    ) -> OperatorStatus {
        var status = OperatorStatus(
            version: "0.1.0", groupID: "handoff",
            definition: OperatorStatus.Definition(
                name: name, version: 3, sha256: String(repeating: "ab", count: 32)),
            phase: phase, phaseAge: 12.3456, loopAge: loopAge, commitAge: 0.1,
            referenceAge: 0.5, lanes: lanes, samples: samples)
        if let reload {
            status.definition.reloads = [reload: 2]
            status.definition.lastReload = OperatorStatus.Reload(
                result: reload, age: 1.25,
                faults: reload == .failed ? ["definition.yaml:2:1: what"] : [])
        }
        return status
    }

    static func lane(
        _ number: Int, isRunning: Bool = true, lag: Int64? = 7, restoreAge: Double = 0,
        turnAge: Double = 0, progressAge: Double = 0
    ) -> OperatorStatus.Lane {
        var lane = OperatorStatus.Lane(number: number, isRunning: isRunning)
        lane.lag = lag
        lane.commitAge = 0.25
        (lane.restored, lane.restoreTotal) = (500, 1_000)
        lane.restoreAge = restoreAge
        lane.turnAge = turnAge
        lane.progressAge = progressAge
        return lane
    }

    static let samples = [
        MetricSample(.records, ["0", "leads"], 12),
        MetricSample(.messages, ["mql.qualified", "crm"], 3),
        MetricSample(.messages, ["sla.warning", "crm"], 1),
        MetricSample(.statusChanges, ["crm", "not_ready"], 9),
        MetricSample(.deadLetters, ["bad_timestamp"], 2),
        MetricSample(.dispositions, ["crm", "accepted"], 1),
        MetricSample(
            .speedToLead, ["crm"],
            .histogram(bounds: [60, 300.5], counts: [1, 0, 2], sum: 1234.5)),
    ]

    static func pages(_ status: OperatorStatus = status()) -> OperatorPages {
        OperatorPages(probes: Probes(stallLimit: 30), status: { status })
    }

    static func get(_ path: String, _ status: OperatorStatus = status()) -> HTTPResponse {
        pages(status).answer(HTTPRequest(isHead: false, path: path))
    }

    static func text(_ path: String, _ status: OperatorStatus = status()) -> String {
        String(decoding: get(path, status).body, as: UTF8.self)
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Runs a script of the Python that `deploy/test` prepares; nil if there is none.
    static let python = ProcessInfo.processInfo.environment["HANDOFF_TEST_PYTHON"]

    static func runPython(_ script: String, _ input: String) throws -> (code: Int32, said: String) {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "handoff-operations-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "input")
        try Data(input.utf8).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python ?? "python3")
        process.arguments = ["-c", script, file.path, root.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
