import ArgumentParser
import Configuration
import DefinitionFiles
import KafkaClient
import Logging
import Qualification
import Worker

/// `handoff topics`: what the worker needs on the broker.
struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics", abstract: "Create and verify the topics of the worker.",
        subcommands: [TopicsEnsureCommand.self])
}

/// `handoff topics ensure`: creates what is missing, verifies what exists.
struct TopicsEnsureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ensure",
        abstract: "Create the topics that are missing and verify those that exist.",
        discussion: """
            Inputs, outputs and the changelog get as many partitions as the setting 'partitions' \
            says (--partitions, HANDOFF_PARTITIONS), the reference topics one. The changelog and \
            the reference topics are compacted; the changelog and the dead letters take records of \
            4 MiB. Nothing that exists is changed: each difference is named with what to do about \
            it. Running it again, or twice at once, does no harm.

            Exit code 4 if a difference keeps the worker from running; differences that do no harm \
            are warnings.

            Example:
              handoff topics ensure --bootstrap-servers broker:9092 --partitions 12
            """)

    @OptionGroup var settingsOption: SettingsOption

    @Option(help: "Replicas of each new topic; -1 leaves it to the broker.")
    var replicationFactor = -1

    func validate() throws {
        guard replicationFactor == -1 || (1...100).contains(replicationFactor) else {
            throw ValidationError("--replication-factor must be -1 or a number from 1 to 100")
        }
    }

    func run() async throws {
        let settings = try settingsOption.load().settings
        let definition = settings.applied(
            to: try Files.definition(settings.definition).definition)
        let faults = settings.topicFaults(of: definition.products)
        guard faults.isEmpty else {
            let lines = faults.map { "\(settings.definition): \($0)" }
            throw CommandFailure(lines.joined(separator: "\n"), exitCode: 2)
        }
        let plan = TopicPlan(
            topics: settings.workerTopics, definition: definition,
            partitions: settings.partitions, replication: replicationFactor)
        let report: TopicReport
        do throws(KafkaError) {
            let admin = try AdminClient(
                settings: settings.client("topics"), timeout: BrokerPatience.call,
                logger: settings.makeToolLogger())
            report = try await TopicEnsurer(plan: plan, admin: admin).run()
        } catch {
            throw error.asCommandFailure
        }
        print(report.table)
        Terminal.complain(report.warnings.map { "warning: \($0)" })
        guard report.faults.isEmpty else {
            throw CommandFailure(report.faults.joined(separator: "\n"), exitCode: 4)
        }
    }
}

/// How long tools wait for the broker.
enum BrokerPatience {
    /// One call; leaves room for a second one within the 30 s after which a command must have told
    /// that nobody answers.
    static let call = Duration.seconds(20)
}
