import Foundation
import KafkaClient
import ReferenceModel
import SimulatedKafka
import Testing
import Worker

/// Alerts that are due by the wall clock, and somebody who moves it by hours.
///
/// While the records come the clock is long before every due time; then it is put just before the
/// first, and jumps an hour forwards or back, again and again. What is due when is in the profiles,
/// so the alerts are the same in the same order, however it was that their times came.
struct WallClockTests {
    static let schedules: UInt64 = 40
    private static let hour: Int64 = 3_600_000

    @Test("jumps of the wall clock by an hour, forwards and back, neither lose nor repeat an alert")
    func jumps() throws {
        var (alerts, jumps) = (0, 0)
        for number in 1...UInt64(8) {
            let (scene, dueTimes) = try golden(number)
            guard !dueTimes.isEmpty else { continue }
            alerts += dueTimes.count
            for seed in 0..<WallClockTests.schedules / 8 {
                let seed = number * 1_000 + seed
                var options = WallClockTests.options(scene, seed: seed)
                options.maxFaults += 6
                (options.widens, options.feedTime) = (false, .milliseconds(500))
                let world = SimulatedWorld(scene: scene, options: options, seed: seed)
                let mover = Mover(dueTimes, seed: seed)
                world.moreWork = { [weak world] in
                    Int64(dueTimes.count - (world.map { WallClockTests.published($0).count } ?? 0))
                }
                world.periodically(every: .milliseconds(300)) { mover.move($0) }
                try world.run()
                #expect(Verdict.faults(world) == [], "scene \(number), seed \(seed)")
                jumps += mover.jumps
            }
        }
        print("wall clock: \(alerts) alerts in the scenes, \(jumps) jumps while some were due")
        #expect(alerts > 20, "hardly an alert to lose")
        #expect(jumps > Int(WallClockTests.schedules) * 3, "the clock hardly jumped")
    }

    /// Moves the clock of a world once its records are taken.
    // Unchecked: used on the scheduler's thread only.
    private final class Mover: @unchecked Sendable {
        private let dueTimes: [Int64]
        private var random: SplitMix64
        private var isNear = false
        private(set) var jumps = 0
        static let most = 8

        init(_ dueTimes: [Int64], seed: UInt64) {
            self.dueTimes = dueTimes
            random = SplitMix64(seed: seed)
        }

        func move(_ world: SimulatedWorld) {
            guard world.recordsLeft == world.moreWork(), world.moreWork() > 0 else { return }
            let now = world.clock.wallMilliseconds()
            if !isNear {
                isNear = true
                world.clock.jump(milliseconds: (dueTimes.min() ?? 0) - hour / 2 - now)
            } else if jumps < Mover.most {
                jumps += 1
                world.clock.jump(milliseconds: random.pick([hour, hour, 2 * hour, -hour]))
            } else if now < dueTimes.max() ?? 0 {
                world.clock.jump(milliseconds: random.pick([24 * hour, 24 * hour, -hour]))
            }
        }
    }

    private static func options(_ scene: Scene, seed: UInt64?) -> WorldRunOptions {
        var options =
            seed.map { WorldRunOptions(scene: scene, seed: $0) } ?? WorldRunOptions(scene: scene)
        options.settings.followUp.clock = .wall
        // Whom it forgets by that clock is for other tests.
        options.settings.followUp.forgetInterval = .seconds(1_000_000)
        options.limit = .seconds(6_000)
        let start = scene.lanes.compactMap { $0.first?.timestampMs }.min() ?? 0
        options.wallMilliseconds = start - 800 * 24 * hour
        return options
    }

    /// A scene with the run in which nothing goes wrong and the clock jumps once, beyond every due
    /// time; and those times.
    private func golden(_ number: UInt64) throws -> (Scene, [Int64]) {
        var scene = try Scene(seed: number) {
            ($0.capacities, $0.timers, $0.dispositions) = (false, false, number % 2 == 0)
            $0.records = 60
        }
        let world = SimulatedWorld(
            scene: scene, options: WallClockTests.options(scene, seed: nil), seed: number)
        try world.prepare()
        world.advance("every record consumed") { world.isConsumed }
        world.clock.jump(milliseconds: 3_000 * 24 * WallClockTests.hour)
        let end = world.scheduler.now + .seconds(20)
        world.advance("alerts") { world.scheduler.now > end }
        world.settle()
        #expect(world.violations == [])
        scene.golden = Published(
            world.cluster, topics: world.topics, outputs: world.topics.outputs(scene.definition),
            lanes: scene.laneCount)
        // The model knows no wall clock; without the alerts everything is as it says.
        var rest = scene
        for lane in rest.golden.messages.keys {
            rest.golden.messages[lane]?[world.topics.alerts] = nil
        }
        #expect(try Verdict.differencesFromModel(rest) == [], "seed \(number)")
        let dueTimes = WallClockTests.published(world).map { WallClockTests.dueTime($0) }
        #expect(Set(WallClockTests.published(world).map(\.value)).count == dueTimes.count)
        return (scene, dueTimes)
    }

    private static func published(_ world: SimulatedWorld) -> [StoredRecord] {
        world.cluster.log(TopicPartition(topic: world.topics.alerts, partition: 0))
            .committed(from: 0, max: .max)
    }

    /// The time that an alert carries, milliseconds since 1970.
    private static func dueTime(_ alert: StoredRecord) -> Int64 {
        guard case .object(let members)? = JSONValue.parse(alert.value ?? []),
            case .string(let text)? = members["as_of"]
        else { return 0 }
        return
            (try? Date(
                text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            .map { Int64(($0.timeIntervalSince1970 * 1_000).rounded()) } ?? 0
    }
}
