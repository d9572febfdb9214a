import DefinitionFiles
import Qualification

/// Settings that are each in range and cannot work together.
enum SettingConflicts {
    /// The faults, each at the place of the setting that was set last of the two.
    static func faults(in loaded: LoadedSettings) -> [SettingFault] {
        orders(loaded) + topicNames(loaded)
    }

    /// One setting that must be less than, or at most, another.
    private struct Order {
        var lesser: String
        var greater: String
        var holds: Bool
        var mayBeEqual = false
        var reason: String
    }

    private static func orders(_ loaded: LoadedSettings) -> [SettingFault] {
        let settings = loaded.settings
        let orders = [
            Order(
                lesser: "drain_timeout", greater: "session_timeout",
                holds: settings.drainTimeout < settings.sessionTimeout,
                reason: "else the group gives the partition away while its lane still commits"),
            Order(
                lesser: "drain_timeout", greater: "shutdown_timeout",
                holds: settings.drainTimeout <= settings.shutdownTimeout, mayBeEqual: true,
                reason: "stopping drains the lanes first"),
            Order(
                lesser: "commit_interval", greater: "transaction_timeout",
                holds: settings.commitInterval < settings.transactionTimeout,
                reason: "else the broker aborts every transaction"),
            Order(
                lesser: "commit_interval", greater: "drain_timeout",
                holds: settings.commitInterval < settings.drainTimeout,
                reason: "a drain ends with a commit"),
            Order(
                lesser: "transaction_timeout", greater: "stall_timeout",
                holds: settings.transactionTimeout < settings.stallTimeout,
                reason: "else a worker that waits for a slow commit is taken for stuck"),
            Order(
                lesser: "merge_wait", greater: "session_timeout",
                holds: settings.mergeWait < settings.sessionTimeout,
                reason: "else a waiting worker is taken for dead"),
            Order(
                lesser: "duplicate_window_days", greater: "forget_after_days",
                holds: settings.duplicateWindowDays <= settings.forgetAfterDays, mayBeEqual: true,
                reason: "else a repeat can arrive after its lead is forgotten"),
            Order(
                lesser: "flush_bytes", greater: "hot_profile_bytes",
                holds: settings.flushBytes <= settings.hotProfileBytes, mayBeEqual: true,
                reason: "changed profiles stay in memory until they are flushed"),
        ]
        return orders.filter { !$0.holds }.map { order in
            let values = [order.lesser, order.greater].map { name in
                Setting.all.first { $0.name == name }?.shown(settings) ?? ""
            }
            let relation = order.mayBeEqual ? "at most" : "less than"
            return SettingFault(
                origin: origin(of: [order.lesser, order.greater], in: loaded),
                message: "'\(order.lesser)' (\(values[0])) must be \(relation) "
                    + "'\(order.greater)' (\(values[1])): \(order.reason)")
        }
    }

    /// Two topics of one name would feed outputs back in; a prefix can make a name too long.
    private static func topicNames(_ loaded: LoadedSettings) -> [SettingFault] {
        var faults: [SettingFault] = []
        var first: [String: String] = [:]
        for setting in Setting.all where setting.name.hasPrefix("topics.") {
            let written = setting.shown(loaded.settings)
            let topic = loaded.settings.topicPrefix + written
            if !KafkaTopicName.isValid(topic) {
                faults.append(
                    SettingFault(
                        origin: origin(of: ["topic_prefix", setting.name], in: loaded),
                        message: "'\(setting.name)' with the prefix is longer than the "
                            + "\(KafkaTopicName.longest) characters of a topic"))
            }
            if let other = first[topic] {
                faults.append(
                    SettingFault(
                        origin: origin(of: [other, setting.name], in: loaded),
                        message: "'\(setting.name)' and '\(other)' are both '\(written)'"))
            }
            first[topic] = first[topic] ?? setting.name
        }
        return faults
    }

    /// The origin that beats the others: the value somebody just changed.
    private static func origin(of names: [String], in loaded: LoadedSettings)
        -> SettingFault.Origin
    {
        let origins = names.compactMap { loaded.origins[$0] }
        return origins.max {
            SettingFault(origin: $0, message: "") < SettingFault(origin: $1, message: "")
        } ?? .byDefault
    }
}
