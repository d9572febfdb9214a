import ArgumentParser
import Configuration
import DefinitionFiles
import Foundation
import KafkaClient
import Logging
import Qualification
import Reports
import UnixSignals
import WireFormats
import Worker

/// `handoff tap`: what the workers publish, as it comes.
struct TapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap",
        abstract: "Print MQLs, status changes, alerts and dead letters as they come.",
        discussion: """
            Reads the output topics (read_committed) from now on, or from where --from-beginning \
            or --since says, until Ctrl-C, SIGTERM or --limit: exit code 0. Without any broker for \
            30 s it ends with exit code 3. Joins no group and writes nothing. Records of different \
            partitions come in any order.

            The readable form shows an MQL as a salesperson needs it, with name, job, company, \
            e-mail and phone; all other messages name the lead by its id only, but the detail of a \
            dead letter may quote a wrong value. --json shows every record in full, one a line: \
            topic, partition, offset, timestamp, key, headers, value (value_base64 if it is not a \
            JSON object). Treat both as the personal data that they are.

            --type takes a kind (\(kinds)) or a type within one, and may be given several times:
              \(types)

            Examples:
              handoff tap --type mql --product crm
              handoff tap --lead 7f3a --from-beginning
              handoff tap --since 1h --type dead-letter --json --limit 10
            """)

    @Flag(help: "Start with the oldest record instead of now.")
    var fromBeginning = false

    @Option(help: "Start there instead of now, by Kafka's timestamps: \(TimeOption.help).")
    var since: TimeOption?

    @Flag(help: "Print whole records as JSON, one a line.")
    var json = false

    @Option(help: "Only this product.")
    var product: String?

    @Option(help: "Only this lead_id.")
    var lead: String?

    @Option(help: "Only this kind or type; may be repeated.")
    var type: [String] = []

    @Option(help: "End after so many.")
    var limit: Int?

    @OptionGroup var settingsOption: SettingsOption

    private static var kinds: String {
        TapRecord.Kind.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private static var types: String {
        TapFilter.types.map { "\($0.kind.rawValue): \($0.types.joined(separator: ", "))" }
            .joined(separator: "\n  ")
    }

    func validate() throws {
        if fromBeginning, since != nil {
            throw ValidationError("--from-beginning and --since exclude each other")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        let known = TapFilter.types.flatMap { [$0.kind.rawValue] + $0.types }
        for name in type where !known.contains(name) {
            throw ValidationError(
                "--type \(name) is not known; there are \(known.joined(separator: ", "))")
        }
    }

    func run() async throws {
        let settings = try settingsOption.load().settings
        let definition = try Files.definition(settings.definition).definition
        try definition.checkProduct(product, settings.definition)
        let filter = TapFilter(
            product: product, lead: lead, types: Set(type), since: since?.time.milliseconds)
        let tap = Tap(
            settings: settings, definition: settings.applied(to: definition), filter: filter,
            isJSON: json, limit: limit ?? .max)
        do {
            let start = since.map { Tap.Start.time($0.time) } ?? .now
            try await tap.run(from: fromBeginning ? .beginning : start)
        } catch let error as KafkaError {
            throw error.asCommandFailure
        }
    }
}

/// Follows output topics and prints what the filter lets through.
struct Tap {
    /// Where to start.
    enum Start {
        case beginning, now
        case time(Timestamp)
    }

    private static let recordsPerBatch = 1_000
    /// After so long without a record the broker is asked whether it is still there.
    private static let silence = Duration.seconds(10)
    /// One question takes at most so long, for a signal waits for its end.
    private static let questionTime = Duration.seconds(3)
    /// The tap ends after so long without an answer: nobody looks at what is silent for ever.
    private static let patience = Duration.seconds(25)

    let settings: Settings
    let definition: Definition
    let filter: TapFilter
    let isJSON: Bool
    let limit: Int

    func run(from start: Start) async throws {
        let logger = settings.makeToolLogger()
        let admin = try AdminClient(
            settings: settings.client("tap-admin"), timeout: BrokerPatience.call, logger: logger)
        let kinds = topicKinds()
        let starts = try await offsets(Array(kinds.keys), start, admin)
        let reader = try PartitionReader(
            settings: settings.client("tap"), isolation: .readCommitted, partitions: starts,
            logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        // A program that drives the tap needs to know from when on nothing is missed.
        Terminal.complain(["tapping \(kinds.keys.sorted().joined(separator: ", "))"])
        let result: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in signals { return }
                }
                group.addTask { try await follow(reader, kinds, admin) }
                // Whichever ends first, the other is told: a signal, or the limit or a failure.
                defer {
                    group.cancelAll()
                    reader.cancelWait()
                }
                try await group.next()
            }
            result = .success(())
        } catch is CancellationError {
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await reader.close()
        try result.get()
    }

    private func topicKinds() -> [String: TapRecord.Kind] {
        let topics = settings.workerTopics
        var kinds: [String: TapRecord.Kind] = [
            topics.nurture: .nurture, topics.alerts: .alert, topics.deadLetters: .deadLetter,
        ]
        for product in definition.products { kinds[topics.sales(product)] = .mql }
        let wanted = Set(filter.kinds)
        return kinds.filter { wanted.contains($0.value) }
    }

    private func offsets(
        _ topics: [String], _ start: Start, _ admin: AdminClient
    ) async throws -> [TopicPartition: Int64] {
        let partitions = try await admin.requireTopics(topics).flatMap { topic, count in
            (0..<Int32(clamping: count)).map { TopicPartition(topic: topic, partition: $0) }
        }
        var found: [TopicPartition: Int64] = [:]
        if case .time(let time) = start {
            found = try await admin.offsets(of: partitions, since: max(0, time.milliseconds))
        }
        for partition in partitions where found[partition] == nil {
            let (low, high) = try await admin.watermarks(partition, isolation: .readCommitted)
            if case .beginning = start { found[partition] = low } else { found[partition] = high }
        }
        return found
    }

    private func follow(
        _ reader: PartitionReader, _ kinds: [String: TapRecord.Kind], _ admin: AdminClient
    ) async throws {
        let clock = ContinuousClock()
        var lastSign = clock.now
        var left = limit
        while !Task.isCancelled {
            let batch: RecordBatch?
            do throws(KafkaError) {
                batch = try await reader.next(max: Tap.recordsPerBatch, timeout: .seconds(1))
            } catch {
                guard error.consequence == .retry else { throw error }
                batch = nil
            }
            if let batch {
                lastSign = clock.now
                show(batch, kinds, reader.topics, &left)
                if left == 0 { return }
            } else if clock.now - lastSign > Tap.silence {
                do throws(KafkaError) {
                    try await admin.brokerReachable(timeout: Tap.questionTime)
                    lastSign = clock.now
                } catch {
                    // Brokers restart; what they hold is not lost, and the tap goes on by itself.
                    if clock.now - lastSign > Tap.patience { throw error }
                }
            }
        }
    }

    private func show(
        _ batch: RecordBatch, _ kinds: [String: TapRecord.Kind], _ topics: [String],
        _ left: inout Int
    ) {
        for place in 0..<batch.count where left > 0 {
            let topic = topics[Int(batch.topic(at: place))]
            guard let kind = kinds[topic] else { continue }
            let record = TapRecord(
                kind: kind, topic: topic,
                place: RecordPlace(
                    partition: batch.partition(at: place), offset: batch.offset(at: place)),
                timestamp: batch.timestamp(at: place),
                key: batch.withKey(at: place) { [UInt8](copying: $0) },
                value: batch.hasValue(at: place)
                    ? batch.withValue(at: place) { [UInt8](copying: $0) } : nil,
                headers: batch.headers(at: place).map { ($0.name, $0.value) })
            guard filter.lets(record) else { continue }
            print(isJSON ? record.json : record.text)
            left -= 1
        }
        fflush(nil)
    }
}
