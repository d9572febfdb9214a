import ReferenceModel
import TestSupport
import Testing

extension Faults {
    /// Faults of every kind in an order drawn from a seed, while there is work.
    struct ScheduleTests {
        @Test(
            "whatever befalls workers, files, connections and broker changes nothing",
            .timeLimit(.minutes(10)), arguments: [1, 2, 3])
        func run(_ workers: Int) async throws {
            print(
                try await ScheduleTests.play(
                    seed: 800 + UInt64(workers), workers: workers,
                    Mishap.short[workers - 1]))
        }

        /// How many `deploy/soak --runs` asks for.
        private static let runs = SoakTests.number("HANDOFF_TEST_FAULT_RUNS") ?? 0
        /// What befalls the workers of one of them.
        private static let mishapsOfRun = 6

        @Test(
            "as many short runs as asked, each of another seed",
            .enabled(if: runs > 0, "deploy/soak --runs COUNT"))
        func inOneGo() async throws {
            for run in 0..<ScheduleTests.runs {
                let seed = SoakTests.seed &+ UInt64(run)
                let workers = run % 3 + 1
                var random = SplitMix64(seed: seed)
                let mishaps = Mishap.shuffled(Mishap.possible(among: workers), &random)
                var story = "seed \(seed), \(workers) workers: failed"
                do {
                    story = try await ScheduleTests.play(
                        seed: seed, workers: workers,
                        Array(mishaps.prefix(ScheduleTests.mishapsOfRun)))
                } catch {
                    // The others are still worth running.
                    Issue.record(error, "seed \(seed)")
                }
                try SoakTests.show("soak: run \(run + 1) of \(ScheduleTests.runs), \(story)")
            }
        }

        /// One schedule; tells what happened.
        static func play(
            seed: UInt64, workers: Int, _ mishaps: [Mishap]
        ) async throws -> String {
            var random = SplitMix64(seed: seed)
            let plain = try Scene(seed: seed, lanes: 3) { $0.records = 300 }
            let scene = Poison.spread(over: plain, &random)
            let broker = try await PrivateBroker()
            defer { broker.stop() }
            return try await Stage.with(
                definition: scene.definition, lanes: 3, settings: Crew.settings(scene),
                broker: broker.broker
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage, noise: 24 * mishaps.count)
                let crew = try await Crew(stage, broker, workers: workers, seed: seed)
                var struck: [String] = []
                for mishap in Mishap.shuffled(mishaps, &random) {
                    try await crew.waitForProgress()
                    let before = try await stage.totalLag()
                    try await crew.suffer(mishap)
                    struck.append("\(mishap) with \(before) left")
                    #expect(before > 0, "seed \(seed): \(mishap) struck when nothing was left")
                }
                try await crew.finish()
                let story =
                    "seed \(seed), \(workers) workers: "
                    + struck.joined(separator: ", ")
                try await Judgement.judge(
                    scene, stage, crew.names, story, mayBeDamaged: mishaps.contains(.damage))
                return story
            }
        }
    }
}
