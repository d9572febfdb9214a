/// A touch: an event that came with a channel or a campaign.
struct Touch {
    let stamp: Stamp
    let channel: String?
    let campaignID: String?
}

/// One of the newest activities, as an MQL lists them.
struct RecentActivity {
    let stamp: Stamp
    let type: String
    let tag: String?
    let campaignID: String?
}

/// What activities are counted by; without a condition for criteria without a `where`.
struct CountKey: Hashable {
    let type: String
    let tag: String?
    let condition: Condition?
}

/// What sales answered to an MQL.
struct Disposition {
    let stamp: Stamp
    let type: String
    let reason: String?

    var closes: Bool { type == "rejected" || type == "lost" || type == "won" }
}

/// An MQL that was published.
struct ModelMQL {
    let id: String
    let product: String
    let topic: String
    let cycle: Int
    let qualifiedAt: Int64
    let owner: String?
    /// The products and reasons of the definition that published it.
    let knownProducts: [String]
    let knownRejections: [String: ModelDefinition.Rejection]

    var latest: Disposition?
    var isLapsed = false
    var isWithdrawn = false

    /// Whether it is open, given that it is the newest of its product.
    var isOpen: Bool {
        guard !isWithdrawn else { return false }
        return latest.map { !$0.closes } ?? !isLapsed
    }

    /// Whether it lapses at that time: nobody answered it.
    func lapses(at asOf: Int64, after period: Int64) -> Bool {
        isOpen && latest == nil && asOf >= qualifiedAt + period
    }
}

/// A status as marketing was last told.
struct PublishedStatus: Equatable {
    let status: String
    let codes: Set<String>
    let mqlID: String?
}

/// What a lead that waits for capacity is compared by, and released with.
struct WaitingDecision {
    let total: Int64
    let asOf: Int64
    /// The event it was decided after; its campaign was looked up then.
    let event: Event
    let tag: String?
}

/// Everything the model keeps of one lead; a class so that one lead is changed in place.
final class LeadState {
    let id: Identifier

    var fields: [LeadField: (stamp: Stamp, value: ModelScalar)] = [:]
    var hasLeadEvent = false
    var asOf: Int64?
    var interests: Set<String> = []
    var firstTouch: Touch?
    var lastTouch: Touch?
    /// Activities by what they are counted by, then by UTC day.
    var counts: [CountKey: [Int: Int]] = [:]
    /// The latest activity per tag that matched a criterion with points above 0.
    var latestFresh: [String?: Int64] = [:]
    /// The newest five, newest first.
    var recent: [RecentActivity] = []
    /// When the applied events of each topic happened, by id.
    var applied: [InputTopic: [Identifier: Int64]] = [:]
    /// The MQLs of each product, oldest first.
    var mqls: [String: [ModelMQL]] = [:]
    /// By product; "" is the status of a lead without any interest.
    var published: [String: PublishedStatus] = [:]
    /// The last decision of each product for whose capacity the lead waits.
    var waiting: [String: WaitingDecision] = [:]

    // What outlives an erasure:
    var cycles: [String: Int] = [:]
    var messageCounts: [String: Int] = [:]
    var erasedAt: Int64?

    init(id: Identifier) {
        self.id = id
    }

    /// The stub that is left when this lead is erased.
    func stub(erasedAt: Int64) -> LeadState {
        let stub = LeadState(id: id)
        stub.cycles = cycles
        stub.messageCounts = messageCounts
        stub.erasedAt = erasedAt
        return stub
    }

    func newestMQL(of product: String) -> ModelMQL? { mqls[product]?.last }

    func text(_ field: LeadField) -> String? { fields[field]?.value.text }

    func value(_ field: LeadField) -> ModelScalar? { fields[field]?.value }
}
