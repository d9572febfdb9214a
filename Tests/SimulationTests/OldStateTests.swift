import KafkaClient
import Qualification
import ReferenceModel
import SimulatedKafka
import Testing
import Worker

/// A state file that is older than the deletions which the changelog still has.
struct OldStateTests {
    private static let day: Int64 = 86_400_000
    /// More than any definition remembers.
    private static let forgottenAfter = 500 * day
    private static let start: Int64 = 1_790_000_000_000

    @Test("a profile that was forgotten meanwhile does not come back with an old disk")
    func oldState() throws {
        var scene = try Scene(seed: 1) { $0.mutatedDefinition = false }
        // Somebody who never became a lead is forgotten when the stream clock has moved on.
        scene.lanes = (0..<scene.laneCount).map { lane in
            [0, OldStateTests.forgottenAfter].map {
                OldStateTests.view(by: "guest-\(lane)-\($0)", $0)
            }
        }
        var options = WorldRunOptions(scene: scene)
        options.parts = 2
        options.settings.flushInterval = .milliseconds(200)
        options.settings.followUp.forgetInterval = .milliseconds(500)
        let world = SimulatedWorld(scene: scene, options: options, seed: 7)
        try world.prepare()
        let process = try #require(try started(world))
        let logs = (0..<scene.laneCount).map {
            TopicPartition(topic: world.topics.profiles, partition: Int32($0))
        }
        let deletions = {
            logs.map { world.cluster.log($0).all(from: 0).count { $0.value == nil } }
        }
        #expect(deletions().allSatisfy { $0 == 0 }, "forgotten before the disk was copied")
        // The disk as it is now comes back a day and more after the deletions.
        world.copies[process.number] = world.copy(process.folder)
        world.advance("somebody forgotten in every lane") {
            world.recordsLeft == 0 && deletions().allSatisfy { $0 > 0 }
        }
        world.clock.jump(milliseconds: 2 * OldStateTests.day)
        for log in logs {
            let end = world.cluster.log(log).end
            world.cluster.compact(log, below: end, dropsDeletions: true)
        }
        process.crash(.rolledBack)
        world.advance("back with the old disk") {
            world.processes[process.number].map {
                $0 !== process && $0.member?.assigned.count == 9
            } ?? false
        }
        let restored = world.scheduler.now + .seconds(5)
        world.advance("restored") { world.scheduler.now > restored }
        world.settle()
        #expect(world.violations == [])
        let folder = try #require(world.processes[process.number]).folder
        #expect(Verdict.ahead(world.copy(folder), world.cluster, world.topics) == [])
    }

    /// Waits until the first part is taken and on the disk.
    private func started(_ world: SimulatedWorld) throws -> SimulatedProcess? {
        world.advance("the first part taken") {
            (0..<Int32(world.scene.laneCount)).allSatisfy { lane in
                let input = TopicPartition(topic: ModelTopic.activities, partition: lane)
                return world.cluster.group.committed[input] ?? 0 > 0
            }
        }
        return world.processes[0]
    }

    private static func view(by lead: String, _ time: Int64) -> ModelRecord {
        let at = Timestamp(milliseconds: start + time)
        let value =
            #"{"event_id":"e","type":"page_view","lead_id":"\#(lead)","occurred_at":"\#(at)"}"#
        return ModelRecord(
            topic: ModelTopic.activities, key: Array(lead.utf8), value: Array(value.utf8),
            timestampMs: start + time)
    }
}
