import KafkaClient
import TestSupport
import Testing

/// Answers whose records have wrong bytes, until a few of them have arrived.
///
/// librdkafka 2.0.2 reports the batch, takes what follows in the middle of its bytes for a batch of
/// another format, and goes on fetching wherever that leads: most often to an offset that does not
/// exist, and from there to the start of the log.
struct GarbledReadTests {
    private static let batches = 20
    private static let recordsPerBatch = 10
    private static let count = Int64(batches * recordsPerBatch)

    private static func with(
        _ body: (Broker, Proxy, TopicPartition) async throws -> Void
    ) async throws {
        let own = try await PrivateBroker()
        defer { own.stop() }
        let proxy = try Proxy(port: own.port, number: 5)
        defer { proxy.close() }
        let topic = try await own.broker.freshTopic()
        for _ in 0..<batches {
            try await own.broker.fill(topic, partitions: 0..<1, count: recordsPerBatch)
        }
        proxy.change(to: .garbled(oneIn: 1))
        try await body(
            Broker(bootstrapServers: proxy.bootstrapServers), proxy,
            TopicPartition(topic: topic, partition: 0))
    }

    @Test("a reader reads again what came with wrong bytes: everything, once, in order")
    func reader() async throws {
        try await GarbledReadTests.with { broker, proxy, partition in
            let reader = try PartitionReader(
                settings: broker.settings(), isolation: .readUncommitted,
                partitions: [partition: 0], logger: .silent)
            var offsets: [Int64] = []
            var failures: [KafkaError] = []
            let deadline = ContinuousClock.now + .seconds(60)
            while reader.positions()[partition] ?? 0 < GarbledReadTests.count,
                ContinuousClock.now < deadline
            {
                if proxy.garbledCount >= 5 { proxy.change(to: .clear) }
                do throws(KafkaError) {
                    let batch = try await reader.next(max: 50, timeout: .seconds(1))
                    guard let batch else { continue }
                    offsets += (0..<batch.count).map { batch.offset(at: $0) }
                } catch {
                    #expect(error.consequence == .retry, "\(error)")
                    failures.append(error)
                }
            }
            await reader.close()
            #expect(offsets == Array(0..<GarbledReadTests.count))
            #expect(failures.contains { $0.reason.contains("CRC") }, "\(failures)")
        }
    }
}
