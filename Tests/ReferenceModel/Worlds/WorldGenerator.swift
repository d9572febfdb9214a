/// Makes random but nasty worlds, each reproducible from its seed.
package struct WorldGenerator: Sendable {
    private let baseDefinition: String
    private let options: WorldOptions

    /// Worlds start from variations of the definition given, normally the example.
    package init(baseDefinition: String, options: WorldOptions = WorldOptions()) {
        self.baseDefinition = baseDefinition
        self.options = options
    }

    /// The world of that seed.
    package func world(seed: UInt64) throws -> World {
        var random = SplitMix64(seed: seed)
        var yaml = baseDefinition
        if options.mutatedDefinition {
            let changes = DefinitionMutator.first(&random).filter { change in
                options.capacities || !change.path.hasSuffix(".daily_capacity")
            }
            yaml = try DefinitionText.changed(yaml, by: changes)
        }
        var settings = ModelSettings()
        if options.timers { settings.slaClock = .stream }
        settings.maxEventsPerLead = random.pick([5, 40, 5_000, 5_000])
        settings.duplicateWindowDays = random.pick([1, 7, 30, 30])
        let sha256 = String(repeating: "0", count: 63)
        let model = try ReferenceModel(
            definitionYAML: yaml, definitionSHA256: sha256 + "1", settings: settings)
        var builder = WorldBuilder(model: model, options: options, random: random)
        builder.addReferenceRows()

        var changes: [DefinitionChange] = []
        var current = yaml
        while builder.records.count < options.records {
            let isDue = changes.isEmpty && builder.records.count >= options.records / 2
            let isChange = options.definitionChanges && (builder.random.chance(1) || isDue)
            if isChange, changes.last?.beforeRecord != builder.records.count, changes.count < 8 {
                let version = changes.count + 4
                let edits = DefinitionMutator.later(
                    version: version, products: model.definition.products.map(\.id),
                    mayRemoveProduct: options.productRemoval, &builder.random)
                current = try DefinitionText.changed(current, by: edits)
                let change = DefinitionChange(
                    beforeRecord: builder.records.count, yaml: current,
                    sha256: sha256 + String(version, radix: 16))
                changes.append(change)
                try model.replaceDefinition(yaml: change.yaml, sha256: change.sha256)
            }
            builder.addRecord()
        }
        return World(
            seed: seed, definitionYAML: yaml, definitionSHA256: sha256 + "1", settings: settings,
            referenceRecords: builder.referenceRecords, records: builder.records,
            definitionChanges: changes)
    }
}

/// Builds the records of one world, asking a model what they led to so far.
struct WorldBuilder {
    let model: ReferenceModel
    let options: WorldOptions
    let leadIDs: [String]
    var random: SplitMix64
    var referenceRecords: [ModelRecord] = []
    var records: [ModelRecord] = []
    /// Kafka time; grows with every record.
    var now: Int64 = 1_788_739_200_000  // 2026-09-07T00:00:00Z
    var lastEventNumber = 0
    var lastOccurredAt: [String: Int64] = [:]
    var hasTooLarge = false

    init(model: ReferenceModel, options: WorldOptions, random: SplitMix64) {
        self.model = model
        self.options = options
        self.random = random
        // Two that differ only in how the letter is composed, and one at the length limit.
        let nasty = [
            "a", "caf\u{e9}", "cafe\u{301}", "L" + String(repeating: "x", count: 199),
            "tab\tquote\"", "\u{1F980}|crm",
        ]
        leadIDs = (0..<max(1, options.leads)).map { $0 < nasty.count ? nasty[$0] : "lead-\($0)" }
    }

    /// Adds one record of a random kind.
    mutating func addRecord() {
        advanceTime()
        if records.count < leadIDs.count, random.chance(70) {
            return addLeadEvent(leadIDs[records.count], isFirst: true)
        }
        let lead = random.pick(leadIDs)
        let isKnown = model.leads[Identifier(lead)]?.hasLeadEvent ?? false
        let kinds: [(weight: Int, item: (inout WorldBuilder) -> Void)] = [
            (22, { $0.addLeadEvent(lead, isFirst: !isKnown) }),
            (48, { $0.addActivity(lead) }),
            (options.dispositions ? 16 : 0, { $0.addDisposition() }),
            (options.referenceChanges ? 4 : 0, { $0.addReferenceChange() }),
            (options.faults ? 4 : 0, { $0.addBadRecord(lead) }),
            (5, { $0.addRepeat() }),
            (options.erasure ? 1 : 0, { $0.addErasure(lead) }),
        ]
        random.pick(weighted: kinds)(&self)
    }

    private mutating func advanceTime() {
        let toMidnight = Moment.day - now % Moment.day
        let step: Int64 = random.pick(weighted: [
            (30, 1), (20, Int64(random.number(1...1_000))),
            (24, Int64(random.number(1...3_600_000))),
            (6, Int64(random.number(1...43_200_000))), (5, toMidnight + random.pick([-1, 0, 1])),
            (1, Int64(random.number(1...20)) * Moment.day),
        ])
        // A world stays shorter than erasure_memory_days and forget_after_days.
        let isLong = now - 1_788_739_200_000 > 330 * Moment.day
        now += max(1, isLong ? min(step, 60_000) : step)
    }

    mutating func newEventID() -> String {
        lastEventNumber += 1
        // Ids that sort differently as bytes, as numbers and as text.
        return random.pick(["e", "E", "\u{e9}", "e1", ""]) + String(lastEventNumber)
    }

    /// When an event of that lead happened: mostly now, at times at one of the edges.
    mutating func occurredAt(_ lead: String) -> Int64 {
        let nudge = random.pick([-1, 0, 0, 0, 1] as [Int64])
        let at = random.chance(12) ? edge(of: lead) + nudge : anyTime(lead) + nudge
        lastOccurredAt[lead] = min(at, now + 300_000)
        return min(at, now + 300_000)
    }

    private mutating func anyTime(_ lead: String) -> Int64 {
        let asOf = model.leads[Identifier(lead)]?.asOf ?? now
        let window = Int64(model.settings.duplicateWindowDays) * Moment.day
        return random.pick(weighted: [
            (55, now), (10, now - Int64(random.number(0...3_600_000))),
            (8, lastOccurredAt[lead] ?? now), (5, now - now % Moment.day), (5, asOf),
            (6, now - Int64(random.number(0...10)) * Moment.day),
            (4, now + Int64(random.number(0...300_000))), (4, asOf - window),
            (3, now - Int64(random.number(0...100)) * Moment.day),
        ])
    }

    /// A time at which something ends for that lead: a cool-down, a lapse, a follow-up.
    private mutating func edge(of lead: String) -> Int64 {
        guard let state = model.leads[Identifier(lead)] else { return now }
        var edges: [Int64] = []
        for product in model.definition.products {
            guard let mql = state.newestMQL(of: product.id) else { continue }
            edges.append(mql.qualifiedAt)
            guard let answer = mql.latest else {
                edges.append(mql.qualifiedAt + product.lapseAfter)
                continue
            }
            edges.append(answer.stamp.at)
            if let rejection = answer.reason.flatMap({ model.rejection($0, for: state) }) {
                edges.append(answer.stamp.at + Int64(rejection.afterDays) * Moment.day)
            }
        }
        edges += model.alerts.filter { $0.lead == state.id }.map(\.dueAt)
        // One ahead can only be met by going there, so those come first.
        let ahead = edges.filter { $0 > now && $0 - now < 40 * Moment.day }
        if !ahead.isEmpty, random.chance(60) {
            let edge = random.pick(ahead)
            now = edge + 1
            return edge
        }
        return random.pick(edges + [state.erasedAt ?? now])
    }

    /// Adds the record and lets the model take it.
    mutating func add(topic: String, key: String, json: String) {
        let record = ModelRecord(
            topic: topic, key: Array(key.utf8), value: Array(json.utf8), timestampMs: now)
        add(record)
    }

    mutating func add(_ record: ModelRecord) {
        records.append(record)
        _ = model.take(record)
    }

    /// Renders an event; texts that begin with `@` stand for numbers written in another way.
    mutating func render(_ members: [String: JSONValue]) -> String {
        var json = JSONValue.object(members).json
        for number in ["50.0", "1e400", "1.5E3", "-0"] where json.contains("\"@\(number)\"") {
            json.replace("\"@\(number)\"", with: number)
        }
        // The last of duplicate names counts.
        if random.chance(2) { json = "{\"occurred_at\":7,\"lead_id\":\"z\"," + json.dropFirst() }
        if random.chance(2) { json = " \r\n\t" + json + "\n" }
        return json
    }

    /// A time in one of the forms RFC 3339 allows.
    mutating func time(_ at: Int64) -> String {
        let text = Moment.text(at)
        switch random.number(0...9) {
        case 0:
            let shifted = Moment.text(at + 5_400_000)
            return shifted.dropLast() + "+01:30"
        case 1:
            let shifted = Moment.text(at - 28_800_000)
            return shifted.dropLast() + "-08:00"
        case 2: return text.dropLast() + "999Z"
        case 3 where at % 1_000 == 0: return text.dropLast(5) + "Z"
        default: return text
        }
    }
}
