import Configuration
import KafkaClient
import Logging
import Qualification
import Reports
import Synchronization
import WireFormats
import Worker

/// One run of `handoff dead-letters redrive`.
///
/// Each transaction holds some records and, for each of them, a record of the topic of redrives; a
/// run reads that topic before anything else. Its transactional id is the name of that topic:
/// making the producer ready ends what an earlier run has left open and fences one that still goes
/// on, so that what is read then cannot change any more but by this run.
final class Redrive {
    private static let recordsPerTransaction = 500
    private static let bytesPerTransaction = 8 << 20
    /// For so long, and until the coordinator looks for what is overdue (every 10 s unless told
    /// otherwise), a run that is killed in the middle of a transaction keeps lanes from reading on,
    /// unless another run ends it before; writing one takes far less.
    private static let transactionTimeout = Duration.seconds(15)
    private static let closePatience = Duration.seconds(5)
    /// Begins anew so often after a failed transaction.
    private static let attempts = 5
    /// What brokers take unless told otherwise (`message.max.bytes`).
    private static let usualLargest = 1_048_588

    private let settings: Settings
    private let topics: Topics
    private let filter: LetterFilter
    private let limit: Int
    private let maxRedrives: Int
    private let scan: LetterScan
    /// Letters of transactions that were to be committed by this run, whatever became of them.
    private var attempted: Set<RecordPlace> = []
    /// How many of them are known to be committed.
    private var committed = 0
    private let stop: StopFlag

    init(
        settings: Settings, filter: LetterFilter, maxRedrives: Int, limit: Int, stop: StopFlag
    ) throws {
        self.stop = stop
        self.settings = settings
        self.filter = filter
        self.maxRedrives = maxRedrives
        self.limit = limit
        topics = settings.workerTopics
        scan = try LetterScan(settings: settings, role: "redrive")
    }

    /// What `execute` would do now.
    func preview() async throws -> RedriveTally {
        try await pass(try await lookUp(), rules: try await rules(ledger: nil), producer: nil)
    }

    /// Redrives, and tells what was done.
    ///
    /// - Throws: `CommandFailure` with exit code 1 if another run has taken over or a transaction
    ///   took too long, 4 if a topic is missing; `KafkaError`.
    func execute() async throws -> RedriveTally {
        var found = try await lookUp()
        // From here on it is there, whatever the metadata of some broker may say later.
        let ledger = try await ledgerPartitions(found)
        found[topics.redrives] = ledger
        let outputs = found.keys.filter { $0 != topics.profiles && $0 != topics.deadLetters }
        let producer = try TransactionalProducer(
            settings: settings.client("redrive"), transactionalID: topics.redrives,
            transactionTimeout: Redrive.transactionTimeout, topics: outputs.sorted(),
            logger: settings.makeToolLogger())
        let result: Result<RedriveTally, any Error>
        do {
            result = .success(try await execute(found, outputs.sorted(), producer))
        } catch {
            result = .failure(error)
        }
        await producer.close(deadline: Redrive.closePatience)
        return try result.get()
    }

    private func execute(
        _ found: [String: Int], _ outputs: [String], _ producer: TransactionalProducer
    ) async throws -> RedriveTally {
        var attempt = 1
        while true {
            do {
                if attempt == 1 {
                    try await producer.initialise()
                } else {
                    try await producer.recycle()
                }
                return try await pass(
                    found, rules: try await rules(ledger: found[topics.redrives] ?? 1),
                    producer: Batch(producer: producer, topics: outputs))
            } catch let error as KafkaError {
                if error.isFenced {
                    throw CommandFailure(
                        "this redrive has ended: another redrive has begun, or a transaction took "
                            + "longer than \(Redrive.transactionTimeout.components.seconds) s; "
                            + "what it had committed stays; run it again to go on", exitCode: 1)
                }
                if case .stop = error.consequence { throw error }
                guard attempt < Redrive.attempts else { throw error }
                attempt += 1
                Terminal.complain(["\(error); beginning again where it was"])
            }
        }
    }

    // MARK: What is looked up

    /// The partition counts of the topics that are there.
    private func lookUp() async throws -> [String: Int] {
        let inputs = topics.inputs.map(\.topic)
        let found = try await scan.admin.describeTopics(
            inputs + [topics.deadLetters, topics.profiles, topics.redrives])
        guard found[topics.deadLetters] != nil else {
            throw CommandFailure(
                "missing topics: \(topics.deadLetters); create them with 'handoff topics ensure'",
                exitCode: 4)
        }
        return found
    }

    /// The partition count of the topic of redrives, which is made if it is missing.
    private func ledgerPartitions(_ found: [String: Int]) async throws -> Int {
        if let count = found[topics.redrives] { return count }
        let wish = TopicPlan.ledger(topics)
        let outcome = try await scan.admin.createTopics([
            NewTopic(
                name: wish.name, partitions: wish.partitions, configuration: wish.configuration)
        ])
        if case .failed(let error)? = outcome[wish.name] {
            throw CommandFailure(
                "\(wish.name) is missing and cannot be made: \(error); "
                    + "create it with 'handoff topics ensure'", exitCode: 4)
        }
        return try await scan.waitUntilKnown(wish.name)
    }

    /// The rules, with what was redriven so far; by so many partitions of the topic of redrives, or
    /// nil if it may be missing.
    private func rules(ledger partitions: Int?) async throws -> RedriveRules {
        let ledger =
            if let partitions {
                try await scan.ledger(topics, partitions: partitions)
            } else {
                try await scan.ledgerIfKnown(topics)
            }
        let names = topics.inputs.map(\.topic)
        let counts = try await scan.admin.describeTopics(names)
        var inputs: [String: RedriveRules.Input] = [:]
        for name in names {
            let count = counts[name] ?? 0
            let configuration = count > 0 ? try await scan.configuration(of: name) : [:]
            inputs[name] = RedriveRules.Input(
                partitions: count,
                largest: configuration["max.message.bytes"].flatMap(Int.init)
                    ?? Redrive.usualLargest)
        }
        var rules = RedriveRules(
            inputs: inputs, references: Set(topics.references), maxRedrives: maxRedrives)
        rules.ledger = ledger
        return rules
    }

    /// The homes of the leads whose answers went to a lane that did not know their MQL.
    private func homes(
        _ rules: RedriveRules, _ letters: [TopicPartition: Range<Int64>], _ found: [String: Int]
    ) async throws -> [[UInt8]: Int32] {
        let code = DeadLetterReason.unknownMQL.rawValue
        guard filter.reasons.isEmpty || filter.reasons.contains(code) else { return [:] }
        var origins: [[UInt8]: Int32] = [:]
        var mqls: [[UInt8]: Set<UUID>] = [:]
        try await scan.read(within: letters) { record in
            let letter = record.letter
            guard filter.lets(letter), rules.needsHome(letter), let key = letter.key,
                let source = letter.source
            else { return }
            origins[key] = source.place.partition
            if let id = record.value.flatMap(AnsweredMQLID.read) {
                mqls[key, default: []].insert(id)
            }
        }
        let holders = try await scan.holders(
            of: Set(origins.keys), in: topics, lanes: found[topics.profiles] ?? 0)
        var homes: [[UInt8]: Int32] = [:]
        for (key, held) in holders {
            let knowing = held.filter { _, profile in
                AnsweredMQLID.isKnown(mqls[key] ?? [], in: profile, of: key)
            }
            let candidates = (knowing.isEmpty ? held : knowing).keys.sorted()
            let origin = origins[key].flatMap { candidates.contains($0) ? $0 : nil }
            homes[key] = origin ?? candidates.first
        }
        return homes
    }

    // MARK: The letters

    /// Goes through all letters once; with a producer it redrives.
    private func pass(
        _ found: [String: Int], rules: RedriveRules, producer batch: Batch?
    ) async throws -> RedriveTally {
        var rules = rules
        var tally = RedriveTally()
        let letters = try await scan.ranges([topics.deadLetters: found[topics.deadLetters] ?? 0])
        rules.homes = try await homes(rules, letters, found)
        // What this run has redriven before it had to begin again counts against its limit.
        committed = attempted.count { rules.ledger.holds($0) }
        var left = limit == .max ? .max : max(0, limit - committed)
        if let batch { try await forget(rules, letters, batch) }
        try await scan.read(within: letters) { record in
            if stop.isSet { throw stopped(afterCommitting: batch) }
            tally.seen += 1
            let letter = record.letter
            guard filter.lets(letter) else { return }
            var verdict = rules.verdict(letter, valueBytes: record.valueBytes)
            if verdict == .left(.done), attempted.contains(letter.place) {
                // Of this run, in a transaction whose commit was in doubt.
                verdict = .redrive(partition: letter.source?.place.partition ?? 0)
                return tally.count(letter, verdict)
            }
            guard case .redrive(let partition) = verdict else {
                return tally.count(letter, verdict)
            }
            guard left > 0 else { return tally.count(letter, .left(.limited)) }
            left -= 1
            tally.count(letter, verdict)
            guard let batch else { return }
            batch.add(letter, record.value, to: partition, ledger: topics.redrives)
            if batch.count >= Redrive.recordsPerTransaction
                || batch.byteCount >= Redrive.bytesPerTransaction
            {
                try await commit(batch)
            }
        }
        if let batch { try await commit(batch) }
        return tally
    }

    /// Never within a transaction: those are begun, written and committed in one go.
    private func stopped(afterCommitting batch: Batch?) -> CommandFailure {
        let done = Terminal.count(committed, "letter")
        return CommandFailure(
            batch == nil ? "stopped" : "stopped: \(done) redriven; run it again to go on",
            exitCode: 1)
    }

    private func commit(_ batch: Batch) async throws(KafkaError) {
        let places = batch.places
        attempted.formUnion(places)
        try await batch.commit()
        committed += places.count
    }

    /// Takes letters that have left their topic from the topic of redrives.
    private func forget(
        _ rules: RedriveRules, _ letters: [TopicPartition: Range<Int64>], _ batch: Batch
    ) async throws {
        let first = Dictionary(
            uniqueKeysWithValues: letters.map { ($0.key.partition, $0.value.lowerBound) })
        for place in rules.ledger.outdated(first: first) {
            batch.forget(place, ledger: topics.redrives)
            if batch.count >= Redrive.recordsPerTransaction { try await batch.commit() }
        }
        try await batch.commit()
    }
}

/// Whether somebody has asked a command to stop.
final class StopFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() { flag.store(true, ordering: .relaxed) }
}

/// The records of one transaction.
private final class Batch {
    private let producer: TransactionalProducer
    private let topics: [String]
    private var records = OutboundRecords()
    /// The letters in it.
    private(set) var places: [RecordPlace] = []

    init(producer: TransactionalProducer, topics: [String]) {
        self.producer = producer
        self.topics = topics
    }

    var count: Int { records.count }
    var byteCount: Int { records.byteCount }

    private func number(_ topic: String) -> Int32 {
        topics.firstIndex(of: topic).map { Int32($0) } ?? records.number(ofOther: topic)
    }

    func add(_ letter: Letter, _ value: [UInt8]?, to partition: Int32, ledger: String) {
        guard let source = letter.source else { return }
        let headers = RecordHeaders(
            letter.redriveHeaders.map { RecordHeader(name: $0.name, value: $0.value) })
        records.append(
            topic: number(source.topic), partition: partition, key: letter.key, value: value,
            headers: headers)
        records.append(
            topic: number(ledger), partition: 0, key: RedriveLedger.key(of: letter.place),
            value: RedriveLedger.value(of: letter, to: partition))
        places.append(letter.place)
    }

    func forget(_ place: RecordPlace, ledger: String) {
        records.append(
            topic: number(ledger), partition: 0, key: RedriveLedger.key(of: place), value: nil)
    }

    func commit() async throws(KafkaError) {
        guard !records.isEmpty else { return }
        try await producer.begin()
        try await producer.send(records)
        try await producer.commit()
        records.removeAll()
        places = []
    }
}

/// Which MQL an answer is about, and whether a profile knows it.
private enum AnsweredMQLID {
    static func read(_ value: [UInt8]) -> UUID? {
        Letter.text("mql_id", in: value).flatMap { UUID(canonical: $0) }
    }

    static func isKnown(_ ids: Set<UUID>, in profile: [UInt8], of key: [UInt8]) -> Bool {
        let codec = ProfileCodec(symbols: SymbolTable())
        let leadID = String(decoding: key, as: UTF8.self)
        guard let profile = try? codec.decode(profile, leadID: leadID) else { return false }
        return profile.products.contains { $0.mqls.contains { ids.contains($0.id) } }
    }
}

extension KafkaError {
    /// Whether another producer of the same transactional id has taken over, or the coordinator
    /// has ended a transaction that took too long, which is told in the same way.
    ///
    /// A handle that has learned of it answers every later call with `_FATAL` and the cause.
    fileprivate var isFenced: Bool {
        ["_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"].contains(name)
            || name == "_FATAL" && reason.lowercased().contains("fenced")
    }
}
