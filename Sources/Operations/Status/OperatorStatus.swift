/// How a worker is doing, as its operator asks: what the probes, `/status` and `/metrics` show.
///
/// A value of plain numbers and codes; whoever makes it puts nothing about a person in.
package struct OperatorStatus: Sendable {
    /// Where the worker is on its way to lanes that run.
    package enum Phase: String, Sendable, CaseIterable {
        case starting, joining, assigned, rewinding, stopping
    }

    /// A lane that the worker owns; ages in seconds.
    package struct Lane: Sendable {
        package var number: Int
        package var isRunning: Bool
        package var lag: Int64?
        package var commitAge: Double?
        package var restored: Int64
        package var restoreTotal: Int64
        /// Since the restore last came further.
        package var restoreAge: Double
        /// Since the lane's task last went round.
        package var turnAge: Double
        /// Since it last did something, or had nothing to do.
        package var progressAge: Double
    }

    /// How an attempt to replace the definition ended.
    package enum ReloadResult: String, Sendable, CaseIterable {
        /// Another definition is in force.
        case applied
        /// The file was as before.
        case unchanged
        /// The file or its topics were at fault; the old definition stays.
        case failed
    }

    /// An attempt to replace the definition.
    package struct Reload: Sendable {
        /// How it ended.
        package var result: ReloadResult
        /// Seconds since then.
        package var age: Double
        /// What was at fault, each with its place in the file if it has one.
        package var faults: [String]

        /// Everything given.
        package init(result: ReloadResult, age: Double, faults: [String]) {
            self.result = result
            self.age = age
            self.faults = faults
        }
    }

    /// The definition in force.
    package struct Definition: Sendable {
        package var name: String
        package var version: Int
        package var sha256: String
        /// How the attempts to replace it since the start ended; absent results did not occur.
        package var reloads: [ReloadResult: Int] = [:]
        /// The last of them; nil if there was none.
        package var lastReload: Reload?

        /// Everything given; never reloaded.
        package init(name: String, version: Int, sha256: String) {
            self.name = name
            self.version = version
            self.sha256 = sha256
        }
    }

    /// The program's version.
    package var version: String
    /// The consumer group.
    package var groupID: String
    /// The definition in force.
    package var definition: Definition
    /// Where the worker is.
    package var phase: Phase
    /// Seconds that it is there.
    package var phaseAge: Double
    /// Seconds since the worker's loop last turned.
    package var loopAge: Double
    /// Seconds since an epoch was last committed; nil if none was.
    package var commitAge: Double?
    /// Seconds since the reference topics were last read to their ends; nil if they never were.
    package var referenceAge: Double?
    /// The lanes that it owns, by number.
    package var lanes: [Lane]
    /// Everything that was measured, probes and process apart.
    package var samples: [MetricSample]

    /// Everything given.
    package init(
        version: String, groupID: String, definition: Definition, phase: Phase, phaseAge: Double,
        loopAge: Double, commitAge: Double?, referenceAge: Double?, lanes: [Lane],
        samples: [MetricSample]
    ) {
        self.version = version
        self.groupID = groupID
        self.definition = definition
        self.phase = phase
        self.phaseAge = phaseAge
        self.loopAge = loopAge
        self.commitAge = commitAge
        self.referenceAge = referenceAge
        self.lanes = lanes
        self.samples = samples
    }

    /// Records that are not taken yet over all lanes; nil while a lane does not know.
    package var lag: Int64? {
        lanes.reduce(Int64?(0)) { sum, lane in sum.flatMap { sum in lane.lag.map { sum + $0 } } }
    }
}

extension OperatorStatus.Lane {
    /// A lane as it is when nothing is known of it but its number.
    package init(number: Int, isRunning: Bool) {
        self.number = number
        self.isRunning = isRunning
        lag = nil
        commitAge = nil
        (restored, restoreTotal) = (0, 0)
        (restoreAge, turnAge, progressAge) = (0, 0, 0)
    }
}
