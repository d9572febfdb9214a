import KafkaClient
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// The contract's worked examples, through the broker: one lane a case, record after record.
    struct ExampleTests {
        /// Cases that one worker can serve: the same definition, settings and reference data.
        struct Group: Sendable, CustomStringConvertible {
            var cases: [ExampleCase]

            var description: String {
                let more = cases.count > 1 ? " and \(cases.count - 1) more" : ""
                return cases[0].name + more
            }
        }

        static func groups() throws -> [Group] {
            let all = try ExampleCases.load(
                path: Fixtures.folder + "/examples.json",
                exampleDefinition: try Fixtures.exampleDefinitionText()
            )
            var groups: [Group] = []
            for example in all {
                let place = groups.firstIndex { fit(example, $0.cases[0]) }
                if let place {
                    groups[place].cases.append(example)
                } else {
                    groups.append(Group(cases: [example]))
                }
            }
            return groups
        }

        private static func fit(_ one: ExampleCase, _ other: ExampleCase) -> Bool {
            one.definitionYAML == other.definitionYAML && one.settings == other.settings
                && one.referenceRecords == other.referenceRecords
                && !changesReference(one) && !changesReference(other)
        }

        private static func changesReference(_ example: ExampleCase) -> Bool {
            example.records.contains { Stage.references.contains($0.topic) }
        }

        @Test("every example holds", .timeLimit(.minutes(10)))
        func examples() async throws {
            let groups = try ExampleTests.groups()
            #expect(groups.reduce(0) { $0 + $1.cases.count } > 60)
            // Most of a group's time is waiting, so a few at a time.
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for (place, group) in groups.enumerated() {
                    if place >= 4 { try await tasks.next() }
                    tasks.addTask { try await ExampleTests.check(group) }
                }
                try await tasks.waitForAll()
            }
        }

        static func check(_ group: Group) async throws {
            let definition = try DefinitionText.changed(
                group.cases[0].definitionYAML, by: [("effective_from", "2020-01-01")])
            let settings = group.cases[0].settings
            let environment = Scene.environment(settings)
            // One lane more, for what asks whether reference data has arrived.
            let lanes = group.cases.count + 1
            try await Stage.with(
                definition: definition, lanes: lanes, settings: environment
            ) { stage in
                try await stage.feed(
                    group.cases[0].referenceRecords.map { StageRecord($0, partition: 0) })
                let worker = try stage.start()
                try await worker.waitUntilReady(lanes: Array(0..<lanes))
                try await play(group.cases, stage, worker)
                let published = try await stage.published()
                for (lane, example) in group.cases.enumerated() {
                    // By the wall clock they have all come due by now.
                    let outputs = published.filter {
                        $0.lane == lane
                            && (settings.slaClock == .stream || $0.topic != ModelTopic.alerts)
                    }.map { ExampleCase.Output($0, stage) }
                    // The counters of dropped events are not to be seen from outside.
                    let faults = example.mismatches(
                        outputs: outputs, drops: example.expectedDrops ?? [:])
                    #expect(
                        faults.isEmpty,
                        "\(example.name): \(example.why)\n\(faults.joined(separator: "\n"))")
                }
            }
        }

        /// One record of each case at a time, so that a lane takes them in the order given.
        private static func play(
            _ cases: [ExampleCase], _ stage: Stage, _ worker: WorkerProcess
        ) async throws {
            var probe = ReferenceProbe(stage: stage, worker: worker, lane: cases.count)
            for step in 0..<(cases.map(\.records.count).max() ?? 0) {
                for (lane, example) in cases.enumerated() where step < example.records.count {
                    let record = example.records[step]
                    if Stage.references.contains(record.topic) {
                        try await stage.feed([StageRecord(record, partition: 0)])
                        try await probe.waitUntilSeen(record.topic)
                    } else {
                        try await stage.feed([StageRecord(record, partition: lane)])
                    }
                }
                try await stage.waitUntilTaken(worker)
            }
        }
    }

    /// Finds out whether a worker's cache holds what was written to a reference topic so far:
    /// writes a row of its own behind it, and asks with lead after lead whether that row is known.
    struct ReferenceProbe {
        let stage: Stage
        let worker: WorkerProcess
        let lane: Int
        private var rows = 0
        private var leads = 0

        init(stage: Stage, worker: WorkerProcess, lane: Int) {
            self.stage = stage
            self.worker = worker
            self.lane = lane
        }

        mutating func waitUntilSeen(_ topic: String) async throws {
            rows += 1
            let name = "probe\(rows)"
            let row = row(topic, name)
            try await stage.feed([
                StageRecord(
                    topic: topic, partition: 0, key: Array(row.key.utf8),
                    value: Array(row.value.utf8))
            ])
            var askers: [String] = []
            for _ in 0..<500 {
                leads += 1
                askers.append("asker\(leads)")
                try await stage.feed([asker("asker\(leads)", name)])
                try await stage.waitUntilTaken(worker)
                if try await isSeen(topic, by: "asker\(leads)") { return }
            }
            throw Eventually.TimedOut(description: "\(topic) does not reach the worker")
        }

        private func row(_ topic: String, _ name: String) -> (key: String, value: String) {
            switch topic {
            case ModelTopic.accounts:
                let key = "\(name).example"
                return (key, #"{"domain":"\#(key)","name":"\#(name)"}"#)
            case ModelTopic.campaigns:
                return (name, #"{"campaign_id":"\#(name)","name":"\#(name)"}"#)
            default:
                let key = "\(name).example"
                return (key, #"{"entry":"\#(key)","reason":"probe"}"#)
            }
        }

        private func asker(_ lead: String, _ name: String) -> StageRecord {
            let value = """
                {"event_id":"1","type":"lead.captured","occurred_at":"2026-09-07T10:00:00Z",\
                "lead_id":"\(lead)","email":"p@\(name).example","campaign_id":"\(name)",\
                "product_interest":["crm"],\
                "consent":{"contact":true}}
                """
            return StageRecord(
                topic: ModelTopic.leads, partition: lane, key: Array(lead.utf8),
                value: Array(value.utf8), timestamp: 1_788_775_200_000)
        }

        /// The lead's status names the account, or the campaign, or that it must not be contacted.
        private func isSeen(_ topic: String, by lead: String) async throws -> Bool {
            let answers = try await stage.published([ModelTopic.nurture]).filter {
                $0.record.key == Array(lead.utf8)
            }
            guard let body = answers.last.flatMap({ JSONValue.parse($0.record.value ?? []) })
            else { return false }
            switch topic {
            case ModelTopic.accounts: return body["account"]?["name"] != nil
            case ModelTopic.campaigns:
                return body["source"]?["first_touch"]?["campaign_name"] != nil
            default:
                return (body["reasons"]?.items ?? []).contains {
                    $0["code"]?.text == "do_not_contact"
                }
            }
        }
    }
}

extension ExampleCase.Output {
    /// As the examples have it: no prefix on any topic.
    init(_ output: StageOutput, _ stage: Stage) {
        var headers: [String: String] = [:]
        for header in output.record.headers {
            headers[header.name] = output.header(header.name)
        }
        if let topic = headers["handoff.error.topic"] {
            headers["handoff.error.topic"] = String(topic.dropFirst(stage.prefix.count))
        }
        self.init(
            topic: output.topic, key: output.record.key,
            body: JSONValue.parse(output.record.value ?? []) ?? .null, headers: headers)
    }
}
