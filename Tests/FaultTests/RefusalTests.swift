import Foundation
import ReferenceModel
import TestSupport
import Testing

extension Faults {
    /// Starts that must not succeed, and stops that must.
    struct RefusalTests {
        @Test(
            "a state file of a newer worker is refused and left as it is", .timeLimit(.minutes(10)))
        func newerState() async throws {
            try await Stage.with(definition: try Fixtures.runnableDefinition()) { stage in
                let first = try stage.start()
                try await first.waitUntilReady(lanes: [0])
                #expect(try await first.stop() == .exited(0), "\(first.lastWords)")
                let path = stage.stateFolder("one") + "/lane-0.sqlite"
                let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
                // The version is a number of four bytes, the greatest first, at this place.
                try file.seek(toOffset: 60)
                try file.write(contentsOf: Data([0, 0, 0, 99]))
                try file.close()
                let second = try stage.start()
                let end = try await second.waitForEnd(within: .seconds(30))
                #expect(end == .exited(1), "\(second.lastWords)")
                #expect(second.errors.contains("schema version 99"), "\(second.errors)")
                #expect(second.errors.contains("lane-0.sqlite"), "\(second.errors)")
                let header = FileManager.default.contents(atPath: path)?.prefix(64).suffix(4)
                #expect(header.map { [UInt8]($0) } == [0, 0, 0, 99])
            }
        }

        @Test("settings that cannot work together: 2, with both named", .timeLimit(.minutes(10)))
        func conflict() async throws {
            try await Stage.with(definition: try Fixtures.runnableDefinition()) { stage in
                let worker = try stage.start(settings: ["HANDOFF_DRAIN_TIMEOUT": "20s"])
                #expect(try await worker.waitForEnd() == .exited(2), "\(worker.lastWords)")
                for name in ["drain_timeout", "session_timeout"] {
                    #expect(worker.errors.contains(name), "\(worker.errors)")
                }
            }
        }

        /// A worker in the middle of its work, whose broker does not answer any more.
        private static func withSilentBroker(
            settings: [String: String], _ body: (Stage, WorkerProcess, Scene) async throws -> Void
        ) async throws {
            let scene = try Scene(seed: 901, lanes: 2) { $0.records = 200 }
            let broker = try await PrivateBroker()
            defer { broker.stop() }
            try await Stage.with(
                definition: scene.definition, lanes: 2,
                settings: scene.environment.merging(settings) { $1 }, broker: broker.broker
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage, noise: 100)
                let worker = try stage.start()
                try await stage.waitForProgress(beyond: 0, worker)
                broker.pause()
                defer { broker.resume() }
                try await body(stage, worker, scene)
                broker.resume()
                #expect(try await stage.totalLag() > 0, "stopped after all work was done")
                try await Judgement.judge(scene, stage, ["one"], "stopped while the broker was")
            }
        }

        @Test(
            "a disk that is full costs nothing but the state on it", .timeLimit(.minutes(10)),
            arguments: [8, 100])
        func fullDisk(_ limit: Int) async throws {
            let scene = try Scene(seed: 902, lanes: 2) { $0.records = 200 }
            try await Stage.with(
                definition: scene.definition, lanes: 2,
                settings: scene.environment.merging(["HANDOFF_FLUSH_INTERVAL": "100ms"]) { $1 }
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage, noise: 100)
                let worker = try stage.start(fileLimit: limit)
                var words = ""
                try await Eventually.holds("noticed", within: .seconds(30), state: { words }) {
                    words = worker.lastWords
                    return worker.hasEnded != nil || words.contains("local state not written")
                }
                print("full at \(limit) KiB: \(words.split(separator: "\n").last ?? "")")
                let left = try await stage.totalLag()
                #expect(left > 0, "full after all work was done")
                if let end = worker.hasEnded {
                    #expect(end == .exited(1), "\(worker.lastWords)")
                } else {
                    try await worker.kill()
                }
                try await Judgement.judge(scene, stage, ["one"], "full at \(limit) KiB")
            }
        }

        @Test(
            "a stop ends within shutdown_timeout though the broker does not answer",
            .timeLimit(.minutes(10)))
        func silentBroker() async throws {
            let settings = ["HANDOFF_SHUTDOWN_TIMEOUT": "6s", "HANDOFF_DRAIN_TIMEOUT": "5s"]
            try await RefusalTests.withSilentBroker(settings: settings) { _, worker, _ in
                let start = ContinuousClock.now
                let end = try await worker.stop(within: .seconds(20))
                let took = ContinuousClock.now - start
                print("stopped with \(end) after \(took)")
                #expect(took < .seconds(8), "\(worker.lastWords)")
                #expect([.exited(0), .exited(1)].contains(end), "\(worker.lastWords)")
            }
        }

        @Test("a second SIGTERM ends a stop that takes long", .timeLimit(.minutes(10)))
        func twice() async throws {
            try await RefusalTests.withSilentBroker(settings: [:]) { _, worker, _ in
                worker.send(.terminate)
                // Two signals at once are one to the system.
                try await Eventually.holds("taken", within: .seconds(10)) {
                    worker.errors.contains("stopping; a second signal ends it at once")
                }
                let start = ContinuousClock.now
                #expect(try await worker.stop(within: .seconds(20)) == .exited(1))
                #expect(ContinuousClock.now - start < .seconds(2), "\(worker.lastWords)")
                #expect(worker.errors.contains("told twice to stop"), "\(worker.errors)")
            }
        }
    }
}
