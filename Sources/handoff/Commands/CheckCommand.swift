import ArgumentParser
import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Qualification

/// `handoff check`: every fault of the definition and the settings in one go, without a broker.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the definition and the settings; no broker is needed.",
        discussion: """
            Reports every fault in one go on standard error, each as file:line:column: message, \
            and ends with exit code 2. Warnings and missing approvals are shown, but are no faults.

            Examples:
              handoff check definition.yaml
              handoff check --settings handoff.yaml --definition definition.yaml
            """)

    @Argument(help: "The definition file. Default: the setting 'definition'.")
    var file: String?

    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        let inspection = try settingsOption.inspect()
        let settings = inspection.loaded.settings
        let path = file ?? settings.definition
        var faults = inspection.faults.map { $0.faults.map(\.description) } ?? []
        do throws(KafkaSettingsError) { try settings.client("check").validated() } catch {
            faults += error.faults.map { fault in
                let origin = inspection.loaded.origins["kafka.\(fault.property)"]
                return "\(origin?.description ?? "kafka"): \(fault)"
            }
        }
        let checked: DefinitionFile.Checked?
        do {
            let definition = try Files.definition(path)
            faults += settings.topicFaults(of: definition.definition.products)
                .map { "\(path): \($0)" }
            checked = definition
        } catch let failure as CommandFailure {
            faults.append(failure.description)
            checked = nil
        }
        guard faults.isEmpty, let checked else {
            throw CommandFailure(faults.joined(separator: "\n"), exitCode: 2)
        }
        Terminal.complain(
            checked.warnings.map { warning in
                "\(warning.file):\(warning.line):\(warning.column): warning: \(warning.message)"
            })
        let summary = DefinitionSummary(
            path: path, definition: checked.definition, partitions: settings.partitions)
        print(summary.text)
    }
}

extension SettingsOption {
    /// The settings as far as they can be read, and what is wrong with the others.
    func inspect() throws -> (loaded: LoadedSettings, faults: SettingFaults?) {
        let environment = ProcessInfo.processInfo.environment
        return SettingsLoader.inspect(
            file: try file(environment), environment: environment, flags: Invocation.flags)
    }

    private func file(_ environment: [String: String]) throws -> SettingsFile? {
        let path = settings ?? environment["HANDOFF_SETTINGS"].flatMap { $0.isEmpty ? nil : $0 }
        return try path.map { SettingsFile(path: $0, bytes: try Files.read($0)) }
    }
}

/// What a good definition says, in a few lines.
struct DefinitionSummary {
    let path: String
    let definition: Definition
    /// The partitions that 'topics ensure' gives the inputs: a daily capacity is shared out over
    /// them.
    let partitions: Int

    var text: String {
        let approvals = [
            ("marketing", definition.approvals.marketing), ("sales", definition.approvals.sales),
        ].map { "\($0.0): \($0.1 ?? "MISSING")" }.joined(separator: ", ")
        let counts = [
            Terminal.count(definition.fit.count, "fit criterion"),
            Terminal.count(definition.engagement.count, "engagement criterion"),
        ].map { $0.replacing("criterions", with: "criteria") }.joined(separator: ", ")
        let head = [
            "\(path): good",
            "",
            "definition      \(definition.name), version \(definition.version)",
            "sha256          \(definition.sha256)",
            "effective from  \(definition.effectiveFrom) (UTC)",
            "approved by     \(approvals)",
            "criteria        \(counts)",
            "",
        ]
        let rows = definition.products.map { product in
            [
                product.id, product.fitAtLeast.description,
                product.engagementAtLeast.description,
                product.handRaiseFitAtLeast?.description ?? "-", product.topic,
                notes(product),
            ]
        }
        let heading = ["product", "fit", "engagement", "hand raise fit", "topic", ""]
        let table = Terminal.table([heading] + rows).split(separator: "\n").map { line in
            String(line.reversed().drop(while: { $0 == " " }).reversed())
        }
        return (head + table).joined(separator: "\n")
    }

    private func notes(_ product: Product) -> String {
        var notes = product.paused ? ["paused"] : []
        if let capacity = product.dailyCapacity {
            let (least, rest) = capacity.quotientAndRemainder(dividingBy: partitions)
            let share = rest == 0 ? "\(least)" : "\(least) or \(least + 1)"
            notes.append(
                "\(capacity) MQLs a day"
                    + (partitions > 1 ? ", \(share) in each of \(partitions) partitions" : ""))
        }
        return notes.joined(separator: "; ")
    }
}
