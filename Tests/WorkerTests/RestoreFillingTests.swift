import Foundation
import KafkaClient
import Storage
import Synchronization
import Testing
import WireFormats

@testable import Worker

/// A restore reads on while it writes, and nothing that fails there is lost.
final class RestoreFillingTests: Sendable {
    /// Does nothing until it is told to.
    private final class HeldQueue: BackgroundQueue {
        private let held = Mutex<[@Sendable () -> Void]>([])

        func run(_ body: @escaping @Sendable () -> Void) { held.withLock { $0.append(body) } }

        func another() -> any BackgroundQueue { self }

        /// Runs what it holds; how much that was.
        func release() -> Int {
            let bodies = held.withLock { held in
                defer { held = [] }
                return held
            }
            for body in bodies { body() }
            return bodies.count
        }
    }

    private let path = NSTemporaryDirectory() + "/handoff-filling-\(UUID().uuidString)"
    private let queue = HeldQueue()

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Of a stretch: its writing, and the word that it has been let go.
    private static let pieces = 2

    @Test func aStretchIsHandedOverAndNotWaitedFor() async throws {
        let folder = try StateFolder(path: path)
        do {
            let writer = try ProfileWriter(folder: folder, lane: 0)
            let filling = RestoreFilling(writer, queue: queue, isBulk: true)
            try await filling.write(RestoreFillingTests.deletion(), RestoreFillingTests.mark(1))
            #expect(filling.hasBegun)
            // Until the first rows are written a crash leaves a sound file.
            #expect(throws: Never.self) { try ProfileWriter(folder: folder, lane: 0) }
            #expect(queue.release() == RestoreFillingTests.pieces)
            try await filling.finish()
            #expect(queue.release() == 0)
        }
        let error = #expect(throws: StorageError.self) {
            _ = try ProfileWriter(folder: folder, lane: 0)
        }
        #expect(error?.code == .restoreInterrupted)
    }

    @Test(arguments: [true, false])
    func aFailureIsThrownByTheNextCall(isBulk: Bool) async throws {
        let writer = try ProfileWriter(folder: StateFolder(path: path), lane: 0)
        let filling = RestoreFilling(writer, queue: queue, isBulk: isBulk)
        var unreadable = ChangelogStretch(limits: RestoreLimits())
        _ = unreadable.take(RecordBatch(records: [StoredRecord(key: [1], value: [99], offset: 0)]))
        try await filling.write(unreadable, RestoreFillingTests.mark(1))
        #expect(queue.release() == RestoreFillingTests.pieces)
        await #expect(throws: ProfileCodecError.unknownVersion(99)) {
            try await filling.write(RestoreFillingTests.deletion(), RestoreFillingTests.mark(2))
        }
        // The second was not begun.
        #expect(queue.release() == 0)
        #expect(try writer.mark() == nil)
    }

    private static func deletion() -> ChangelogStretch {
        var stretch = ChangelogStretch(limits: RestoreLimits())
        _ = stretch.take(RecordBatch(records: [StoredRecord(key: [1], value: nil, offset: 0)]))
        return stretch
    }

    private static func mark(_ offset: Int64) -> ChangelogMark {
        ChangelogMark(nextOffset: offset, writtenAtMilliseconds: 1)
    }
}
