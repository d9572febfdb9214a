import DefinitionFiles

extension Setting {
    /// Every setting but the properties of librdkafka, in the order of the documentation.
    package static let all: [Setting] = connection + timing + limits + timeouts + operation + topics

    private static let connection: [Setting] = [
        .text(
            "bootstrap_servers", \.bootstrapServers, values: "host:port, separated by commas",
            "brokers to start from", isValid: isServerList),
        .text("group_id", \.groupID, values: "a name", "consumer group of all workers together"),
        .text(
            "instance_id", \.instanceID, values: "a name of letters, digits, '.', '_', '-'",
            mayBeEmpty: true,
            "name of this worker for static membership, so that a restart moves no partition",
            isValid: KafkaTopicName.isValid),
        .text(
            "state_folder", \.stateFolder, values: "a folder",
            "where profiles and reference data are kept between starts"),
        .text(
            "definition", \.definition, values: "a file",
            "the definition that marketing and sales agreed on"),
        .text(
            "topic_prefix", \.topicPrefix, values: "letters, digits, '.', '_', '-'",
            mayBeEmpty: true, "put before every topic name", isValid: KafkaTopicName.isValid),
        .whole(
            "partitions", \.partitions, 1...10_000,
            "partitions that 'topics ensure' gives the inputs and the changelog"),
    ]

    private static let timing: [Setting] = [
        .span(
            "commit_interval", \.commitInterval, from: "1ms", to: "1m",
            "how often work is committed; a result is visible that much later"),
        .whole(
            "epoch_max_events", \.epochMaxEvents, 1...1_000_000,
            "events after which work is committed before its time"),
        .span(
            "merge_wait", \.mergeWait, from: "0s", to: "1m",
            "how long a lane waits for an input that may hold an older record; 0s = never"),
        .choice("sla_clock", \.slaClock, "the clock that follow-up alerts go by"),
        .span(
            "future_tolerance", \.futureTolerance, from: "0s", to: "1d",
            "how far after its Kafka timestamp an event may say it occurred"),
        .span(
            "flush_interval", \.flushInterval, from: "100ms", to: "1h",
            "how often changed profiles are written to disk"),
    ]

    private static let limits: [Setting] = [
        .whole(
            "max_events_per_lead", \.maxEventsPerLead, 1...1_000_000,
            "activities of one lead that count within the window of repeats"),
        .whole(
            "duplicate_window_days", \.duplicateWindowDays, 1...3_650,
            "days for which event ids are remembered to drop repeats"),
        .whole(
            "erasure_memory_days", \.erasureMemoryDays, 1...36_500,
            "days for which it is remembered that a lead was erased"),
        .whole(
            "forget_after_days", \.forgetAfterDays, 1...36_500,
            "days without events after which a profile is forgotten"),
        .span(
            "forget_interval", \.forgetInterval, from: "1s", to: "1d",
            "how often a lane looks for profiles to forget"),
        .bytes(
            "flush_bytes", \.flushBytes, 65_536...(16 << 30),
            "changed bytes that start a flush before its time"),
        .bytes(
            "hot_profile_bytes", \.hotProfileBytes, (1 << 20)...(1 << 40),
            "memory for profiles"),
    ]

    private static let timeouts: [Setting] = [
        .span(
            "drain_timeout", \.drainTimeout, from: "100ms", to: "30m",
            "how long a lane may take to finish when its partition is revoked"),
        .span(
            "shutdown_timeout", \.shutdownTimeout, from: "100ms", to: "1h",
            "how long stopping may take in all"),
        // Brokers refuse less than 6s and more than 30m (group.min/max.session.timeout.ms).
        .span(
            "session_timeout", \.sessionTimeout, from: "6s", to: "30m",
            "how long the group waits for a silent worker"),
        // Brokers refuse more than 15m (transaction.max.timeout.ms).
        .span(
            "transaction_timeout", \.transactionTimeout, from: "1s", to: "15m",
            "how long the broker waits for a silent transaction"),
    ]

    private static let operation: [Setting] = [
        .whole(
            "http_port", \.httpPort, 0...65_535,
            "port of health, metrics and dashboard; 0 = off"),
        .text(
            "http_host", \.httpHost, values: "an address of this machine",
            "address that they are served on; 0.0.0.0 or :: = all, to anybody who can reach it",
            isValid: isHost),
        .span(
            "stall_timeout", \.stallTimeout, from: "5s", to: "1d",
            "how long work may stand still: then /live fails, after twice as long the worker ends"),
        .choice("log_level", \.logLevel, "the least severe messages that are logged"),
        .choice("log_format", \.logFormat, "the form of log lines"),
    ]

    private static let topics: [Setting] = [
        topic("leads", \.topics.leads, "lead events"),
        topic("activities", \.topics.activities, "activities"),
        topic("dispositions", \.topics.dispositions, "what sales did with an MQL"),
        topic("accounts", \.topics.accounts, "reference data: accounts"),
        topic("campaigns", \.topics.campaigns, "reference data: campaigns"),
        topic("suppressions", \.topics.suppressions, "reference data: suppressions"),
        topic(
            "mql_prefix", \.topics.mqlPrefix,
            "what the id of a product is appended to, unless the definition names its topic"),
        topic("nurture", \.topics.nurture, "every change of a lead's status"),
        topic("alerts", \.topics.alerts, "follow-up warnings and breaches"),
        topic("dead_letters", \.topics.deadLetters, "bad input"),
        topic("profiles", \.topics.profiles, "changelog of the workers' state"),
        topic("redrives", \.topics.redrives, "which dead letters were redriven"),
    ]

    private static func topic(
        _ name: String, _ path: Path<String>, _ meaning: String
    ) -> Setting {
        .text(
            "topics.\(name)", path, values: "a topic", "topic: \(meaning)",
            isValid: KafkaTopicName.isValid)
    }

    /// What an address or a host name may consist of; whether there is one shows at start.
    private static func isHost(_ text: String) -> Bool {
        text.count <= 255
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".:-%".contains($0)) }
    }

    /// Each part a host with an optional port; librdkafka itself allows a scheme before it.
    private static func isServerList(_ text: String) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
            let server = part.drop(while: \.isWhitespace)
            guard !server.isEmpty, !server.contains(where: \.isWhitespace) else { return false }
            // A colon followed by anything but a port is the end of a bare IPv6 address or a
            // mistake.
            guard let colon = server.lastIndex(of: ":"), !server.hasSuffix("]") else { return true }
            let port = Int(server[server.index(after: colon)...]) ?? 0
            return (1...65_535).contains(port) && colon > server.startIndex
        }
    }
}
