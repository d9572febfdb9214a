internal import Foundation
internal import Glibc
package import KafkaClient

/// The broker that tests run against.
///
/// With `HANDOFF_BOOTSTRAP_SERVERS` it is that one. Otherwise the development broker is started
/// once per test process, on a free port and with data of its own, from `HANDOFF_TEST_NOIDA` or
/// `.tools/venv/bin/noida-db` under the package; it ends with the process, however that ends.
package struct Broker: Sendable {
    /// `host:port`, several separated by commas.
    package let bootstrapServers: String
    private let owner: BrokerProcess?

    /// One that somebody else has started.
    package init(bootstrapServers: String) {
        self.bootstrapServers = bootstrapServers
        owner = nil
    }

    private init(bootstrapServers: String, owner: BrokerProcess?) {
        self.bootstrapServers = bootstrapServers
        self.owner = owner
    }

    /// Why no broker can be had.
    package struct Unavailable: Error, CustomStringConvertible {
        /// The reason, with what to set.
        package var description: String

        /// For the reason given.
        package init(description: String) { self.description = description }
    }

    /// The broker of this test process, reachable.
    package static func shared() async throws -> Broker { try await starting.value }

    // Owned by the process: started at the first use, ended by the watcher of `BrokerProcess`.
    private static let starting = Task { try await start() }

    private static func start() async throws -> Broker {
        let environment = ProcessInfo.processInfo.environment
        let broker: Broker
        if let servers = environment["HANDOFF_BOOTSTRAP_SERVERS"], !servers.isEmpty {
            broker = Broker(bootstrapServers: servers, owner: nil)
        } else {
            let process = try BrokerProcess(executable: try executable(environment))
            broker = Broker(bootstrapServers: "127.0.0.1:\(process.port)", owner: process)
        }
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        try await admin.brokerReachable(timeout: .seconds(60))
        return broker
    }

    /// A broker of the caller's own, reachable, which `stop` ends at once.
    ///
    /// Always the development broker, whatever `HANDOFF_BOOTSTRAP_SERVERS` names.
    package static func stoppable() async throws -> (broker: Broker, stop: @Sendable () -> Void) {
        let own = try await PrivateBroker()
        return (own.broker, { own.stop() })
    }

    fileprivate static func begin() async throws -> (broker: Broker, process: BrokerProcess) {
        let process = try BrokerProcess(
            executable: try executable(ProcessInfo.processInfo.environment))
        let broker = Broker(bootstrapServers: "127.0.0.1:\(process.port)", owner: process)
        let admin = try AdminClient(settings: broker.settings(), logger: .silent)
        try await admin.brokerReachable(timeout: .seconds(60))
        return (broker, process)
    }

    private static func executable(_ environment: [String: String]) throws -> String {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let local = package.appendingPathComponent(".tools/venv/bin/noida-db").path
        let path = environment["HANDOFF_TEST_NOIDA"] ?? local
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Unavailable(
                description: "no broker: set HANDOFF_BOOTSTRAP_SERVERS, or install \(path)")
        }
        return path
    }

    /// Settings of a client of this broker; its id is unique.
    package func settings(_ properties: [String: String] = [:]) -> ClientSettings {
        ClientSettings(
            bootstrapServers: bootstrapServers, clientID: Broker.unique("client"),
            properties: properties)
    }

    /// A name that nobody else has.
    package static func unique(_ stem: String) -> String {
        "\(stem)-\(UUID().uuidString.lowercased().prefix(13))"
    }

    /// A new topic; its records are kept whatever their timestamps.
    package func freshTopic(
        _ stem: String = "topic", partitions: Int = 1, configuration: [String: String] = [:]
    ) async throws -> String {
        let name = Broker.unique(stem)
        let admin = try AdminClient(settings: settings(), logger: .silent)
        let all = configuration.merging(["retention.ms": "-1"]) { given, _ in given }
        let outcome = try await admin.createTopics([
            NewTopic(name: name, partitions: partitions, configuration: all)
        ])
        guard outcome[name] == .created else {
            throw Unavailable(
                description: "topic \(name): \(outcome[name].map { "\($0)" } ?? "no answer")")
        }
        return name
    }
}

/// A development broker of a test's own, to which anything may be done; it ends with its owner.
package struct PrivateBroker: Sendable {
    /// For clients.
    package let broker: Broker
    /// Where it listens, on 127.0.0.1 alone.
    package let port: Int
    private let process: BrokerProcess

    /// Started, and reachable.
    package init() async throws {
        (broker, process) = try await Broker.begin()
        port = process.port
    }

    /// It answers nobody any more, and its connections stay.
    package func pause() { process.send(SIGSTOP) }
    /// It goes on where it was.
    package func resume() { process.send(SIGCONT) }
    /// Ends it at once.
    package func stop() { process.stop() }
}
