internal import Foundation

/// The JSON bodies of the probes and of `/status` (schemas/status.json).
enum StatusBodies {
    private struct Probe: Encodable {
        var ok: Bool
        var reasons: [String]
        var lanes: Int?
    }

    private struct Status: Encodable {
        struct Worker: Encodable {
            var version: String
            var group_id: String
        }
        struct Definition: Encodable {
            struct Reloads: Encodable {
                var applied: Int
                var unchanged: Int
                var failed: Int
            }
            struct Reload: Encodable {
                var result: String
                var age_seconds: Double
                var faults: [String]
            }
            var name: String
            var version: Int
            var sha256: String
            var reloads: Reloads
            var last_reload: Reload?
        }
        struct Restore: Encodable {
            var records: Int64
            var of: Int64
        }
        struct Lane: Encodable {
            var lane: Int
            var state: String
            var lag_records: Int64?
            var commit_age_seconds: Double?
            var restore: Restore
        }
        var worker: Worker
        var definition: Definition
        var phase: String
        var phase_seconds: Double
        var live: Bool
        var ready: Bool
        var reasons: [String]
        var loop_age_seconds: Double
        var commit_age_seconds: Double?
        var reference_age_seconds: Double?
        var lag_records: Int64?
        var lanes: [Lane]
    }

    static let contentType = "application/json"

    /// Whether a probe holds, and if not, why.
    static func probe(_ reasons: [String], lanes: Int? = nil) -> String {
        encoded(Probe(ok: reasons.isEmpty, reasons: reasons, lanes: lanes))
    }

    /// Everything but the measures.
    static func status(_ status: OperatorStatus, _ probes: Probes) -> String {
        let stalls = probes.stalls(of: status)
        let obstacles = probes.obstacles(of: status)
        return encoded(
            Status(
                worker: Status.Worker(version: status.version, group_id: status.groupID),
                definition: self.definition(status.definition),
                phase: status.phase.rawValue, phase_seconds: rounded(status.phaseAge),
                live: stalls.isEmpty, ready: obstacles.isEmpty,
                reasons: stalls + obstacles.filter { !stalls.contains($0) },
                loop_age_seconds: rounded(status.loopAge),
                commit_age_seconds: status.commitAge.map(rounded),
                reference_age_seconds: status.referenceAge.map(rounded), lag_records: status.lag,
                lanes: status.lanes.map(lane)))
    }

    private static func definition(
        _ definition: OperatorStatus.Definition
    ) -> Status.Definition {
        let counts = definition.reloads
        return Status.Definition(
            name: definition.name, version: definition.version, sha256: definition.sha256,
            reloads: Status.Definition.Reloads(
                applied: counts[.applied] ?? 0, unchanged: counts[.unchanged] ?? 0,
                failed: counts[.failed] ?? 0),
            last_reload: definition.lastReload.map { last in
                Status.Definition.Reload(
                    result: last.result.rawValue, age_seconds: rounded(last.age),
                    faults: last.faults)
            })
    }

    private static func lane(_ lane: OperatorStatus.Lane) -> Status.Lane {
        Status.Lane(
            lane: lane.number, state: lane.isRunning ? "running" : "restoring",
            lag_records: lane.lag, commit_age_seconds: lane.commitAge.map(rounded),
            restore: Status.Restore(records: lane.restored, of: lane.restoreTotal))
    }

    /// To milliseconds; more is noise.
    private static func rounded(_ seconds: Double) -> Double {
        (max(0, seconds) * 1_000).rounded() / 1_000
    }

    private static func encoded(_ body: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Nothing in these bodies can fail to encode: their numbers are finite.
        let data = (try? encoder.encode(body)) ?? Data("{}".utf8)
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
