import DefinitionFiles
package import Qualification

/// Everything an operator can set (CONTRACT.md 9).
///
/// The initial values are the defaults. Names, ranges and meanings stand in `Setting.all`, once for
/// the file, the environment, the flags and the documentation.
package struct Settings: Sendable, Equatable {
    /// The clock that follow-up alerts go by.
    package enum SLAClock: String, Sendable, CaseIterable {
        /// The machine's clock.
        case wall
        /// The greatest `occurred_at` applied in the lane.
        case stream
    }

    /// The least severe messages that are logged.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// The form of log lines.
    package enum LogFormat: String, Sendable, CaseIterable {
        case text, json
    }

    /// Brokers to start from, `host:port` separated by commas.
    package var bootstrapServers = "localhost:9092"
    /// The consumer group and the stem of transactional ids.
    package var groupID = "handoff"
    /// The worker's name for static membership; empty = a new member at every start.
    package var instanceID = ""
    /// Where profiles and reference data are kept between starts.
    package var stateFolder = "state"
    /// Put before every topic name.
    package var topicPrefix = ""
    /// Partitions that `topics ensure` gives the inputs and the changelog.
    package var partitions = 6
    /// How often work is committed: the length of an epoch.
    package var commitInterval = Span24h(milliseconds: 100)
    /// The most events of one epoch.
    package var epochMaxEvents = 240_000
    /// How long a lane waits for an input that may still have an older record.
    package var mergeWait = Span24h(milliseconds: 100)
    /// The clock of follow-up alerts.
    package var slaClock = SLAClock.wall
    /// How far after its Kafka timestamp an event may say it occurred.
    package var futureTolerance = Span24h.minutes(5)
    /// The most activities of one lead within the window of repeats.
    package var maxEventsPerLead = 5_000
    /// Days for which event ids are remembered.
    package var duplicateWindowDays = 30
    /// Days for which the stub of an erased lead is kept.
    package var erasureMemoryDays = 400
    /// Days without events after which a profile is forgotten.
    package var forgetAfterDays = 730
    /// How often a lane looks for profiles to forget.
    package var forgetInterval = Span24h.minutes(1)
    /// How often changed profiles are written to disk.
    package var flushInterval = Span24h(milliseconds: 10_000)
    /// Changed bytes that start a flush before its time.
    package var flushBytes = 32 << 20
    /// Memory for profiles.
    package var hotProfileBytes = 160 << 20
    /// How long a lane may take to finish when its partition is revoked.
    package var drainTimeout = Span24h(milliseconds: 10_000)
    /// How long stopping may take in all.
    package var shutdownTimeout = Span24h(milliseconds: 30_000)
    /// How long the group waits for a silent worker.
    package var sessionTimeout = Span24h(milliseconds: 45_000)
    /// How long the broker waits for a silent transaction.
    package var transactionTimeout = Span24h(milliseconds: 60_000)
    /// The port of health, metrics and dashboard; 0 = off.
    package var httpPort = 0
    /// The address that they are served on.
    package var httpHost = "127.0.0.1"
    /// How long the worker may stand still with work to do: then `/live` says no, and after twice
    /// as long the worker ends itself.
    package var stallTimeout = Span24h.minutes(5)
    /// The definition file.
    package var definition = "definition.yaml"
    /// The least severe messages that are logged.
    package var logLevel = LogLevel.info
    /// The form of log lines.
    package var logFormat = LogFormat.text
    /// Names of topics, without prefix.
    package var topics = TopicNames()
    /// Properties handed to librdkafka as they are.
    package var kafka = KafkaProperties()

    /// The defaults.
    package init() {}
}

/// The names of topics before the prefix is put before them (CONTRACT.md 2).
package struct TopicNames: Sendable, Equatable {
    /// Lead events.
    package var leads = "marketing.leads"
    /// Activities.
    package var activities = "marketing.activities"
    /// Dispositions.
    package var dispositions = "sales.dispositions"
    /// Accounts.
    package var accounts = "reference.accounts"
    /// Campaigns.
    package var campaigns = "reference.campaigns"
    /// Suppressions.
    package var suppressions = "reference.suppressions"
    /// What a product's id is appended to, unless the definition names its topic.
    package var mqlPrefix = "sales.mql."
    /// Status changes.
    package var nurture = "marketing.nurture"
    /// Follow-up alerts.
    package var alerts = "sales.alerts"
    /// Bad input.
    package var deadLetters = "handoff.dead-letters"
    /// The changelog.
    package var profiles = "handoff.profiles"
    /// Which dead letters were redriven.
    package var redrives = "handoff.redrives"

    /// The defaults.
    package init() {}
}

extension Settings {
    /// Every topic but those of products, with the prefix.
    package var prefixedTopics: TopicNames {
        var names = topics
        for path in TopicNames.all { names[keyPath: path] = topicPrefix + names[keyPath: path] }
        names.mqlPrefix = topicPrefix + names.mqlPrefix
        return names
    }

    /// The full name of a product's topic: as the definition names it, or by `topics.mql_prefix`.
    package func topic(of product: Product) -> String {
        let isDefault = product.topic == TopicNames().mqlPrefix + product.id
        return topicPrefix + (isDefault ? topics.mqlPrefix + product.id : product.topic)
    }
}

extension Settings {
    /// A definition whose products have the topics of these settings, prefix apart.
    package func applied(to definition: Definition) -> Definition {
        var applied = definition
        for place in applied.products.indices {
            applied.products[place].topic = String(
                topic(of: applied.products[place]).dropFirst(topicPrefix.count))
        }
        return applied
    }
}

extension Settings {
    /// What is wrong with the topics of a definition's products under these settings.
    ///
    /// Neither file alone can tell: the definition does not know the worker's own topics, under one
    /// of whose names an MQL would be read back as input, nor the prefix.
    package func topicFaults(of products: [Product]) -> [String] {
        var taken: [String: String] = [:]
        for path in TopicNames.all { taken[prefixedTopics[keyPath: path]] = "the worker" }
        var faults: [String] = []
        for product in products {
            let topic = topic(of: product)
            if !KafkaTopicName.isValid(topic) {
                faults.append(
                    "product '\(product.id)': the topic '\(topic)' is longer than "
                        + "\(KafkaTopicName.longest) characters")
            }
            if let owner = taken[topic] {
                faults.append(
                    "product '\(product.id)': the topic '\(topic)' is used by \(owner) already")
            }
            taken[topic] = taken[topic] ?? "product '\(product.id)'"
        }
        return faults
    }
}

extension TopicNames {
    /// The complete names, which `mqlPrefix` is not.
    static let all: [any WritableKeyPath<TopicNames, String> & Sendable] = [
        \.leads, \.activities, \.dispositions, \.accounts, \.campaigns, \.suppressions, \.nurture,
        \.alerts, \.deadLetters, \.profiles, \.redrives,
    ]
}
