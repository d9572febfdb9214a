import Foundation
import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// The reference topics under a worker that runs.
    struct ReferenceDataTests {
        private static func age(_ port: Int) async throws -> Double {
            let metrics = try await OperatorTests.get("/metrics", port).body
            return OperatorTests.sum("handoff_reference_age_seconds ", metrics) ?? -1
        }

        @Test(
            "the age of reference data grows while nobody hands it out", .timeLimit(.minutes(10)))
        func age() async throws {
            let own = try await PrivateBroker()
            defer { own.stop() }
            let port = try OperatorTests.freePort()
            try await Stage.with(
                definition: try EndToEnd.definition(),
                settings: ["HANDOFF_HTTP_PORT": "\(port)"], broker: own.broker
            ) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                var age = 0.0
                own.pause()
                // More than a worker that goes on asking ever shows, which is a second or two.
                try await Eventually.holds("old", within: .seconds(60), state: { "\(age)" }) {
                    age = try await ReferenceDataTests.age(port)
                    return age > 8
                }
                own.resume()
                try await Eventually.holds("new", within: .seconds(60), state: { "\(age)" }) {
                    age = try await ReferenceDataTests.age(port)
                    return age >= 0 && age < 5
                }
                #expect(try await worker.stop() == .exited(0))
            }
        }

        /// Gives a topic its second partition, and puts a record there.
        private static let extend = """
            import sys
            from confluent_kafka import Producer
            from confluent_kafka.admin import AdminClient, NewPartitions
            servers, topic, key, value = sys.argv[1:]
            admin = AdminClient({"bootstrap.servers": servers})
            for answer in admin.create_partitions([NewPartitions(topic, 2)]).values():
                answer.result(30)
            producer = Producer({"bootstrap.servers": servers, "message.timeout.ms": 30000})
            failures = []
            producer.produce(
                topic, value, key, partition=1,
                on_delivery=lambda error, _: failures.append(error) if error else None)
            sys.exit("late" if producer.flush(40) else failures[0] if failures else 0)
            """

        /// Makes a topic anew, empty.
        private static let renew = """
            import sys, time
            from confluent_kafka import KafkaException
            from confluent_kafka.admin import AdminClient, NewTopic
            servers, topic = sys.argv[1:]
            admin = AdminClient({"bootstrap.servers": servers})
            for answer in admin.delete_topics([topic]).values():
                answer.result(30)
            deadline = time.monotonic() + 30
            while True:
                try:
                    for answer in admin.create_topics([NewTopic(topic, 1)]).values():
                        answer.result(30)
                    break
                except KafkaException:
                    # Apache Kafka deletes later than it answers.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            """

        private static func runPython(_ script: String, _ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: EndToEnd.python)
            process.arguments = ["-c", script] + arguments
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }

        @Test(
            "a partition that a reference topic is given meanwhile is read, too",
            .timeLimit(.minutes(10)), EndToEnd.needsPython)
        func partitions() async throws {
            try await Stage.with(definition: try EndToEnd.definition([])) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let now = AlertTests.now()
                try await stage.feed(
                    ["ann", "bob"].flatMap { AlertTests.qualifying($0, lane: 0, at: now) })
                try await stage.waitUntilTaken(worker)
                #expect(try await SuppressionTests.withdrawn(stage).isEmpty)
                try ReferenceDataTests.runPython(
                    ReferenceDataTests.extend,
                    [
                        stage.broker.bootstrapServers, stage.prefix + ModelTopic.suppressions,
                        "bob@acme.example", #"{"entry":"bob@acme.example","reason":"asked"}"#,
                    ])
                try await Eventually.holds(
                    "bob is withdrawn", within: .seconds(60), state: { worker.lastWords }
                ) { try await SuppressionTests.withdrawn(stage) == ["bob do_not_contact"] }
                #expect(try await worker.stop() == .exited(0))
            }
        }

        @Test(
            "a reference topic that is made anew is reported, and the others go on",
            .timeLimit(.minutes(10)), EndToEnd.needsPython)
        func madeAnew() async throws {
            try await Stage.with(definition: try EndToEnd.definition([])) { stage in
                let now = AlertTests.now()
                try await stage.feed([
                    StageRecord(
                        topic: ModelTopic.campaigns, partition: 0, key: Array("c".utf8),
                        value: Array(#"{"campaign_id":"c","name":"C"}"#.utf8), timestamp: now)
                ])
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                try await stage.feed(AlertTests.qualifying("ann", lane: 0, at: now))
                try await stage.waitUntilTaken(worker)
                try ReferenceDataTests.runPython(
                    ReferenceDataTests.renew,
                    [stage.broker.bootstrapServers, stage.prefix + ModelTopic.campaigns])
                try await Eventually.holds(
                    "reported", within: .seconds(60), state: { worker.lastWords }
                ) { worker.errors.contains("shorter than before") }
                try await stage.feed([SuppressionTests.suppression("ann@acme.example", at: now)])
                try await Eventually.holds(
                    "ann is withdrawn", within: .seconds(60), state: { worker.lastWords }
                ) { try await SuppressionTests.withdrawn(stage) == ["ann do_not_contact"] }
                #expect(try await worker.stop() == .exited(0))
            }
        }
    }
}
