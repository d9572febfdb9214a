import KafkaClient
import Qualification
import Worker

/// Whether the topics that a worker needs are there, and its inputs and changelog co-partitioned.
struct TopicCheck {
    let topics: Topics
    let definition: Definition

    /// The number of lanes.
    ///
    /// - Throws: `CommandFailure` with exit code 4 that names what is missing or unequal;
    ///   `KafkaError` with exit code 3 if no broker answers.
    func run(_ admin: AdminClient) async throws -> Int {
        let inputs = topics.inputs.map(\.topic)
        let needed = inputs + topics.references + topics.outputs(definition)
        let counts = try await admin.describeTopics(needed)
        let missing = needed.filter { counts[$0] == nil }
        guard missing.isEmpty else {
            throw CommandFailure(
                "missing topics: \(missing.joined(separator: ", ")); "
                    + "create them with 'handoff topics ensure'", exitCode: 4)
        }
        let lanes = inputs + [topics.profiles]
        guard Set(lanes.compactMap { counts[$0] }).count == 1, let count = counts[topics.leads]
        else {
            let list = lanes.map { "\($0) has \(counts[$0] ?? 0)" }.joined(separator: ", ")
            throw CommandFailure(
                "these topics must have the same number of partitions: \(list); "
                    + "create them anew with one count, or name others in the settings",
                exitCode: 4)
        }
        return count
    }
}
