import Foundation
import ReferenceModel
import TestSupport
import Testing

extension Faults {
    /// A worker that dies exactly where it hurts most, at one place after the other.
    struct FailurePointTests {
        /// As `FailurePoint` of the worker has them; those by count come in the course of work.
        static let inWork = [
            "afterBegin", "afterProduce", "afterOffsets", "duringCommit", "afterCommit",
            "beforeFlush", "afterFlush",
        ]

        @Test(
            "a worker that dies at a known place loses nothing and repeats nothing",
            .timeLimit(.minutes(10)))
        func all() async throws {
            let scene = try Scene(seed: 701, lanes: 3) { $0.records = 900 }
            let broker = try await PrivateBroker()
            defer { broker.stop() }
            // Where time decides how far a worker comes, it has to be slow for certain.
            let proxy = try Proxy(port: broker.port, number: 0)
            defer { proxy.close() }
            proxy.change(to: .slow(20))
            let far = ["HANDOFF_BOOTSTRAP_SERVERS": proxy.bootstrapServers]
            try await Stage.with(
                definition: scene.definition, lanes: 3,
                settings: FailurePointTests.settings(scene), broker: broker.broker
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage, noise: 60)
                var random = SplitMix64(seed: scene.seed)
                var lefts: [String] = []
                for point in FailurePointTests.inWork + ["duringCommit", "duringCommit"] {
                    let count = random.number(2...5)
                    let settings = point.hasSuffix("Flush") ? far : [:]
                    lefts.append(
                        try await FailurePointTests.die(at: point, count, stage, settings))
                    // The next one restores, from what the last has left, and dies as well.
                    if random.chance(40) {
                        try stage.removeState("one")
                        lefts.append(
                            try await FailurePointTests.die(at: "duringRestore", 1, stage))
                    }
                }
                lefts.append(try await FailurePointTests.dieWhenRevoked(stage, far))
                print(lefts.joined(separator: "\n"))
                try await Judgement.judge(scene, stage, ["one", "two"], "points of failure")
            }
        }

        static func settings(_ scene: Scene) -> [String: String] {
            scene.environment.merging([
                "HANDOFF_EPOCH_MAX_EVENTS": "1000", "HANDOFF_FLUSH_INTERVAL": "100ms",
                "HANDOFF_SESSION_TIMEOUT": "6s", "HANDOFF_DRAIN_TIMEOUT": "5s",
                "HANDOFF_MERGE_WAIT": "5s",
            ]) { $1 }
        }

        /// Runs a worker to the place; says how much was left.
        static func die(
            at point: String, _ count: Int, _ stage: Stage, _ settings: [String: String] = [:]
        ) async throws -> String {
            let worker = try stage.start(
                settings: settings.merging(["HANDOFF_FAILURE_POINT": "\(point):\(count)"]) { $1 })
            let end = try await worker.waitForEnd()
            #expect(end == .signalled(9), "\(point):\(count) not reached: \(worker.lastWords)")
            let left = try await stage.totalLag()
            #expect(left > 0, "\(point):\(count) after all work was done")
            return "\(point):\(count), \(left) left"
        }

        /// Another joins as it works, and it dies as it gives up what that one gets.
        static func dieWhenRevoked(
            _ stage: Stage, _ far: [String: String]
        ) async throws -> String {
            let worker = try stage.start(
                settings: far.merging(["HANDOFF_FAILURE_POINT": "duringRevoke:1"]) { $1 })
            try await worker.waitUntilReady()
            let second = try stage.start("two", settings: far)
            let end = try await worker.waitForEnd()
            #expect(end == .signalled(9), "\(worker.lastWords)")
            let left = try await stage.totalLag()
            #expect(left > 0, "revoked after all work was done")
            try await second.kill()
            return "duringRevoke:1, \(left) left"
        }

        @Test("a failure point that does not exist: 2", .timeLimit(.minutes(10)))
        func unknown() async throws {
            try await Stage.with(definition: try Fixtures.runnableDefinition()) { stage in
                let worker = try stage.start(settings: ["HANDOFF_FAILURE_POINT": "somewhere:1"])
                #expect(try await worker.waitForEnd() == .exited(2), "\(worker.lastWords)")
                #expect(worker.errors.contains("afterCommit"), "\(worker.errors)")
            }
        }
    }
}
