import ReferenceModel
import TestSupport
import Testing

/// A single worker behind a far broker of its own, so that it is in the middle of its work for
/// certain.
///
/// There are 20,000 records a lane, committed in epochs of 1,000 at most, and each epoch takes
/// several round trips of 40 ms: however quick the machine is, work lasts for seconds after the
/// first commit.
struct MidStream {
    let scene: Scene
    let stage: Stage
    let broker: PrivateBroker
    private let proxy: Proxy

    private static let records = 200
    private static let noise = 100
    private static let milliseconds = 20

    /// Runs a test with everything fed and no worker started.
    static func with(
        seed: UInt64, settings: [String: String] = [:], _ body: (MidStream) async throws -> Void
    ) async throws {
        let scene = try Scene(seed: seed, lanes: 2) { $0.records = records }
        let broker = try await PrivateBroker()
        defer { broker.stop() }
        let proxy = try Proxy(port: broker.port, number: 0)
        defer { proxy.close() }
        proxy.change(to: .slow(milliseconds))
        try await Stage.with(
            definition: scene.definition, lanes: 2,
            settings: Crew.settings(scene).merging(settings) { $1 }, broker: broker.broker
        ) { stage in
            try await scene.feedReference(stage)
            try await scene.feed(stage, noise: noise)
            try await body(MidStream(scene: scene, stage: stage, broker: broker, proxy: proxy))
        }
    }

    /// Starts the worker; with `fileLimit`, in KiB, its disk is full there.
    func start(fileLimit: Int? = nil) throws -> WorkerProcess {
        try stage.start(
            settings: ["HANDOFF_BOOTSTRAP_SERVERS": proxy.bootstrapServers], fileLimit: fileLimit)
    }

    /// Starts the worker and waits until it has committed something.
    func startAndWait(fileLimit: Int? = nil) async throws -> WorkerProcess {
        let worker = try start(fileLimit: fileLimit)
        try await stage.waitForProgress(beyond: 0, worker)
        return worker
    }

    /// From now on of the answers with records one in so many arrives with a wrong byte; none if
    /// nil.
    func garble(oneIn: Int?) {
        proxy.change(
            to: oneIn.map { .garbled(oneIn: $0) } ?? .slow(MidStream.milliseconds))
    }

    /// Waits until so many have.
    func waitForGarbled(_ count: Int) async throws {
        try await Eventually.holds("wrong bytes", within: .seconds(90)) {
            proxy.garbledCount >= count
        }
    }

    /// What happened struck in mid-stream: some work remains.
    func expectWorkLeft(_ what: String) async throws {
        let left = try await stage.totalLag()
        #expect(left > 0, "\(what) after all work was done")
        print("\(what), \(left) left")
    }

    /// Finishes the work in peace, and compares everything.
    func judge(_ story: String) async throws {
        try await Judgement.judge(scene, stage, ["one"], story)
    }
}
