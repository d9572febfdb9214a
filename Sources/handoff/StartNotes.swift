import Configuration
import Foundation
import KafkaClient
import Logging
import Qualification
import ServiceLifecycle
import Worker

/// Looks, beside the worker that starts, for what is most often a mistake: another group on the
/// same topics, and a definition older than the one that leads were decided by.
///
/// Either may be meant, so it is a warning in the log and nothing waits for it. What cannot be
/// found out in time is not warned of.
struct StartNotes: Service {
    /// When one call of Kafka asks no more, see `AdminClient`: a stop of the worker waits for a
    /// call.
    private static let callTime = Duration.seconds(3)
    /// How much of each partition of `marketing.nurture` is looked at, in offsets.
    private static let tail: Int64 = 50
    /// How often reading that may find nothing before it is given up.
    private static let mostEmptyReads = 5
    /// How long it may take in all.
    private static let readingTime = Duration.seconds(20)

    let settings: Settings
    let definition: Definition
    let laneCount: Int
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown { await look() }
        // A service that returns before its turn counts as failed.
        try await gracefulShutdown()
    }

    private func look() async {
        do {
            let admin = try AdminClient(
                settings: settings.client("notes-admin"), timeout: StartNotes.callTime,
                logger: settings.makeToolLogger())
            if try await isNewGroupOnOldState(admin) {
                logger.warning(
                    """
                    this group has consumed nothing yet, but there is state of earlier work: if \
                    another group works on these topics, everything is published twice, so stop \
                    one of them; if the group was renamed or its offsets expired, all is well, the \
                    worker goes on where the state ends
                    """,
                    metadata: [
                        "group_id": "\(settings.groupID)",
                        "state": "\(settings.workerTopics.profiles)",
                    ])
            }
            if let newer = try await newerVersion(admin) {
                logger.warning(
                    """
                    the definition is older than the one that leads were decided by: from their \
                    next events on they are decided by the older agreement again; if that is not \
                    meant, start with the newer version
                    """,
                    metadata: [
                        "version": "\(definition.version)", "decided_by": "\(newer)",
                        "definition": "\(definition.name)",
                    ])
            }
        } catch {
            logger.debug("start not looked at", metadata: ["error": "\(error)"])
        }
    }

    /// Whether the group has no offsets at all, and the changelog is not empty.
    private func isNewGroupOnOldState(_ admin: AdminClient) async throws -> Bool {
        guard try await hasNoOffsets(admin, stable: false), try await hasState(admin) else {
            return false
        }
        // Another worker of a new group may have begun in between. What it committed came with its
        // offsets, so they are there now, or waited for; who waits in vain has heard of a worker.
        try Task.checkCancellation()
        return (try? await hasNoOffsets(admin, stable: true)) ?? false
    }

    private func hasNoOffsets(_ admin: AdminClient, stable: Bool) async throws -> Bool {
        let inputs = settings.workerTopics.inputs.flatMap { lanes(of: $0.topic) }
        return try await admin.committedOffsets(
            group: settings.groupID, partitions: inputs, stable: stable
        ).isEmpty
    }

    /// Whether the changelog holds anything that is decided.
    private func hasState(_ admin: AdminClient) async throws -> Bool {
        for lane in lanes(of: settings.workerTopics.profiles) {
            try Task.checkCancellation()
            if try await admin.watermarks(lane, isolation: .readCommitted).high > 0 { return true }
        }
        return false
    }

    /// The greatest version of this definition in the newest status changes, if it is greater than
    /// ours.
    private func newerVersion(_ admin: AdminClient) async throws -> Int? {
        var ranges: [TopicPartition: Range<Int64>] = [:]
        try Task.checkCancellation()
        for place in try await partitions(of: settings.workerTopics.nurture, admin) {
            try Task.checkCancellation()
            let (low, high) = try await admin.watermarks(place, isolation: .readCommitted)
            if low < high { ranges[place] = max(low, high - StartNotes.tail)..<high }
        }
        guard !ranges.isEmpty else { return nil }
        let reader = try PartitionReader(
            settings: settings.client("notes"), isolation: .readCommitted,
            partitions: ranges.mapValues(\.lowerBound), logger: settings.makeToolLogger())
        let clock = ContinuousClock()
        let deadline = clock.now + StartNotes.readingTime
        var newest = definition.version
        var emptyReads = 0
        // Only to the ends of before: other workers may publish faster than this reads.
        while !reader.hasReached(ranges), emptyReads < StartNotes.mostEmptyReads,
            clock.now < deadline, !Task.isCancelled
        {
            let batch = try? await reader.next(max: 1_000, timeout: .seconds(1))
            guard let batch else {
                emptyReads += 1
                continue
            }
            for place in 0..<batch.count where batch.hasValue(at: place) {
                let value = batch.withValue(at: place) { [UInt8](copying: $0) }
                newest = max(newest, version(in: value) ?? 0)
            }
        }
        await reader.close()
        return newest > definition.version ? newest : nil
    }

    /// The version that a status change names, if it is of our definition.
    private func version(in value: [UInt8]) -> Int? {
        struct StatusChange: Decodable {
            struct Agreement: Decodable {
                var name: String
                var version: Int
            }
            var definition: Agreement
        }
        let found = try? JSONDecoder().decode(StatusChange.self, from: Data(value)).definition
        return found.flatMap { $0.name == definition.name ? $0.version : nil }
    }

    private func lanes(of topic: String) -> [TopicPartition] {
        (0..<Int32(clamping: laneCount)).map { TopicPartition(topic: topic, partition: $0) }
    }

    private func partitions(
        of topic: String, _ admin: AdminClient
    ) async throws -> [TopicPartition] {
        let count = try await admin.describeTopics([topic])[topic] ?? 0
        return (0..<Int32(clamping: count)).map { TopicPartition(topic: topic, partition: $0) }
    }
}
