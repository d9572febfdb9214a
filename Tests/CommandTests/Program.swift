import Foundation
import KafkaClient
import TestSupport
import Testing

/// One run of the built executable, as a shell would see it.
struct Program: Sendable {
    let exitCode: Int32
    let output: String
    let errors: String

    /// The lines on standard error, none of them empty.
    var faults: [String] { errors.split(separator: "\n").map(String.init) }

    /// Runs `handoff` in an environment without any settings but those given.
    static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Program {
        let process = Process()
        process.executableURL = try executable()
        process.arguments = arguments
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("HANDOFF_")
        }
        process.environment = inherited.merging(environment) { $1 }
        let folder = try TemporaryFolder()
        let output = try folder.file("output")
        let errors = try folder.file("errors")
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        let exitCode = try await withCheckedThrowingContinuation {
            (done: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { done.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
        return Program(
            exitCode: exitCode, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Beside the test bundle, which is this process's own file.
    private static func executable() throws -> URL {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = [tests.path, CommandLine.arguments.first ?? ""].map { path in
            URL(fileURLWithPath: path).deletingLastPathComponent().appending(path: "handoff")
        }
        let found = beside.first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return try #require(found, "no executable beside \(tests.path)")
    }
}

/// A folder that goes with its last user.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: Broker.unique("handoff-cli"))
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file and tells where it is.
    func file(_ name: String, _ text: String = "") throws -> URL {
        let file = url.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file
    }
}

/// A broker, a topic prefix of its own and a definition: what commands are pointed to.
struct Place {
    let broker: Broker
    let prefix = Broker.unique("cli") + "."
    let folder: TemporaryFolder
    let definition: URL

    /// On the broker that all tests share, unless another is given.
    init(_ other: Broker? = nil) async throws {
        if let other { broker = other } else { broker = try await Broker.shared() }
        folder = try TemporaryFolder()
        definition = try folder.file("definition.yaml", try Fixtures.exampleDefinitionText())
    }

    func run(_ arguments: [String], _ more: [String: String] = [:]) async throws -> Program {
        let environment = [
            "HANDOFF_BOOTSTRAP_SERVERS": broker.bootstrapServers, "HANDOFF_TOPIC_PREFIX": prefix,
            "HANDOFF_DEFINITION": definition.path, "HANDOFF_PARTITIONS": "3",
            "HANDOFF_STATE_FOLDER": folder.url.appending(path: "state").path,
        ]
        return try await Program.run(arguments, environment: environment.merging(more) { $1 })
    }

    func create(
        _ topic: String, partitions: Int, _ configuration: [String: String] = [:]
    ) async throws {
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        let name = prefix + topic
        let outcome = try await admin.createTopics([
            NewTopic(name: name, partitions: partitions, configuration: configuration)
        ])
        try #require(outcome[name] == .created)
    }

    /// The configuration that the broker reports, which may be less than it was given.
    func configuration(_ topic: String) async throws -> [String: String] {
        try await AdminClient(settings: broker.settings(), logger: .silent)
            .describeConfigs(topic: prefix + topic)
    }

    func partitions(_ topics: [String]) async throws -> [String: Int] {
        try await AdminClient(settings: broker.settings(), logger: .silent)
            .describeTopics(topics.map { prefix + $0 })
    }
}
