package import KafkaClient
internal import Synchronization

/// A record for a stage's inputs or reference topics.
package struct StageRecord: Sendable {
    /// Without the prefix.
    package var topic: String
    /// The lane, 0 for reference topics.
    package var partition: Int
    /// The key.
    package var key: [UInt8]?
    /// The value.
    package var value: [UInt8]?
    /// Milliseconds since 1970; 0 = when it is sent.
    package var timestamp: Int64
    /// Headers.
    package var headers: [RecordHeader]

    /// Everything given.
    package init(
        topic: String, partition: Int, key: [UInt8]?, value: [UInt8]?, timestamp: Int64 = 0,
        headers: [RecordHeader] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.headers = headers
    }
}

/// A record that a stage's workers have published.
package struct StageOutput: Sendable {
    /// Without the prefix.
    package var topic: String
    /// As it was read.
    package var record: StoredRecord

    /// The text of a header; the last of several.
    package func header(_ name: String) -> String? {
        let found = record.headers.last { $0.name == name }
        return found.map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }

    /// The lane that wrote it.
    package var lane: Int? {
        let name =
            topic == Stage.deadLetters ? "handoff.error.partition" : "handoff.partition"
        return header(name).flatMap { Int($0) }
    }
}

extension Stage {
    /// Writes records, each to its partition, in their order within a partition.
    package func feed(_ records: [StageRecord]) async throws {
        let numbers = Dictionary(
            uniqueKeysWithValues: (Stage.inputs + Stage.references).enumerated()
                .map { ($0.element, Int32($0.offset)) })
        var outbound = OutboundRecords()
        for record in records {
            guard let topic = numbers[record.topic] else {
                throw Broker.Unavailable(description: "\(record.topic) is not fed")
            }
            outbound.append(
                topic: topic, partition: Int32(record.partition), key: record.key,
                value: record.value, timestamp: record.timestamp,
                headers: RecordHeaders(record.headers))
        }
        let inputs = records.count { Stage.inputs.contains($0.topic) }
        fedCount.add(inputs, ordering: .relaxed)
        let failures = try await producer.send(outbound)
        guard failures.isEmpty else {
            throw Broker.Unavailable(description: "not written: \(failures[0].error)")
        }
    }

    /// The partitions of topics given without the prefix.
    package func partitions(of topics: [String]) -> [TopicPartition] {
        topics.flatMap { topic in
            (0..<Int32(partitionCounts[topic] ?? 0)).map {
                TopicPartition(topic: prefix + topic, partition: $0)
            }
        }
    }

    // MARK: Progress

    /// How many input records of each partition the group has not committed yet; none if 0.
    package func lag() async throws -> [TopicPartition: Int64] {
        let partitions = partitions(of: Stage.inputs)
        let committed = try await admin.committedOffsets(
            group: group, partitions: partitions, stable: false)
        var lag: [TopicPartition: Int64] = [:]
        for partition in partitions {
            let (low, high) = try await admin.watermarks(partition, isolation: .readUncommitted)
            let left = high - (committed[partition] ?? low)
            if left > 0 { lag[partition] = left }
        }
        return lag
    }

    /// All of `lag` together, or that of some lanes.
    package func totalLag(lanes: [Int]? = nil) async throws -> Int64 {
        try await lag().filter { lanes?.contains(Int($0.key.partition)) ?? true }
            .values.reduce(0, +)
    }

    /// How many input records the group has committed.
    package func committedCount() async throws -> Int64 {
        try await admin.committedOffsets(
            group: group, partitions: partitions(of: Stage.inputs), stable: false
        ).values.reduce(0, +)
    }

    /// Waits until as many input records are committed as were fed; cheaper than `waitUntilDone`.
    package func waitUntilTaken(
        _ worker: WorkerProcess, within time: Duration = .seconds(90)
    ) async throws {
        let fed = Int64(fedCount.load(ordering: .relaxed))
        try await Eventually.holds("\(fed) taken", within: time, state: { worker.lastWords }) {
            try await committedCount() >= fed
        }
    }

    /// Waits until more is committed than `count`.
    package func waitForProgress(
        beyond count: Int64, _ worker: WorkerProcess, within time: Duration = .seconds(60)
    ) async throws {
        try await Eventually.holds("progress", within: time, state: { worker.lastWords }) {
            try await committedCount() > count
        }
    }

    /// Waits until every input record is committed.
    package func waitUntilDone(
        _ worker: WorkerProcess? = nil, within time: Duration = .seconds(90)
    ) async throws {
        var last: [TopicPartition: Int64] = [:]
        try await Eventually.holds(
            "lag 0", within: time, state: { "lag \(last)\n\(worker?.lastWords ?? "")" }
        ) {
            last = try await lag()
            if let worker, worker.hasEnded != nil, !last.isEmpty {
                throw Eventually.TimedOut(description: "ended early\n\(worker.lastWords)")
            }
            return last.isEmpty
        }
    }

    // MARK: Results

    /// Everything committed in the outputs, topic by topic, each partition in its order.
    ///
    /// Reads to the real end of each log, so a transaction left open makes this fail.
    package func published(_ topics: [String]? = nil) async throws -> [StageOutput] {
        let partitions = partitions(of: topics ?? outputs)
        var found: [TopicPartition: [StoredRecord]] = [:]
        var starts: [TopicPartition: Int64] = [:]
        var ends: [TopicPartition: Int64] = [:]
        for partition in partitions {
            let (low, high) = try await admin.watermarks(partition, isolation: .readUncommitted)
            if high > low { (starts[partition], ends[partition]) = (low, high) }
        }
        guard !starts.isEmpty else { return [] }
        let reader = try PartitionReader(
            settings: broker.settings(), isolation: .readCommitted, partitions: starts,
            logger: .silent)
        try await Eventually.holds(
            "all outputs committed", within: .seconds(90),
            state: { "read to \(reader.positions()) of \(ends)" }
        ) {
            let batch: RecordBatch?
            do throws(KafkaError) {
                batch = try await reader.next(max: 10_000, timeout: .milliseconds(500))
            } catch {
                guard error.consequence == .retry else { throw error }
                print("read again: \(error)")
                return false
            }
            if let batch {
                for place in 0..<batch.count {
                    let record = batch.stored(at: place)
                    let partition = TopicPartition(
                        topic: batch.topics[Int(record.topic)], partition: record.partition)
                    found[partition, default: []].append(record)
                }
            }
            let positions = reader.positions()
            return ends.allSatisfy { (positions[$0.key] ?? 0) >= $0.value }
        }
        await reader.close()
        return partitions.flatMap { partition in
            (found[partition] ?? []).map {
                StageOutput(topic: String(partition.topic.dropFirst(prefix.count)), record: $0)
            }
        }
    }
}
