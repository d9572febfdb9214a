import ArgumentParser
import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Logging
import Qualification
import Worker

/// The option that names the settings file; every command has it.
struct SettingsOption: ParsableArguments {
    @Option(name: .long, help: "The settings file (YAML). Default: $HANDOFF_SETTINGS, else none.")
    var settings: String?

    /// All settings from file, environment and flags.
    ///
    /// - Throws: `CommandFailure` with exit code 2 that lists every fault.
    func load() throws -> LoadedSettings {
        let environment = ProcessInfo.processInfo.environment
        let path = settings ?? environment["HANDOFF_SETTINGS"].flatMap { $0.isEmpty ? nil : $0 }
        let file = try path.map { SettingsFile(path: $0, bytes: try Files.read($0)) }
        do {
            return try SettingsLoader.load(
                file: file, environment: environment, flags: Invocation.flags)
        } catch {
            throw CommandFailure("\(error)", exitCode: 2)
        }
    }
}

/// Reading files, with the failure that a user can act on.
enum Files {
    static func read(_ path: String) throws -> [UInt8] {
        do {
            try checkIsNoFolder(path)
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CommandFailure(
                "\(path): cannot be read: \(SystemReason.of(error))", exitCode: 2)
        }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// A folder can be opened like a file, and fails in odd ways later.
    ///
    /// - Throws: What the system says about a path that cannot be looked at.
    static func checkIsNoFolder(_ path: String) throws {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let type = try FileManager.default.attributesOfItem(atPath: target)[.type]
        if type as? FileAttributeType == .typeDirectory { throw POSIXError(.EISDIR) }
    }

    /// A checked definition.
    static func definition(_ path: String) throws -> DefinitionFile.Checked {
        try definition(try read(path), path)
    }

    /// The same from bytes that were read before.
    static func definition(_ bytes: [UInt8], _ path: String) throws -> DefinitionFile.Checked {
        do {
            return try DefinitionFile.check(bytes, path: path, sha256: SHA256.hexadecimal(bytes))
        } catch {
            throw CommandFailure("\(error)", exitCode: 2)
        }
    }
}

extension Settings {
    /// The worker's topics.
    var workerTopics: Topics {
        let names = prefixedTopics
        var topics = Topics(prefix: topicPrefix)
        topics.leads = names.leads
        topics.activities = names.activities
        topics.dispositions = names.dispositions
        topics.accounts = names.accounts
        topics.campaigns = names.campaigns
        topics.suppressions = names.suppressions
        topics.nurture = names.nurture
        topics.alerts = names.alerts
        topics.deadLetters = names.deadLetters
        topics.profiles = names.profiles
        topics.redrives = names.redrives
        return topics
    }

    /// What a member of the group is called: the instance id, or where its state lies.
    ///
    /// The same after a restart, so that the new process takes over the transaction that the old
    /// one left open; and another for each state folder, which only one process can hold.
    var memberName: String {
        if !instanceID.isEmpty { return instanceID }
        let folder = URL(fileURLWithPath: stateFolder).standardizedFileURL.path
        let place = "\(ProcessInfo.processInfo.hostName):\(folder)"
        return String(SHA256.hexadecimal(Array(place.utf8)).prefix(16))
    }

    /// Settings for a Kafka client of this worker.
    func client(_ role: String) -> ClientSettings {
        ClientSettings(
            bootstrapServers: bootstrapServers, clientID: "\(groupID)-\(memberName)-\(role)",
            properties: kafka.values)
    }

    /// A logger on standard error at the level and in the form that is set.
    func makeLogger() -> Logger {
        var logger = Logger(label: "handoff") { label -> any LogHandler in
            switch logFormat {
            case .json: JSONLogHandler()
            case .text: StreamLogHandler.standardError(label: label)
            }
        }
        logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .info
        return logger
    }
}

extension Span24h {
    /// The same length as the standard library has it.
    var duration: Duration { .milliseconds(total) }
}

extension KafkaError {
    /// The failure of a command, with the exit code of CONTRACT.md 9.
    var asCommandFailure: CommandFailure {
        if case .stop(let exitCode) = consequence {
            return CommandFailure("\(self)", exitCode: exitCode)
        }
        return CommandFailure("\(self)", exitCode: 1)
    }
}
