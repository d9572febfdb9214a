import Foundation

/// One worked example of `examples.json`.
package struct ExampleCase: Sendable {
    /// A record that was seen on an output topic, by whatever is being tested.
    package struct Output: Sendable {
        /// The topic's default name.
        package var topic: String
        /// The record key.
        package var key: [UInt8]?
        /// The body; anything for a dead letter.
        package var body: JSONValue
        /// The headers as text.
        package var headers: [String: String]

        /// Makes an output of its parts.
        package init(topic: String, key: [UInt8]?, body: JSONValue, headers: [String: String]) {
            self.topic = topic
            self.key = key
            self.body = body
            self.headers = headers
        }
    }

    /// Its name, unique in the file.
    package let name: String
    /// The sentences of the contract it is about, and the arithmetic.
    package let why: String
    /// The definition with the changes of this case.
    package let definitionYAML: String
    /// Settings that differ from the defaults are set.
    package let settings: ModelSettings
    /// Rows that are there before the first record.
    package let referenceRecords: [ModelRecord]
    /// The records of one lane, in order; those on reference topics among them.
    package let records: [ModelRecord]
    /// The topics compared; nil for all.
    package let only: Set<String>?
    /// What must come out, in order for each topic.
    package let expected: [JSONValue]
    /// Counters of dropped events that are not 0; nil when they are not compared.
    package let expectedDrops: [String: Int]?
}

extension ExampleCase {
    /// Everything that is not as this case expects; empty when it passes.
    ///
    /// The order is compared within each topic. Outputs other than dead letters must also have
    /// the lead as their key.
    package func mismatches(outputs: [Output], drops: [String: Int]) -> [String] {
        let wantedTopics = expected.compactMap { $0["topic"]?.text }
        let topics = only ?? Set(wantedTopics).union(outputs.map(\.topic))
        var faults: [String] = []
        for topic in topics.sorted() {
            faults += mismatches(
                topic: topic, outputs: outputs.filter { $0.topic == topic },
                wanted: expected.filter { $0["topic"]?.text == topic })
        }
        if let expectedDrops {
            for counter in ["repeat", "too_late", "over_limit", "erased"] {
                let (actual, wanted) = (drops[counter] ?? 0, expectedDrops[counter] ?? 0)
                if actual != wanted { faults.append("\(counter): \(actual), expected \(wanted)") }
            }
        }
        return faults
    }

    private func mismatches(topic: String, outputs: [Output], wanted: [JSONValue]) -> [String] {
        var faults: [String] = []
        if outputs.count != wanted.count {
            let bodies = outputs.map { $0.body.json }.joined(separator: "\n  ")
            faults.append(
                "\(topic): \(outputs.count) records, expected \(wanted.count)\n  \(bodies)")
        }
        for (index, (output, want)) in zip(outputs, wanted).enumerated() {
            let place = "\(topic)[\(index)]"
            if let body = want["body"] {
                faults += output.body.mismatches(expected: body, at: place)
            }
            if let headers = want["headers"] {
                let actual = JSONValue.object(output.headers.mapValues(JSONValue.string))
                faults += actual.mismatches(expected: headers, at: place + " headers")
            }
            if topic != ModelTopic.deadLetters, output.key != output.body["lead_id"]?.utf8 {
                faults.append("\(place): the key is not the lead_id")
            }
        }
        return faults
    }
}

/// Reads the worked examples that accompany the contract.
package enum ExampleCases {
    /// Why the file cannot be used.
    package struct Fault: Error, CustomStringConvertible {
        /// The case and what is wrong with it.
        package let description: String
    }

    /// All cases of the file; `example` definitions are made from the YAML text given.
    package static func load(path: String, exampleDefinition yaml: String) throws -> [ExampleCase] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        guard let items = JSONValue.parse(bytes)?.items else {
            throw Fault(description: "\(path) is no JSON list")
        }
        // The first element describes the format.
        return try items.filter { $0["name"] != nil }.map { try exampleCase($0, yaml: yaml) }
    }

    private static func exampleCase(_ item: JSONValue, yaml: String) throws -> ExampleCase {
        let name = item["name"]?.text ?? ""
        let changes = (item["definition"]?.members ?? [:]).sorted { $0.key < $1.key }
        let drops = item["expected_drops"]?.members?.compactMapValues { $0.double.map { Int($0) } }
        return ExampleCase(
            name: name, why: item["why"]?.text ?? "",
            definitionYAML: changes.isEmpty
                ? yaml : try DefinitionText.changed(yaml, by: changes.map { ($0.key, $0.value) }),
            settings: try settings(item["settings"]?.members ?? [:], of: name),
            referenceRecords: referenceRecords(item["reference"]),
            records: try (item["records"]?.items ?? []).map { try record($0, of: name) },
            only: item["only"]?.items.map { Set($0.compactMap(\.text)) },
            expected: item["expected"]?.items ?? [], expectedDrops: drops)
    }

    private static func settings(
        _ members: [String: JSONValue], of name: String
    ) throws -> ModelSettings {
        var settings = ModelSettings()
        for (setting, value) in members {
            switch (setting, value) {
            case ("sla_clock", "stream"): settings.slaClock = .stream
            case ("sla_clock", "wall"): settings.slaClock = .wall
            case ("max_events_per_lead", .number(let count)):
                settings.maxEventsPerLead = Int(count)
            case ("duplicate_window_days", .number(let days)):
                settings.duplicateWindowDays = Int(days)
            default: throw Fault(description: "\(name): setting \(setting) = \(value.json)")
            }
        }
        return settings
    }

    private static func referenceRecords(_ tables: JSONValue?) -> [ModelRecord] {
        let idFields = [
            ("accounts", "domain"), ("campaigns", "campaign_id"), ("suppressions", "entry"),
        ]
        return idFields.flatMap { table, idField in
            (tables?[table]?.items ?? []).map { row in
                ModelRecord(
                    topic: "reference." + table, key: row[idField]?.utf8,
                    value: Array(row.json.utf8), timestampMs: 0)
            }
        }
    }

    private static func record(_ item: JSONValue, of name: String) throws -> ModelRecord {
        guard let topic = item["topic"]?.text else {
            throw Fault(description: "\(name): a record without a topic")
        }
        var value: [UInt8]?
        if let raw = item["raw"]?.text {
            value = Array(raw.utf8)
        } else if let encoded = item["raw_base64"]?.text {
            value = Data(base64Encoded: encoded).map { [UInt8]($0) }
        } else if let document = item["value"], document != .null {
            value = Array(document.json.utf8)
        }
        if let length = item["pad_to"]?.double, let bytes = value {
            value = bytes + Array(repeating: 0x20, count: max(0, Int(length) - bytes.count))
        }
        let occurredAt = item["value"]?["occurred_at"]?.text.flatMap(Moment.parse)
        let timestamp = item["timestamp"]?.double.map { Int64($0) } ?? occurredAt
        return ModelRecord(
            topic: topic, key: item["key"]?.utf8 ?? item["value"]?["lead_id"]?.utf8, value: value,
            timestampMs: timestamp ?? 0)
    }
}

extension JSONValue {
    /// The bytes of a text.
    fileprivate var utf8: [UInt8]? {
        text.map { Array($0.utf8) }
    }
}
