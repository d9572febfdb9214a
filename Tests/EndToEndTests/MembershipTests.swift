import TestSupport
import Testing

extension EndToEnd {
    /// Workers that share the lanes, come, go, stop and move.
    struct MembershipTests {
        @Test("two workers share the lanes and do what one does", .timeLimit(.minutes(10)))
        func two() async throws {
            let scene = try Scene(seed: 301, lanes: 6)
            try await Stage.with(
                definition: scene.definition, lanes: 6, settings: scene.environment
            ) { stage in
                try await scene.feedReference(stage)
                let workers = try await stage.startInTurn(["one", "two"], isStatic: false)
                try await MembershipTests.waitUntilShared(workers, lanes: 6)
                let shares = workers.compactMap(\.readyLanes.last)
                #expect(shares.allSatisfy { $0.count == 3 }, "\(shares)")
                for worker in workers { #expect(try await worker.stop() == .exited(0)) }
                // All there before they come back, so that the order is known.
                try await scene.feed(stage)
                let again = try await stage.startInTurn(["one", "two"], isStatic: false)
                try await stage.waitUntilDone()
                try await MembershipTests.waitUntilShared(again, lanes: 6)
                let faults = try scene.differences(try await stage.published(), stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }

        /// Epochs so small that work lasts, however quick the machine: each is a transaction.
        static let unhurried = ["HANDOFF_EPOCH_MAX_EVENTS": "250"]

        /// Until the last words of all workers together name every lane once.
        static func waitUntilShared(_ workers: [WorkerProcess], lanes: Int) async throws {
            try await Eventually.holds(
                "lanes shared", within: .seconds(60),
                state: { workers.map(\.lastWords).joined(separator: "\n") }
            ) {
                let last = workers.map { $0.readyLanes.last ?? [] }
                return last.allSatisfy { !$0.isEmpty }
                    && last.flatMap { $0 }.sorted() == Array(0..<lanes)
            }
        }

        @Test(
            "a worker that joins and leaves in mid-stream changes nothing", .timeLimit(.minutes(10))
        )
        func joinAndLeave() async throws {
            let scene = try Scene(seed: 302, lanes: 6)
            try await Stage.with(
                definition: scene.definition, lanes: 6,
                settings: scene.environment.merging(MembershipTests.unhurried) { $1 }, isFar: true
            ) { stage in
                try await scene.feedReference(stage)
                // So much that the third has not seen the end of it when it leaves.
                try await scene.feed(stage, noise: 240)
                let workers = try await stage.startInTurn(["one", "two"], isStatic: false)
                try await stage.waitForProgress(beyond: 0, workers[0])
                let third = try stage.start("three", isStatic: false)
                try await third.waitUntilReady()
                let lanes = third.readyLanes.last ?? []
                let leftAtJoin = try await stage.totalLag(lanes: lanes)
                try await Eventually.holds(
                    "work by the third", within: .seconds(60),
                    state: { "\(lanes), \(leftAtJoin) left\n\(third.lastWords)" }
                ) {
                    try await stage.totalLag(lanes: lanes) < leftAtJoin
                }
                let end = try await third.stop()
                let leftAtLeave = try await stage.totalLag(lanes: lanes)
                print("third had \(third.readyLanes), left \(leftAtJoin), then \(leftAtLeave)")
                #expect(end == .exited(0), "\(third.lastWords)")
                #expect(!lanes.isEmpty)
                #expect(leftAtLeave > 0, "not in mid-stream")
                stage.comeNear()
                try await stage.waitUntilDone()
                let faults = try scene.differences(try await stage.published(), stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }

        @Test(
            "workers with instance ids, restarted one by one, keep their lanes and repeat nothing",
            .timeLimit(.minutes(10)))
        func rolling() async throws {
            let scene = try Scene(seed: 305, lanes: 6)
            // However slow the machine, a restart is over before the group misses anybody.
            let settings = [
                "HANDOFF_SESSION_TIMEOUT": "2m", "HANDOFF_EPOCH_MAX_EVENTS": "500",
            ]
            try await Stage.with(
                definition: scene.definition, lanes: 6,
                settings: scene.environment.merging(settings) { $1 }, isFar: true
            ) { stage in
                try await scene.feedReference(stage)
                // All there before they come, so that the order is known.
                try await scene.feed(stage, noise: 150)
                let names = ["one", "two", "three"]
                var workers = try await stage.startInTurn(names)
                try await MembershipTests.waitUntilShared(workers, lanes: 6)
                let shares = workers.map { $0.readyLanes.last ?? [] }
                let words = workers.map(\.readyLanes.count)
                var lefts: [Int64] = []
                for place in names.indices {
                    #expect(try await workers[place].stop() == .exited(0))
                    lefts.append(try await stage.totalLag())
                    workers[place] = try stage.start(names[place])
                    try await workers[place].waitUntilReady()
                    #expect(workers[place].readyLanes == [shares[place]])
                    // A worker whose lanes were taken away, or joined by others, says so.
                    for other in names.indices where other > place {
                        #expect(workers[other].readyLanes.count == words[other])
                    }
                    for other in names.indices where other < place {
                        #expect(workers[other].readyLanes.count == 1)
                    }
                }
                print("restarted with \(lefts) left")
                #expect(lefts.allSatisfy { $0 > 0 }, "not under load: \(lefts)")
                stage.comeNear()
                try await stage.waitUntilDone()
                #expect(workers.map(\.readyLanes.last) == shares)
                let faults = try scene.differences(try await stage.published(), stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }

        @Test("a stop under load is clean, and the next start goes on", .timeLimit(.minutes(10)))
        func cleanStop() async throws {
            let scene = try Scene(seed: 303, lanes: 4)
            try await Stage.with(
                definition: scene.definition, lanes: 4,
                settings: scene.environment.merging(MembershipTests.unhurried) { $1 }, isFar: true
            ) { stage in
                try await scene.feedReference(stage)
                try await scene.feed(stage, noise: 60)
                var lefts: [Int64] = []
                for _ in 0..<4 {
                    let before = try await stage.committedCount()
                    let worker = try stage.start()
                    try await stage.waitForProgress(beyond: before, worker)
                    #expect(try await worker.stop(within: .seconds(90)) == .exited(0))
                    lefts.append(try await stage.totalLag())
                    // Reads to the real end, so no transaction is open.
                    _ = try await stage.published(stage.outputs + [Stage.changelog])
                }
                print("stopped with \(lefts) left")
                #expect(lefts.allSatisfy { $0 > 0 }, "not under load: \(lefts)")
                stage.comeNear()
                let worker = try stage.start()
                try await stage.waitUntilDone(worker)
                #expect(try await worker.stop() == .exited(0))
                let published = try await stage.published(stage.outputs + [Stage.changelog])
                let faults = try scene.differences(
                    published.filter { $0.topic != Stage.changelog }, stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }

        @Test(
            "state can be kept, lost, or left behind on another machine", .timeLimit(.minutes(10)))
        func moves() async throws {
            let scene = try Scene(seed: 304, lanes: 4)
            try await Stage.with(
                definition: scene.definition, lanes: 4,
                settings: scene.environment.merging(["HANDOFF_FLUSH_INTERVAL": "100ms"]) { $1 }
            ) { stage in
                try await scene.feedReference(stage)
                for (part, name) in ["one", "one", "one", "two", "one"].enumerated() {
                    if part == 2 { try stage.removeState("one") }
                    try await scene.feed(
                        stage, from: Double(part) / 5, to: Double(part + 1) / 5)
                    let worker = try stage.start(name, isStatic: false)
                    try await stage.waitUntilDone(worker)
                    #expect(try await worker.stop() == .exited(0))
                }
                let faults = try scene.differences(try await stage.published(), stage)
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
            }
        }
    }
}
