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

        static let python = ProcessInfo.processInfo.environment["HANDOFF_TEST_PYTHON"] ?? ""

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

        @Test(
            "a partition that a reference topic is given meanwhile is read, too",
            .timeLimit(.minutes(10)),
            .enabled(if: !python.isEmpty, "HANDOFF_TEST_PYTHON is not set"))
        func partitions() async throws {
            try await Stage.with(definition: try EndToEnd.definition([])) { stage in
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: [0])
                let now = AlertTests.now()
                try await stage.feed(
                    ["ann", "bob"].flatMap { AlertTests.qualifying($0, lane: 0, at: now) })
                try await stage.waitUntilTaken(worker)
                #expect(try await SuppressionTests.withdrawn(stage).isEmpty)
                let process = Process()
                process.executableURL = URL(fileURLWithPath: ReferenceDataTests.python)
                process.arguments = [
                    "-c", ReferenceDataTests.extend, stage.broker.bootstrapServers,
                    stage.prefix + ModelTopic.suppressions, "bob@acme.example",
                    #"{"entry":"bob@acme.example","reason":"asked"}"#,
                ]
                try process.run()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
                try await Eventually.holds(
                    "bob is withdrawn", within: .seconds(60), state: { worker.lastWords }
                ) { try await SuppressionTests.withdrawn(stage) == ["bob do_not_contact"] }
                #expect(try await worker.stop() == .exited(0))
            }
        }
    }
}
