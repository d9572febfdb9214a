/// The documentation of all settings, made from their declarations.
package enum SettingTable {
    /// A table in Markdown for the README.
    package static var markdown: String {
        var lines = [
            "| setting | environment | default | values | meaning |",
            "|---|---|---|---|---|",
        ]
        for row in rows {
            let value = row.defaultValue.isEmpty ? "(empty)" : "`\(row.defaultValue)`"
            lines.append(
                "| `\(row.name)` | `\(row.environment)` | \(value) | \(row.values) "
                    + "| \(row.meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One paragraph a setting for `--help`.
    package static var help: String {
        rows.map { row in
            let value = row.defaultValue.isEmpty ? "empty" : row.defaultValue
            return """
                  \(row.flag)  (\(row.environment))
                      \(row.meaning): \(row.values); default \(value)
                """
        }.joined(separator: "\n") + "\n"
    }

    private struct Row {
        var name: String
        var flag: String
        var environment: String
        var defaultValue: String
        var values: String
        var meaning: String
    }

    private static var rows: [Row] {
        Setting.all.map { setting in
            Row(
                name: setting.name, flag: setting.flag, environment: setting.environmentName,
                defaultValue: setting.defaultValue, values: setting.values,
                meaning: setting.meaning)
        } + [
            Row(
                name: "kafka.PROPERTY", flag: "\(SettingFlags.kafkaFlag) PROPERTY=VALUE",
                environment: "HANDOFF_KAFKA_PROPERTY", defaultValue: "",
                values: "as librdkafka takes it",
                meaning: "a property of librdkafka, dots written as underscores in the environment")
        ]
    }
}
