import Storage
import Synchronization

/// Writes what a restore reads, on a queue of its own, one piece at a time, while the lane reads
/// the next: so there are two stretches in memory at most.
///
/// Not on the threads of the lanes either, of which there are as many as cores: SQLite's writing
/// would keep lanes that run, and those that read, waiting for a stretch or a sync. One caller.
final class RestoreFilling {
    private let writer: ProfileWriter
    private let queue: any BackgroundQueue
    private let isBulk: Bool
    private var pending: PendingWork?
    /// Whether the file is marked as unfinished; only with the first rows, for until then a crash
    /// leaves a sound file as it was.
    private(set) var hasBegun = false

    init(_ writer: ProfileWriter, queue: any BackgroundQueue, isBulk: Bool) {
        self.writer = writer
        self.queue = queue
        self.isBulk = isBulk
    }

    /// Hands a stretch over once the last one is written.
    ///
    /// - Throws: what went wrong with the last one.
    func write(_ stretch: ChangelogStretch, _ mark: ChangelogMark) async throws {
        let begins = isBulk && !hasBegun
        hasBegun = isBulk
        try await run { [writer] in
            let rows = try stretch.rows()
            if begins { try writer.beginBulkRestore() }
            try writer.restore(rows, mark: mark, facts: stretch.facts)
        }
    }

    /// Returns when everything is written and the file may be trusted.
    func end(_ mark: ChangelogMark) async throws {
        guard hasBegun else { return try await finish() }
        try await run { [writer] in try writer.endBulkRestore(mark: mark) }
        try await finish()
    }

    /// Returns when everything that was handed over is written.
    func finish() async throws {
        guard let work = pending else { return }
        pending = nil
        try await work.wait()
    }

    private func run(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await finish()
        let work = PendingWork()
        pending = work
        queue.run { work.outcome(Result(catching: body)) }
        // Runs when the piece of work is let go, and so are the file and the batches that it held.
        queue.run { work.end() }
    }
}

/// A piece of work on a queue, and what became of it.
private final class PendingWork: Sendable {
    private let outcome = Mutex<Result<Void, any Error>>(.success(()))
    private let hasEnded = Signal()

    func outcome(_ result: Result<Void, any Error>) { outcome.withLock { $0 = result } }

    func end() { hasEnded.set() }

    func wait() async throws {
        await hasEnded.wait()
        try outcome.withLock { $0 }.get()
    }
}
