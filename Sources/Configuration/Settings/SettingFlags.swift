/// Takes the flags of settings out of a command line, so that every setting has a flag without each
/// command declaring it again.
package enum SettingFlags {
    /// A flag as found.
    package enum Flag: Sendable {
        /// The flag of a setting.
        case setting(Setting, String)
        /// `--kafka NAME=VALUE`.
        case kafka(name: String, value: String)
        /// A flag at which nothing follows.
        case withoutValue(String)
    }

    /// Sets a property of librdkafka; may be given several times.
    package static let kafkaFlag = "--kafka"

    /// The flags of settings, as `--name value` or `--name=value`, and all other arguments in
    /// order.
    ///
    /// Arguments after `--` are left alone.
    package static func take(from arguments: [String]) -> (flags: [Flag], rest: [String]) {
        var flags: [Flag] = []
        var rest: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument != "--" else {
                rest.append(contentsOf: arguments[(index - 1)...])
                break
            }
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first.map(String.init) ?? ""
            let setting = Setting.all.first { $0.flag == name }
            guard setting != nil || name == kafkaFlag else {
                rest.append(argument)
                continue
            }
            var value = parts.count == 2 ? String(parts[1]) : nil
            if value == nil, index < arguments.count, !arguments[index].hasPrefix("--") {
                value = arguments[index]
                index += 1
            }
            flags.append(flag(setting, name: name, value: value))
        }
        return (flags, rest)
    }

    private static func flag(_ setting: Setting?, name: String, value: String?) -> Flag {
        guard let value else { return .withoutValue(name) }
        if let setting { return .setting(setting, value) }
        let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return .withoutValue("\(kafkaFlag) \(value)") }
        return .kafka(name: String(parts[0]), value: String(parts[1]))
    }
}
