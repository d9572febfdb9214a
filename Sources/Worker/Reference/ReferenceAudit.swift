import KafkaClient
import Logging
import Synchronization
import WireFormats

/// Finds the bad records of the reference topics, for lane 0 to publish as dead letters.
///
/// Every worker follows the reference topics, but a bad record is to be reported once. So the owner
/// of lane 0 reads them a second time, from the positions in its lane's mark, and publishes what it
/// finds in an epoch of that lane, together with the new positions.
final class ReferenceAudit: Sendable {
    /// A bad record and why it is bad.
    struct Finding: Sendable {
        let record: StoredRecord
        let topic: String
        let deadLetter: DeadLetter
    }

    private struct State {
        var findings: [Finding] = []
        var positions: [LaneMark.ReferencePartition: Int64]
        var failure: KafkaError?
    }

    private let topics: Topics
    private let kafka: any KafkaPort
    private let clock: any WorkerClock
    private let logger: Logger
    private let found: @Sendable () -> Void
    private let state: Mutex<State>
    private let isStopping = Atomic(false)
    private let wake = Signal()

    /// With so many findings waiting for an epoch, reading waits as well.
    private static let findingsLimit = 1_000
    private static let recordsPerBatch = 1_000
    private static let pollInterval = Duration.seconds(1)

    init(
        topics: Topics, positions: [LaneMark.ReferencePartition: Int64], kafka: any KafkaPort,
        clock: any WorkerClock, logger: Logger, found: @escaping @Sendable () -> Void
    ) {
        self.topics = topics
        self.kafka = kafka
        self.clock = clock
        self.logger = logger
        self.found = found
        state = Mutex(State(positions: positions))
    }

    /// Whether something waits to be published.
    var hasFindings: Bool { state.withLock { !$0.findings.isEmpty } }

    /// What was found, and how far the topics were read for it.
    func take() -> (findings: [Finding], positions: [LaneMark.ReferencePartition: Int64]) {
        defer { wake.set() }
        return state.withLock { state in
            defer { state.findings = [] }
            return (state.findings, state.positions)
        }
    }

    /// Makes `run` return soon.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.set()
    }

    /// Why it cannot go on; nil as long as it can.
    var failure: KafkaError? { state.withLock { $0.failure } }

    /// Reads until stopped; what fails is tried again a second later, unless that cannot help.
    func run() async {
        while !isStopping.load(ordering: .acquiring) {
            do throws(KafkaError) {
                for topic in topics.references { try await read(topic) }
            } catch {
                logger.warning("reference audit", metadata: ["error": "\(error)"])
                if case .stop = error.consequence, !error.isPassing {
                    state.withLock { $0.failure = error }
                    return found()
                }
            }
            if isStopping.load(ordering: .acquiring) { return }
            clock.after(ReferenceAudit.pollInterval) { [wake] in wake.set() }
            await wake.wait()
        }
    }

    private func read(_ topic: String) async throws(KafkaError) {
        for number in 0..<Int32(try await kafka.partitionCount(of: topic)) {
            let partition = TopicPartition(topic: topic, partition: number)
            let range = try await kafka.logRange(partition)
            let key = LaneMark.ReferencePartition(topic: topic, partition: number)
            let known = state.withLock { $0.positions[key] } ?? range.lowerBound
            // Beyond the end: the topic was made anew, and everything in it is new.
            let start = known > range.upperBound ? range.lowerBound : max(known, range.lowerBound)
            if start < range.upperBound { try await read(partition, key, start..<range.upperBound) }
        }
    }

    private func read(
        _ partition: TopicPartition, _ key: LaneMark.ReferencePartition, _ range: Range<Int64>
    ) async throws(KafkaError) {
        let reading = try kafka.readChangelog(partition, from: range.lowerBound)
        let parser = ReferenceParser()
        while reading.position() < range.upperBound, !isStopping.load(ordering: .acquiring) {
            if state.withLock({ $0.findings.count }) >= ReferenceAudit.findingsLimit {
                await wake.wait()
                continue
            }
            let batch: RecordBatch?
            do throws(KafkaError) {
                batch = try await reading.next(
                    max: ReferenceAudit.recordsPerBatch, timeout: ReferenceAudit.pollInterval)
            } catch {
                // By the same reader, which counts how often it has read the same in vain.
                guard error.consequence == .retry else {
                    await reading.close()
                    throw error
                }
                logger.warning("reference audit", metadata: ["error": "\(error)"])
                continue
            }
            guard let batch else { continue }
            let findings = examine(batch, partition.topic, parser)
            state.withLock { state in
                state.findings += findings
                state.positions[key] = reading.position()
            }
            if !findings.isEmpty { found() }
        }
        await reading.close()
    }

    private func examine(
        _ batch: RecordBatch, _ topic: String, _ parser: ReferenceParser
    ) -> [Finding] {
        guard let table = topics.table(ofReference: topic) else { return [] }
        var findings: [Finding] = []
        for place in 0..<batch.count {
            var fault: DeadLetter?
            switch parser.read(table, batch, at: place) {
            case .success: fault = parser.ignoredFields
            case .failure(let deadLetter): fault = deadLetter
            }
            guard let fault else { continue }
            findings.append(
                Finding(record: batch.stored(at: place), topic: topic, deadLetter: fault))
        }
        return findings
    }
}
