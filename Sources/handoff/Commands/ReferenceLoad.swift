import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Qualification

/// Reads a CSV file piece by piece and publishes its good rows in lots of bounded size.
struct ReferenceLoad {
    /// What became of the file.
    struct Summary {
        var topic: String
        var published = 0
        var undelivered = 0
        var faults = 0
        var faultyRows: Set<Int> = []
        var isHeaderGood = true

        var isComplete: Bool { faults == 0 && undelivered == 0 }

        var text: String {
            var text = "published \(Terminal.count(published, "row")) to \(topic)"
            if !isHeaderGood {
                text += "; with a fault in the header no row is"
            } else if faults > 0 {
                text += "; left out \(Terminal.count(faultyRows.count, "row"))"
                text += " with \(Terminal.count(faults, "fault"))"
            }
            if undelivered > 0 { text += "; not taken by the broker: \(undelivered)" }
            return text
        }
    }

    private static let pieceSize = 1 << 18
    private static let lotRecords = 20_000
    private static let lotBytes = 4 << 20

    let table: ReferenceTable
    let path: String
    let topic: String
    let freeMailDomains: Set<String>
    let settings: Settings

    func run() async throws -> Summary {
        let (file, size) = try open()
        defer { try? file.close() }
        let logger = settings.makeToolLogger()
        try await checkTopic()
        let producer = try PlainProducer(
            settings: settings.client("reference-load"), topics: [topic], logger: logger)
        var csv = ReferenceCSV(table: table, path: path, freeMailDomains: freeMailDomains)
        var summary = Summary(topic: topic)
        var lot = OutboundRecords()
        var progress = ProgressLine()
        var bytesRead = 0
        while let piece = try read(file), !piece.isEmpty {
            bytesRead += piece.count
            csv.read(piece) { take($0, &lot, &summary, &progress) }
            if lot.count >= ReferenceLoad.lotRecords || lot.byteCount >= ReferenceLoad.lotBytes {
                try await send(&lot, producer, &summary)
            }
            progress.show(
                "\(path): \(percent(bytesRead, of: size)) read, "
                    + "\(Terminal.count(summary.published, "row")) published, "
                    + "\(Terminal.count(summary.faults, "fault"))")
        }
        csv.finish { take($0, &lot, &summary, &progress) }
        try await send(&lot, producer, &summary)
        await producer.close()
        progress.clear()
        summary.isHeaderGood = csv.isHeaderGood
        return summary
    }

    private func open() throws -> (file: FileHandle, size: Int) {
        do {
            try Files.checkIsNoFolder(path)
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            let size = try file.seekToEnd()
            try file.seek(toOffset: 0)
            return (file, Int(clamping: size))
        } catch {
            throw CommandFailure(
                "\(path): cannot be read: \(SystemReason.of(error))", exitCode: 2)
        }
    }

    private func read(_ file: FileHandle) throws -> Data? {
        do {
            return try file.read(upToCount: ReferenceLoad.pieceSize)
        } catch {
            throw CommandFailure(
                "\(path): cannot be read: \(SystemReason.of(error))", exitCode: 1)
        }
    }

    /// Before anything is read: a missing broker or topic should be told at once.
    private func checkTopic() async throws {
        let admin = try AdminClient(
            settings: settings.client("reference-admin"), timeout: BrokerPatience.call,
            logger: settings.makeToolLogger())
        guard try await admin.describeTopics([topic])[topic] != nil else {
            throw CommandFailure(
                "missing topic: \(topic); create it with 'handoff topics ensure'", exitCode: 4)
        }
    }

    private func take(
        _ event: ReferenceCSV.Event, _ lot: inout OutboundRecords, _ summary: inout Summary,
        _ progress: inout ProgressLine
    ) {
        switch event {
        case .row(let row):
            lot.append(
                topic: 0, partition: OutboundRecords.byKey, key: Array(row.key.utf8),
                value: row.value)
        case .fault(let fault):
            progress.clear()
            Terminal.complain(["\(fault)"])
            summary.faults += 1
            summary.faultyRows.insert(fault.line)
        }
    }

    private func send(
        _ lot: inout OutboundRecords, _ producer: PlainProducer, _ summary: inout Summary
    ) async throws {
        guard !lot.isEmpty else { return }
        let failures = try await producer.send(lot)
        summary.published += lot.count - failures.count
        summary.undelivered += failures.count
        if let first = failures.first {
            Terminal.complain([
                "\(path): \(Terminal.count(failures.count, "row")) not taken: \(first.error)"
            ])
        }
        lot.removeAll()
    }

    private func percent(_ part: Int, of whole: Int) -> String {
        whole > 0 ? "\(min(100, part * 100 / whole)) %" : "100 %"
    }
}
