import Foundation
import KafkaClient
import ReferenceModel
import SimulatedKafka
import Testing
import Worker

/// Reference data that changes while workers run, restart, fall asleep and lose their disks.
///
/// The records come in parts; after each part rows change, and the next part comes when every
/// worker has the rows and every lane has decided its leads by them. So the order is known, and
/// what is published can be compared: with the model, where only events decide, and with the
/// fault-free run, where rows decide as well.
struct ReferenceChangeTests {
    static let schedules: UInt64 = 40

    @Test("rows that only events decide by are seen by each lane from its next event on")
    func plain() throws {
        var different = 0
        for seed in 1...UInt64(8) {
            let scene = try golden(seed, isDecisive: false)
            let faults = try Verdict.differencesFromModel(scene)
            #expect(faults.isEmpty, "seed \(seed): \(faults.prefix(5))")
            var unchanged = scene
            unchanged.changes = [[], [], []]
            for lane in 0..<scene.laneCount {
                let without = try unchanged.expectation(lane: lane)
                if try scene.expectation(lane: lane).map(\.body) != without.map(\.body) {
                    different += 1
                }
            }
        }
        #expect(different > 3, "the rows hardly make a difference")
    }

    @Test("rows that stop leads stop them once, whatever befalls the workers meanwhile")
    func decisive() async throws {
        var stopped = 0
        for number in 1...UInt64(4) {
            let scene = try golden(number, isDecisive: true)
            stopped += scene.golden.messages.values.flatMap { $0.values.joined() }
                .count { String(decoding: $0.value ?? [], as: UTF8.self).contains("suppressed") }
            for seed in 0..<ReferenceChangeTests.schedules / 4 {
                let world = try run(scene, seed: number * 1_000 + seed) { options in
                    options.parts = scene.changes.count + 1
                    (options.widens, options.limit) = (false, .seconds(2_000))
                    options.feedTime = .milliseconds(700)
                    options.maxFaults += 6
                }
                let faults = Verdict.faults(world)
                // A lane that never comes to the rows keeps its schedule going for minutes.
                try #require(faults == [], "scene \(number), seed \(number * 1_000 + seed)")
                #expect(world.strikes.contains { $0.left > 0 }, "nothing struck")
            }
        }
        #expect(stopped > 0, "no row stopped anybody")
    }

    /// The scene of a number with its fault-free run.
    private func golden(_ number: UInt64, isDecisive: Bool) throws -> Scene {
        var scene = try Scene(seed: number) {
            $0.capacities = false
            $0.records = 60
        }
        scene.changes = scene.steps(isDecisive: isDecisive)
        var options = WorldRunOptions(scene: scene)
        options.parts = scene.changes.count + 1
        let world = SimulatedWorld(scene: scene, options: options, seed: number)
        try world.run()
        try #require(world.violations == [])
        scene.golden = Published(
            world.cluster, topics: world.topics, outputs: world.topics.outputs(scene.definition),
            lanes: scene.laneCount)
        return scene
    }

    private func run(
        _ scene: Scene, seed: UInt64, _ change: (inout WorldRunOptions) -> Void
    ) throws -> SimulatedWorld {
        var options = WorldRunOptions(scene: scene, seed: seed)
        change(&options)
        let isTracing = ProcessInfo.processInfo.environment["HANDOFF_SIM_TRACE"] != nil
        let world = SimulatedWorld(
            scene: scene, options: options, seed: seed, isTracing: isTracing)
        try world.run()
        return world
    }
}

extension Scene {
    /// What changes after each part of the records but the last.
    fileprivate func steps(isDecisive: Bool) -> [[ReferenceStep]] {
        let company = #""industry":"finance","employees":2000,"annual_revenue":20000000"#
        let small = #""industry":"retail","employees":60,"country":"FR""#
        let campaigns = reference.filter { $0.topic == ModelTopic.campaigns }
        let renamed = campaigns.prefix(2).map { row in
            let id = String(decoding: row.key ?? [], as: UTF8.self)
            return step("campaigns", id, #""campaign_id":"\#(id)","channel":"webinar""#)
        }
        guard isDecisive else {
            return [
                plainAccount("acme.example", company) + renamed,
                plainAccount("acme.example", small) + plainAccount("other.example", company),
                campaigns.prefix(1).map {
                    step("campaigns", String(decoding: $0.key ?? [], as: UTF8.self), nil)
                },
            ]
        }
        return [
            [suppression("acme.example", isOn: true)] + ends(0),
            [suppression("acme.example", isOn: false)] + renamed + ends(1),
            [account("other.example", company + #","status":"competitor""#)]
                + [account("acme.example", company)] + ends(2),
            [account("other.example", small), suppression("other.example", isOn: true)] + ends(3),
        ]
    }

    /// Decisive rows that concern nobody: a lane that is behind them is behind all others.
    private func ends(_ part: Int) -> [ReferenceStep] {
        let status = part % 2 == 0 ? "competitor" : "prospect"
        return [
            step(
                "accounts", "nobody.example", #""domain":"nobody.example","status":"\#(status)""#,
                isDecisive: true),
            step(
                "suppressions", "end-\(part).example", #""entry":"end-\#(part).example""#,
                isDecisive: true),
        ]
    }

    private func account(_ domain: String, _ members: String) -> ReferenceStep {
        step("accounts", domain, #""domain":"\#(domain)",\#(members)"#)
    }

    /// The same for an account that never had a status; any row of one that had decides leads
    /// again, because compaction may have removed the row that changed it.
    private func plainAccount(_ domain: String, _ members: String) -> [ReferenceStep] {
        let rows = reference.filter {
            $0.topic == ModelTopic.accounts && $0.key == Array(domain.utf8)
        }
        let had = rows.contains { JSONValue.parse($0.value ?? [])?["status"]?.text != nil }
        return had ? [] : [account(domain, members)]
    }

    private func suppression(_ entry: String, isOn: Bool) -> ReferenceStep {
        step("suppressions", entry, isOn ? #""entry":"\#(entry)""# : nil)
    }

    private func step(
        _ table: String, _ key: String, _ members: String?, isDecisive: Bool = false
    ) -> ReferenceStep {
        ReferenceStep(
            row: ModelRecord(
                topic: "reference." + table, key: Array(key.utf8),
                value: members.map { Array("{\($0)}".utf8) }, timestampMs: 1),
            isDecisive: isDecisive)
    }
}
