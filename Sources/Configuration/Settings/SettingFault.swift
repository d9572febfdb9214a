package import DefinitionFiles

/// Something wrong with a setting, at the place where it was set.
package struct SettingFault: Hashable, Sendable {
    /// Where a value comes from; a later one beats an earlier one.
    package enum Origin: Hashable, Sendable {
        /// Nobody set it.
        case byDefault
        /// The settings file.
        case file(path: String, place: Place)
        /// An environment variable.
        case environment(String)
        /// A flag of the command line.
        case flag(String)
    }

    /// Where.
    package var origin: Origin
    /// What is wrong.
    ///
    /// Values of librdkafka's properties never appear here: they may be secret.
    package var message: String
}

extension SettingFault.Origin: CustomStringConvertible {
    /// `handoff.yaml:3:5`, `HANDOFF_HTTP_PORT`, `--http-port` or `default`.
    package var description: String {
        switch self {
        case .byDefault: "default"
        case .file(let path, let place): "\(path):\(place.line):\(place.column)"
        case .environment(let name): name
        case .flag(let name): name
        }
    }
}

extension SettingFault: Comparable, CustomStringConvertible {
    /// `handoff.yaml:3:5: message`, `HANDOFF_HTTP_PORT: message`.
    package var description: String { "\(origin): \(message)" }

    /// The file by place, then the environment and the flags by name.
    package static func < (left: SettingFault, right: SettingFault) -> Bool {
        left.order < right.order
    }

    private var order: (Int, Place, String, String) {
        switch origin {
        case .byDefault: (0, .start, "", message)
        case .file(_, let place): (1, place, "", message)
        case .environment(let name): (2, .start, name, message)
        case .flag(let name): (3, .start, name, message)
        }
    }
}

/// Every fault of file, environment and flags; never empty.
package struct SettingFaults: Error, Sendable, Equatable, CustomStringConvertible {
    /// Sorted.
    package let faults: [SettingFault]

    init(_ faults: [SettingFault]) {
        self.faults = Set(faults).sorted()
    }

    /// One fault a line.
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
