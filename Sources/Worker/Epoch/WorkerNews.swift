package import KafkaClient
package import Qualification

/// Why a worker ended before it was told to.
package struct WorkerFailure: Error, Sendable, CustomStringConvertible {
    /// What happened and what to do.
    package let description: String
    /// The exit code of CONTRACT.md 9.
    package let exitCode: Int32

    /// Makes a failure.
    package init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}

/// What a worker tells its surroundings while it runs.
package enum WorkerNews: Sendable {
    /// Every assigned lane runs.
    case ready(lanes: [Int32])
    /// A lane replays its changelog.
    case restoring(lane: Int32, restored: Int64, total: Int64)
    /// An epoch was committed.
    case committed(records: Int, took: Duration)
    /// An epoch failed and its lanes begin again at the last commit.
    case rewound(KafkaError)
    /// Another definition is in force: lanes that are opened from now on decide by it.
    case enforced(Definition)
}
