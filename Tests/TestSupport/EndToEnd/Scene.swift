internal import Qualification
package import ReferenceModel

/// Random worlds side by side, one a lane, under the definition, settings and reference data of the
/// first; with what the model makes of each.
package struct Scene: Sendable {
    /// What it was made from.
    package let seed: UInt64
    /// The definition in force.
    package let definition: String
    /// The settings that change what comes out.
    package let settings: ModelSettings
    /// Rows of the reference topics, there before everything else.
    package let reference: [ModelRecord]
    /// The records of each lane.
    package var lanes: [[ModelRecord]]

    /// No reference data in mid-stream, whose moment nobody knows; timers by the stream clock.
    package init(
        seed: UInt64, lanes count: Int, _ change: (inout WorldOptions) -> Void = { _ in }
    ) throws {
        var options = WorldOptions()
        options.referenceChanges = false
        change(&options)
        let first = try WorldGenerator(
            baseDefinition: try Fixtures.runnableDefinition(), options: options
        ).world(seed: seed)
        options.mutatedDefinition = false
        let others = WorldGenerator(baseDefinition: first.definitionYAML, options: options)
        self.seed = seed
        definition = first.definitionYAML
        settings = first.settings
        reference = first.referenceRecords
        lanes =
            try [first.records]
            + (1..<max(1, count)).map { try others.world(seed: seed * 1_000 + UInt64($0)).records }
    }

    /// The settings that change what comes out, as workers get them.
    package var environment: [String: String] { Scene.environment(settings) }

    /// The same of any settings.
    package static func environment(_ settings: ModelSettings) -> [String: String] {
        [
            "HANDOFF_MAX_EVENTS_PER_LEAD": "\(settings.maxEventsPerLead)",
            "HANDOFF_DUPLICATE_WINDOW_DAYS": "\(settings.duplicateWindowDays)",
            "HANDOFF_SLA_CLOCK": settings.slaClock == .stream ? "stream" : "wall",
        ]
    }

    /// The hash that the outputs show for a definition.
    package static func sha256(_ definition: String) -> String {
        SHA256.hexadecimal(Array(definition.utf8))
    }

    /// What one lane has to publish.
    package func expectation(lane: Int) throws -> LaneExpectation {
        var settings = settings
        settings.lane = lane
        settings.lanes = lanes.count
        let model = try ReferenceModel(
            definitionYAML: definition, definitionSHA256: Scene.sha256(definition),
            settings: settings)
        model.loadReference(reference)
        return LaneExpectation(
            lane: lane, records: lanes[lane], outputs: lanes[lane].flatMap { model.take($0) })
    }

    /// Writes the reference data.
    package func feedReference(_ stage: Stage) async throws {
        try await stage.feed(reference.map { StageRecord($0, partition: 0) })
    }

    /// Writes a part of every lane: from one fraction of its records to another.
    ///
    /// With `noise`, every record is followed by so many activities of people who never raise a
    /// hand: work for the worker that leads to nothing, so that a test can act in mid-stream.
    package func feed(
        _ stage: Stage, from start: Double = 0, to end: Double = 1, noise: Int = 0
    ) async throws {
        for (lane, records) in lanes.enumerated() {
            let first = Int(start * Double(records.count))
            let last = Int(end * Double(records.count))
            try await stage.feed(
                (first..<last).flatMap { place in
                    [StageRecord(records[place], partition: lane)]
                        + (0..<noise).map { number in
                            Scene.noise(
                                place * noise + number, at: records[place].timestampMs, lane)
                        }
                })
        }
    }

    /// Writes so many of the activities of `feed`'s noise to every lane, at the end of what it has.
    package func feedNoise(_ stage: Stage, count: Int) async throws {
        for (lane, records) in lanes.enumerated() {
            let last = records.map(\.timestampMs).max() ?? 0
            try await stage.feed((0..<count).map { Scene.noise($0, at: last, lane) })
        }
    }

    /// Long ago, so that it never moves the stream clock.
    private static func noise(_ number: Int, at time: Int64, _ lane: Int) -> StageRecord {
        let lead = "noise-\(number % 97)"
        let longAgo = Timestamp(milliseconds: 978_307_200_000)
        let value = """
            {"event_id":"n\(number)","type":"page_view",\
            "occurred_at":"\(longAgo)",\
            "lead_id":"\(lead)"}
            """
        return StageRecord(
            topic: ModelTopic.activities, partition: lane, key: Array(lead.utf8),
            value: Array(value.utf8), timestamp: time)
    }

    /// What the published records lack or have too much, over all lanes; empty if nothing.
    package func differences(_ published: [StageOutput], _ stage: Stage) throws -> [String] {
        try lanes.indices.flatMap { lane in
            try expectation(lane: lane).differences(published, stage)
        }
    }
}

extension StageRecord {
    /// A record of a world, for one lane.
    package init(_ record: ModelRecord, partition: Int) {
        self.init(
            topic: record.topic, partition: partition, key: record.key, value: record.value,
            timestamp: max(0, record.timestampMs))
    }
}
