import Foundation
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
            settings: [String: String], _ body: (WorkerProcess) async throws -> Void
        ) async throws {
            try await MidStream.with(seed: 901, settings: settings) { stream in
                let worker = try await stream.startAndWait()
                stream.broker.pause()
                defer { stream.broker.resume() }
                try await body(worker)
                stream.broker.resume()
                try await stream.expectWorkLeft("stopped")
                try await stream.judge("stopped while the broker was silent")
            }
        }

        @Test(
            "a stop ends within shutdown_timeout though the broker does not answer",
            .timeLimit(.minutes(10)))
        func silentBroker() async throws {
            let settings = ["HANDOFF_SHUTDOWN_TIMEOUT": "6s", "HANDOFF_DRAIN_TIMEOUT": "5s"]
            try await RefusalTests.withSilentBroker(settings: settings) { worker in
                let start = ContinuousClock.now
                let end = try await worker.stop(within: .seconds(20))
                let took = ContinuousClock.now - start
                print("stopped with \(end) after \(took)")
                #expect(took < .seconds(8), "\(worker.lastWords)")
                #expect([.exited(0), .exited(1)].contains(end), "\(worker.lastWords)")
            }
        }

        @Test("a stop that comes in the middle of the start is heard", .timeLimit(.minutes(10)))
        func early() async throws {
            try await Stage.with(definition: try Fixtures.runnableDefinition()) { stage in
                for _ in 0..<5 {
                    let worker = try stage.start()
                    try await Eventually.holds("trapped", within: .seconds(30)) {
                        worker.traps(.terminate) || worker.hasEnded != nil
                    }
                    #expect(try await worker.stop() == .exited(0), "\(worker.lastWords)")
                }
            }
        }

        @Test("a second SIGTERM ends a stop that takes long", .timeLimit(.minutes(10)))
        func twice() async throws {
            try await RefusalTests.withSilentBroker(settings: [:]) { worker in
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
