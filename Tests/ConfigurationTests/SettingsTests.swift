import Configuration
import DefinitionFiles
import Qualification
import Testing

/// Loads settings from text.
func load(
    file: String? = nil, environment: [String: String] = [:], flags: [String] = []
) throws(SettingFaults) -> LoadedSettings {
    let file = file.map { SettingsFile(path: "handoff.yaml", bytes: Array($0.utf8)) }
    return try SettingsLoader.load(
        file: file, environment: environment, flags: SettingFlags.take(from: flags).flags)
}

/// The faults of settings, one a line; empty if they load.
func faults(
    file: String? = nil, environment: [String: String] = [:], flags: [String] = []
) -> [String] {
    do {
        _ = try load(file: file, environment: environment, flags: flags)
        return []
    } catch {
        return error.faults.map(\.description)
    }
}

@Suite("Settings come from file, environment and flags")
struct SettingsTests {
    @Test func withoutAnythingTheDefaultsHold() throws {
        #expect(try load().settings == Settings())
        #expect(try load(file: "").settings == Settings())
        #expect(try load(file: "# all commented out\n").settings == Settings())
        #expect(try load(file: "topics:\nkafka:\n").settings == Settings())
    }

    @Test func aFlagBeatsTheEnvironmentWhichBeatsTheFile() throws {
        let file = "group_id: f\ninstance_id: f\nstate_folder: f\n"
        let environment = ["HANDOFF_INSTANCE_ID": "e", "HANDOFF_STATE_FOLDER": "e"]
        let loaded = try load(
            file: file, environment: environment, flags: ["--state-folder", "f2"])
        #expect(loaded.settings.groupID == "f")
        #expect(loaded.settings.instanceID == "e")
        #expect(loaded.settings.stateFolder == "f2")
        #expect(loaded.origins["group_id"]?.description == "handoff.yaml:1:11")
        #expect(loaded.origins["instance_id"]?.description == "HANDOFF_INSTANCE_ID")
        #expect(loaded.origins["state_folder"]?.description == "--state-folder")
    }

    @Test func everyNameOfTheContractSetsItsSetting() throws {
        let settings = try load(environment: [
            "HANDOFF_BOOTSTRAP_SERVERS": "a:9092,b:9093", "HANDOFF_GROUP_ID": "g",
            "HANDOFF_INSTANCE_ID": "w-1", "HANDOFF_STATE_FOLDER": "/s",
            "HANDOFF_TOPIC_PREFIX": "test.", "HANDOFF_PARTITIONS": "3",
            "HANDOFF_COMMIT_INTERVAL": "50ms", "HANDOFF_SLA_CLOCK": "stream",
            "HANDOFF_HTTP_PORT": "8080", "HANDOFF_DEFINITION": "d.yaml",
            "HANDOFF_LOG_LEVEL": "debug",
        ]).settings
        #expect(settings.bootstrapServers == "a:9092,b:9093")
        #expect(settings.groupID == "g")
        #expect(settings.instanceID == "w-1")
        #expect(settings.stateFolder == "/s")
        #expect(settings.topicPrefix == "test.")
        #expect(settings.partitions == 3)
        #expect(settings.commitInterval == Span24h(milliseconds: 50))
        #expect(settings.slaClock == .stream)
        #expect(settings.httpPort == 8080)
        #expect(settings.definition == "d.yaml")
        #expect(settings.logLevel == .debug)
    }

    @Test func aFileMayNestTopicsAndProperties() throws {
        let settings = try load(
            file: """
                bootstrap_servers: [a:1, b:2]
                flush_bytes: 32MiB
                log_format: json
                merge_wait: 0s
                topics:
                  dead_letters: bad
                  mql_prefix: mql-
                kafka:
                  compression.type: lz4
                  linger.ms: 5
                """
        ).settings
        #expect(settings.bootstrapServers == "a:1,b:2")
        #expect(settings.flushBytes == 32 << 20)
        #expect(settings.logFormat == .json)
        #expect(settings.mergeWait == Span24h(milliseconds: 0))
        #expect(settings.topics.deadLetters == "bad")
        #expect(settings.kafka.values == ["compression.type": "lz4", "linger.ms": "5"])
    }

    @Test func theEnvironmentNamesPropertiesWithUnderscores() throws {
        let settings = try load(
            environment: [
                "HANDOFF_KAFKA_SASL_MECHANISM": "PLAIN", "HANDOFF_KAFKA_LOG_LEVEL": "7",
                "HANDOFF_KAFKA_DEBUG": "",
            ],
            flags: ["--kafka", "sasl.mechanism=SCRAM-SHA-256", "--kafka=linger.ms=9"]
        ).settings
        #expect(
            settings.kafka.values == [
                "sasl.mechanism": "SCRAM-SHA-256", "log_level": "7", "debug": "",
                "linger.ms": "9",
            ])
    }

    @Test func anEmptyVariableIsNotSetUnlessEmptyIsAValue() throws {
        let loaded = try load(
            file: "group_id: f\ntopic_prefix: p.\n",
            environment: ["HANDOFF_GROUP_ID": "", "HANDOFF_TOPIC_PREFIX": ""])
        #expect(loaded.settings.groupID == "f")
        #expect(loaded.settings.topicPrefix == "")
    }

    @Test func variablesThatAreNotOursAreLeftAlone() throws {
        let environment = [
            "PATH": "/bin", "HANDOFF_TEST_SEED": "1", "HANDOFF_SETTINGS": "handoff.yaml",
            "HANDOFF_SERVICE_HOST": "10.0.0.1", "HANDOFF_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        ]
        #expect(try load(environment: environment).settings == Settings())
    }

    @Test func topicsHaveThePrefixAndProductsTheirs() throws {
        let settings = try load(
            file: "topic_prefix: t.\ntopics: {mql_prefix: out., leads: l}\n"
        ).settings
        #expect(settings.prefixedTopics.leads == "t.l")
        #expect(settings.prefixedTopics.profiles == "t.handoff.profiles")
        #expect(settings.prefixedTopics.mqlPrefix == "t.out.")
        #expect(settings.topic(of: product("crm", topic: "sales.mql.crm")) == "t.out.crm")
        #expect(settings.topic(of: product("crm", topic: "crm-leads")) == "t.crm-leads")
    }

    @Test func topicsOfProductsMustNotBeTakenNorTooLong() throws {
        let settings = try load(file: "topic_prefix: t.\n").settings
        let long = String(repeating: "x", count: 248)
        #expect(settings.topicFaults(of: [product("crm", topic: "sales.mql.crm")]) == [])
        #expect(
            settings.topicFaults(of: [
                product("a", topic: "marketing.leads"), product("b", topic: "one"),
                product("c", topic: "one"), product("d", topic: long),
            ]) == [
                "product 'a': the topic 't.marketing.leads' is used by the worker already",
                "product 'c': the topic 't.one' is used by product 'b' already",
                "product 'd': the topic 't.\(long)' is longer than 249 characters",
            ])
    }

    private func product(_ id: String, topic: String) -> Product {
        Product(
            id: id, topic: topic, fitAtLeast: .zero, engagementAtLeast: .zero,
            handRaiseFitAtLeast: nil, followUpWithin: .days(1), warnBefore: nil,
            escalateAfter: nil, lapseAfterDays: 1, alertsEndOn: .accepted, defaultOwner: nil,
            paused: false, extraRequired: [])
    }
}

@Suite("Flags are taken out of the command line")
struct SettingFlagsTests {
    @Test func theRestStaysInOrder() throws {
        let taken = SettingFlags.take(from: [
            "run", "--settings", "s.yaml", "--http-port=0", "--log-level", "debug", "-v", "--",
            "--group-id", "x",
        ])
        #expect(taken.rest == ["run", "--settings", "s.yaml", "-v", "--", "--group-id", "x"])
        #expect(taken.flags.count == 2)
    }

    @Test(arguments: [
        (["--group-id"], "--group-id: the flag needs a value"),
        (["--group-id", "--http-port", "1"], "--group-id: the flag needs a value"),
        (["--kafka", "linger.ms"], "--kafka linger.ms: the flag needs a value"),
        (["--http-port", "-1"], "--http-port: 'http_port' must be a whole number"),
    ])
    func aFlagWithoutValueIsAFault(_ arguments: [String], _ start: String) {
        #expect(faults(flags: arguments).first?.hasPrefix(start) == true)
    }
}
