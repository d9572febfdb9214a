import DefinitionFiles

/// Settings with where each value came from.
package struct LoadedSettings: Sendable, Equatable {
    /// The settings.
    package var settings: Settings
    /// By the setting's name; those left at their default are not in it.
    package var origins: [String: SettingFault.Origin]

    /// Name, value and origin of every setting for the log at start; secrets are hidden.
    package var shown: [(name: String, value: String, origin: String)] {
        let declared = Setting.all.map { setting in
            let origin = origins[setting.name] ?? .byDefault
            return (setting.name, setting.shown(settings), origin.description)
        }
        let kafka = settings.kafka.shown.map { property in
            let name = "kafka.\(property.name)"
            return (name, property.value, (origins[name] ?? .byDefault).description)
        }
        return declared + kafka
    }
}

/// The settings file as read from disk.
package struct SettingsFile: Sendable {
    /// As the user named it.
    package var path: String
    /// All of it.
    package var bytes: [UInt8]

    /// Makes a file.
    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Merges file, environment and flags: a flag beats the environment, which beats the file.
package struct SettingsLoader {
    /// Variables that begin with `HANDOFF_` and are no settings.
    ///
    /// `HANDOFF_SETTINGS` names the settings file. Kubernetes puts the addresses of a service
    /// called `handoff` into the environment of every pod beside it; a worker must start all the
    /// same.
    package static let otherVariables =
        failureVariables + [
            "HANDOFF_SETTINGS", "HANDOFF_TEST_*", "HANDOFF_SERVICE_HOST", "HANDOFF_SERVICE_PORT",
            "HANDOFF_SERVICE_PORT_*", "HANDOFF_PORT", "HANDOFF_PORT_*",
        ]
    /// Where a worker of a debug build is to die; a release build knows nothing of it.
    private static var failureVariables: [String] {
        #if DEBUG
            ["HANDOFF_FAILURE_POINT"]
        #else
            []
        #endif
    }

    private static let kafkaVariable = "HANDOFF_KAFKA_"

    private var loaded = LoadedSettings(settings: Settings(), origins: [:])
    private var faults: [SettingFault] = []

    /// The settings, or every fault of all three sources.
    package static func load(
        file: SettingsFile? = nil, environment: [String: String] = [:],
        flags: [SettingFlags.Flag] = []
    ) throws(SettingFaults) -> LoadedSettings {
        let (loaded, faults) = inspect(file: file, environment: environment, flags: flags)
        if let faults { throw faults }
        return loaded
    }

    /// The settings as far as they can be read, with the default in place of each one at fault.
    ///
    /// For `check`, which goes on to the definition that faulty settings name.
    package static func inspect(
        file: SettingsFile? = nil, environment: [String: String] = [:],
        flags: [SettingFlags.Flag] = []
    ) -> (loaded: LoadedSettings, faults: SettingFaults?) {
        var loader = SettingsLoader()
        if let file { loader.read(file) }
        loader.read(environment: environment)
        loader.read(flags: flags)
        loader.faults += SettingConflicts.faults(in: loader.loaded)
        return (loader.loaded, loader.faults.isEmpty ? nil : SettingFaults(loader.faults))
    }

    private mutating func read(_ file: SettingsFile) {
        let list = FaultList(file: file.path)
        let root = YAMLDocument.read(file.bytes, mayBeEmpty: true, faults: list)
        for fault in list.faults {
            let place = Place(line: fault.line, column: fault.column)
            faults.append(
                SettingFault(origin: .file(path: file.path, place: place), message: fault.message))
        }
        guard let root, !root.isNull else { return }
        guard case .mapping(let entries) = root.content else {
            add(
                .file(path: file.path, place: root.place),
                "settings are a mapping of names to values, not \(root.kind)")
            return
        }
        for entry in entries {
            switch (entry.key, entry.value.content) {
            case ("topics", .mapping(let topics)):
                for topic in topics { read(topic, name: "topics.\(topic.key)", in: file) }
            case ("kafka", .mapping(let properties)):
                for property in properties { readProperty(property, in: file) }
            case ("topics", _), ("kafka", _):
                guard !entry.value.isNull else { continue }
                add(
                    .file(path: file.path, place: entry.value.place),
                    "'\(entry.key)' must be a mapping, not \(entry.value.kind)")
            default: read(entry, name: entry.key, in: file)
            }
        }
    }

    private mutating func read(_ entry: YAMLEntry, name: String, in file: SettingsFile) {
        let keyOrigin = SettingFault.Origin.file(path: file.path, place: entry.place)
        guard let setting = Setting.all.first(where: { $0.name == name }) else {
            let scope = name.hasPrefix("topics.") ? "topics." : ""
            let names = Setting.all.map(\.name).filter {
                scope.isEmpty ? !$0.contains(".") : $0.hasPrefix(scope)
            }
            let known = names.map { String($0.dropFirst(scope.count)) }
            let advice = NearestName.advice(
                for: entry.key, among: known + (scope.isEmpty ? ["topics", "kafka"] : []))
            add(keyOrigin, "'\(entry.key)' is not a setting\(advice)")
            return
        }
        let origin = SettingFault.Origin.file(path: file.path, place: entry.value.place)
        guard let text = text(of: entry.value) else {
            add(
                origin,
                "'\(name)' must be \(setting.values), not \(entry.value.kind); "
                    + "remove the line for the default")
            return
        }
        apply(setting, text, origin)
    }

    /// The scalar as written; a list of scalars reads as its items separated by commas, which is
    /// what people write for `bootstrap_servers`.
    private func text(of node: YAMLNode) -> String? {
        switch node.content {
        case .scalar(let text, _): return node.isNull ? nil : text
        case .list(let items):
            let texts = items.map { text(of: $0) }
            guard !texts.isEmpty, !texts.contains(nil) else { return nil }
            return texts.compactMap { $0 }.joined(separator: ",")
        case .mapping: return nil
        }
    }

    private mutating func readProperty(_ entry: YAMLEntry, in file: SettingsFile) {
        guard case .scalar(let text, _) = entry.value.content, !entry.value.isNull else {
            add(
                .file(path: file.path, place: entry.value.place),
                "'kafka.\(entry.key)' must be a single value, not \(entry.value.kind)")
            return
        }
        setProperty(entry.key, text, .file(path: file.path, place: entry.place))
    }

    private mutating func read(environment: [String: String]) {
        let byName = Dictionary(
            Setting.all.map { ($0.environmentName, $0) }, uniquingKeysWith: { first, _ in first })
        for (name, value) in environment where name.hasPrefix("HANDOFF_") {
            if let setting = byName[name] {
                // Compose files and charts pass on unset variables as empty ones.
                guard setting.mayBeEmpty || !value.allSatisfy(\.isWhitespace) else { continue }
                apply(setting, value, .environment(name))
            } else if name.hasPrefix(Self.kafkaVariable) {
                let property = KafkaProperties.name(
                    ofEnvironment: name.dropFirst(Self.kafkaVariable.count))
                setProperty(property, value, .environment(name))
            } else if !Self.isOther(name) {
                let advice = NearestName.advice(for: name, among: byName.keys.sorted())
                add(.environment(name), "no setting has this environment variable\(advice)")
            }
        }
    }

    private static func isOther(_ name: String) -> Bool {
        otherVariables.contains { pattern in
            pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
        }
    }

    private mutating func read(flags: [SettingFlags.Flag]) {
        for flag in flags {
            switch flag {
            case .setting(let setting, let value): apply(setting, value, .flag(setting.flag))
            case .kafka(let name, let value):
                setProperty(name, value, .flag("\(SettingFlags.kafkaFlag) \(name)"))
            case .withoutValue(let name): add(.flag(name), "the flag needs a value")
            }
        }
    }

    private mutating func apply(
        _ setting: Setting, _ text: String, _ origin: SettingFault.Origin
    ) {
        if setting.apply(text, &loaded.settings) {
            loaded.origins[setting.name] = origin
        } else {
            add(origin, "'\(setting.name)' must be \(setting.values), not '\(text)'")
        }
    }

    private mutating func setProperty(
        _ name: String, _ value: String, _ origin: SettingFault.Origin
    ) {
        if let fault = KafkaProperties.fault(inName: name) {
            add(origin, fault)
        } else {
            loaded.settings.kafka.set(name, to: value)
            loaded.origins["kafka.\(name)"] = origin
        }
    }

    private mutating func add(_ origin: SettingFault.Origin, _ message: String) {
        faults.append(SettingFault(origin: origin, message: message))
    }
}
