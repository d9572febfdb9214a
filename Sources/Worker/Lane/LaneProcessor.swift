package import KafkaClient
package import Qualification
package import Storage
package import WireFormats

/// Where a lane's profiles come from when they are not in memory.
package protocol ProfileSource: AnyObject {
    /// The encoded profile of a lead, nil if there is none.
    func value(for key: Span<UInt8>) throws -> [UInt8]?
    /// The next pending alerts behind one, in their order, at most `limit`: one for each profile,
    /// as of the values given by `value`. From the first on if nil.
    func alerts(
        after last: AlertOrder?, limit: Int
    ) throws -> [(order: AlertOrder, key: [UInt8])]
    /// The keys of profiles behind a place that are idle through a day, by `Idleness.sortable`, and
    /// the place to go on from; nil if there is none.
    func idleKeys(
        after place: IdlePlace, through last: Int64, limit: Int
    ) throws -> (keys: [[UInt8]], next: IdlePlace)?
    /// The leads of up to `limit` address keys behind a place and below an end, and the place to go
    /// on from; nil if there is none.
    func leads(
        after place: AddressPlace, below end: String, limit: Int
    ) throws -> (keys: [[UInt8]], next: AddressPlace)?
    /// The next leads that wait for a product behind one, in their order, at most `limit`; from the
    /// first on if nil.
    func waiting(
        for product: String, after last: WaitingOrder?, limit: Int
    ) throws -> [WaitingOrder]
}

/// What a lane has counted since it started; grows only.
package struct LaneCounters: Sendable, Equatable {
    /// Records taken, good or bad.
    package var records = 0
    /// Events that are in a profile.
    package var applied = 0
    /// Events that are not, by `Qualifier.Drop`.
    package var drops: [String: Int] = [:]
    /// Dead letters by reason.
    package var deadLetters: [String: Int] = [:]
    /// Messages by CloudEvents type.
    package var messages: [String: Int] = [:]
    /// Profiles forgotten.
    package var forgotten = 0
    /// Profiles decoded from memory or disk because they were not at hand.
    package var loads = 0
    /// Counts by source, product, status and answer.
    package var measures: LaneMeasures

    /// Nothing counted.
    package init(products: [String] = []) {
        measures = LaneMeasures(products: products)
    }

    /// Adds what another lane has counted.
    package mutating func add(_ other: LaneCounters) {
        records += other.records
        applied += other.applied
        drops.merge(other.drops, uniquingKeysWith: +)
        deadLetters.merge(other.deadLetters, uniquingKeysWith: +)
        messages.merge(other.messages, uniquingKeysWith: +)
        forgotten += other.forgotten
        loads += other.loads
        measures.add(other.measures)
    }
}

/// Takes one record after the other through read, look up, apply, write: a lane without its I/O.
///
/// Synchronous and owned by its lane. What it produces waits in `cut`; an epoch that is not
/// committed is undone by making a new processor.
package final class LaneProcessor {
    /// What a processor needs to know.
    package struct Configuration: Sendable {
        package var lane: Int32
        /// The lanes of the whole group: a `daily_capacity` is shared out over them.
        package var laneCount: Int
        package var definition: Definition
        package var limits: Qualifier.Limits
        package var futureTolerance: Span24h
        package var topics: Topics
        /// `Topics.outputs`, in the order in which the producer knows them.
        package var outputs: [String]
        /// Bytes of profiles to keep in memory.
        package var hotBytes: Int
        package var workerVersion: String
        /// The follow-up clock and forgetting.
        package var followUp: FollowUpSettings

        /// Everything given.
        package init(
            lane: Int32, laneCount: Int = 1, definition: Definition, limits: Qualifier.Limits,
            futureTolerance: Span24h, topics: Topics, outputs: [String], hotBytes: Int,
            workerVersion: String, followUp: FollowUpSettings = FollowUpSettings()
        ) {
            self.lane = lane
            self.laneCount = laneCount
            self.definition = definition
            self.limits = limits
            self.futureTolerance = futureTolerance
            self.topics = topics
            self.outputs = outputs
            self.hotBytes = hotBytes
            self.workerVersion = workerVersion
            self.followUp = followUp
        }
    }

    let configuration: Configuration
    let qualifier: Qualifier
    private let reader: EventReader
    private var codec: ProfileCodec
    let source: any ProfileSource
    private let hot = HotProfiles()
    private var outputs: LaneOutputs
    private var dirty: [ProfileEntry] = []
    private var inFlight: [ProfileEntry] = []
    private var unflushed: [ProfileEntry] = []
    private var dirtyBytes = 0
    /// The alerts that fire next.
    var alerts = AlertWindow()
    /// Waiting leads to release next; nil unless a day has just begun.
    var release: OrderWindow<WaitingOrder>?
    /// When the next day begins, as the capacity counts them; the distant past while waiting leads
    /// are being released.
    package internal(set) var nextRelease = Timestamp.distantPast
    /// Alerts fired and leads released, and profiles forgotten since the last cut.
    var alertsInEpoch = 0
    var forgottenInEpoch = 0
    /// Where the search for idle profiles goes on; nil when none is under way.
    var sweepPlace: IdlePlace?
    private var flush: UInt64 = 1
    /// The bytes of committed profiles that are not on the disk yet.
    package private(set) var unflushedBytes = 0
    /// Whether a person was erased in what is not cut, not committed, not on the disk.
    private var erasures = (dirty: false, inFlight: false, unflushed: false)
    /// The greatest time of the events applied in the lane: the clock `stream` (CONTRACT.md 8).
    package internal(set) var streamClock: Timestamp
    /// What was counted.
    package internal(set) var counters: LaneCounters

    /// Makes the processor of a lane whose profiles and clock are those of the last commit.
    package init(
        _ configuration: Configuration, reference: any ReferenceData,
        profiles: any ProfileSource, streamClock: Timestamp, capacity: LaneMark.Capacity? = nil
    ) {
        self.configuration = configuration
        source = profiles
        self.streamClock = streamClock
        counters = LaneCounters(products: configuration.definition.products.map(\.id))
        let symbols = SymbolTable()
        qualifier = Qualifier(
            definition: configuration.definition, symbols: symbols, reference: reference,
            limits: configuration.limits)
        qualifier.capacity = LaneCapacity(configuration, capacity)
        reader = EventReader(symbols: symbols, futureTolerance: configuration.futureTolerance)
        codec = ProfileCodec(symbols: symbols)
        outputs = LaneOutputs(
            topics: configuration.topics, outputs: configuration.outputs,
            partition: configuration.lane, workerVersion: configuration.workerVersion)
        noteRelease()
    }

    // MARK: Records

    /// Takes one record of an input; false if it must be given again after the next cut.
    ///
    /// Bad records become dead letters; only I/O throws. A record has to wait if more alerts must
    /// fire before it than an epoch may hold.
    @discardableResult
    package func take(_ source: EventSource, _ batch: RecordBatch, at place: Int) throws -> Bool {
        var isTaken = true
        do {
            try batch.withRecord(at: place) { record in
                try record.withKey { key in
                    try record.withValue { value in
                        let input = EventReader.Input(timestamp: record.timestamp)
                        guard record.hasValue else {
                            throw DeadLetter(.notJSON, "the value is null")
                        }
                        let outcome = try take(source, key, value, input)
                        isTaken = outcome != nil
                        // Said of events that were applied, and only then: a repeat said it before.
                        if outcome == .applied || outcome == .dropped(.overLimit),
                            let ignored = reader.ignoredFields
                        {
                            add(ignored, batch, place, source)
                        }
                    }
                }
            }
        } catch let fault as DeadLetter {
            add(fault, batch, place, source)
        }
        if isTaken {
            counters.records += 1
            counters.measures.count(source)
        }
        return isTaken
    }

    /// What became of an event; nil if alerts must fire before it and the epoch has no room.
    private func take(
        _ source: EventSource, _ key: RawSpan, _ value: RawSpan,
        _ input: EventReader.Input
    ) throws -> Qualifier.Outcome? {
        let outcome: Qualifier.Outcome
        let entry: ProfileEntry
        let at: Timestamp
        switch source {
        case .activities:
            let event = try reader.activity(
                key: key, value: value, input, rulebook: qualifier.rulebook)
            entry = try self.entry(for: key)
            at = event.header.stamp.at
            if mayFire(at), qualifier.accepts(event, for: entry.profile),
                try !moveClock(to: at)
            {
                return nil
            }
            outcome = try qualifier.apply(event, to: &entry.profile)
        case .leads:
            let event = try reader.lead(key: key, value: value, input)
            entry = try self.entry(for: key)
            at = event.header.stamp.at
            if mayFire(at), qualifier.accepts(event, for: entry.profile),
                try !moveClock(to: at)
            {
                return nil
            }
            outcome = try qualifier.apply(event, to: &entry.profile)
        case .dispositions:
            let event = try reader.disposition(key: key, value: value, input)
            entry = try self.entry(for: key)
            at = event.header.stamp.at
            if mayFire(at), qualifier.accepts(event, for: entry.profile),
                try !moveClock(to: at)
            {
                return nil
            }
            outcome = try answer(event, entry)
        }
        try settle(outcome, entry, at)
        if source == .leads { entry.hasNewAddresses = true }
        // Alerts begin with an MQL and end with a message or an answer, so most events leave them.
        if qualifier.hasMessages || source == .dispositions {
            publishMessages()
            noteAlerts(of: entry)
        }
        noteWaiting(of: entry)
        return outcome
    }

    private func settle(
        _ outcome: Qualifier.Outcome, _ entry: ProfileEntry, _ at: Timestamp
    ) throws {
        switch outcome {
        case .applied:
            counters.applied += 1
            touch(entry, at)
        case .dropped(let drop):
            counters.drops[drop.rawValue, default: 0] += 1
            if drop == .overLimit { touch(entry, at) }
        case .refused(let code, let detail):
            throw DeadLetter(DeadLetterReason(code), detail)
        }
    }

    func publishMessages() {
        qualifier.takeMessages { message in
            counters.messages[message.type.name, default: 0] += 1
            counters.measures.count(message)
            erasures.dirty = erasures.dirty || message.type == .erased
            outputs.add(message)
        }
        outputs.forgetLead()
    }

    private func touch(_ entry: ProfileEntry, _ at: Timestamp) {
        streamClock = max(streamClock, at)
        markChanged(entry)
    }

    func markChanged(_ entry: ProfileEntry) {
        guard !entry.isDirty else { return }
        entry.isDirty = true
        dirty.append(entry)
        dirtyBytes += entry.encodedBytes
    }

    /// The profiles that are newer than their rows on the disk, each at least once.
    func forEachUnstored(_ body: (ProfileEntry) -> Void) {
        for entries in [dirty, inFlight, unflushed] { entries.forEach(body) }
    }

    /// A person's data goes with the next cut, and no byte of it may stay on the disk.
    func noteErasure() {
        erasures.dirty = true
    }

    private func add(
        _ fault: DeadLetter, _ batch: RecordBatch, _ place: Int, _ source: EventSource
    ) {
        counters.deadLetters[fault.reason.rawValue, default: 0] += 1
        outputs.add(fault, batch.stored(at: place), topic: topic(of: source))
    }

    /// Adds the dead letter of a record that the lane did not take itself.
    func add(_ finding: ReferenceAudit.Finding) {
        counters.deadLetters[finding.deadLetter.reason.rawValue, default: 0] += 1
        outputs.add(finding.deadLetter, finding.record, topic: finding.topic)
    }

    private func topic(of source: EventSource) -> String {
        switch source {
        case .leads: configuration.topics.leads
        case .activities: configuration.topics.activities
        case .dispositions: configuration.topics.dispositions
        }
    }

    /// When the event of a record happened, in milliseconds; 0 if it does not say.
    func occurredAt(_ batch: RecordBatch, at place: Int) -> Int64 {
        batch.withValue(at: place) { max(0, reader.occurredAt($0)?.milliseconds ?? 0) }
    }

    // MARK: Profiles

    /// The entry of a key if it is in memory, decoded or not.
    func hotEntry(for key: [UInt8]) -> ProfileEntry? {
        hot.entry(for: key.span, hash: key.span.stableHash)
    }

    private func entry(for rawKey: RawSpan) throws -> ProfileEntry {
        let key = Span<UInt8>(_bytes: rawKey)
        let hash = key.stableHash
        if let entry = hot.entry(for: key, hash: hash) { return try recall(entry) }
        return try load([UInt8](copying: rawKey), hash)
    }

    /// The decoded entry of a key.
    func entry(for key: [UInt8]) throws -> ProfileEntry {
        if let entry = hotEntry(for: key) { return try recall(entry) }
        return try load(key, key.span.stableHash)
    }

    private func recall(_ entry: ProfileEntry) throws -> ProfileEntry {
        entry.isRecent = true
        if entry.isDecoded { return entry }
        // Neither is left of an entry that was dropped and then flushed: it is on the disk.
        let key = entry.key
        let known = entry.inFlight ?? entry.unflushed
        let encoded = known != nil ? known : try source.value(for: key.span)
        entry.profile = try profile(key, encoded)
        if let encoded { entry.encodedBytes = encoded.count }
        entry.isDecoded = true
        hot.resize(entry)
        return entry
    }

    private func load(_ key: [UInt8], _ hash: UInt64) throws -> ProfileEntry {
        let encoded = try source.value(for: key.span)
        let entry = ProfileEntry(key: key, hash: hash, profile: try profile(key, encoded))
        if let encoded { entry.encodedBytes = encoded.count }
        hot.insert(entry)
        return entry
    }

    private func profile(_ key: [UInt8], _ encoded: [UInt8]?) throws -> Profile {
        let leadID = String(decoding: key, as: UTF8.self)
        guard let encoded, !encoded.isEmpty else { return Profile(leadID: leadID) }
        counters.loads += 1
        return try codec.decode(encoded, leadID: leadID)
    }

    // MARK: Epochs

    /// Ends the lane's part of an epoch: the records to publish, changelog included.
    ///
    /// Must be followed by `committed()` before the next cut; or by throwing the processor away.
    package func cut() -> OutboundRecords {
        precondition(inFlight.isEmpty, "a cut before the last one was committed")
        var records = outputs.take()
        for entry in dirty {
            let encoded = Profile.isEmpty(&entry.profile) ? [] : codec.encode(&entry.profile)
            entry.inFlight = encoded
            entry.inFlightTimers = ProfileTimers(
                nextAlert: entry.nextAlert, idleness: Profile.idleness(of: &entry.profile))
            if entry.hasNewAddresses {
                entry.inFlightAddresses = Profile.addressKeys(of: &entry.profile)
                entry.hasNewAddresses = false
            }
            if entry.hasNewWaiting {
                entry.inFlightWaiting = rows(entry)
                entry.hasNewWaiting = false
            }
            entry.encodedBytes = encoded.count
            entry.isDirty = false
            hot.resize(entry)
            records.append(
                topic: LaneOutputs.changelog, partition: configuration.lane,
                key: entry.key, value: encoded.isEmpty ? nil : encoded)
        }
        outputs.expect(records)
        (alertsInEpoch, forgottenInEpoch) = (0, 0)
        swap(&inFlight, &dirty)
        dirtyBytes = 0
        (erasures.inFlight, erasures.dirty) = (erasures.dirty, false)
        return records
    }

    /// Whether there is anything to publish.
    package var hasChanges: Bool { !dirty.isEmpty || !outputs.records.isEmpty }

    /// Whether anything committed waits for the disk.
    var hasUnflushed: Bool { !unflushed.isEmpty || erasures.unflushed }

    /// Whether a person was erased in what waits for the disk.
    var hasUnflushedErasure: Bool { erasures.unflushed }

    /// About how many bytes the next cut will have: messages and dead letters, and the changed
    /// profiles by the size that they had when they were last encoded.
    var outputBytes: Int { outputs.records.byteCount + dirtyBytes }

    /// Bytes of the texts that the lane has interned.
    var symbolBytes: Int { qualifier.symbols.byteCount }

    /// Profiles changed since the last cut.
    package var dirtyCount: Int { dirty.count }

    /// About how many bytes the profiles in memory occupy.
    var hotBytes: Int { hot.bytes }

    /// The last cut is committed: its profiles wait for the disk now.
    package func committed() {
        for entry in inFlight {
            if entry.unflushed == nil { unflushed.append(entry) }
            unflushedBytes += (entry.inFlight?.count ?? 0) - (entry.unflushed?.count ?? 0)
            entry.unflushed = entry.inFlight
            entry.unflushedTimers = entry.inFlightTimers
            if let addresses = entry.inFlightAddresses {
                entry.unflushedAddresses = addresses
                entry.inFlightAddresses = nil
            }
            if let waiting = entry.inFlightWaiting {
                entry.unflushedWaiting = waiting
                entry.inFlightWaiting = nil
            }
            entry.unflushedSince = flush
            entry.inFlight = nil
            hot.resize(entry)
        }
        inFlight.removeAll(keepingCapacity: true)
        erasures.unflushed = erasures.unflushed || erasures.inFlight
        erasures.inFlight = false
    }

    /// The committed profiles that are not on the disk yet, sorted by key, and whether older
    /// versions of them must leave no bytes there, because a person was erased or forgotten.
    package func beginFlush() -> (changes: [ProfileChange], hasErased: Bool) {
        flush += 1
        let changes = unflushed.compactMap { entry -> ProfileChange? in
            entry.unflushed.map {
                ProfileChange(
                    entry.key, $0, entry.unflushedTimers, entry.unflushedAddresses,
                    entry.unflushedWaiting)
            }
        }.sorted { $0.key.span.precedes($1.key.span) }
        defer { erasures.unflushed = false }
        return (changes, erasures.unflushed)
    }

    /// What `beginFlush` gave is on the disk; if not, the next flush gives it again.
    package func endFlush(isWritten: Bool, mustScrub: Bool) {
        erasures.unflushed = erasures.unflushed || mustScrub
        if !isWritten { return }
        let flushed = flush
        unflushed.removeAll { entry in
            guard entry.unflushedSince < flushed else { return false }
            unflushedBytes -= entry.unflushed?.count ?? 0
            entry.unflushed = nil
            entry.unflushedAddresses = nil
            entry.unflushedWaiting = nil
            hot.resize(entry)
            return true
        }
    }

    /// Keeps memory within its bound.
    package func sweep() {
        if hot.bytes > configuration.hotBytes { hot.sweep(limit: configuration.hotBytes * 7 / 8) }
    }
}
