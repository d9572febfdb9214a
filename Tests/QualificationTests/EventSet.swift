import Qualification
import ReferenceModel
import TestSupport
import WireFormats

/// Random events of one lead, to be applied in any order; definition and reference data are fixed.
///
/// All lie within the duplicate window, so that none is too late in any order.
final class EventSet {
    enum Event {
        case lead(LeadEvent)
        case activity(ActivityEvent)
    }

    let definition: Definition
    let symbols = SymbolTable()
    let qualifier: Qualifier
    private(set) var events: [Event] = []
    private let reference = MemoryReference()
    private var random: SplitMix64
    /// Bodies of the MQLs that any order led to.
    private(set) var qualified: [(lead: QualifiedLead, body: [UInt8])] = []

    private static let end = Timestamp(milliseconds: 1_788_775_500_000)

    init(seed: UInt64) throws {
        random = SplitMix64(seed: seed)
        var options = WorldOptions()
        options.records = 0
        // Whose capacity is used up depends on the order.
        options.capacities = false
        let world = try WorldGenerator(
            baseDefinition: try Fixtures.exampleDefinitionText(), options: options
        ).world(seed: seed)
        definition = try Fixtures.definition(world.definitionYAML)
        for (number, id) in ["c1", "c2", "c3"].enumerated() {
            reference.apply(
                .campaign(
                    Campaign(
                        id: id, name: "Campaign \(id)",
                        channel: random.pick(["email", "webinar", nil]),
                        product: number == 0 ? nil : random.pick(["crm", "billing", "payroll"]))))
        }
        reference.apply(
            .account(Account(domain: "acme.example", employees: 80, country: "DE", ownerID: "o1")))
        qualifier = Qualifier(
            definition: definition, symbols: symbols, reference: reference,
            limits: Qualifier.Limits())
        for number in 0..<random.number(2...40) { addEvent(number) }
    }

    // MARK: Events

    private func addEvent(_ number: Int) {
        // A few times are shared, so that ids decide; leads and activities may share both.
        let day = random.number(0...28)
        let ofDay: Int64 = random.pick([0, 0, 1, 43_200_000, 86_399_999])
        let at = EventSet.end - .days(day) - Span24h(milliseconds: ofDay)
        let id = random.pick(["e", "E", "\u{e9}", ""]) + String(number)
        let header = EventHeader(stamp: Stamp(at: at, eventID: EventID(id)), recordedAt: at)
        let campaign = symbols.intern(random.pick(["", "", "", "c1", "c2", "c3", "c9"]))
        let channel = symbols.intern(random.pick(["", "", "", "email", "partner"]))
        if number == 0 || random.chance(25) {
            events.append(
                .lead(
                    LeadEvent(
                        header: header, kind: random.pick([.captured, .updated]),
                        fields: fields(), productInterest: interests(), campaign: campaign,
                        channel: channel)))
        } else {
            events.append(.activity(activity(header, campaign, channel)))
        }
    }

    private func activity(
        _ header: EventHeader, _ campaign: Symbol, _ channel: Symbol
    ) -> ActivityEvent {
        let types = definition.engagement.flatMap(\.activities) + ["nothing_known"]
        let product = random.pick(["", "", "crm", "analytics", "billing", "payroll"])
        return ActivityEvent(
            header: header, type: symbols.intern(random.pick(types)),
            product: symbols.intern(product), campaign: campaign, channel: channel,
            properties: [
                (name: "section", value: .text(random.pick(["docs", "blog"]))),
                (name: "seconds", value: .number(Double(random.number(0...60)))),
            ])
    }

    private func fields() -> [(field: LeadField, value: FactValue)] {
        let all: [(field: LeadField, value: FactValue)] = [
            (.email, .text(random.pick(["ann@acme.example", "bo@gmail.com", "c@d.example"]))),
            (.jobTitle, .text(random.pick(["VP Sales", "CEO", "Intern"]))),
            (.companyDomain, .text(random.pick(["acme.example", "other.example"]))),
            (.country, .text(random.pick(["US", "NO", "JP"]))),
            (.employees, .number(Double(random.pick([3, 50, 1_000])))),
            (.industry, .text(random.pick(["software", "retail"]))),
            (.consent, .bool(random.chance(90))),
        ]
        return all.filter { _ in random.chance(60) }
    }

    private func interests() -> [Symbol] {
        random.pick([[], ["crm"], ["crm", "analytics"], ["payroll", "billing"]])
            .map { symbols.intern($0) }
    }

    // MARK: Applying

    /// The profile after all events in a random order, some of them again and again.
    func shuffled() throws -> Profile {
        var order = Array(events.indices)
        for place in events.indices where random.chance(30) { order.append(place) }
        order.shuffle(using: &random)
        return try apply(order)
    }

    /// The profile after all events by time.
    func inOrder() throws -> Profile {
        try apply(events.indices.sorted { events[$0].stamp < events[$1].stamp })
    }

    private func apply(_ order: [Int]) throws -> Profile {
        var profile = Profile(leadID: "a")
        var seen: Set<Int> = []
        for place in order {
            let outcome =
                switch events[place] {
                case .lead(let event): try qualifier.apply(event, to: &profile)
                case .activity(let event): try qualifier.apply(event, to: &profile)
                }
            let isNew = seen.insert(place).inserted
            if outcome != (isNew ? .applied : .dropped(.repeat)) {
                throw Unexpected(outcome: outcome)
            }
            qualifier.takeMessages { message in
                if case .qualified(let lead) = message.body {
                    qualified.append((lead, MessageWriter.body(message)))
                }
            }
        }
        return profile
    }

    struct Unexpected: Error {
        let outcome: Qualifier.Outcome
    }

    /// The bytes of everything that must not depend on order or repetition.
    ///
    /// What was published depends on the order; lists without an order of their own are sorted; and
    /// counts older than `history_days` stay until the next new day, but never count.
    func facts(of profile: Profile) -> [UInt8] {
        var facts = profile
        facts.products = []
        facts.agreements = []
        facts.interests.sort { $0.index < $1.index }
        facts.freshness.sort { $0.tag.index < $1.tag.index }
        facts.counts.forget(
            before: UTCDay(
                number: profile.asOf.day.number - Int32(clamping: definition.historyDays)))
        facts.remembered = RememberedEvents(
            entries: profile.remembered.entries.sorted {
                ($0.at, $0.hash, $0.source.rawValue) < ($1.at, $1.hash, $1.source.rawValue)
            })
        facts.fields.encoded = nil
        var codec = ProfileCodec(symbols: symbols)
        return codec.encode(&facts)
    }

    /// The scores and every line of their explanation, for every product.
    func scores(of profile: Profile) throws -> [String] {
        let explanation = try qualifier.explain(profile, actingAt: profile.asOf)
        var lines = ["fit \(explanation.fit)"] + explanation.fitReasons.map { "\($0)" }
        for product in explanation.products {
            lines.append(
                "\(product.product.id) \(product.isInterested) \(product.engagement)")
            lines += product.engagementReasons.map { "\($0)" }
        }
        return lines
    }
}

extension EventSet.Event {
    var stamp: Stamp {
        switch self {
        case .lead(let event): event.header.stamp
        case .activity(let event): event.header.stamp
        }
    }
}
