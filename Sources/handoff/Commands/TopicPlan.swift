import KafkaClient
import Qualification
import Worker

/// A topic as the worker needs it.
struct TopicWish {
    /// What a topic is for, which decides how a difference is judged.
    enum Role {
        /// Lane n reads or restores partition n of it.
        case input, changelog
        case reference
        /// Which dead letters were redriven, read whole by each redrive.
        case ledger
        /// Each record matters: compaction would lose some.
        case log
        /// Only news: what somebody makes of it is their choice.
        case news
    }

    let name: String
    let role: Role
    let partitions: Int
    /// The configuration that it is created with.
    let configuration: [String: String]

    var isCoPartitioned: Bool { role == .input || role == .changelog }
    var isCompacted: Bool { [.changelog, .reference, .ledger].contains(role) }
}

/// All topics of a worker as they should be (CONTRACT.md 2).
struct TopicPlan {
    /// Records of dead letters and of the changelog: a profile of 5,000 activities is below this.
    static let largestRecord = 4 << 20
    /// Reference data is read whole by every worker, so its order matters more than its spread.
    static let referencePartitions = 1

    let wishes: [TopicWish]
    let partitions: Int
    let replication: Int

    init(topics: Topics, definition: Definition, partitions: Int, replication: Int) {
        self.partitions = partitions
        self.replication = replication
        let log = ["cleanup.policy": "delete"]
        let compacted = ["cleanup.policy": "compact"]
        let large = ["max.message.bytes": String(TopicPlan.largestRecord)]
        let changelog = [
            // A restore reads what is not compacted yet: compact early, in small segments.
            "min.cleanable.dirty.ratio": "0.1",
            "segment.bytes": String(128 << 20),
            // Bounds how long the bytes of an erased profile can outlive its deletion on disk.
            "max.compaction.lag.ms": "3600000",
        ]
        var wishes = topics.inputs.map { input in
            TopicWish(
                name: input.topic, role: .input, partitions: partitions, configuration: log)
        }
        wishes += topics.references.map { name in
            TopicWish(
                name: name, role: .reference, partitions: TopicPlan.referencePartitions,
                configuration: compacted)
        }
        for name in topics.outputs(definition) {
            let role: TopicWish.Role
            var configuration = log
            switch name {
            case topics.profiles:
                role = .changelog
                configuration = compacted.merging(large) { $1 }.merging(changelog) { $1 }
            case topics.deadLetters:
                role = .log
                configuration.merge(large) { $1 }
            case topics.nurture, topics.alerts: role = .news
            default: role = .log
            }
            wishes.append(
                TopicWish(
                    name: name, role: role, partitions: partitions, configuration: configuration))
        }
        wishes.append(TopicPlan.ledger(topics))
        self.wishes = wishes
    }

    /// The topic of redrives, which `dead-letters redrive` makes itself if nobody has.
    static func ledger(_ topics: Topics) -> TopicWish {
        TopicWish(
            name: topics.redrives, role: .ledger, partitions: 1,
            configuration: ["cleanup.policy": "compact"])
    }

    func newTopic(_ wish: TopicWish) -> NewTopic {
        NewTopic(
            name: wish.name, partitions: wish.partitions, replication: replication,
            configuration: wish.configuration)
    }
}

/// A topic as the broker has it.
struct TopicFound {
    var partitions: Int
    /// Empty if the broker does not say.
    var configuration: [String: String]
}

/// Something about an existing topic that is not as planned.
struct TopicDifference: Equatable {
    var topic: String
    /// What is, what should be, and what to do.
    var sentence: String
    /// Whether the worker would fail or lose records.
    var isFault: Bool
}

extension TopicWish {
    /// What is different about an existing topic.
    ///
    /// What the broker does not report is not judged.
    func differences(from found: TopicFound) -> [TopicDifference] {
        [partitionDifference(found), policyDifference(found), sizeDifference(found)]
            .compactMap { $0 }
    }

    private func partitionDifference(_ found: TopicFound) -> TopicDifference? {
        guard found.partitions != partitions, role != .reference, role != .ledger else {
            return nil
        }
        let what = "\(name) has \(Terminal.count(found.partitions, "partition"))"
        if isCoPartitioned {
            return TopicDifference(
                topic: name,
                sentence: "\(what), the setting 'partitions' says \(partitions); the worker runs "
                    + "with what the topics have: set it to \(found.partitions) "
                    + "(HANDOFF_PARTITIONS), so that what is made later fits, or, if more are "
                    + "wanted, begin with new topics (another topic_prefix): partitions that are "
                    + "added later take leads away from their history", isFault: false)
        }
        return TopicDifference(
            topic: name,
            sentence: "\(what), not \(partitions); the worker can do with that, there is nothing "
                + "to do", isFault: false)
    }

    private func policyDifference(_ found: TopicFound) -> TopicDifference? {
        guard let policy = found.configuration["cleanup.policy"], !policy.isEmpty else {
            return nil
        }
        let words = Set(policy.split(separator: ",").map { String($0.filter { $0 != " " }) })
        let wanted = isCompacted ? "compact" : "delete"
        if words == [wanted] { return nil }
        let reason =
            switch role {
            case .changelog: "else profiles are lost when their records grow old"
            case .reference: "else rows are lost when their records grow old"
            case .ledger: "else old letters are redriven again"
            case .input, .log: "else all but the last record of a lead are lost"
            case .news: "else earlier messages of a lead vanish"
            }
        // A log that is compacted only loses what compaction removes; without it nothing is lost.
        return TopicDifference(
            topic: name,
            sentence: "\(name) has cleanup.policy=\(policy), not \(wanted): \(reason); "
                + remedy("cleanup.policy=\(wanted)"),
            isFault: role != .news)
    }

    private func sizeDifference(_ found: TopicFound) -> TopicDifference? {
        let key = "max.message.bytes"
        guard let wanted = configuration[key].flatMap(Int.init),
            let actual = found.configuration[key].flatMap(Int.init), actual < wanted
        else { return nil }
        return TopicDifference(
            topic: name,
            sentence: "\(name) has \(key)=\(actual), less than \(wanted): a large record would "
                + "stop its lane; " + remedy("\(key)=\(wanted)"),
            isFault: true)
    }

    private func remedy(_ property: String) -> String {
        "correct it with: kafka-configs --alter --entity-type topics --entity-name \(name) "
            + "--add-config \(property)"
    }
}
