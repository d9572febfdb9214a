import Foundation
import KafkaClient
import ReferenceModel
import TestSupport

/// The workers of a stage, each behind a proxy of its own, and what happens to them.
final class Crew {
    private let stage: Stage
    private let broker: PrivateBroker
    /// What the workers are called.
    let names: [String]
    private let proxies: [Proxy]
    private var workers: [WorkerProcess] = []
    private var random: SplitMix64
    private let isStatic: Bool

    /// The least that the settings allow, so that it can be overslept in a test.
    static let session = Duration.seconds(6)

    /// What workers need to meet all this, and to be slow enough for it.
    static func settings(_ scene: Scene) -> [String: String] {
        scene.environment.merging([
            "HANDOFF_EPOCH_MAX_EVENTS": "1000", "HANDOFF_FLUSH_INTERVAL": "100ms",
            "HANDOFF_SESSION_TIMEOUT": "6s", "HANDOFF_DRAIN_TIMEOUT": "5s",
            // The order is compared, so it must not depend on how long a fault lasts.
            "HANDOFF_MERGE_WAIT": "5900ms", "HANDOFF_KAFKA_RECONNECT_BACKOFF_MAX_MS": "500",
        ]) { $1 }
    }

    /// Of the lanes' files, as the storage makes them.
    private static let pageBytes = 4_096

    /// A far broker: epochs are of 1,000 records a lane at most and take several round trips, so
    /// that the work lasts for all that is to happen.
    private static let weather = Proxy.Weather.slow(20)

    /// Starts the workers, each when the last is ready, see `Stage.startInTurn`.
    init(
        _ stage: Stage, _ broker: PrivateBroker, workers count: Int, seed: UInt64,
        isStatic: Bool = true
    ) async throws {
        self.stage = stage
        self.broker = broker
        self.isStatic = isStatic
        names = Array(["one", "two", "three"].prefix(count))
        proxies = try names.indices.map { try Proxy(port: broker.port, number: $0) }
        random = SplitMix64(seed: seed)
        for proxy in proxies { proxy.change(to: Crew.weather) }
        for place in names.indices {
            workers.append(try start(place))
            try await workers[place].waitUntilReady()
        }
    }

    deinit { for proxy in proxies { proxy.close() } }

    private func start(_ place: Int) throws -> WorkerProcess {
        try stage.start(
            names[place], isStatic: isStatic,
            settings: ["HANDOFF_BOOTSTRAP_SERVERS": proxies[place].bootstrapServers])
    }

    /// The system's numbers of the workers.
    var processes: [Int32] { workers.map(\.id) }

    /// What all workers said last.
    var lastWords: String { workers.map(\.lastWords).joined(separator: "\n") }

    /// Waits until some lane has gone on.
    func waitForProgress() async throws {
        let before = try await stage.committedCount()
        try await Eventually.holds(
            "progress", within: .seconds(60), state: { self.lastWords }
        ) {
            try restartFenced()
            if try await stage.committedCount() > before { return true }
            guard try await stage.totalLag() > 0 else {
                throw Eventually.TimedOut(description: "nothing is left to be done")
            }
            return false
        }
    }

    /// Does what a supervisor would.
    ///
    /// Only a static member may end by itself, and only so: when it overslept its session, or the
    /// answer that told it its new id was lost, it joins under the old one and is told that another
    /// has its name.
    private func restartFenced() throws {
        for place in workers.indices where workers[place].hasEnded != nil {
            guard isStatic, workers[place].hasEnded == .exited(1),
                workers[place].errors.contains("FENCED_INSTANCE_ID")
            else {
                let words = workers[place].lastWords
                throw Eventually.TimedOut(description: "ended by itself\n\(words)")
            }
            print("\(names[place]) was fenced, and is started again")
            workers[place] = try start(place)
        }
    }

    /// Lets it happen to one worker; returns when it is over.
    func suffer(_ mishap: Mishap) async throws {
        let place = random.number(0...workers.count - 1)
        let (worker, proxy) = (workers[place], proxies[place])
        switch mishap {
        case .kill, .loss, .damage, .truncation:
            try await worker.kill()
            try harm(names[place], mishap)
            workers[place] = try start(place)
        case .oversleep, .nap:
            worker.send(.pause)
            let time = mishap == .nap ? random.number(200...2_500) : random.number(7_000...8_000)
            try await Crew.pass(time)
            worker.send(.resume)
        case .silence:
            broker.pause()
            try await Crew.pass(random.number(500...2_500))
            broker.resume()
        case .cut: cut(proxy)
        case .slowness: try await meet(.slow(random.number(50...200)), proxy)
        case .standstill: try await meet(.still, proxy)
        case .halfOpen:
            try await meet(.still, proxy)
            cut(proxy)
        case .lostAnswers:
            proxy.change(to: .deaf)
            try await Crew.pass(random.number(20...1_500))
            cut(proxy)
        case .garbling:
            try await worker.kill()
            workers[place] = try start(place)
            try await meet(.garbled(oneIn: 2), proxy)
        case .visit, .storm, .twin: try await meetAnother(mishap, place)
        case .rows: try await feedRows()
        }
    }

    /// Waits until the workers have nothing left to do.
    func waitUntilDone() async throws {
        try await Eventually.holds(
            "nothing left", within: .seconds(120), state: { self.lastWords }
        ) {
            try restartFenced()
            return try await stage.totalLag() == 0
        }
    }

    /// The workers finish in peace, and stop.
    func finish() async throws {
        for proxy in proxies { proxy.change(to: .clear) }
        try await waitUntilDone()
        for worker in workers {
            let end = try await worker.stop()
            guard end == .exited(0) else {
                throw Eventually.TimedOut(description: "bad end \(end)\n\(worker.lastWords)")
            }
        }
    }

    // MARK: Other workers, and what they read

    /// How often the guest of a storm comes.
    private static let visitsOfStorm = 5

    private func meetAnother(_ mishap: Mishap, _ place: Int) async throws {
        switch mishap {
        case .twin: try await replace(place)
        case .storm:
            for _ in 0..<Crew.visitsOfStorm {
                let guest = try stage.start("guest", isStatic: false)
                try await guest.waitUntilReady()
                try await Crew.dismiss(guest)
            }
        default:
            let guest = try stage.start("guest", isStatic: false)
            try await guest.waitUntilReady()
            try await waitForProgress()
            try await Crew.dismiss(guest)
        }
    }

    /// Another machine has the worker's name, and takes over; then that one goes, too.
    private func replace(_ place: Int) async throws {
        let worker = workers[place]
        let twin = try stage.start(
            names[place],
            settings: [
                "HANDOFF_BOOTSTRAP_SERVERS": proxies[place].bootstrapServers,
                "HANDOFF_STATE_FOLDER": stage.stateFolder("twin"),
            ])
        let end = try await worker.waitForEnd()
        guard end == .exited(1), worker.errors.contains("the same instance_id") else {
            throw Eventually.TimedOut(description: "not fenced: \(end)\n\(worker.lastWords)")
        }
        workers[place] = twin
        try await waitForProgress()
        try await Crew.dismiss(workers[place])
        workers[place] = try start(place)
    }

    private static func dismiss(_ guest: WorkerProcess) async throws {
        guard try await guest.stop() == .exited(0) else {
            throw Eventually.TimedOut(description: "bad end\n\(guest.lastWords)")
        }
    }

    /// Rows enough for several transactions of the reference cache, half of them taken back.
    private func feedRows() async throws {
        let (batches, rows) = (4, 100)
        for batch in 0..<batches {
            let records = (0..<rows).flatMap { row in
                let name = "stranger-\(row).example"
                let isGone = batch % 2 == 1
                return [
                    ("reference.suppressions", name, "{\"entry\":\"\(name)\"}"),
                    (
                        "reference.accounts", name,
                        "{\"domain\":\"\(name)\",\"status\":\"competitor\"}"
                    ),
                    ("reference.campaigns", name, "{\"campaign_id\":\"\(name)\"}"),
                ].map { topic, key, text in
                    StageRecord(
                        topic: topic, partition: 0, key: Array(key.utf8),
                        value: isGone ? nil : Array(text.utf8))
                }
            }
            try await stage.feed(records)
            try await Crew.pass(random.number(100...1_200))
        }
    }

    private func meet(_ weather: Proxy.Weather, _ proxy: Proxy) async throws {
        proxy.change(to: weather)
        try await Crew.pass(random.number(200...2_500))
        proxy.change(to: Crew.weather)
    }

    private func cut(_ proxy: Proxy) {
        proxy.cut()
        proxy.change(to: Crew.weather)
    }

    /// A fault lasts; nothing is waited for.
    private static func pass(_ milliseconds: Int) async throws {
        try await Task.sleep(for: .milliseconds(milliseconds))
    }

    /// What a dead worker's disk can come back with.
    private func harm(_ name: String, _ mishap: Mishap) throws {
        let folder = stage.stateFolder(name)
        if mishap == .loss { return try stage.removeState(name) }
        let ending = mishap == .damage ? ".sqlite" : ".sqlite-wal"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for file in files.sorted() where file.hasPrefix("lane-") && file.hasSuffix(ending) {
            let handle = try FileHandle(
                forUpdating: URL(fileURLWithPath: folder + "/" + file))
            defer { try? handle.close() }
            let size = Int(try handle.seekToEnd())
            if size == 0 { continue }
            if mishap == .truncation {
                try handle.truncate(atOffset: UInt64(random.number(0...size - 1)))
            } else {
                // Whole pages, which no other check than that of their structure protects.
                let pages = max(1, size / Crew.pageBytes)
                let first = random.number(0...pages - 1)
                try handle.seek(toOffset: UInt64(first * Crew.pageBytes))
                let count = min(pages - first, random.number(1...3)) * Crew.pageBytes
                try handle.write(contentsOf: Data((0..<count).map { UInt8($0 * 37 & 0xff) }))
            }
        }
    }
}
