import Configuration
import Testing

@Suite("Every fault of the settings is reported at once, at its place")
struct SettingFaultTests {
    @Test func allThreeSourcesAreReportedInOneGo() {
        let found = faults(
            file: """
                gruop_id: a
                http_port: 70000
                commit_interval: 100
                topics:
                  leeds: x
                kafka:
                  enable.idempotence: false
                """,
            environment: ["HANDOFF_HTPP_PORT": "1", "HANDOFF_SLA_CLOCK": "sun"],
            flags: ["--log-level", "loud"])
        #expect(
            found == [
                "handoff.yaml:1:1: 'gruop_id' is not a setting; did you mean 'group_id'?",
                "handoff.yaml:2:12: 'http_port' must be a whole number from 0 to 65535, "
                    + "not '70000'",
                "handoff.yaml:3:18: 'commit_interval' must be a time from 1ms to 1m, not '100'",
                "handoff.yaml:5:3: 'leeds' is not a setting; did you mean 'leads'?",
                "handoff.yaml:7:3: the worker sets 'enable.idempotence' itself; "
                    + "the worker needs it on",
                "HANDOFF_HTPP_PORT: no setting has this environment variable; "
                    + "did you mean 'HANDOFF_HTTP_PORT'?",
                "HANDOFF_SLA_CLOCK: 'sla_clock' must be wall, stream, not 'sun'",
                "--log-level: 'log_level' must be trace, debug, info, notice, warning, error, "
                    + "critical, not 'loud'",
            ])
    }

    @Test(arguments: [
        ("- a\n", "1:1: settings are a mapping of names to values, not a list"),
        ("group_id: a\ngroup_id: b\n", "2:1: 'group_id' is written twice; first at 1:1"),
        (
            "group_id:\n",
            "1:10: 'group_id' must be a name, not empty; remove the line for the default"
        ),
        (
            "group_id: {a: b}\n",
            "1:11: 'group_id' must be a name, not a mapping; remove the line for the default"
        ),
        ("topics: [a]\n", "1:9: 'topics' must be a mapping, not a list"),
        ("kafka: {a.b: [1]}\n", "1:14: 'kafka.a.b' must be a single value, not a list"),
        ("kafka: {A-B: 1}\n", "1:9: 'A-B' cannot be a property of librdkafka"),
        (
            "kafka: {group.id: g}\n",
            "1:9: the worker sets 'group.id' itself; set 'group_id'"
        ),
        ("flush_bytes: 1k\n", "1:14: 'flush_bytes' must be bytes from 64KiB to 16GiB, not '1k'"),
        (
            "bootstrap_servers: 'a:9092,'\n",
            "1:20: 'bootstrap_servers' must be host:port, separated by commas, not 'a:9092,'"
        ),
        (
            "bootstrap_servers: a:b\n",
            "1:20: 'bootstrap_servers' must be host:port, separated by commas, not 'a:b'"
        ),
        ("topics: {leads: a b}\n", "1:17: 'topics.leads' must be a topic, not 'a b'"),
        (
            "instance_id: a/b\n",
            "1:14: 'instance_id' must be a name of letters, digits, '.', '_', '-', not 'a/b'"
        ),
    ])
    func aWrongFileIsReported(_ file: String, _ fault: String) {
        #expect(faults(file: file) == ["handoff.yaml:" + fault])
    }

    @Test(arguments: [
        ("drain_timeout: 45s\nshutdown_timeout: 1m", "'drain_timeout' (45s) must be less than"),
        ("drain_timeout: 40s", "'drain_timeout' (40s) must be at most 'shutdown_timeout' (30s)"),
        (
            "commit_interval: 2s\ntransaction_timeout: 2s",
            "'commit_interval' (2s) must be less than 'transaction_timeout' (2s)"
        ),
        ("commit_interval: 10s", "'commit_interval' (10s) must be less than 'drain_timeout' (10s)"),
        ("merge_wait: 1m", "'merge_wait' (1m) must be less than 'session_timeout' (45s)"),
        (
            "transaction_timeout: 5m",
            "'transaction_timeout' (5m) must be less than 'stall_timeout' (5m)"
        ),
        ("forget_after_days: 29", "'duplicate_window_days' (30) must be at most"),
        ("hot_profile_bytes: 1MiB", "'flush_bytes' (32MiB) must be at most 'hot_profile_bytes'"),
        (
            "topics: {leads: sales.alerts}",
            "'topics.alerts' and 'topics.leads' are both 'sales.alerts'"
        ),
        (
            "topic_prefix: \(String(repeating: "p", count: 240))\n",
            "'topics.accounts' with the prefix is longer than the 249 characters of a topic"
        ),
    ])
    func settingsThatCannotWorkTogetherAreReported(_ file: String, _ start: String) throws {
        let found = faults(file: file)
        let first = try #require(found.first)
        #expect(first.contains(start), "\(found)")
        #expect(first.hasPrefix("handoff.yaml:"))
    }

    @Test func aConflictIsReportedWhereTheValueWasLastSet() throws {
        let found = faults(
            file: "session_timeout: 20s\n", environment: ["HANDOFF_DRAIN_TIMEOUT": "20s"])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("HANDOFF_DRAIN_TIMEOUT: ") == true)
    }
}

@Suite("Secrets stay secret")
struct SecretTests {
    @Test(arguments: [
        "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config",
    ])
    func noTextMadeFromSettingsHoldsASecret(_ name: String) throws {
        let loaded = try load(file: "kafka: {\(name): hunter2, client.id: c1}\n")
        #expect(loaded.settings.kafka.values[name] == "hunter2")
        let texts = [
            "\(loaded)", "\(loaded.settings)", String(reflecting: loaded.settings),
            "\(loaded.settings.kafka)", "\(loaded.shown)",
        ]
        for text in texts {
            #expect(!text.contains("hunter2"))
        }
        #expect(loaded.shown.contains { $0.name == "kafka.client.id" && $0.value == "c1" })
        #expect(loaded.shown.contains { $0.name == "kafka.\(name)" && $0.value == "***" })
    }

    @Test func faultsOfPropertiesDoNotShowValues() {
        let found = faults(environment: ["HANDOFF_KAFKA_ACKS": "hunter2"])
        #expect(found.count == 1)
        #expect(!found.joined().contains("hunter2"))
    }
}

@Suite("The documentation is made from the declarations")
struct SettingTableTests {
    @Test func namesAreUniqueInEverySource() {
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.environmentName)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.flag)).count == Setting.all.count)
    }

    @Test(arguments: Setting.all.map(\.name))
    func everyDefaultIsAValueOfItsSetting(_ name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        let loaded = try load(environment: [setting.environmentName: setting.defaultValue])
        #expect(loaded.settings == Settings())
    }

    @Test func everySettingIsInTheTableAndInTheHelp() {
        for setting in Setting.all {
            #expect(SettingTable.markdown.contains("| `\(setting.name)` |"))
            #expect(SettingTable.help.contains("\(setting.flag)  (\(setting.environmentName))"))
        }
    }

    @Test func aRowSaysWhatToWrite() {
        #expect(
            SettingTable.markdown.contains(
                """
                | `commit_interval` | `HANDOFF_COMMIT_INTERVAL` | `100ms` | a time from 1ms to 1m |
                """))
    }
}
