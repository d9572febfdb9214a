internal import CLibrdkafka
package import Logging
internal import Synchronization

/// An idempotent producer without transactions, for tools: loads, feeders, tests.
package final class PlainProducer: Sendable {
    /// One record that was not written.
    package struct Failure: Sendable, Equatable {
        /// Its place in the records given to `send`.
        package var index: Int
        /// Why.
        package var error: KafkaError
    }

    /// The topics that `OutboundRecords` counts, in their order.
    package let topics: [String]
    private let core: PlainCore
    private let lane = BlockingLane("handoff.kafka.plain")

    /// Makes the handle; the broker is reached, and the topics looked up, by the first `send`.
    ///
    /// `inFlight` bounds how many records may be on their way at once.
    package init(
        settings: ClientSettings, topics: [String], inFlight: Int = 100_000, logger: Logger
    ) throws(KafkaError) {
        self.topics = topics
        let failures = Failures()
        let handle = try Handle(
            .plainProducer, settings: settings,
            required: [("delivery.report.only.error", "true")], logger: logger,
            undelivered: { index, code in failures.add(index, code) })
        core = PlainCore(handle: handle, topics: topics, inFlight: inFlight, failures: failures)
    }

    deinit {
        let core = core
        lane.post { core.release() }
    }

    /// Writes all records and waits until each is acknowledged or has failed.
    ///
    /// Returns those that failed, in order; throws only when nothing could be tried (no broker:
    /// exit code 3, topic missing: 4). `progress` gets how many have been acknowledged or failed
    /// so far; it is called on the producer's thread after every bounded lot.
    @discardableResult
    package func send(
        _ records: OutboundRecords, progress: (@Sendable (Int) -> Void)? = nil
    ) async throws(KafkaError) -> [Failure] {
        let core = core
        return try await lane.run { () throws(KafkaError) -> [Failure] in
            try core.send(records, progress)
        }
    }

    /// Frees the handle.
    package func close() async {
        let core = core
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            lane.post {
                core.release()
                done.resume()
            }
        }
    }
}

/// What the delivery callback collects; it runs inside `rd_kafka_flush`.
private final class Failures: Sendable {
    private let found = Mutex<[(index: Int, code: Int32)]>([])

    func add(_ index: Int, _ code: Int32) { found.withLock { $0.append((index, code)) } }

    func take() -> [(index: Int, code: Int32)] {
        found.withLock { found in
            defer { found = [] }
            return found
        }
    }
}

/// The part that runs on the producer's thread.
// Unchecked: used on the producer's serial lane only.
private final class PlainCore: @unchecked Sendable {
    private let topics: [String]
    private let inFlight: Int
    private let failures: Failures
    private var handle: Handle?
    private var sender: RecordSender?
    private var warm = false

    init(handle: Handle, topics: [String], inFlight: Int, failures: Failures) {
        self.topics = topics
        self.inFlight = max(1, inFlight)
        self.failures = failures
        self.handle = handle
        sender = RecordSender(handle: handle, topics: topics)
    }

    func release() {
        sender = nil
        handle = nil
    }

    func send(
        _ records: OutboundRecords, _ progress: (@Sendable (Int) -> Void)?
    ) throws(KafkaError) -> [PlainProducer.Failure] {
        guard let handle, let sender else {
            throw KafkaError(
                RD_KAFKA_RESP_ERR__STATE, operation: "produce", subject: "closed producer",
                otherwise: .stop(exitCode: 1))
        }
        if !warm {
            try sender.warm(timeout: .seconds(25))
            warm = true
        }
        var result: [PlainProducer.Failure] = []
        var next = 0
        while next < records.count {
            let end = min(next + inFlight, records.count)
            let refusals = sender.send(records, next..<end)
            if let stuck = refusals.first(where: \.isStuck) {
                throw KafkaError(
                    stuck.code, operation: "produce", subject: handle.servers,
                    otherwise: .stop(exitCode: 1))
            }
            // Serves the delivery reports. Every record is acknowledged or has failed by
            // message.timeout.ms (five minutes unless set), so this ends.
            unsafe rd_kafka_flush(handle.raw, -1)
            let undelivered =
                failures.take() + refusals.map { ($0.index, $0.code.rawValue) }
            for failure in undelivered.sorted(by: { $0.index < $1.index }) {
                let topic = Int(records.entries[failure.index].topic)
                let error = KafkaError(
                    rd_kafka_resp_err_t(failure.code), operation: "produce",
                    subject: topics.indices.contains(topic) ? topics[topic] : "topic \(topic)")
                result.append(PlainProducer.Failure(index: failure.index, error: error))
            }
            next = end
            progress?(next)
        }
        return result
    }
}
