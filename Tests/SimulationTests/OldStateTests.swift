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
        scene.lanes = (0..<scene.laneCount).map { [OldStateTests.view(by: "guest", 0, $0)] }
        var options = WorldRunOptions(scene: scene)
        options.settings.flushInterval = .milliseconds(200)
        // Not again within the few seconds after the restart, which would hide everything.
        options.settings.followUp.forgetInterval = .seconds(10)
        let world = SimulatedWorld(scene: scene, options: options, seed: 7)
        try world.prepare()
        let logs = (0..<Int32(scene.laneCount)).map {
            TopicPartition(topic: world.topics.profiles, partition: $0)
        }
        world.advance("every record consumed") { world.isConsumed }
        let written = world.scheduler.now + .seconds(2)
        world.advance("written to the disk") { world.scheduler.now > written }
        let process = try #require(world.processes[0])
        // The disk as it is now comes back a day and more after the deletions.
        world.copies[0] = world.copy(process.folder)
        // Who never became a lead is forgotten when the stream clock has moved on.
        for lane in 0..<scene.laneCount {
            let record = OldStateTests.view(by: "other", OldStateTests.forgottenAfter, lane)
            world.cluster.append(
                StoredRecord(
                    key: record.key, value: record.value, timestamp: record.timestampMs, offset: 0),
                to: TopicPartition(topic: record.topic, partition: Int32(lane)))
        }
        world.advance("somebody forgotten in every lane") {
            logs.allSatisfy {
                world.cluster.log($0).committed(from: 0, max: .max).contains { $0.value == nil }
            }
        }
        world.clock.jump(milliseconds: 2 * OldStateTests.day)
        for log in logs {
            let end = world.cluster.log(log).end
            world.cluster.compact(log, below: end, dropsDeletions: true)
        }
        process.crash(.rolledBack)
        world.advance("back with the old disk") {
            world.processes[0].map {
                $0 !== process && $0.member?.assigned.count == 9
            } ?? false
        }
        let restored = world.scheduler.now + .seconds(3)
        world.advance("restored") { world.scheduler.now > restored }
        world.settle()
        #expect(world.violations == [])
        let folder = try #require(world.processes[0]).folder
        #expect(Verdict.ahead(world.copy(folder), world.cluster, world.topics) == [])
    }

    private static func view(by person: String, _ time: Int64, _ lane: Int) -> ModelRecord {
        let lead = "\(person)-\(lane)"
        let at = Timestamp(milliseconds: start + time)
        let value =
            #"{"event_id":"e","type":"page_view","lead_id":"\#(lead)","occurred_at":"\#(at)"}"#
        return ModelRecord(
            topic: ModelTopic.activities, key: Array(lead.utf8), value: Array(value.utf8),
            timestampMs: start + time)
    }
}
