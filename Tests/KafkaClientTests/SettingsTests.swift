import KafkaClient
import TestSupport
import Testing

@Suite("Client settings")
struct SettingsTests {
    @Test("every fault is reported at once, with the nearest name")
    func faults() throws {
        let settings = ClientSettings(
            bootstrapServers: "localhost:9092", clientID: "t",
            properties: [
                "consumer.fetch.wait.maxms": "5", "linger.ms": "soon", "acks": "1",
                "producer.enable.idempotence": "false", "totally.unrelated.words": "x",
            ])
        let error = #expect(throws: KafkaSettingsError.self) { try settings.validated() }
        let faults = try #require(error).faults
        #expect(faults.count == 5)
        let byName = Dictionary(uniqueKeysWithValues: faults.map { ($0.property, $0) })
        #expect(byName["consumer.fetch.wait.maxms"]?.nearest == "fetch.wait.max.ms")
        #expect(byName["linger.ms"]?.problem.contains("soon") == true)
        #expect(byName["acks"]?.problem.contains("loses acknowledged records") == true)
        #expect(byName["producer.enable.idempotence"]?.problem.contains("twice") == true)
        #expect(byName["totally.unrelated.words"]?.nearest == nil)
    }

    @Test("good settings pass, prefixed or not")
    func good() throws {
        try ClientSettings(
            bootstrapServers: "localhost:9092", clientID: "t",
            properties: [
                "producer.linger.ms": "7", "fetch.wait.max.ms": "50",
                "security.protocol": "plaintext",
            ]
        ).validated()
    }

    @Test("no bootstrap servers is a fault")
    func empty() {
        #expect(throws: KafkaSettingsError.self) {
            try ClientSettings(bootstrapServers: "", clientID: "t").validated()
        }
    }

    @Test(
        "secrets are in no description and no fault",
        arguments: [
            "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
            "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", "consumer.sasl.password",
        ])
    func secrets(name: String) {
        let settings = ClientSettings(
            bootstrapServers: "localhost:9092", clientID: "t",
            properties: [name: "hunter2-secret", "sasl.passwrd": "hunter2-secret"])
        #expect(!settings.description.contains("hunter2"))
        #expect(settings.description.contains("\(name)=***"))
        do {
            try settings.validated()
            Issue.record("the mistyped property must be a fault")
        } catch {
            #expect(!error.description.contains("hunter2"))
            #expect(!error.asKafkaError.description.contains("hunter2"))
        }
    }

    @Test("secrets are blotted out of whatever librdkafka says")
    func redaction() {
        let settings = ClientSettings(
            bootstrapServers: "localhost:9092", clientID: "t",
            properties: ["sasl.password": "hunter2", "linger.ms": "1000", "ssl.key.pem": "abc"])
        let line = "auth hunter2hunter2 failed in 1000 ms abc"
        #expect(settings.redacted(line) == "auth ****** failed in 1000 ms abc")
    }

    @Test("a bad value of a secret is not quoted")
    func badSecret() {
        let settings = ClientSettings(
            bootstrapServers: "localhost:9092", clientID: "t",
            properties: ["ssl.key.pem": "hunter2-not-a-key", "security.protocol": "ssl"])
        do {
            _ = try AdminClient(settings: settings, logger: .silent)
            Issue.record("a key that is none must be refused")
        } catch {
            #expect(!error.description.contains("hunter2"))
            #expect(error.consequence == .stop(exitCode: 2))
        }
    }

    @Test("a client that fetches is refused like any other when librdkafka cannot make it")
    func refusedReader() {
        let settings = ClientSettings(
            bootstrapServers: "localhost:9092", clientID: "t",
            properties: ["ssl.ca.location": "/dev/null", "security.protocol": "ssl"])
        for _ in 0..<3 {
            let error = #expect(throws: KafkaError.self) {
                try PartitionReader(
                    settings: settings, isolation: .readCommitted,
                    partitions: [TopicPartition(topic: "t", partition: 0): 0], logger: .silent)
            }
            #expect(error?.consequence == .stop(exitCode: 2))
        }
    }
}
