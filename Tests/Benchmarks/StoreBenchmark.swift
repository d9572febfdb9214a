import Foundation
import Qualification
import Storage

/// The profile store: what a flush writes, and what a lane reads when a profile is not in memory.
struct StoreBenchmark {
    private static let rows = 30_000
    private static let valueBytes = 700
    private static let rounds = 4

    func run() throws -> [BenchmarkRow] {
        let path = NSTemporaryDirectory() + "/handoff-store-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try StateFolder(path: path)
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let operations = StoreBenchmark.rows * StoreBenchmark.rounds
        let writing = try timed("store: write", operations) {
            for round in 0..<StoreBenchmark.rounds {
                try writer.write(
                    (0..<StoreBenchmark.rows).map { change($0, round) },
                    mark: ChangelogMark(nextOffset: Int64(round), writtenAtMilliseconds: 0))
                try writer.checkpoint(.truncate)
            }
        }
        let reader = try ProfileReader(folder: folder, lane: 0)
        var bytes = 0
        let reading = try timed("store: read", operations) {
            for number in 0..<operations {
                // In an order that is not that of the keys.
                let row = number * 7_919 % StoreBenchmark.rows
                bytes += try reader.value(for: StoreBenchmark.key(row).span)?.count ?? 0
            }
        }
        var missing = try timed("store: look for nothing", operations) {
            for number in 0..<operations {
                bytes += try reader.value(for: StoreBenchmark.key(-1 - number).span)?.count ?? 0
            }
        }
        missing.note = "\(StoreBenchmark.rows) rows of \(StoreBenchmark.valueBytes) bytes"
        return [writing, reading, missing]
    }

    private func change(_ number: Int, _ round: Int) -> ProfileChange {
        ProfileChange(
            key: StoreBenchmark.key(number),
            value: Array(repeating: UInt8(round), count: StoreBenchmark.valueBytes),
            idle: Int64(number % 90),
            // As in a flush: hardly any profile has new addresses.
            addresses: round == 0 ? ["example.acme\(number)@pat"] : nil)
    }

    /// Of equal length, so that their order as bytes is that of the numbers.
    private static func key(_ number: Int) -> [UInt8] {
        Array("lead-\(10_000_000 + number)".utf8)
    }
}
