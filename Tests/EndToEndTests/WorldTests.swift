import TestSupport
import Testing

extension EndToEnd {
    struct WorldTests {
        @Test("a backlog of random worlds gives what the model says", .timeLimit(.minutes(3)))
        func backlog() async throws {
            let scene = try Scene(seed: 1, lanes: 8)
            try await Stage.with(
                definition: scene.definition, lanes: 8, settings: scene.environment
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage)
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: Array(0..<8))
                try await stage.waitUntilDone(worker)
                let faults = try scene.differences(try await stage.published(), stage)
                #expect(faults.isEmpty, "seed 1: \(faults.joined(separator: "\n"))")
            }
        }
    }
}
