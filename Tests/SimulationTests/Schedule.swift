import Dispatch
import Foundation
import SimulatedKafka
import Synchronization
import Worker

/// One seeded schedule: a small world with several faults, judged at its end.
struct Schedule {
    struct Report: Sendable {
        let seed: UInt64
        var faults: [String]
        /// Faults that struck while records were left.
        var strikes: Int
        var digest: UInt64
        var steps: Int
        /// Whether something still holds its cluster.
        var leaks = false
    }

    /// Pieces of work and alarms that may be left of a judged schedule.
    private static let mostLeftOver = 100_000

    /// Runs the schedule of a seed; nothing of it is left when this returns.
    static func run(seed: UInt64, isTracing: Bool = false) -> Report {
        do {
            var (report, world) = try judge(seed: seed, isTracing: isTracing)
            // The world is gone, so nothing begins again by itself.
            if !world.scheduler.finish(within: mostLeftOver) {
                report.faults.append("tasks of its processes never end")
            }
            report.leaks = world.cluster != nil
            let open = OpenFiles.below(world.root)
            if !open.isEmpty {
                report.faults.append("left open: \(open.sorted().joined(separator: ", "))")
            }
            return report
        } catch {
            return Report(seed: seed, faults: ["\(error)"], strikes: 0, digest: 0, steps: 0)
        }
    }

    private static func judge(
        seed: UInt64, isTracing: Bool
    ) throws -> (Report, Remains) {
        let scene = try Scenes.shared.scene(seed / Scene.schedulesPerScene)
        let options = WorldRunOptions(scene: scene, seed: seed)
        let world = SimulatedWorld(
            scene: scene, options: options, seed: seed, isTracing: isTracing)
        try world.run()
        let report = Report(
            seed: seed, faults: Verdict.faults(world),
            strikes: world.strikes.filter { $0.left > 0 }.count,
            digest: world.scheduler.digest, steps: world.scheduler.steps)
        return (
            report,
            Remains(scheduler: world.scheduler, root: world.root, cluster: world.cluster)
        )
    }

    /// What there may be of a world that is gone.
    private struct Remains {
        let scheduler: Scheduler
        let root: String
        weak let cluster: SimulatedCluster?
    }

    /// Runs many schedules on all cores and returns their reports, in the order of their seeds.
    static func run(seeds: Range<UInt64>, stopAfter limit: Int = 10) async -> [Report] {
        let reports = Mutex<[Report]>([])
        let next = Mutex(seeds.lowerBound)
        let failed = Atomic(0)
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            // Threads of their own: a world keeps its thread busy to its end.
            DispatchQueue.global().async {
                let cores = ProcessInfo.processInfo.activeProcessorCount
                DispatchQueue.concurrentPerform(iterations: cores) { _ in
                    while failed.load(ordering: .relaxed) < limit {
                        let seed = next.withLock { next -> UInt64? in
                            guard next < seeds.upperBound else { return nil }
                            defer { next += 1 }
                            return next
                        }
                        guard let seed else { return }
                        let report = run(seed: seed)
                        if !report.faults.isEmpty { failed.add(1, ordering: .relaxed) }
                        reports.withLock { $0.append(report) }
                    }
                }
                done.resume()
            }
        }
        return reports.withLock { $0 }.sorted { $0.seed < $1.seed }
    }
}

/// The scenes made so far; a few, because each serves many schedules.
final class Scenes: Sendable {
    static let shared = Scenes()
    private static let limit = 4
    private let known = Mutex<[(seed: UInt64, scene: Scene)]>([])

    /// The scene of a number, with its fault-free run, which agrees with the model.
    func scene(_ number: UInt64) throws -> Scene {
        try known.withLock { known in
            if let found = known.first(where: { $0.seed == number }) { return found.scene }
            var scene = try Scene(seed: number + 1)
            let world = SimulatedWorld(
                scene: scene, options: WorldRunOptions(scene: scene), seed: number)
            try world.run()
            scene.golden = Published(
                world.cluster, topics: world.topics,
                outputs: world.topics.outputs(scene.definition), lanes: scene.laneCount)
            let faults = try world.violations + Verdict.differencesFromModel(scene)
            if !faults.isEmpty { throw Unsound(description: faults.joined(separator: "\n")) }
            known.append((number, scene))
            if known.count > Scenes.limit { known.removeFirst() }
            return scene
        }
    }

    struct Unsound: Error, CustomStringConvertible {
        let description: String
    }
}
