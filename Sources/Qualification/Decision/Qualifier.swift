/// The pure core: an event, a profile, reference data and a definition give a new profile and
/// messages.
///
/// Synchronous and without I/O, clock or randomness; the same calls in the same order give the same
/// messages. Owned by one lane, like its symbol table. Look-ups of reference data are its only
/// errors.
package final class Qualifier {
    /// Bounds and windows of CONTRACT.md 3 that are settings of the worker.
    package struct Limits: Sendable, Equatable {
        /// Activities of one lead within the duplicate window; further ones only move `as_of`.
        package var maxEventsPerLead = 5_000
        /// How far back from `as_of` event ids are remembered and activities accepted.
        package var duplicateWindow = Span24h.days(30)

        /// The defaults of the contract.
        package init() {}

        /// Limits other than the defaults.
        package init(maxEventsPerLead: Int, duplicateWindow: Span24h) {
            self.maxEventsPerLead = maxEventsPerLead
            self.duplicateWindow = duplicateWindow
        }
    }

    /// Why an event changed no score.
    package enum Drop: String, Sendable, CaseIterable {
        /// Its id was applied before.
        case `repeat`
        /// It lies a whole duplicate window behind `as_of`.
        case tooLate = "too_late"
        /// The lead has too many activities: it only moved `as_of`.
        case overLimit = "over_limit"
        /// It happened before the person asked to be forgotten.
        case erased
    }

    /// What became of an event.
    package enum Outcome: Sendable, Equatable {
        /// It is in the profile and the decision was taken.
        case applied
        /// It is not in the scores; see `Drop`. Only `overLimit` changed the profile.
        case dropped(Drop)
        /// It contradicts the profile or the definition: a dead letter with this code and sentence.
        case refused(code: RefusalCode, detail: String)
    }

    /// The dead-letter codes that only the profile and the definition can tell.
    package enum RefusalCode: String, Sendable {
        case badValue = "bad_value"
        case unknownProduct = "unknown_product"
        case unknownReason = "unknown_reason"
        case unknownMQL = "unknown_mql"
    }

    /// The lane's symbols.
    package let symbols: SymbolTable
    /// The definition in force.
    package let rulebook: Rulebook
    let reference: any ReferenceData
    let limits: Limits
    /// What the lane may still publish of products with a `daily_capacity`; its day is the lane's
    /// to move.
    package var capacity = LaneCapacity()
    /// Whether the last event changed for what its lead waits, or its place.
    var hasChangedWaiting = false
    /// What the messages of the event in hand show of its lead, once one of them has asked.
    var viewInHand: (facts: Facts, lead: LeadView)?
    /// Messages of the event in hand, in the order in which they are to be published.
    var messages: [Message] = []
    /// The codes of the decision in hand; kept to reuse its storage on every event.
    var codes: [Symbol] = []

    /// Makes the core of a lane.
    package init(
        definition: Definition, symbols: SymbolTable, reference: any ReferenceData, limits: Limits
    ) {
        self.symbols = symbols
        self.reference = reference
        self.limits = limits
        rulebook = Rulebook(definition, symbols: symbols)
    }

    /// Gives the messages of the last event to `body`, in their order, and forgets them and what
    /// they show of the lead: the next event may be hours away, and an erasure.
    package func takeMessages(_ body: (Message) -> Void) {
        for place in messages.indices { body(messages[place]) }
        messages.removeAll(keepingCapacity: true)
        viewInHand = nil
    }

    /// Whether the events since the last call changed for what their lead waits, or its place.
    package func takeWaitingChange() -> Bool {
        defer { hasChangedWaiting = false }
        return hasChangedWaiting
    }

    /// Whether the last event left messages.
    package var hasMessages: Bool { !messages.isEmpty }

    // MARK: Activities

    /// Applies an activity and decides.
    package func apply(_ event: ActivityEvent, to profile: inout Profile) throws -> Outcome {
        let at = event.header.stamp.at
        if let drop = earlyDrop(event.header, .activities, profile) { return .dropped(drop) }
        if at <= profile.asOf - limits.duplicateWindow { return .dropped(.tooLate) }
        let newAsOf = max(at, profile.asOf)
        let inWindow = profile.remembered.activities(after: newAsOf - limits.duplicateWindow)
        let isOverLimit = inWindow >= limits.maxEventsPerLead
        profile.advance(
            to: at, historyDays: rulebook.definition.historyDays,
            duplicateWindow: limits.duplicateWindow)
        let campaign = try campaign(event.campaign)
        var tag = event.product
        if !tag.isSome, let product = campaign?.product { tag = symbols.intern(product) }
        var context = activityContext(event, tag: tag)
        if !isOverLimit {
            context.notifying = take(event, tag: tag, campaign: campaign, into: &profile)
        }
        try decideAll(&profile, context)
        return isOverLimit ? .dropped(.overLimit) : .applied
    }

    /// Takes an activity into the profile; gives the criteria that it matches and that notify.
    private func take(
        _ event: ActivityEvent, tag: Symbol, campaign: Campaign?, into profile: inout Profile
    ) -> [Rulebook.Criterion] {
        let stamp = event.header.stamp
        profile.remembered.insert(
            RememberedEvents.Entry(
                at: stamp.at, hash: event.header.idHash, source: .activities))
        let isKnown = !tag.isSome || rulebook.index(ofProduct: tag) != nil
        profile.addInterest(tag, isKnown: isKnown)
        touch(&profile, stamp, .activities, event.channel, event.campaign, campaign)
        profile.remember(
            RecentActivity(stamp: stamp, type: event.type, tag: tag, campaign: event.campaign))
        profile.counts.add(type: event.type, day: stamp.at.day, tag: tag)
        guard let rule = rulebook.rule(ofType: event.type) else { return [] }
        profile.standing?.raise(by: rule.mostGain)
        var notifying = rule.notifying
        if rule.withdrawsConsent, profile.fields.withdrawConsent(stamp) { profile.standing = nil }
        var isFresh = rule.isFresh
        if !rule.conditions.isEmpty || !rule.freshWhen.isEmpty {
            let value = { (field: Field) -> FactValue? in
                switch field {
                case .activityProperty(let name): event.properties.last { $0.name == name }?.value
                case .campaignChannel: campaign?.channel.map(FactValue.text)
                default: nil
                }
            }
            for (countedType, condition) in rule.conditions where condition.holds(value) {
                profile.counts.add(type: countedType, day: stamp.at.day, tag: tag)
            }
            isFresh = isFresh || rule.freshWhen.contains { $0.holds(value) }
            notifying.removeAll { $0.source.condition.map { !$0.holds(value) } ?? false }
        }
        if isFresh { profile.freshen(tag: tag, at: stamp.at, isKnown: isKnown) }
        return notifying
    }

    private func activityContext(_ event: ActivityEvent, tag: Symbol) -> Context {
        Context(
            type: event.type, product: tag, at: event.header.stamp.at,
            recordedAt: event.header.recordedAt, source: .activities)
    }

    // MARK: Lead events

    /// Applies a lead event and decides; an erasure is carried out instead.
    package func apply(_ event: LeadEvent, to profile: inout Profile) throws -> Outcome {
        if event.kind == .erased { return erase(event.header, &profile) }
        if let drop = earlyDrop(event.header, .leads, profile) { return .dropped(drop) }
        let stamp = event.header.stamp
        profile.advance(
            to: stamp.at, historyDays: rulebook.definition.historyDays,
            duplicateWindow: limits.duplicateWindow)
        rememberUnlessOld(event.header, .leads, &profile)
        profile.hasLeadEvent = true
        for (field, value) in event.fields where profile.fields.merge(field, value, stamp: stamp) {
            profile.standing = nil
        }
        for product in event.productInterest where rulebook.index(ofProduct: product) != nil {
            profile.addInterest(product)
        }
        let campaign = try campaign(event.campaign)
        if let product = campaign?.product.map(symbols.intern) {
            profile.addInterest(product, isKnown: rulebook.index(ofProduct: product) != nil)
        }
        touch(&profile, stamp, .leads, event.channel, event.campaign, campaign)
        try decideAll(
            &profile,
            Context(
                type: symbols.intern(event.kind.rawValue), product: .none, at: stamp.at,
                recordedAt: event.header.recordedAt, source: .leads))
        return .applied
    }

    // MARK: Shared steps

    func earlyDrop(_ header: EventHeader, _ source: EventSource, _ profile: Profile) -> Drop? {
        if let erasedAt = profile.erasedAt, header.stamp.at <= erasedAt { return .erased }
        return profile.remembered.contains(hash: header.idHash, source: source) ? .repeat : nil
    }

    /// Lead events and dispositions are applied however late; their ids are remembered within the
    /// window.
    func rememberUnlessOld(
        _ header: EventHeader, _ source: EventSource, _ profile: inout Profile
    ) {
        if header.stamp.at <= profile.asOf - limits.duplicateWindow { return }
        profile.remembered.insert(
            RememberedEvents.Entry(at: header.stamp.at, hash: header.idHash, source: source))
    }

    func campaign(_ symbol: Symbol) throws -> Campaign? {
        symbol.isSome ? try reference.campaign(id: symbols.text(symbol)) : nil
    }

    private func touch(
        _ profile: inout Profile, _ stamp: Stamp, _ source: EventSource, _ channel: Symbol,
        _ campaign: Symbol, _ row: Campaign?
    ) {
        var channel = channel
        if !channel.isSome, let known = row?.channel { channel = symbols.intern(known) }
        guard channel.isSome || campaign.isSome else { return }
        profile.touch(Touch(stamp: stamp, source: source, channel: channel, campaign: campaign))
    }
}

/// The event that a decision follows, as far as messages show it.
struct Context {
    var type: Symbol
    var product: Symbol
    var at: Timestamp
    var recordedAt: Timestamp
    var source: EventSource
    /// The criteria that an activity matched and that tell sales when they score.
    var notifying: [Rulebook.Criterion] = []
    /// Whether a waiting lead is released, instead of an event being applied.
    var isRelease = false
}
