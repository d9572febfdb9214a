/// A lead's standing with one product (CONTRACT.md 7); raw values are part of the profile format.
package enum Status: UInt8, Sendable {
    case suppressed = 1
    case disqualified, handedOff, recycled, notReady, paused, waitingForCapacity

    /// The name in messages.
    package var name: String {
        switch self {
        case .suppressed: "suppressed"
        case .disqualified: "disqualified"
        case .handedOff: "handed_off"
        case .recycled: "recycled"
        case .notReady: "not_ready"
        case .paused: "paused"
        case .waitingForCapacity: "waiting_for_capacity"
        }
    }
}

/// The kinds of messages that are numbered for `ce_id`; raw values are part of the profile format.
package enum MessageType: UInt8, CaseIterable, Sendable {
    case qualified = 0
    case withdrawn, lapsed, updated, statusChanged, erased, warning, breached, escalated

    /// The CloudEvents type.
    package var name: String {
        switch self {
        case .qualified: "mql.qualified"
        case .withdrawn: "mql.withdrawn"
        case .lapsed: "mql.lapsed"
        case .updated: "mql.updated"
        case .statusChanged: "lead.status_changed"
        case .erased: "lead.erased"
        case .warning: "sla.warning"
        case .breached: "sla.breached"
        case .escalated: "sla.escalated"
        }
    }
}

/// How many messages of each type there were for a lead and product: what numbers the next.
///
/// In place, because every profile has two or three of them and is walked through for each event.
package struct MessageCounts: Sendable, Equatable {
    private var numbers = InlineArray<12, UInt32>(repeating: 0)

    /// No message yet.
    package init() {}

    /// Counts by the raw value of their type, as stored; nil if there are more than types.
    package init?(_ counts: [Int]) {
        guard counts.count <= numbers.count else { return nil }
        for place in counts.indices { numbers[place] = UInt32(clamping: counts[place]) }
    }

    /// The counts by the raw value of their type, up to the last that is not 0.
    package var counts: [Int] { (0..<used).map { Int(numbers[$0]) } }

    /// How many counts there are up to the last that is not 0.
    package var used: Int {
        var used = numbers.count
        while used > 0, numbers[used - 1] == 0 { used -= 1 }
        return used
    }

    /// The count at the raw value of a type.
    package subscript(place: Int) -> Int { Int(numbers[place]) }

    /// Counts one more and returns its number, from 1.
    package mutating func count(_ type: MessageType) -> Int {
        numbers[Int(type.rawValue)] += 1
        return Int(numbers[Int(type.rawValue)])
    }

    package static func == (left: MessageCounts, right: MessageCounts) -> Bool {
        left.numbers.indices.allSatisfy { left.numbers[$0] == right.numbers[$0] }
    }
}

/// What was decided and published about a lead for one product.
package struct ProductRecord: Sendable {
    /// The product; `.none` for what concerns the lead as a whole.
    package let product: Symbol
    /// The status last published; nil before the first.
    package var status: Status?
    /// The codes last published, in the order of CONTRACT.md 7.
    package var codes: [Symbol] = []
    /// The cycle of the MQL last named to marketing; 0 = none.
    package var publishedCycle = 0
    /// How many MQLs there were, erased and forgotten ones included.
    package var cycles = 0
    /// Messages so far by type.
    package var messages = MessageCounts()
    /// The MQLs that are still known, oldest first.
    package var mqls: [MQLRecord] = []

    /// Nothing decided yet.
    package init(product: Symbol) {
        self.product = product
    }

    /// Counts one more message of a type and returns its number, from 1.
    package mutating func number(_ type: MessageType) -> Int {
        messages.count(type)
    }

    /// What outlives the person's data: cycles and message counters.
    package var stub: ProductRecord {
        var stub = ProductRecord(product: product)
        stub.cycles = cycles
        stub.messages = messages
        return stub
    }
}

/// One MQL that was published, and what became of it.
package struct MQLRecord: Sendable {
    /// `mql_id`.
    package var id: UUID
    /// Counts from 1 for each lead and product.
    package var cycle: Int
    /// The `as_of` that it was decided at.
    package var qualifiedAt: Timestamp
    /// The deadline told to sales.
    package var followUpBy: Timestamp
    /// The topic it went to, without prefix.
    package var topic: Symbol
    /// Who should follow up; none if nobody was found.
    package var owner: Symbol
    /// The place in `Profile.agreements` of the definition that published it.
    package var agreement: Int
    /// Closed for good by suppression, disqualification or erasure.
    package var isWithdrawn = false
    /// Closed because sales never answered.
    package var isLapsed = false
    /// The latest answer of sales.
    package var disposition: Disposition?
    /// The follow-up alerts that are still to fire.
    package var alerts = PendingAlerts()

    /// A fresh MQL.
    package init(
        id: UUID, cycle: Int, qualifiedAt: Timestamp, followUpBy: Timestamp, topic: Symbol,
        owner: Symbol, agreement: Int
    ) {
        self.id = id
        self.cycle = cycle
        self.qualifiedAt = qualifiedAt
        self.followUpBy = followUpBy
        self.topic = topic
        self.owner = owner
        self.agreement = agreement
    }

    /// Whether sales still has it, provided that it is the newest of its product (CONTRACT.md 7.3).
    package var isOpen: Bool {
        if isWithdrawn { return false }
        guard let disposition else { return !isLapsed }
        return disposition.answer.keepsOpen
    }

    /// How `previous` tells its end.
    package var outcome: String {
        isWithdrawn ? "withdrawn" : disposition?.answer.rawValue ?? "lapsed"
    }
}

/// The due times of an MQL's follow-up alerts, fixed when it is published; nil = fired, ended or
/// never due.
package struct PendingAlerts: Sendable, Equatable {
    /// Before the deadline.
    package var warning: Timestamp?
    /// At the deadline.
    package var breach: Timestamp?
    /// After the deadline.
    package var escalation: Timestamp?
    /// Whether an acceptance ends only the warning (`sla_ends_on: contacted`).
    package var endOnContact = false

    /// No alerts.
    package init() {}

    /// Whether none is left.
    package var isEmpty: Bool { warning == nil && breach == nil && escalation == nil }

    /// Ends all alerts.
    package mutating func end() {
        warning = nil
        breach = nil
        escalation = nil
    }
}

/// The latest answer of sales to an MQL.
package struct Disposition: Sendable, Equatable {
    /// What sales can answer (CONTRACT.md 3).
    package enum Answer: String, Sendable, CaseIterable {
        case accepted, rejected, contacted, opportunity, won, lost, reopened

        /// Whether the MQL stays with sales after this answer.
        package var keepsOpen: Bool {
            switch self {
            case .accepted, .contacted, .opportunity, .reopened: true
            case .rejected, .won, .lost: false
            }
        }

        /// Whether a reason must come with it.
        package var needsReason: Bool { self == .rejected || self == .lost }
    }

    /// Time and id: the greatest wins.
    package var stamp: Stamp
    /// What sales said.
    package var answer: Answer
    /// Why; none unless given.
    package var reason: Symbol
    /// What follows from the reason, for rejected and lost.
    package var action: RejectionReason.Action?

    /// Makes an answer.
    package init(
        stamp: Stamp, answer: Answer, reason: Symbol, action: RejectionReason.Action?
    ) {
        self.stamp = stamp
        self.answer = answer
        self.reason = reason
        self.action = action
    }
}

/// What must stay known of the definition that published an MQL: its products' answers are judged
/// by it.
package struct Agreement: Sendable, Equatable {
    /// SHA-256 of the definition file.
    package var sha256: String
    /// The products it knew.
    package var products: [String]
    /// The reasons it knew.
    package var reasons: [RejectionReason]

    /// Makes an agreement.
    package init(sha256: String, products: [String], reasons: [RejectionReason]) {
        self.sha256 = sha256
        self.products = products
        self.reasons = reasons
    }
}
