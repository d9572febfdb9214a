import Qualification
import ReferenceModel
import TestSupport

/// A lead that is made by events and explained by the same qualifier.
final class ExplainedLead {
    let definition: Definition
    let symbols = SymbolTable()
    let reference = MemoryReference()
    let qualifier: Qualifier
    private(set) var profile = Profile(leadID: "a")
    /// The id of the last MQL of any product.
    private(set) var lastMQL: String?
    private var time = UTCDay(number: 20_700).start + .minutes(600)
    private var number = 0

    /// Fields that are worth 60 points of fit in the example, and consent.
    static let good: [(field: LeadField, value: FactValue)] = [
        (.email, .text("ann@acme.com")), (.jobTitle, .text("VP Sales")), (.country, .text("US")),
        (.employees, .number(80)), (.industry, .text("software")),
        (.annualRevenue, .number(20_000_000)), (.consent, .bool(true)),
    ]

    init(definition: Definition? = nil) throws {
        self.definition = try definition ?? Fixtures.exampleDefinition()
        qualifier = Qualifier(
            definition: self.definition, symbols: symbols, reference: reference,
            limits: Qualifier.Limits())
    }

    /// A lead with some of the fields and up to 25 activities over 40 days.
    static func random(seed: UInt64) throws -> ExplainedLead {
        var random = SplitMix64(seed: seed)
        let lead = try ExplainedLead()
        var fields = good.filter { _ in random.chance(85) }
        fields.sort { $0.field.rawValue < $1.field.rawValue }
        if random.chance(90) {
            try lead.capture(fields, interests: random.chance(80) ? ["crm"] : [])
        }
        let types = lead.definition.engagement.flatMap(\.activities) + ["nothing_known"]
        for _ in 0..<random.number(0...25) {
            lead.time = lead.time + .minutes(random.number(1...2_300))
            let product = random.pick(["", "", "crm", "analytics", "billing", "other"])
            try lead.act(random.pick(types), times: 1, product: product)
            if let id = lead.lastMQL, random.chance(50) {
                try lead.answer(
                    id, random.pick([.rejected, .accepted, .lost, .won]),
                    reason: random.pick(["bad_timing", "no_response", "wrong_size"]))
                lead.lastMQL = nil
            }
        }
        return lead
    }

    // MARK: Events

    func capture(
        _ fields: [(field: LeadField, value: FactValue)], interests: [String] = ["crm"]
    ) throws {
        try tell(fields, interests: interests)
    }

    func tell(
        _ fields: [(field: LeadField, value: FactValue)], interests: [String] = []
    ) throws {
        let event = LeadEvent(
            header: nextHeader(), kind: .updated, fields: fields,
            productInterest: interests.map { symbols.intern($0) }, campaign: .none, channel: .none)
        _ = try qualifier.apply(event, to: &profile)
        look()
    }

    func act(_ type: String, times: Int, product: String = "") throws {
        for _ in 0..<times {
            _ = try qualifier.apply(
                activity(type, product: product, header: nextHeader()), to: &profile)
            look()
        }
    }

    func answer(_ id: String, _ answer: Disposition.Answer, reason: String) throws {
        let mqls = profile.products.flatMap { record in record.mqls.map { (record.product, $0.id) }
        }
        guard let product = mqls.first(where: { $0.1.description == id })?.0 else { return }
        let event = DispositionEvent(
            header: nextHeader(), answer: answer, mqlID: id, product: product,
            reason: symbols.intern(reason))
        _ = try qualifier.apply(event, to: &profile)
        look()
    }

    private func activity(
        _ type: String, product: String, header: EventHeader, campaign: String = "",
        properties: [String: FactValue] = [:]
    ) -> ActivityEvent {
        ActivityEvent(
            header: header, type: symbols.intern(type), product: symbols.intern(product),
            campaign: symbols.intern(campaign), channel: .none,
            properties: properties.map { (name: $0.key, value: $0.value) })
    }

    private func nextHeader(at other: Timestamp? = nil) -> EventHeader {
        number += 1
        let id = "event \(number)"
        return EventHeader(
            stamp: Stamp(at: other ?? time, eventID: EventID(id)), recordedAt: other ?? time)
    }

    private func look() {
        qualifier.takeMessages { message in
            if case .qualified(let lead) = message.body { lastMQL = lead.id.description }
        }
    }

    // MARK: Explaining

    func explain(actingAt other: Timestamp? = nil) throws -> Explanation {
        try qualifier.explain(profile, actingAt: other ?? profile.asOf)
    }

    func product(_ id: String) throws -> ProductExplanation {
        let products = try explain().products
        struct Missing: Error {}
        guard let product = products.first(where: { $0.product.id == id }) else { throw Missing() }
        return product
    }

    /// Takes the steps of a way on a copy of the profile, with events of its own making.
    func follow(
        _ way: Way, _ product: ProductExplanation, _ explanation: Explanation
    ) throws -> QualifiedLead? {
        var copy = profile
        let at = product.trial?.at ?? profile.asOf
        var fields: [(field: LeadField, value: FactValue)] = []
        var isInterested = false
        for step in way.steps {
            switch step {
            case .consent: fields.append((.consent, .bool(true)))
            case .fields(let names): fields += names.flatMap(ExplainedLead.worthless)
            case .interest: isInterested = true
            case .wait, .activity: break
            }
        }
        if !fields.isEmpty || isInterested || !explanation.hasLeadEvent {
            let event = LeadEvent(
                header: nextHeader(at: at), kind: .captured, fields: fields,
                productInterest: isInterested ? [symbols.intern(product.product.id)] : [],
                campaign: .none, channel: .none)
            _ = try qualifier.apply(event, to: &copy)
        }
        for case .activity(let kind, let count, _) in way.steps {
            if let channel = kind.channel {
                reference.apply(.campaign(Campaign(id: channel, channel: channel)))
            }
            for _ in 0..<count {
                let event = activity(
                    kind.type, product: product.product.id, header: nextHeader(at: at),
                    campaign: kind.channel ?? "", properties: kind.properties)
                _ = try qualifier.apply(event, to: &copy)
            }
        }
        var last: QualifiedLead?
        qualifier.takeMessages { message in
            if message.product == product.product.id, case .qualified(let lead) = message.body {
                last = lead
            }
        }
        return last
    }

    private static func worthless(_ name: String) -> [(field: LeadField, value: FactValue)] {
        switch name {
        case "lead.email": [(.email, .text("b@elsewhere.example"))]
        case "lead.country": [(.country, .text("NL"))]
        case "lead.job_title": [(.jobTitle, .text("clerk"))]
        default: []
        }
    }
}
