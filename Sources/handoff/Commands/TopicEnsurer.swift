import KafkaClient

/// What became of the topics.
struct TopicReport {
    /// One line a topic.
    private(set) var rows: [[String]] = [["topic", "partitions", "cleanup", "state"]]
    /// What keeps the worker from running, with what to do.
    var faults: [String] = []
    /// What does no harm.
    var warnings: [String] = []

    var table: String { Terminal.table(rows) }

    mutating func add(_ wish: TopicWish, partitions: Int, policy: String?, state: String) {
        rows.append([wish.name, String(partitions), policy ?? "-", state])
    }

    mutating func add(_ difference: TopicDifference) {
        if difference.isFault {
            faults.append(difference.sentence)
        } else {
            warnings.append(difference.sentence)
        }
    }
}

/// Makes the broker's topics as planned, as far as that changes nothing that exists.
struct TopicEnsurer {
    /// How long brokers may take to hear of new topics.
    private static let settling = Duration.seconds(10)

    let plan: TopicPlan
    let admin: AdminClient

    func run() async throws(KafkaError) -> TopicReport {
        var counts = try await admin.describeTopics(plan.wishes.map(\.name))
        var report = TopicReport()
        let blocked = blockedTopics(counts, &report)
        let missing = plan.wishes.filter { counts[$0.name] == nil && !blocked.contains($0.name) }
        var outcome = try await admin.createTopics(missing.map(plan.newTopic))
        let present = outcome.filter { $0.value == .created || $0.value == .existed }.keys
        let seen = try await waitUntilKnown(Array(present))
        // Somebody else was faster: theirs is verified like any other.
        for (name, creation) in outcome where creation == .existed { counts[name] = seen[name] }
        for wish in plan.wishes {
            if let count = counts[wish.name] {
                try await verify(wish, partitions: count, &report)
            } else if blocked.contains(wish.name) {
                report.add(wish, partitions: 0, policy: nil, state: "missing")
            } else {
                try add(wish, outcome.removeValue(forKey: wish.name), &report)
            }
        }
        addUnequalCounts(counts, created: missing.map(\.name), &report)
        return report
    }

    /// The new topics once every one is known, or those that are known after `settling`.
    ///
    /// The controller creates them, and brokers hear of it a moment later: a worker that starts
    /// right after this command should find them all.
    private func waitUntilKnown(_ names: [String]) async throws(KafkaError) -> [String: Int] {
        let clock = ContinuousClock()
        let deadline = clock.now + TopicEnsurer.settling
        guard !names.isEmpty else { return [:] }
        while true {
            let known = try await admin.describeTopics(names)
            if known.count == names.count || clock.now >= deadline { return known }
            try? await clock.sleep(for: .milliseconds(100))
        }
    }

    /// Co-partitioned topics that are not created, because one that exists has another count.
    ///
    /// Created by the setting they could never be joined with it: partitions cannot be taken away.
    private func blockedTopics(_ counts: [String: Int], _ report: inout TopicReport) -> Set<String>
    {
        let lanes = plan.wishes.filter(\.isCoPartitioned)
        let existing = lanes.filter { counts[$0.name] != nil }
        let others = existing.filter { counts[$0.name] != plan.partitions }
        let missing = lanes.filter { counts[$0.name] == nil }
        guard !others.isEmpty, !missing.isEmpty else { return [] }
        let list = others.map { "\($0.name) has \(counts[$0.name] ?? 0)" }.joined(separator: ", ")
        let names = missing.map(\.name).joined(separator: ", ")
        report.faults.append(
            "not created: \(names); they must have as many partitions as the topics they are read "
                + "beside: \(list), the setting 'partitions' says \(plan.partitions); set it to "
                + "their number (HANDOFF_PARTITIONS), or create those topics anew with "
                + "\(plan.partitions), and run this again")
        return Set(missing.map(\.name))
    }

    private func verify(
        _ wish: TopicWish, partitions: Int, _ report: inout TopicReport
    ) async throws(KafkaError) {
        let configuration = try await admin.describeConfigs(topic: wish.name)
        let found = TopicFound(partitions: partitions, configuration: configuration)
        let differences = wish.differences(from: found)
        report.add(
            wish, partitions: partitions, policy: configuration["cleanup.policy"],
            state: differences.isEmpty ? "exists" : "differs")
        for difference in differences { report.add(difference) }
    }

    private func add(
        _ wish: TopicWish, _ creation: TopicCreation?, _ report: inout TopicReport
    ) throws(KafkaError) {
        if case .failed(let error)? = creation {
            if case .stop(let code) = error.consequence, code != 4 { throw error }
            report.add(wish, partitions: 0, policy: nil, state: "missing")
            report.faults.append("\(error)")
            return
        }
        report.add(
            wish, partitions: wish.partitions, policy: wish.configuration["cleanup.policy"],
            state: "created")
    }

    private func addUnequalCounts(
        _ counts: [String: Int], created: [String], _ report: inout TopicReport
    ) {
        let lanes = plan.wishes.filter(\.isCoPartitioned).compactMap { wish -> (String, Int)? in
            let count = counts[wish.name] ?? (created.contains(wish.name) ? wish.partitions : nil)
            return count.map { (wish.name, $0) }
        }
        guard Set(lanes.map(\.1)).count > 1 else { return }
        let list = lanes.map { "\($0.0) has \($0.1)" }.joined(separator: ", ")
        report.faults.append(
            "these topics must have the same number of partitions: \(list); create those that "
                + "differ anew with one number, or name others in the settings")
    }
}
