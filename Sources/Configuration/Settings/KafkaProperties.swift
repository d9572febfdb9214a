/// Properties for librdkafka by name; values that may be secret never appear in text made from
/// this.
package struct KafkaProperties: Sendable, Equatable {
    /// By name, such as `sasl.username`.
    ///
    /// The values include secrets: never log this.
    package private(set) var values: [String: String] = [:]

    /// None.
    package init() {}

    /// Sets a property.
    package mutating func set(_ name: String, to value: String) {
        values[name] = value
    }

    /// Name and value in the order of names, secrets as `***`.
    package var shown: [(name: String, value: String)] {
        values.sorted { $0.key < $1.key }
            .map { ($0.key, KafkaProperties.isSecret($0.key) ? "***" : $0.value) }
    }

    /// Whether the value of a property must not be shown.
    ///
    /// Judged by the words of the name, so that properties of later librdkafka versions are hidden
    /// too.
    package static func isSecret(_ name: String) -> Bool {
        if name == "sasl.oauthbearer.config" || name == "ssl.key.pem" { return true }
        let words = name.split(whereSeparator: { $0 == "." || $0 == "_" })
        return words.contains { ["password", "secret", "token", "credentials"].contains($0) }
    }

    /// Properties that the worker sets itself, with what to do instead; exactly-once depends on
    /// them.
    static let own: [String: String] = [
        "bootstrap.servers": "set 'bootstrap_servers'",
        "metadata.broker.list": "set 'bootstrap_servers'",
        "group.id": "set 'group_id'",
        "group.instance.id": "set 'instance_id'",
        "session.timeout.ms": "set 'session_timeout'",
        "transaction.timeout.ms": "set 'transaction_timeout'",
        "transactional.id": "it is derived from the group and the member",
        "enable.idempotence": "the worker needs it on",
        "enable.auto.commit": "offsets are committed with the transaction",
        "enable.auto.offset.store": "offsets are committed with the transaction",
        "isolation.level": "the worker reads committed records only",
        "partition.assignment.strategy": "lanes need the range assignor",
        "acks": "transactions need all acknowledgements",
        "request.required.acks": "transactions need all acknowledgements",
        "auto.offset.reset": "the worker decides where to start",
    ]

    /// The property of an environment variable's name after `HANDOFF_KAFKA_`.
    static func name(ofEnvironment rest: Substring) -> String {
        let name = rest.lowercased().replacing("_", with: ".")
        // The only property of librdkafka with an underscore in its name.
        return name == "log.level" ? "log_level" : name
    }

    /// What is wrong with a property's name, nil if nothing.
    static func fault(inName name: String) -> String? {
        if let instead = own[name] { return "the worker sets '\(name)' itself; \(instead)" }
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            }
        return isName ? nil : "'\(name)' cannot be a property of librdkafka"
    }
}

extension KafkaProperties: CustomStringConvertible, CustomReflectable {
    /// `name=value` of each, secrets as `***`.
    package var description: String {
        shown.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    }

    /// Hides the storage, because interpolating a struct that holds this prints its mirror.
    package var customMirror: Mirror {
        Mirror(self, children: shown.map { ($0.name as String?, $0.value as Any) })
    }
}
