import KafkaClient
import Qualification
import ReferenceModel
import SimulatedKafka
import Storage
import WireFormats
import Worker

/// The marks of a lane's changelog.
enum LaneMarks {
    static let key = LaneMark.key
}

/// What is wrong after a run; empty if nothing is.
enum Verdict {
    /// Everything that must hold once all records are consumed and all workers have stopped.
    static func faults(_ world: SimulatedWorld) -> [String] {
        let outputs = world.topics.outputs(world.scene.definition)
        var published = Published(
            world.cluster, topics: world.topics, outputs: outputs, lanes: world.scene.laneCount)
        var golden = world.scene.golden
        var faults = world.violations
        if world.options.widens {
            do {
                published.profiles = try withoutAgreements(published.profiles)
                golden.profiles = try withoutAgreements(golden.profiles)
            } catch {
                faults.append("a profile cannot be decoded: \(error)")
            }
        }
        if !world.scene.changes.isEmpty {
            // Leads that one row concerns are decided in the order of their addresses on the disk,
            // those not on the disk yet before them: the order of leads is open.
            published = published.byLead
            golden = golden.byLead
        }
        faults += differences(published, golden)
        for lane in 0..<world.scene.laneCount {
            faults += marks(world, lane: lane)
            for (_, topic) in world.topics.inputs {
                let partition = TopicPartition(topic: topic, partition: Int32(lane))
                let (committed, end) = (
                    world.cluster.group.committed[partition] ?? 0, world.cluster.log(partition).end
                )
                if committed != end { faults.append("\(partition) at \(committed) of \(end)") }
            }
        }
        for topic in world.cluster.topics {
            for number in 0..<Int32(world.cluster.partitionCount(of: topic)) {
                let partition = TopicPartition(topic: topic, partition: number)
                if world.cluster.log(partition).hasOpenTransaction {
                    faults.append("\(partition) has an open transaction")
                }
            }
        }
        for process in world.processes.values {
            faults += ahead(
                world.copy(process.folder, lanesOnly: true), world.cluster, world.topics)
        }
        return faults
    }

    /// The same profiles without the agreements that published their MQLs, which tell of the
    /// product that came and went: the one difference that a wider definition may make.
    private static func withoutAgreements(
        _ lanes: [Int: [[UInt8]: [UInt8]]]
    ) throws -> [Int: [[UInt8]: [UInt8]]] {
        try lanes.mapValues { profiles in
            try profiles.mapValues { encoded in
                if encoded.isEmpty { return [] }
                var codec = ProfileCodec(symbols: SymbolTable())
                var profile = try codec.decode(encoded, leadID: "")
                profile.agreements = []
                for product in profile.products.indices {
                    for mql in profile.products[product].mqls.indices {
                        profile.products[product].mqls[mql].agreement = 0
                    }
                }
                return codec.encode(&profile)
            }
        }
    }

    /// Every lane's epochs are numbered without a gap and never go back: nobody else's got between.
    private static func marks(_ world: SimulatedWorld, lane: Int) -> [String] {
        let partition = TopicPartition(topic: world.topics.profiles, partition: Int32(lane))
        var faults: [String] = []
        var last = LaneMark()
        for record in world.cluster.log(partition).everCommitted()
        where record.key == LaneMark.key {
            do {
                let mark = try LaneMark(decoding: record.value ?? [])
                if mark.sequence != last.sequence + 1 {
                    faults.append("lane \(lane): mark \(mark.sequence) after \(last.sequence)")
                }
                for (source, position) in last.positions
                where mark.positions[source] ?? 0 < position {
                    faults.append("lane \(lane): \(source) went back from \(position)")
                }
                last = mark
            } catch {
                faults.append("lane \(lane): unreadable mark")
            }
        }
        return faults
    }

    /// A state folder holds what the committed changelog makes up to its position, no less and no
    /// more.
    static func ahead(
        _ path: String, _ cluster: SimulatedCluster, _ topics: Topics
    ) -> [String] {
        var faults: [String] = []
        do {
            let folder = try StateFolder(path: path)
            for lane in try folder.lanes() {
                let partition = TopicPartition(topic: topics.profiles, partition: Int32(lane))
                let log = cluster.log(partition)
                guard let stored = try StoredLane(folder, lane) else { continue }
                if stored.position > log.end {
                    faults.append("lane \(lane): ahead of the log's end")
                }
                let wrong = stored.differences(from: log)
                if wrong > 0 {
                    faults.append(
                        "lane \(lane): \(wrong) of \(stored.rows.count) rows are not those of the "
                            + "changelog below \(stored.position)")
                }
            }
        } catch {
            faults.append("state not readable: \(error)")
        }
        return faults
    }

    static func differences(_ have: Published, _ want: Published) -> [String] {
        var faults: [String] = []
        if have.audited != want.audited {
            faults.append("audited \(have.audited.count), expected \(want.audited.count)")
        }
        for lane in Set(have.messages.keys).union(want.messages.keys).sorted() {
            let (got, wanted) = (have.messages[lane] ?? [:], want.messages[lane] ?? [:])
            for topic in Set(got.keys).union(wanted.keys).sorted() {
                let (one, other) = (got[topic] ?? [], wanted[topic] ?? [])
                if one == other { continue }
                let place = zip(one, other).enumerated().first { $0.element.0 != $0.element.1 }
                faults.append(
                    "lane \(lane) \(topic): \(one.count) records, expected \(other.count), "
                        + "different from \(place?.offset ?? min(one.count, other.count))")
            }
        }
        for (lane, profiles) in want.profiles.sorted(by: { $0.key < $1.key })
        where have.profiles[lane] != profiles {
            let got = have.profiles[lane] ?? [:]
            let wrong = Set(got.keys).union(profiles.keys).filter { got[$0] != profiles[$0] }
            faults.append("lane \(lane): \(wrong.count) of \(profiles.count) profiles differ")
        }
        return faults
    }

    /// The fault-free run against the model (CONTRACT.md).
    static func differencesFromModel(_ scene: Scene) throws -> [String] {
        var faults: [String] = []
        for lane in 0..<scene.laneCount {
            let wanted = Dictionary(grouping: try scene.expectation(lane: lane), by: \.topic)
            let got = scene.golden.messages[lane] ?? [:]
            for topic in Set(wanted.keys).union(got.keys).sorted() {
                let (one, other) = (got[topic] ?? [], wanted[topic] ?? [])
                if one.count != other.count {
                    faults.append("lane \(lane) \(topic): \(one.count), model \(other.count)")
                }
                for (have, want) in zip(one, other) where !isEqual(have, want, scene, lane) {
                    faults.append("lane \(lane) \(topic): differs from the model")
                }
            }
        }
        return faults
    }

    private static func isEqual(
        _ have: StoredRecord, _ want: ModelOutput, _ scene: Scene, _ lane: Int
    ) -> Bool {
        guard have.key == want.key else { return false }
        for (name, value) in want.headers {
            guard let found = have.header(name), found.utf8.elementsEqual(value.utf8) else {
                return false
            }
        }
        if want.topic == ModelTopic.deadLetters {
            return have.value == scene.lanes[lane][want.sourceIndex].value
        }
        guard case .object(var members)? = JSONValue.parse(have.value ?? []) else { return false }
        members["summary"] = nil
        return JSONValue.object(members) == want.body
    }
}
