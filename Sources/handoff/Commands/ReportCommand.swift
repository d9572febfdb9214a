import ArgumentParser
import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Qualification
import Reports
import WireFormats
import Worker

/// How a report is written.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, html
}

/// `handoff report`: what marketing's leads and sales' answers came to.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Tell what became of the leads: funnel, speed, costs, and which rule helps.",
        discussion: """
            Reads the product topics of the definition, marketing.nurture, sales.dispositions, \
            sales.alerts, handoff.dead-letters and reference.campaigns from their beginning to \
            their end (read_committed), and counts per product, channel, campaign and definition \
            version. Joins no group and writes to no topic. Progress goes to standard error.

            What the numbers mean:
              leads: different leads with a status record in the row (and period)
              MQLs: mql.qualified, by the product, first touch and definition named
              accepted, contacted, opportunities: MQLs with at least one such
                disposition, whatever came after; the share accepted is of those
                that sales has answered at all
              rejected, lost, won: MQLs whose latest disposition (by occurred_at,
                event_id) is that one
              revenue: the sum over the latest dispositions of MQLs won
              lapsed, withdrawn: MQLs with an mql.lapsed, an mql.withdrawn
              open: MQLs not answered yet, or in work (the latest disposition is
                accepted, contacted, opportunity or reopened), and not withdrawn
                or lapsed
              speed to lead: qualified_at to the first contacted; the median, and
                the time within which 90 % were (nearest rank)
              due: past follow_up_by by now, and contacted or still to be
              in time: first contact at follow_up_by or before; share of those due
              never, overdue: not contacted at all; of them, those due
              cost: a campaign's cost, split evenly over all its MQLs; per MQL,
                accepted and won over the MQLs whose campaign has a cost, which
                may be fewer than those beside them
              criteria: MQLs to which a criterion contributed points, and sales'
                answers to them

            First touch, not last: it is what the definition's own conditions see as source, and \
            it tells what brought the lead. --since and --until choose MQLs by qualified_at, and \
            what became of them counts whenever it was; a number over nothing is left out.

            A disposition counts once per event_id of its lead; those in the dead letters, and \
            those for MQLs that the topics no longer hold, do not. Malformed records are counted \
            and skipped. Memory grows with MQLs, dispositions and leads, not with status records.

            Examples:
              handoff report --since 30d
              handoff report --format html --output report.html
              handoff report --format json --since 2026-10-01 --until 2026-11-01
            """)

    @Option(help: "table, json (schemas/report.json) or html (one page that needs nothing else).")
    var format = ReportFormat.table

    @Option(help: "Write to this file instead of standard output.", completion: .file())
    var output: String?

    @Option(help: "Only MQLs qualified from then on: \(TimeOption.help).")
    var since: TimeOption?

    @Option(help: "Only MQLs qualified before then.")
    var until: TimeOption?

    @Option(help: "Only this product.")
    var product: String?

    @OptionGroup var settingsOption: SettingsOption

    func validate() throws {
        if let since, let until, since.time >= until.time {
            throw ValidationError("--since must be before --until")
        }
    }

    func run() async throws {
        let settings = try settingsOption.load().settings
        let definition = try Files.definition(settings.definition).definition
        try definition.checkProduct(product, settings.definition)
        let filter = ReportFilter(since: since?.time, until: until?.time, product: product)
        var fold = ReportFold(filter: filter)
        do {
            try await ReportScan(settings: settings, definition: settings.applied(to: definition))
                .run(into: &fold)
        } catch let error as KafkaError {
            throw error.asCommandFailure
        }
        let now = Timestamp(milliseconds: SystemClock().wallMilliseconds())
        try write(text(fold.report(asOf: now)))
    }

    private func text(_ report: Report) -> String {
        switch format {
        case .table: report.text() + "\n"
        case .json: report.json.pretty + "\n"
        case .html: report.page
        }
    }

    private func write(_ text: String) throws {
        guard let output else {
            print(text, terminator: "")
            return
        }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw CommandFailure(
                "\(output): cannot be written: \(SystemReason.of(error))", exitCode: 1)
        }
        Terminal.complain(["report written to \(output)"])
    }
}

/// Reads the topics of a report.
struct ReportScan {
    let settings: Settings
    let definition: Definition

    /// - Throws: `CommandFailure` with exit code 4 that names every missing topic; `KafkaError`.
    func run(into fold: inout ReportFold) async throws {
        let topics = settings.workerTopics
        let sales = Set(definition.products.map(topics.sales))
        let sources: [String: ReportFold.Source] = [
            topics.nurture: .nurture, topics.alerts: .alerts, topics.dispositions: .dispositions,
        ].merging(sales.map { ($0, .sales) }) { first, _ in first }
        let logger = settings.makeToolLogger()
        let admin = try AdminClient(
            settings: settings.client("report-admin"), timeout: BrokerPatience.call, logger: logger)
        var scan = TopicScan(
            admin: admin, settings: settings.client("report"), logger: logger, showsProgress: true)
        scan.progressOutput = .standardError
        // Ends are taken of the answers first, then of what they answer and of their faults: so the
        // report of a running system knows the MQL of every answer that it counts.
        let ranges = try await scan.ranges(
            of: [topics.dispositions] + sales.sorted()
                + [topics.nurture, topics.alerts, topics.campaigns, topics.deadLetters])
        let parser = ReferenceParser()
        var taken = fold
        try await scan.read(within: ranges) { batch, topic in
            var ends: [Int32: Int64] = [:]
            for (partition, range) in ranges where partition.topic == topic {
                ends[partition.partition] = range.upperBound
            }
            for place in 0..<batch.count {
                let position = RecordPlace(
                    partition: batch.partition(at: place), offset: batch.offset(at: place))
                guard position.offset < ends[position.partition] ?? 0 else { continue }
                if let source = sources[topic] {
                    taken.take(
                        source, position, key: batch.withKey(at: place) { [UInt8](copying: $0) },
                        value: batch.hasValue(at: place)
                            ? batch.withValue(at: place) { [UInt8](copying: $0) } : nil)
                } else if topic == topics.campaigns {
                    // Bad rows are skipped, as the worker does.
                    if let change = parser.change(.campaigns, batch, at: place) {
                        taken.take(change, position)
                    }
                } else if let refused = refused(batch.headers(at: place), topics.dispositions) {
                    taken.refuse(refused)
                }
            }
        }
        fold = taken
    }

    /// The disposition that a dead letter is of, unless it was applied without a field.
    private func refused(_ headers: [RecordHeader], _ dispositions: String) -> RecordPlace? {
        func text(_ name: String) -> String? {
            headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        guard text(DeadLetter.Header.topic) == dispositions,
            text(DeadLetter.Header.reason) != DeadLetterReason.fieldIgnored.rawValue,
            let partition = text(DeadLetter.Header.partition).flatMap(Int32.init),
            let offset = text(DeadLetter.Header.offset).flatMap(Int64.init)
        else { return nil }
        return RecordPlace(partition: partition, offset: offset)
    }
}

extension AdminClient {
    /// The partition counts of topics that a command reads.
    ///
    /// - Throws: `CommandFailure` with exit code 4 that names every missing one; `KafkaError`.
    @discardableResult
    func requireTopics(_ names: [String]) async throws -> [String: Int] {
        let counts = try await describeTopics(names)
        let missing = names.filter { counts[$0] == nil }.sorted()
        guard missing.isEmpty else {
            throw CommandFailure(
                "missing topics: \(missing.joined(separator: ", ")); "
                    + "create them with 'handoff topics ensure'", exitCode: 4)
        }
        return counts
    }
}
