import Foundation
import KafkaClient
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// Random worlds through the broker, without any mishap.
    struct WorldTests {
        @Test(
            "what comes out of random worlds is what the model says",
            .timeLimit(.minutes(10)), arguments: 1...EndToEnd.seeds(2))
        func backlog(_ number: Int) async throws {
            let seed = UInt64(number)
            let scene = try Scene(seed: seed, lanes: 8)
            try await Stage.with(
                definition: scene.definition, lanes: 8, outputPartitions: 3,
                settings: scene.environment
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage)
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: Array(0..<8))
                try await stage.waitUntilDone(worker)
                let published = try await stage.published()
                #expect(published.count > 500)
                let faults = try scene.differences(published, stage)
                #expect(faults.isEmpty, "seed \(seed): \(faults.joined(separator: "\n"))")
            }
        }

        @Test(
            "everything published is valid by the schemas", .timeLimit(.minutes(10)),
            EndToEnd.needsPython)
        func schemas() async throws {
            // Leads with the same id in several lanes would repeat CloudEvents ids.
            let scene = try Scene(seed: 3, lanes: 1) { $0.records = 1_500 }
            try await Stage.with(
                definition: scene.definition, outputPartitions: 3, settings: scene.environment
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage)
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                try await stage.waitUntilDone(worker)
                let (code, words) = try await WorldTests.validate(stage)
                #expect(code == 0, "\(words)")
            }
        }

        private static func validate(_ stage: Stage) async throws -> (Int32, String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: EndToEnd.python)
            process.arguments = [
                Fixtures.repository + "/deploy/lib/validate.py", "--topics",
                stage.broker.bootstrapServers, "--prefix", stage.prefix, "--complete",
            ]
            process.environment = [
                "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8",
            ]
            let path = stage.folder + "/validate.log"
            try Data().write(to: URL(fileURLWithPath: path))
            let log = FileHandle(forWritingAtPath: path)
            process.standardOutput = log
            process.standardError = log
            let ended = Observed(false)
            process.terminationHandler = { _ in ended.update { $0 = true } }
            try process.run()
            guard await ended.wait(.seconds(100), until: { $0 }) != nil else {
                process.terminate()
                throw Eventually.TimedOut(description: "validate.py does not end")
            }
            let words = try String(contentsOfFile: path, encoding: .utf8)
            print(words)
            return (process.terminationStatus, words)
        }

        @Test(
            "a backlog taken at once is decided as if it had come one by one",
            .timeLimit(.minutes(10)))
        func order() async throws {
            let lanes = 20
            let scene = try Scene(seed: 501, lanes: lanes) { $0.records = 120 }
            func run(_ play: (Stage) async throws -> Void) async throws -> [StageOutput] {
                try await Stage.with(
                    definition: scene.definition, lanes: lanes, settings: scene.environment
                ) { stage in
                    try await scene.feedReference(stage)
                    try await play(stage)
                    let published = try await stage.published()
                    let faults = try scene.differences(published, stage)
                    #expect(faults.isEmpty, "seed 501: \(faults.joined(separator: "\n"))")
                    return published
                }
            }
            let caughtUp = try await run { stage in
                try await scene.feed(stage)
                let worker = try stage.start()
                try await stage.waitUntilDone(worker)
            }
            let live = try await run { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: Array(0..<lanes))
                for place in 0..<120 {
                    try await stage.feed(
                        scene.lanes.enumerated().map { lane, records in
                            StageRecord(records[place], partition: lane)
                        })
                    try await stage.waitUntilTaken(worker)
                }
            }
            #expect(live.count == caughtUp.count)
            for lane in 0..<lanes {
                for topic in Set(live.map(\.topic)) {
                    let one = live.filter { $0.lane == lane && $0.topic == topic }
                    let other = caughtUp.filter { $0.lane == lane && $0.topic == topic }
                    let isSame = one.map(\.record.value) == other.map(\.record.value)
                    #expect(isSame, "lane \(lane), \(topic): other bytes")
                }
            }
        }
    }
}
