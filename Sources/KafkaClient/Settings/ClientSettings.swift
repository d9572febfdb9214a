internal import CLibrdkafka

/// How to reach the cluster, and any librdkafka property that should differ from our defaults.
///
/// A property named `consumer.x` or `producer.x` is given as `x` to that kind of client only, and
/// beats a plain `x`. Properties on which exactly-once depends cannot be set. Secrets are never
/// part of a description, an error or a log line.
package struct ClientSettings: Sendable, CustomStringConvertible {
    /// `host:port`, several separated by commas.
    package var bootstrapServers: String
    /// The name under which the broker sees this process; unique per process (librdkafka #4783).
    package var clientID: String
    /// librdkafka properties by name.
    package var properties: [String: String]

    /// Takes the settings as they are; `validated()` judges them.
    package init(bootstrapServers: String, clientID: String, properties: [String: String] = [:]) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.properties = properties
    }

    /// The settings in one line, with every secret replaced by `***`.
    package var description: String {
        let shown = properties.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(ClientSettings.isSecret($0.key) ? "***" : $0.value)" }
        return (["bootstrap.servers=\(bootstrapServers)", "client.id=\(clientID)"] + shown)
            .joined(separator: " ")
    }

    /// Checks names and values against the library that is linked; throws every fault at once.
    package func validated() throws(KafkaSettingsError) {
        var faults: [KafkaSettingsError.Fault] = []
        if bootstrapServers.isEmpty {
            faults.append(.init(property: "bootstrap.servers", problem: "is empty"))
        }
        guard let scratch = unsafe rd_kafka_conf_new() else { return }
        defer { unsafe rd_kafka_conf_destroy(scratch) }
        for (written, value) in properties.sorted(by: { $0.key < $1.key }) {
            let name = ClientSettings.split(written).name
            if let why = Defaults.refused[name] {
                faults.append(.init(property: written, problem: "cannot be set: \(why)"))
                continue
            }
            switch unsafe rd_kafka_conf_set(scratch, name, value, nil, 0) {
            case RD_KAFKA_CONF_OK: break
            case RD_KAFKA_CONF_UNKNOWN:
                faults.append(
                    .init(
                        property: written, problem: "is not a librdkafka property",
                        nearest: PropertyTable.shared.nearest(to: name)))
            default:
                // librdkafka's own text quotes the value, so it cannot be passed on.
                let shown = ClientSettings.isSecret(name) ? "***" : "\"\(value)\""
                faults.append(.init(property: written, problem: "does not allow \(shown)"))
            }
        }
        if !faults.isEmpty { throw KafkaSettingsError(faults: faults) }
    }

    /// Whether the value of the property must never be shown.
    ///
    /// An unknown name counts: it may be the name of a secret, mistyped.
    static func isSecret(_ written: String) -> Bool {
        let name = split(written).name.lowercased()
        if PropertyTable.shared.audience[name] == nil { return true }
        return ["password", "secret", ".pem", "oauthbearer.config", "token", "credential"]
            .contains { name.contains($0) }
    }

    /// The line with every secret of these settings replaced by `***`; for librdkafka's words.
    ///
    /// Values below four characters stay: they would blot out half of every line.
    package func redacted(_ line: String) -> String {
        var result = line
        for (name, secret) in properties
        where ClientSettings.isSecret(name) && secret.utf8.count >= 4 {
            var rest = result[...]
            var clean = ""
            while let range = rest.firstRange(of: secret) {
                clean += rest[..<range.lowerBound] + "***"
                rest = rest[range.upperBound...]
            }
            result = clean + rest
        }
        return result
    }

    static func split(_ written: String) -> (name: String, audience: PropertyTable.Audience) {
        for (prefix, audience) in [
            ("consumer.", PropertyTable.Audience.consumer), ("producer.", .producer),
        ] where written.hasPrefix(prefix) {
            return (String(written.dropFirst(prefix.count)), audience)
        }
        return (written, .both)
    }

    /// The properties that concern one kind of client, the specific ones after the plain ones.
    func properties(for kind: ClientKind) -> [(name: String, value: String)] {
        let ranked = properties.map { (ClientSettings.split($0.key), $0.value) }
            .filter { entry in
                let named = entry.0.audience
                let known = PropertyTable.shared.audience[entry.0.name] ?? .both
                return [named, known].allSatisfy { $0 == .both || $0 == kind.audience }
            }
        let plain = ranked.filter { $0.0.audience == .both }
        let specific = ranked.filter { $0.0.audience != .both }
        return (plain + specific).map { ($0.0.name, $0.1) }
    }
}

/// The kinds of handles, which differ in their defaults.
enum ClientKind: Sendable {
    case groupConsumer, reader, admin, transactionalProducer, plainProducer

    var audience: PropertyTable.Audience {
        switch self {
        case .groupConsumer, .reader, .admin: .consumer
        case .transactionalProducer, .plainProducer: .producer
        }
    }

    /// Whether it fetches, and is held back by `FetchPacing` when there is next to nothing.
    var isPaced: Bool { self == .groupConsumer || self == .reader }
}
