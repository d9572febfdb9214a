import KafkaClient
import ReferenceModel
import Storage
import TestSupport
import Testing
import WireFormats

/// What must hold when everything has healed.
enum Judgement {
    /// Finishes the work with the workers named, and compares what there is with what there must
    /// be.
    ///
    /// Outputs with the reference model, committed offsets with the ends of the inputs, the files
    /// of all workers with the changelog, and the epochs with each other.
    static func judge(
        _ scene: Scene, _ stage: Stage, _ names: [String], _ story: String,
        mayBeDamaged: Bool = false
    ) async throws {
        let workers = try await stage.startInTurn(names)
        let shares = { workers.map { $0.readyLanes.last ?? [] } }
        try await Eventually.holds(
            "lanes shared", within: .seconds(60),
            state: { workers.map(\.lastWords).joined(separator: "\n") }
        ) {
            shares().flatMap { $0 }.sorted() == Array(scene.lanes.indices)
        }
        try await stage.waitUntilDone(within: .seconds(120))
        let owned = shares()
        for worker in workers {
            #expect(try await worker.stop() == .exited(0), "\(worker.lastWords)")
        }
        var faults = try scene.differences(try await stage.published(), stage)
        faults += try await inputs(stage)
        let changelog = try await Changelog(stage)
        faults += changelog.faults
        for (name, lanes) in zip(names, owned) {
            faults += try changelog.differences(
                stage.stateFolder(name), whole: lanes, mayBeDamaged: mayBeDamaged)
        }
        #expect(faults.isEmpty, "\(story)\n\(faults.prefix(20).joined(separator: "\n"))")
    }

    /// Every input is committed to exactly its end.
    static func inputs(_ stage: Stage) async throws -> [String] {
        let partitions = stage.partitions(of: Stage.inputs)
        let committed = try await stage.admin.committedOffsets(
            group: stage.group, partitions: partitions, stable: true)
        var faults: [String] = []
        for partition in partitions {
            let end = try await stage.admin.watermarks(partition, isolation: .readUncommitted).high
            let place = committed[partition] ?? 0
            if place != end { faults.append("\(partition) committed to \(place) of \(end)") }
        }
        return faults
    }
}

/// What the workers of a stage have committed of their state.
struct Changelog {
    private let records: [Int: [StoredRecord]]
    /// Marks that repeat, go back, or cannot be read.
    let faults: [String]

    init(_ stage: Stage) async throws {
        let outputs = try await stage.published([Stage.changelog])
        records = Dictionary(grouping: outputs.map(\.record)) { Int($0.partition) }
        var faults: [String] = []
        for (lane, records) in records {
            var last = LaneMark()
            for record in records where record.key == LaneMark.key {
                let mark = try LaneMark(decoding: record.value ?? [])
                if mark.sequence != last.sequence + 1 {
                    faults.append("lane \(lane): epoch \(mark.sequence) after \(last.sequence)")
                }
                for (source, position) in last.positions
                where mark.positions[source] ?? 0 < position {
                    faults.append("lane \(lane): \(source) went back from \(position)")
                }
                last = mark
            }
        }
        self.faults = faults
    }

    /// What is wrong with a state folder that nobody has open.
    ///
    /// Each file holds what its lane's changelog makes up to the file's position; later versions
    /// are no harm, because they are replayed over themselves. Those of `whole` lanes hold all.
    func differences(_ path: String, whole: [Int], mayBeDamaged: Bool) throws -> [String] {
        var faults: [String] = []
        let folder = try StateFolder(path: path)
        let lanes = try folder.lanes()
        for lane in whole where !lanes.contains(lane) {
            faults.append("no file of lane \(lane)")
        }
        for lane in lanes {
            faults +=
                try sound(mayBeDamaged) {
                    try differences(folder, lane, isWhole: whole.contains(lane))
                } ?? []
        }
        return faults
    }

    private func differences(
        _ folder: StateFolder, _ lane: Int, isWhole: Bool
    ) throws -> [String] {
        let writer = try ProfileWriter(folder: folder, lane: lane)
        guard let position = try writer.mark()?.nextOffset else { return [] }
        let rows = try rows(folder, lane)
        var allowed: [[UInt8]: [[UInt8]?]] = [:]
        for record in records[lane] ?? [] where record.key != LaneMark.key {
            guard let key = record.key else { continue }
            let isLater = record.offset >= position && !isWhole
            allowed[key] = (isLater ? allowed[key] ?? [nil] : []) + [record.value]
        }
        let wrong = Set(rows.keys).union(allowed.keys).filter { key in
            !(allowed[key]?.contains(rows[key]) ?? false)
        }
        if wrong.isEmpty { return [] }
        return ["lane \(lane): \(wrong.count) of \(rows.count) rows are others"]
    }

    /// Nil for a damaged page that no lead of this run was on; whoever reads it restores the file.
    private func sound<Output>(_ mayBeDamaged: Bool, _ read: () throws -> Output) throws -> Output?
    {
        do {
            return try read()
        } catch {
            let isDamage = (error as? StorageError)?.consequence == .wipeAndRestore
            if mayBeDamaged, isDamage { return nil }
            throw error
        }
    }

    private func rows(_ folder: StateFolder, _ lane: Int) throws(StorageError) -> [[UInt8]: [UInt8]]
    {
        let reader = try ProfileReader(folder: folder, lane: lane)
        var rows: [[UInt8]: [UInt8]] = [:]
        _ = try reader.forEach(from: [], limit: 1_000_000) { key, value in
            rows[key.indices.map { key[$0] }] = value.indices.map { value[$0] }
        }
        return rows
    }
}
