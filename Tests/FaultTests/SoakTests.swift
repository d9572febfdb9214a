import Foundation
import ReferenceModel
import TestSupport
import Testing

extension Faults {
    /// What only hours show; `deploy/soak` asks for it.
    ///
    /// Schedules of other seeds, and one worker that lives through all that does not kill it.
    struct SoakTests {
        private static let environment = ProcessInfo.processInfo.environment
        static let minutes = number("HANDOFF_TEST_SOAK_MINUTES") ?? 0
        static let seed: UInt64 = number("HANDOFF_TEST_SOAK_SEED") ?? 1
        /// Rounds before the worker's memory has seen everything once.
        static let warmUp = 2

        /// A process at rest.
        struct Sample {
            var residentKiB: Int
            var descriptors: Int
            var logKiB: Int
        }

        @Test(
            "for as long as asked, outputs are right and a worker does not grow",
            .enabled(if: minutes > 0, "deploy/soak MINUTES"))
        func soak() async throws {
            let end = ContinuousClock.now + .seconds(60 * SoakTests.minutes)
            let scene = try Scene(seed: SoakTests.seed, lanes: 2) { $0.records = 200 }
            let broker = try await PrivateBroker()
            defer { broker.stop() }
            // The development broker may keep a member whose session is over as the leader of its
            // group, and whoever comes next waits for it for ever. A static one would be fenced
            // and end; so this one gets a session that outlasts what happens to it.
            let settings = Crew.settings(scene).merging(["HANDOFF_SESSION_TIMEOUT": "45s"]) { $1 }
            try await Stage.with(
                definition: scene.definition, lanes: 2, settings: settings, broker: broker.broker
            ) { stage in
                try await scene.feedReference(stage)
                let crew = try await Crew(
                    stage, broker, workers: 1, seed: SoakTests.seed, isStatic: false)
                var samples: [Sample] = []
                var random = SplitMix64(seed: SoakTests.seed)
                while ContinuousClock.now < end || samples.isEmpty {
                    let seed = SoakTests.seed &+ UInt64(samples.count)
                    let workers = samples.count % 3 + 1
                    // The same records again and again are repeats, and work all the same.
                    try await scene.feed(stage, noise: 150)
                    for mishap in Mishap.shuffled(Mishap.harmless, &random) {
                        if try await stage.totalLag() == 0 { break }
                        try await crew.suffer(mishap)
                    }
                    try await crew.waitUntilDone()
                    _ = try await ScheduleTests.play(
                        seed: seed, workers: workers, Mishap.possible(among: workers))
                    let sample = try SoakTests.sample(crew, stage)
                    samples.append(sample)
                    try SoakTests.show(
                        "soak: \(SoakTests.row(samples.count, sample))  seed \(seed)")
                }
                try await crew.finish()
                SoakTests.judge(samples)
            }
        }

        /// What `deploy/soak` asks for.
        static func number<Number: FixedWidthInteger>(_ name: String) -> Number? {
            environment[name].flatMap { Number($0) }
        }

        /// Prints a line, and adds it to the file that `deploy/soak` shows as it grows: what is
        /// printed comes through `swift test` only now and then.
        static func show(_ line: String) throws {
            print(line)
            guard let path = environment["HANDOFF_TEST_SOAK_LINES"] else { return }
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try file.seekToEnd()
            try file.write(contentsOf: Data((line + "\n").utf8))
        }

        private static func sample(_ crew: Crew, _ stage: Stage) throws -> Sample {
            let process = "/proc/\(crew.processes[0])"
            let status = try String(contentsOfFile: process + "/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
            let manager = FileManager.default
            let folder = stage.stateFolder(crew.names[0])
            let log = try manager.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix("-wal") }
                .compactMap { manager.contents(atPath: folder + "/" + $0)?.count }.reduce(0, +)
            return Sample(
                residentKiB: Int(line.filter(\.isNumber)) ?? 0,
                descriptors: try manager.contentsOfDirectory(atPath: process + "/fd").count,
                logKiB: log >> 10)
        }

        private static func row(_ number: Int, _ sample: Sample) -> String {
            [number, sample.residentKiB, sample.descriptors, sample.logKiB].map { value in
                String(repeating: " ", count: max(0, 10 - "\(value)".count)) + "\(value)"
            }.joined()
        }

        /// After the warm-up nothing grows: the worst of the last rounds against the worst of the
        /// first.
        private static func judge(_ samples: [Sample]) {
            print("soak:      round   RSS KiB     files   WAL KiB")
            for (place, sample) in samples.enumerated() {
                print("soak: \(row(place + 1, sample))")
            }
            let rest = samples.dropFirst(warmUp)
            guard rest.count > 1 else { return print("soak: too short to see anything grow") }
            let (early, late) = (rest.prefix((rest.count + 1) / 2), rest.suffix(rest.count / 2))
            func worst(_ samples: ArraySlice<Sample>, _ path: KeyPath<Sample, Int>) -> Int {
                samples.map { $0[keyPath: path] }.max() ?? 0
            }
            let resident = (worst(early, \.residentKiB), worst(late, \.residentKiB))
            #expect(resident.1 <= resident.0 * 5 / 4 + 8_192, "memory grows")
            let files = (worst(early, \.descriptors), worst(late, \.descriptors))
            #expect(files.1 <= files.0 + 6, "files stay open")
            // A log is cut when it is longer than 40 MiB.
            #expect(worst(rest, \.logKiB) <= 2 * (48 << 10), "the write-ahead log grows")
        }
    }
}
