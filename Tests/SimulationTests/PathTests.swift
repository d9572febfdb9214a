import KafkaClient
import SimulatedKafka
import Storage
import Testing
import Worker

/// Single paths of epoch, hand-over and restore, each forced by a script instead of drawn.
struct PathTests {
    /// Builds a world without random faults, runs it with a script and returns it.
    private func run(
        seed: UInt64, workers: Int = 2, _ change: (inout WorldRunOptions) -> Void = { _ in },
        _ prepare: (SimulatedWorld) -> Void
    ) throws -> SimulatedWorld {
        let scene = try Scenes.shared.scene(0)
        var options = WorldRunOptions(scene: scene)
        options.workers = workers
        options.feedTime = .seconds(3)
        options.settings.flushInterval = .milliseconds(500)
        change(&options)
        let world = SimulatedWorld(scene: scene, options: options, seed: seed)
        prepare(world)
        // The script knows the world: without this neither would go, nor the folder.
        defer { world.script = nil }
        try world.run()
        return world
    }

    /// Strikes once, at the n-th call of that kind by worker 0.
    private func once(
        _ wanted: PortCall, number: Int, _ fault: Fault
    ) -> (PortCall, SimulatedProcess) -> Fault? {
        var seen = 0
        return { call, process in
            guard call == wanted, process.number == 0 else { return nil }
            seen += 1
            return seen == number ? fault : nil
        }
    }

    @Test(
        "an epoch committed after a successor's restore is restored as well",
        arguments: 1...UInt64(6))
    func offsetsAhead(_ seed: UInt64) throws {
        // The records are written with the commit, after the successor has read the changelog; the
        // offsets are held back from it by the transaction.
        var looks = 0
        let world = try run(seed: seed) { world in
            let strike = once(.commit, number: 3, .pause(.seconds(13), isAfter: false))
            world.script = { call, process in
                process.port?.writesWithCommit = true
                if process.number == 1, call == .committed { looks += 1 }
                return strike(call, process)
            }
        }
        #expect(Verdict.faults(world) == [])
        #expect(!world.strikes.isEmpty)
        #expect(looks > world.scene.laneCount, "the successor never had to look again")
    }

    @Test("offsets that were moved on by hand are taken as they are")
    func offsetsMovedOn() throws {
        let world = try run(seed: 1, workers: 1) { options in
            options.feedTime = .milliseconds(300)
        } _: { world in
            let strike = once(.begin, number: 4, .crash(isAfter: false, .kept))
            world.script = { call, process in
                let fault = strike(call, process)
                if fault != nil {
                    for (_, topic) in world.topics.inputs {
                        let partition = TopicPartition(topic: topic, partition: 1)
                        world.cluster.group.reset(partition, to: world.cluster.log(partition).end)
                    }
                }
                return fault
            }
        }
        #expect(world.violations == [])
        let other = Verdict.faults(world).filter { !$0.contains("lane 1") }
        #expect(other == [])
    }

    @Test(
        "offsets that are gone or were moved back repeat nothing", arguments: [nil, 0] as [Int64?])
    func offsetsMovedBack(_ offset: Int64?) throws {
        let world = try run(seed: 1, workers: 1) { _ in
        } _: { world in
            let strike = once(.begin, number: 4, .crash(isAfter: false, .kept))
            world.script = { call, process in
                let fault = strike(call, process)
                if fault != nil {
                    for (_, topic) in world.topics.inputs {
                        for lane in 0..<Int32(3) {
                            world.cluster.group.reset(
                                TopicPartition(topic: topic, partition: lane), to: offset)
                        }
                    }
                }
                return fault
            }
        }
        #expect(Verdict.faults(world) == [])
    }

    /// A worker that hangs in the middle of an epoch longer than a revoke may take, while a second
    /// one joins.
    private func oversleptRevoke(
        _ seed: UInt64, wrap: @escaping (SimulatedPort) -> any KafkaPort = { $0 }
    ) throws -> SimulatedWorld {
        try run(seed: seed) { options in
            options.revokeDeadline = .seconds(2)
            options.feedTime = .seconds(8)
        } _: { world in
            world.wrap = wrap
            var hasHung = false
            world.script = { call, process in
                guard call == .send, process.number == 0, !hasHung,
                    world.processes.count == 2, process.member?.assigned.count == 9
                else { return nil }
                hasHung = true
                return .delay(.seconds(9))
            }
        }
    }

    @Test(
        "offsets go out in the name of the assignment that their lanes began with",
        arguments: 1...UInt64(8))
    func staleGeneration(_ seed: UInt64) throws {
        let world = try oversleptRevoke(seed)
        #expect(Verdict.faults(world) == [])
        let refusals = world.processes[0]?.port?.staleRefusals ?? 0
        #expect(refusals > 0 || world.strikes.isEmpty)
    }

    @Test("the same with the assignment of the moment goes wrong, and is seen to")
    func freshGeneration() throws {
        let faults = try (1...UInt64(8)).flatMap { seed in
            Verdict.faults(
                try oversleptRevoke(seed) { port in
                    var changed = ChangedPort(port: port)
                    changed.beforeOffsets = { port throws(KafkaError) in
                        try port.noteAssignment()
                    }
                    return changed
                })
        }
        #expect(!faults.isEmpty)
    }

    @Test(
        "a rewind that is refused during a rebalance is made after it", arguments: 1...UInt64(8))
    func rewindRefused(_ seed: UInt64) throws {
        // An epoch fails, and while its transaction is being aborted the group rebalances.
        let world = try run(seed: seed, workers: 1) { options in
            options.revokeDeadline = .seconds(30)
        } _: { world in
            let fail = once(.commit, number: 2, .refuse(.abort))
            let hang = once(.abort, number: 1, .delay(.seconds(3)))
            world.script = { call, process in
                let fault = fail(call, process)
                if fault != nil { world.cluster.group.rebalance() }
                return fault ?? hang(call, process)
            }
        }
        #expect(Verdict.faults(world) == [])
        #expect(world.processes[0]?.member?.rewindsRefused ?? 0 > 0)
    }

    @Test("a lane that lacks an input is not run", arguments: 1...UInt64(6))
    func partialAssignment(_ seed: UInt64) throws {
        // An epoch fails, and then the group gives one input of lane 1 to nobody for a while, as
        // when a member joins that does not know all topics.
        let world = try run(seed: seed, workers: 1) { _ in
        } _: { world in
            let missing = TopicPartition(topic: world.topics.activities, partition: 1)
            world.wrap = { port in
                var changed = ChangedPort(port: port)
                changed.queues = { all in all.filter { $0.key != missing } }
                return changed
            }
            let fail = once(.commit, number: 2, .refuse(.abort))
            world.script = { [unowned world] call, process in
                guard let fault = fail(call, process) else { return nil }
                let group = world.cluster.group
                world.scheduler.after(.seconds(20)) { group.rebalance() }
                return fault
            }
        }
        #expect(Verdict.faults(world) == [])
        // Between the two there was a time when it was not all there.
        #expect(world.processes[0]?.readyLanes == [[0, 1, 2], [0, 1, 2]])
    }

    @Test("an epoch of findings alone is fenced as every other", arguments: 1...UInt64(6))
    func findingsAlone(_ seed: UInt64) throws {
        let world = try runWithFindings(seed, .send, .pause(.seconds(13), isAfter: false))
        #expect(!world.strikes.isEmpty)
        #expect(Verdict.faults(world) == [])
    }

    @Test(
        "findings that are committed after the lane was handed over are not published again",
        arguments: 1...UInt64(6))
    func findingsLate(_ seed: UInt64) throws {
        // Its offsets were taken, and are the same as before; its records are written when the
        // successor would have read the changelog to its end.
        let world = try runWithFindings(
            seed, .sendOffsets, .pause(.seconds(12), isAfter: true), writesWithCommit: true)
        #expect(!world.strikes.isEmpty)
        #expect(Verdict.faults(world) == [])
    }

    /// Strikes once, at a call of the first worker, while it publishes bad rows and nothing else.
    private func runWithFindings(
        _ seed: UInt64, _ struck: PortCall, _ fault: Fault, writesWithCommit: Bool = false
    ) throws -> SimulatedWorld {
        try run(seed: seed) { options in
            // Nothing to consume while bad rows are found.
            options.feedDelay = .seconds(30)
            options.badRowsAt = .seconds(3)
        } _: { world in
            var hasStruck = false
            world.script = { call, process in
                if writesWithCommit { process.port?.writesWithCommit = true }
                guard call == struck, process.number == 0, !hasStruck,
                    world.scheduler.now > .seconds(3)
                else { return nil }
                hasStruck = true
                return fault
            }
        }
    }

    @Test("a bulk restore leaves the file as it was until its first rows", arguments: 1...UInt64(3))
    func restoreNotBegun(_ seed: UInt64) throws {
        var lanes: [Int]?
        let world = try run(seed: seed, workers: 1) { options in
            options.settings.restore.bulkRecords = 0
            options.settings.restore.bulkRecordsOfNew = 0
        } _: { world in
            let strike = once(.commit, number: 4, .crash(isAfter: true, .kept))
            world.script = { call, process in
                let fault = strike(call, process)
                // The first read of the process that comes after: no lane has an answer yet.
                if call == .read, lanes == nil, !world.strikes.isEmpty {
                    lanes = PathTests.soundLanes(of: world.copy(process.folder))
                }
                return fault
            }
        }
        #expect(lanes == Array(0..<world.scene.laneCount))
        #expect(Verdict.faults(world) == [])
    }

    /// The lanes whose files a worker can go on with.
    private static func soundLanes(of path: String) -> [Int] {
        guard let folder = try? StateFolder(path: path) else { return [] }
        return ((try? folder.lanes()) ?? []).sorted()
            .filter { (try? ProfileWriter(folder: folder, lane: $0)) != nil }
    }
}

/// A port that does some things otherwise.
private struct ChangedPort: KafkaPort {
    let port: SimulatedPort
    /// Comes before the offsets of each epoch; noting the assignment there was a mistake once: the
    /// generation of the moment, not that of the lanes.
    var beforeOffsets: @Sendable (SimulatedPort) throws(KafkaError) -> Void = { _ in }
    /// What a rewind hands out.
    var queues: @Sendable ([TopicPartition: any InputQueue]) -> [TopicPartition: any InputQueue] = {
        $0
    }

    func sendOffsets(_ offsets: [TopicPartition: Int64]) async throws(KafkaError) {
        try beforeOffsets(port)
        try await port.sendOffsets(offsets)
    }

    func initialiseTransactions() async throws(KafkaError) {
        try await port.initialiseTransactions()
    }
    func beginTransaction() async throws(KafkaError) { try await port.beginTransaction() }
    func send(_ records: OutboundRecords) async throws(KafkaError) {
        try await port.send(records)
    }
    func noteAssignment() throws(KafkaError) { try port.noteAssignment() }
    func commitTransaction() async throws(KafkaError) { try await port.commitTransaction() }
    func abortTransaction() async throws(KafkaError) { try await port.abortTransaction() }
    func use(topics: [String]) { port.use(topics: topics) }
    func recycleProducer() async throws(KafkaError) { try await port.recycleProducer() }
    func committed(
        _ partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        try await port.committed(partitions)
    }
    func rewind(
        to offsets: [TopicPartition: Int64]
    ) async throws(KafkaError) -> [TopicPartition: any InputQueue] {
        queues(try await port.rewind(to: offsets))
    }
    func logRange(_ partition: TopicPartition) async throws(KafkaError) -> Range<Int64> {
        try await port.logRange(partition)
    }
    func partitionCount(of topic: String) async throws(KafkaError) -> Int {
        try await port.partitionCount(of: topic)
    }
    func readChangelog(
        _ partition: TopicPartition, from offset: Int64
    ) throws(KafkaError) -> any ChangelogReading {
        try port.readChangelog(partition, from: offset)
    }
}
