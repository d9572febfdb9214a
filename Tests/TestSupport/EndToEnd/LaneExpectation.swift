internal import KafkaClient
package import ReferenceModel

/// What one lane has to publish for the records it was given.
package struct LaneExpectation {
    /// The lane's number.
    package let lane: Int
    /// What went in.
    package let records: [ModelRecord]
    /// What has to come out, in order.
    package let outputs: [ModelOutput]

    /// Everything given.
    package init(lane: Int, records: [ModelRecord], outputs: [ModelOutput]) {
        self.lane = lane
        self.records = records
        self.outputs = outputs
    }

    /// Compares topic by topic, or lead by lead where a topic has several partitions.
    package func differences(_ published: [StageOutput], _ stage: Stage) -> [String] {
        let own = published.filter { $0.lane == lane }
        var faults: [String] = []
        for topic in Set(outputs.map(\.topic)).union(own.map(\.topic)).sorted() {
            let wanted = outputs.filter { $0.topic == topic }
            let got = own.filter { $0.topic == topic }
            if stage.partitions(of: [topic]).count == 1 {
                faults += differences(wanted, got, stage)
                continue
            }
            let leads = Set(wanted.map { $0.key ?? [] }).union(got.map { $0.record.key ?? [] })
            for lead in leads {
                var found = got.filter { $0.record.key ?? [] == lead }
                // Records without a key go to any partition.
                if lead.isEmpty { found.sort { source(of: $0) < source(of: $1) } }
                faults += differences(wanted.filter { $0.key ?? [] == lead }, found, stage)
            }
        }
        return faults.prefix(6).map { "lane \(lane) \($0)" }
    }

    /// Which of the lane's records a dead letter came from.
    private func source(of letter: StageOutput) -> Int {
        let topic = letter.header("handoff.error.topic") ?? ""
        let offset = letter.header("handoff.error.offset").flatMap { Int($0) } ?? 0
        let places = records.indices.filter { topic.hasSuffix(records[$0].topic) }
        return places.indices.contains(offset) ? places[offset] : -1
    }

    private func differences(
        _ wanted: [ModelOutput], _ got: [StageOutput], _ stage: Stage
    ) -> [String] {
        var faults: [String] = []
        let topic = wanted.first?.topic ?? got.first?.topic ?? ""
        if wanted.count != got.count {
            faults.append("\(topic): \(got.count) records, expected \(wanted.count)")
        }
        for (place, (want, have)) in zip(wanted, got).enumerated() {
            faults += different(want, have, stage).map { "\(topic)[\(place)] \($0)" }
        }
        return faults
    }

    private func different(
        _ want: ModelOutput, _ have: StageOutput, _ stage: Stage
    ) -> [String] {
        var faults: [String] = []
        if want.key != have.record.key { faults.append("key differs") }
        for (name, value) in want.headers {
            // Only this header names a topic of the broker.
            let wanted = name == "handoff.error.topic" ? stage.prefix + value : value
            let found = have.header(name) ?? "-"
            if !found.utf8.elementsEqual(wanted.utf8) {
                faults.append("header \(name): \(found), expected \(wanted)")
            }
        }
        if want.topic == ModelTopic.deadLetters {
            if have.record.value != records[want.sourceIndex].value {
                faults.append("not the original bytes")
            }
            let detail = have.header("handoff.error.detail") ?? ""
            for field in want.ignoredFields where !detail.contains(field) {
                faults.append("ignored field \(field) not named: \(detail)")
            }
        } else if let difference = bodyDifference(want.body, have.record.value ?? []) {
            faults.append(difference)
        }
        return faults
    }

    private func bodyDifference(_ want: JSONValue, _ value: [UInt8]) -> String? {
        guard case .object(var members)? = JSONValue.parse(value) else {
            return "no JSON object: \(String(decoding: value, as: UTF8.self))"
        }
        // The one sentence whose wording is free.
        members["summary"] = nil
        let have = JSONValue.object(members)
        return have == want ? nil : "\n  have \(have.json)\n  want \(want.json)"
    }
}
