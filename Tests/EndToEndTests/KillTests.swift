import Foundation
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// A worker that dies at any moment, again and again, with events still before it.
    struct KillTests {
        struct Kill: CustomStringConvertible {
            var progress: Int64
            var left: Int64
            var isStateLost: Bool

            var description: String {
                "committed \(progress), left \(left)\(isStateLost ? ", state lost" : "")"
            }
        }

        static let wantedKills = 12

        /// Whether aborted transactions hide what was committed after them.
        ///
        /// noida-db 0.2.3 lists aborted transactions whose marker lies before the offset that is
        /// read from, so librdkafka skips all later records of the same producer id. A restore from
        /// the middle of the changelog, which local state makes possible, misses profiles, and who
        /// follows an output live sees nothing more of a worker once it has aborted something.
        static let isDevelopmentBroker =
            (ProcessInfo.processInfo.environment["HANDOFF_BOOTSTRAP_SERVERS"] ?? "").isEmpty

        @Test(
            "a killed worker whose disk is lost too loses nothing and repeats nothing",
            .timeLimit(.minutes(10)), arguments: 1...EndToEnd.seeds(1))
        func withoutState(_ number: Int) async throws {
            try await KillTests.check(seed: UInt64(number) + 100, stateLoss: 100)
        }

        @Test(
            "a killed worker that keeps its disk loses nothing and repeats nothing",
            .timeLimit(.minutes(10)), arguments: 1...EndToEnd.seeds(1))
        func withState(_ number: Int) async throws {
            try await KillTests.check(seed: UInt64(number) + 200, stateLoss: 20)
        }

        /// A worker has several epochs before it whenever it is killed after its first.
        static let unhurried = ["HANDOFF_EPOCH_MAX_EVENTS": "20"]

        /// `stateLoss` is in percent of the kills.
        static func check(seed: UInt64, stateLoss: Int) async throws {
            let scene = try Scene(seed: seed, lanes: 4) { options in
                options.records = 3_000
                options.leads = 30
            }
            try await Stage.with(
                definition: scene.definition, lanes: 4,
                settings: scene.environment.merging(KillTests.unhurried) { $1 }, isFar: true
            ) { stage in
                try await scene.feedReference(stage)
                let tail = try Tail(stage)
                let kills = try await kill(scene, stage, stateLoss)
                let log = "seed \(seed)\n" + kills.map(\.description).joined(separator: "\n")
                print(log)
                stage.comeNear()
                let worker = try stage.start()
                try await stage.waitUntilDone(worker)
                #expect(kills.count >= 10, "too few kills in mid-stream: \(log)")
                let published = try await stage.published()
                let faults = try scene.differences(published, stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))\n\(log)")
                let followed = try await tail.finish(stage).values.reduce(0, +)
                withKnownIssue("as `isDevelopmentBroker` says", isIntermittent: true) {
                    #expect(followed == published.count, "seen live, and read afterwards")
                } when: {
                    isDevelopmentBroker
                }
            }
        }

        /// Feeds in slices, always some ahead of the worker, and kills it while events remain.
        ///
        /// Returns the kills that left events; feeds the rest at the end.
        static func kill(
            _ scene: Scene, _ stage: Stage, _ stateLoss: Int
        ) async throws -> [Kill] {
            var random = SplitMix64(seed: scene.seed)
            var kills: [Kill] = []
            var fed = 0.0
            while kills.count < wantedKills, fed < 1 {
                let end = min(1, fed + 0.05)
                try await scene.feed(stage, from: fed, to: end)
                fed = end
                let isStateLost = random.chance(stateLoss)
                if isStateLost { try stage.removeState("one") }
                let before = try await stage.committedCount()
                let worker = try stage.start()
                if random.chance(15) {
                    // Anywhere in its start.
                    try await Task.sleep(for: .milliseconds(random.number(0...1_500)))
                } else if random.chance(25) {
                    try await worker.waitUntilReady()
                } else {
                    try await stage.waitForProgress(beyond: before, worker)
                }
                try await Task.sleep(for: .milliseconds(random.number(0...40)))
                try await worker.kill()
                let left = try await stage.totalLag()
                let progress = try await stage.committedCount() - before
                if left > 0 {
                    kills.append(Kill(progress: progress, left: left, isStateLost: isStateLost))
                }
            }
            try await scene.feed(stage, from: fed, to: 1)
            return kills
        }
    }
}
