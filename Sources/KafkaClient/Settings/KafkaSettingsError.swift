/// Every fault found in the settings of a client, at once.
package struct KafkaSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One thing that is wrong with one property.
    package struct Fault: Sendable, Equatable, CustomStringConvertible {
        /// The property as it was written.
        package var property: String
        /// What is wrong with it, in one sentence; never quotes the value of a secret.
        package var problem: String
        /// The known property whose name is nearest, when the name is unknown.
        package var nearest: String?

        /// Property, problem and nearest name in one line.
        package var description: String {
            "\(property): \(problem)" + (nearest.map { "; did you mean \($0)?" } ?? "")
        }
    }

    /// The faults, sorted by property; never empty.
    package var faults: [Fault]

    /// All faults in one line.
    package var description: String {
        "invalid Kafka settings: " + faults.map(\.description).joined(separator: "; ")
    }

    /// The same as an error to end the process with (exit code 2).
    package var asKafkaError: KafkaError {
        KafkaError(
            code: -186, operation: "read Kafka settings", subject: "settings",
            reason: faults.map(\.description).joined(separator: "; "),
            consequence: .stop(exitCode: 2))
    }
}
