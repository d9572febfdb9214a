import Configuration
import KafkaClient
import Logging
import Qualification
import Reports
import WireFormats
import Worker

/// Reads topics to the ends they have now, for what may have to wait for the broker record by
/// record.
struct LetterScan {
    /// Dead letters may have 4 MiB each.
    private static let recordsPerBatch = 500

    let admin: AdminClient
    private let client: ClientSettings
    private let logger: Logger

    init(settings: Settings, role: String) throws {
        logger = settings.makeToolLogger()
        admin = try AdminClient(
            settings: settings.client("\(role)-admin"), timeout: BrokerPatience.call,
            logger: logger)
        client = settings.client(role)
    }

    /// A record of a batch.
    struct Record {
        let batch: RecordBatch
        let place: Int

        var key: [UInt8]? {
            batch.hasKey(at: place) ? batch.withKey(at: place) { [UInt8](copying: $0) } : nil
        }
        var value: [UInt8]? {
            batch.hasValue(at: place) ? batch.withValue(at: place) { [UInt8](copying: $0) } : nil
        }
        var valueBytes: Int { batch.withValue(at: place) { $0.byteCount } }

        /// The record as one of the topic of dead letters.
        var letter: Letter {
            Letter(
                place: RecordPlace(
                    partition: batch.partition(at: place), offset: batch.offset(at: place)),
                timestamp: batch.timestamp(at: place), key: key,
                hasValue: batch.hasValue(at: place),
                headers: batch.headers(at: place).map { ($0.name, $0.value) })
        }
    }

    /// The first offset and the end of each partition of topics, by their partition counts.
    func ranges(
        _ counts: [String: Int]
    ) async throws(KafkaError) -> [TopicPartition: Range<Int64>] {
        var ranges: [TopicPartition: Range<Int64>] = [:]
        for (topic, count) in counts {
            for number in 0..<Int32(clamping: count) {
                let partition = TopicPartition(topic: topic, partition: number)
                let (low, high) = try await admin.watermarks(
                    partition, isolation: .readUncommitted)
                ranges[partition] = low..<max(low, high)
            }
        }
        return ranges
    }

    /// Reads topics, by their partition counts, to the ends that they have now.
    func read(_ counts: [String: Int], _ take: (Record) async throws -> Void) async throws {
        try await read(within: try await ranges(counts), take)
    }

    /// Reads every committed record of the ranges, those of a partition in their order.
    ///
    /// - Throws: `CommandFailure` with exit code 3 if the broker falls silent; `KafkaError`.
    func read(
        within ranges: [TopicPartition: Range<Int64>], _ take: (Record) async throws -> Void
    ) async throws {
        let reading = RangeReading(
            settings: client, recordsPerBatch: LetterScan.recordsPerBatch,
            progressOutput: .standardError, logger: logger)
        try await reading.read(ranges) { batch, topics in
            for place in 0..<batch.count {
                let partition = TopicPartition(
                    topic: topics[Int(batch.topic(at: place))],
                    partition: batch.partition(at: place))
                // What came after the ends were asked for belongs to a later run.
                guard let range = ranges[partition], batch.offset(at: place) < range.upperBound
                else { continue }
                try await take(Record(batch: batch, place: place))
            }
        }
    }

    // MARK: What is looked up

    /// The partition count of a new topic, once the brokers have heard of it.
    ///
    /// - Throws: `CommandFailure` with exit code 4 if they have not for a while; `KafkaError`.
    func waitUntilKnown(_ topic: String) async throws -> Int {
        let clock = ContinuousClock()
        let deadline = clock.now + LetterScan.settling
        while true {
            if let count = try await admin.describeTopics([topic])[topic] { return count }
            guard clock.now < deadline else {
                throw CommandFailure(
                    "\(topic) was made, but the brokers do not tell of it after "
                        + "\(LetterScan.settling.components.seconds) s; run it again", exitCode: 4)
            }
            try await clock.sleep(for: LetterScan.pause)
        }
    }

    private static let settling = Duration.seconds(10)
    private static let pause = Duration.milliseconds(50)

    /// A topic's configuration; empty where the broker does not tell.
    func configuration(of topic: String) async throws -> [String: String] {
        do throws(KafkaError) {
            return try await admin.describeConfigs(topic: topic)
        } catch {
            guard case .stop(exitCode: 3) = error.consequence else { return [:] }
            throw error
        }
    }

    /// What has been redriven, for those who only look: nothing if no broker tells of the topic.
    ///
    /// It may be there all the same, where a broker's metadata lag; so nobody may publish by this.
    func ledgerIfKnown(_ topics: Topics) async throws -> RedriveLedger {
        guard let count = try await admin.describeTopics([topics.redrives])[topics.redrives]
        else { return RedriveLedger() }
        return try await ledger(topics, partitions: count)
    }

    /// What has been redriven.
    ///
    /// - Throws: `KafkaError` if the topic of redrives cannot be read, or is not there.
    func ledger(_ topics: Topics, partitions: Int) async throws -> RedriveLedger {
        var ledger = RedriveLedger()
        try await read([topics.redrives: max(1, partitions)]) { record in
            ledger.take(key: record.key ?? [], value: record.value)
        }
        return ledger
    }

    /// The partitions of the changelog that hold leads, by key; and what they hold of them.
    func holders(
        of keys: Set<[UInt8]>, in topics: Topics, lanes: Int
    ) async throws -> [[UInt8]: [Int32: [UInt8]]] {
        var holders: [[UInt8]: [Int32: [UInt8]]] = [:]
        guard !keys.isEmpty else { return holders }
        try await read([topics.profiles: lanes]) { record in
            guard let key = record.key, keys.contains(key) else { return }
            let partition = record.batch.partition(at: record.place)
            holders[key, default: [:]][partition] = record.value
        }
        return holders.filter { !$0.value.isEmpty }
    }
}
