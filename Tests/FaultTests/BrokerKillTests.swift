import Foundation
import ReferenceModel
import TestSupport
import Testing

extension Faults {
    /// A broker that dies and comes back, by the commands of whoever runs it: only a real Apache
    /// Kafka with its disk can show what is left of transactions then.
    struct BrokerKillTests {
        private static let environment = ProcessInfo.processInfo.environment
        /// Kills the broker of `HANDOFF_BOOTSTRAP_SERVERS` (SIGKILL), and returns.
        static let kill = environment["HANDOFF_TEST_BROKER_KILL"] ?? ""
        /// Starts it again on its old disk; it need not be up when this returns.
        static let start = environment["HANDOFF_TEST_BROKER_START"] ?? ""
        private static let rounds = 3

        @Test(
            "a broker that is killed and started again loses nothing and repeats nothing",
            .timeLimit(.minutes(10)),
            .enabled(
                if: !kill.isEmpty && !start.isEmpty,
                "HANDOFF_TEST_BROKER_KILL and HANDOFF_TEST_BROKER_START are not set"))
        func killed() async throws {
            let scene = try Scene(seed: 904, lanes: 2) { $0.records = 240 }
            try await Stage.with(
                definition: scene.definition, lanes: 2, settings: Crew.settings(scene)
            ) { stage in
                try await scene.feedReference(stage)
                // The first part is there before anybody comes, so that the order is known; each of
                // the others comes while there is a backlog.
                try await BrokerKillTests.feed(0, scene, stage)
                let names = ["one", "two"]
                // Members without a name: nobody is fenced for a session that the broker forgot.
                let workers = try names.map { try stage.start($0, isStatic: false) }
                let words = { workers.map(\.lastWords).joined(separator: "\n") }
                var random = SplitMix64(seed: scene.seed)
                for round in 0..<BrokerKillTests.rounds {
                    let before = try await stage.committedCount()
                    if round > 0 { try await BrokerKillTests.feed(round, scene, stage) }
                    try await Eventually.holds("progress", within: .seconds(60), state: words) {
                        try await stage.committedCount() > before
                    }
                    let left = try await stage.totalLag()
                    #expect(left > 0, "killed when nothing was left")
                    try await BrokerKillTests.run(BrokerKillTests.kill)
                    try await Task.sleep(for: .milliseconds(random.number(100...4_000)))
                    try await BrokerKillTests.run(BrokerKillTests.start)
                    print("broker killed with \(left) left")
                    try await Eventually.holds("broker back", within: .seconds(120)) {
                        (try? await stage.totalLag()) != nil
                    }
                }
                try await Eventually.holds("nothing left", within: .seconds(180), state: words) {
                    // Coordinators load their logs for a while.
                    (try? await stage.totalLag()) == 0
                }
                for worker in workers {
                    #expect(try await worker.stop() == .exited(0), "\(worker.lastWords)")
                }
                try await Judgement.judge(scene, stage, names, "broker killed")
            }
        }

        private static func feed(_ round: Int, _ scene: Scene, _ stage: Stage) async throws {
            let part = 1 / Double(rounds)
            try await scene.feed(
                stage, from: part * Double(round), to: part * Double(round + 1), noise: 300)
        }

        /// The status comes by a file: a broker that the command leaves behind inherits what
        /// Foundation tells the end of a process by.
        private static func run(_ command: String) async throws {
            let path = FileManager.default.temporaryDirectory
                .appendingPathComponent(Broker.unique("handoff-status")).path
            defer { try? FileManager.default.removeItem(atPath: path) }
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/bash")
            shell.arguments = ["-c", "(\(command)); echo $? >\(path)"]
            shell.standardInput = FileHandle.nullDevice
            try shell.run()
            let status = try await Eventually.value(command, within: .seconds(60)) {
                let text = try? String(contentsOfFile: path, encoding: .utf8)
                return text.flatMap { Int($0.dropLast()) }
            }
            try #require(status == 0, "\(command)")
        }
    }
}
