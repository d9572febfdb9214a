import KafkaClient
import Logging

/// Reads ranges of partitions to their ends, outside any group, and says so if nobody answers.
struct RangeReading {
    /// Without any record or end for so long, the broker counts as gone.
    private static let patience = Duration.seconds(25)

    let settings: ClientSettings
    let recordsPerBatch: Int
    /// Where progress is told; nil for nowhere.
    let progressOutput: ProgressLine.Output?
    let logger: Logger

    /// Hands over every committed record of the ranges, those of a partition in their order.
    ///
    /// The last batches may go on behind the ends; who minds compares offsets. Batches name topics
    /// by their place in the list that is handed over with them.
    ///
    /// - Throws: `CommandFailure` with exit code 3 if the broker falls silent; `KafkaError`; what
    ///   `take` throws.
    func read(
        _ ranges: [TopicPartition: Range<Int64>],
        _ take: (_ batch: RecordBatch, _ topics: [String]) async throws -> Void
    ) async throws {
        let ranges = ranges.filter { !$0.value.isEmpty }
        guard !ranges.isEmpty else { return }
        let reader = try PartitionReader(
            settings: settings, isolation: .readCommitted,
            partitions: ranges.mapValues(\.lowerBound), logger: logger)
        do {
            try await drain(reader, ranges, take)
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    private func drain(
        _ reader: PartitionReader, _ ranges: [TopicPartition: Range<Int64>],
        _ take: (_ batch: RecordBatch, _ topics: [String]) async throws -> Void
    ) async throws {
        let clock = ContinuousClock()
        let name = Set(ranges.keys.map(\.topic)).sorted().joined(separator: ", ")
        let total = ranges.values.reduce(0) { $0 + $1.count }
        var lastSign = clock.now
        var progress = progressOutput.map { ProgressLine(to: $0) }
        defer { progress?.clear() }
        while !reader.hasReached(ranges) {
            let batch: RecordBatch?
            do throws(KafkaError) {
                batch = try await reader.next(max: recordsPerBatch, timeout: .seconds(1))
            } catch {
                guard error.consequence == .retry else { throw error }
                batch = nil
            }
            if let batch {
                // What takes the records may wait, which is no silence of this broker.
                try await take(batch, reader.topics)
                lastSign = clock.now
            } else if clock.now - lastSign > RangeReading.patience {
                throw CommandFailure(
                    "read \(name): no broker answers at \(settings.bootstrapServers) for "
                        + "\(RangeReading.patience.components.seconds) s; check the address "
                        + "(bootstrap_servers), and that the broker runs", exitCode: 3)
            }
            let read = reader.positions().reduce(0) { sum, position in
                sum + Int(position.value - (ranges[position.key]?.lowerBound ?? 0))
            }
            progress?.show("\(name): \(min(100, read * 100 / max(1, total))) % read")
        }
    }
}

extension PartitionReader {
    /// Whether every range has been read.
    ///
    /// An end that the broker reported counts as well: behind it lie only markers and records of
    /// transactions that are not committed.
    func hasReached(_ ranges: [TopicPartition: Range<Int64>]) -> Bool {
        let positions = positions()
        let ends = ends()
        return ranges.allSatisfy { partition, range in
            (positions[partition] ?? 0) >= range.upperBound || ends[partition] != nil
        }
    }
}
