/// A message that a decision wants published, complete and without the worker's clock or host.
///
/// A class: a message holds fifty texts, and passing it on must not count references to each.
package final class Message: Sendable {
    /// What it says.
    package enum Body: Sendable {
        case qualified(QualifiedLead)
        case withdrawn(Withdrawal)
        case lapsed(Lapse)
        case updated(UpdatedMQL)
        case statusChanged(StatusChange)
        case erased(Erasure)
        case alert(Alert)
    }

    /// Where it goes.
    package enum Destination: Sendable, Equatable {
        /// A sales topic, by its name without prefix.
        case sales(topic: String)
        case nurture
        case alerts
    }

    /// Where it goes.
    package let destination: Destination
    /// What it says.
    package let body: Body
    /// The CloudEvents type, and what `number` counts.
    package let type: MessageType
    /// How many messages of this type there were for this lead and product, this one included.
    package let number: Int
    /// The lead, also the record's key.
    package let leadID: String
    /// The product, nil for the lead as a whole.
    package let product: String?
    /// `ce_time`.
    package let asOf: Timestamp
    /// The name in `ce_source`.
    package let definitionName: String

    init(
        destination: Destination, body: Body, type: MessageType, number: Int, leadID: String,
        product: String?, asOf: Timestamp, definitionName: String
    ) {
        self.destination = destination
        self.body = body
        self.type = type
        self.number = number
        self.leadID = leadID
        self.product = product
        self.asOf = asOf
        self.definitionName = definitionName
    }

    /// `ce_id` (CONTRACT.md 2).
    package var id: UUID {
        .message(type: type.name, lead: leadID, product: product ?? "", number: number)
    }
}

/// The definition that a message was decided by.
package struct DefinitionStamp: Sendable, Equatable {
    package var name: String
    package var version: Int
    package var sha256: String
}

/// A lead's two scores; engagement is of one product.
package struct Score: Sendable, Equatable {
    package var fit: Points
    package var engagement: Points?
}

/// The contact fields of a lead that are known, as messages show them.
package struct ContactCard: Sendable, Equatable {
    package var email: String?
    package var firstName: String?
    package var lastName: String?
    package var phone: String?
    package var jobTitle: String?
    package var companyName: String?
    package var companyDomain: String?
    package var country: String?
    package var seniority: String?
    package var function: String?
}

/// First or last touch as messages show it.
package struct TouchView: Sendable, Equatable {
    package var channel: String?
    package var campaignID: String?
    package var campaignName: String?
    package var at: Timestamp
}

/// What marketing and sales messages share about a lead.
///
/// A class, because the messages of one event share it, and its thirty texts would be copied into
/// each of them.
package final class LeadView: Sendable {
    /// The contact fields that are known.
    package let contact: ContactCard
    /// The account of the lead's company, nil if there is none.
    package let account: Account?
    /// Where the lead came from first, nil if nobody said.
    package let firstTouch: TouchView?
    /// Where it came from last.
    package let lastTouch: TouchView?

    init(
        contact: ContactCard, account: Account?, firstTouch: TouchView?, lastTouch: TouchView?
    ) {
        self.contact = contact
        self.account = account
        self.firstTouch = firstTouch
        self.lastTouch = lastTouch
    }
}

/// One line of an explanation.
package struct Reason: Sendable, Equatable {
    /// What supports it.
    package enum Evidence: Sendable, Equatable {
        /// The value of every field that the criterion's condition names and that is known.
        case facts([(name: String, value: FactValue)])
        /// How many activities count, before the daily limit, and on which day the last was.
        case activities(count: Int, lastOn: UTCDay)

        package static func == (left: Evidence, right: Evidence) -> Bool {
            switch (left, right) {
            case (.facts(let left), .facts(let right)):
                left.elementsEqual(right) { $0.name == $1.name && $0.value == $1.value }
            case (.activities(let left, let leftDay), .activities(let right, let rightDay)):
                left == right && leftDay == rightDay
            default: false
            }
        }
    }

    package var criterion: String
    package var label: String
    package var points: Points
    package var evidence: Evidence
}

/// The event that a decision followed.
package struct DecidingEvent: Sendable, Equatable {
    package var type: String
    package var product: String?
    package var at: Timestamp
    /// The record's Kafka timestamp.
    package var recordedAt: Timestamp
}

/// An MQL by product and id.
package struct MQLReference: Sendable, Equatable {
    package var product: String
    package var id: UUID
}

/// An earlier MQL of the same lead and product.
package struct PreviousMQL: Sendable, Equatable {
    package var id: UUID
    package var qualifiedAt: Timestamp
    package var disposition: String
    package var reason: String?
}

/// An activity as an MQL shows it.
package struct ActivityView: Sendable, Equatable {
    package var type: String
    package var product: String?
    package var campaignName: String?
    package var at: Timestamp
}

/// `mql.qualified`: a lead meets the definition for a product (CONTRACT.md 8).
package struct QualifiedLead: Sendable {
    package var id: UUID
    package var cycle: Int
    package var qualifiedAt: Timestamp
    package var followUpBy: Timestamp
    package var definition: DefinitionStamp
    package var score: Score
    package var handRaise: Bool
    package var fitReasons: [Reason]
    package var engagementReasons: [Reason]
    package var whyNow: DecidingEvent
    package var lead: LeadView
    package var recentActivity: [ActivityView]
    package var topic: String
    package var ownerID: String?
    package var alsoOpen: [MQLReference]
    package var previous: [PreviousMQL]
}

/// `mql.withdrawn`: sales should stop (CONTRACT.md 8).
package struct Withdrawal: Sendable {
    package var id: UUID
    package var cycle: Int
    /// `suppressed`, `disqualified` or `erased`.
    package var reason: String
    package var codes: [String]
    package var asOf: Timestamp
}

/// `mql.lapsed`: sales never answered (CONTRACT.md 8).
package struct Lapse: Sendable {
    package var id: UUID
    package var cycle: Int
    package var asOf: Timestamp
}

/// `mql.updated`: a lead that sales has did something that sales wants to know at once (a criterion
/// with `notify`).
package struct UpdatedMQL: Sendable {
    package var id: UUID
    package var cycle: Int
    package var definition: DefinitionStamp
    package var score: Score
    package var fitReasons: [Reason]
    package var engagementReasons: [Reason]
    package var whyNow: DecidingEvent
    /// The criteria that notified, as people read them, in definition order.
    package var signals: [String]
    package var lead: LeadView
    /// Who was told to follow up when the MQL was published.
    package var ownerID: String?
    package var asOf: Timestamp
}

/// `lead.status_changed`, for marketing (CONTRACT.md 8).
package struct StatusChange: Sendable {
    /// A reason code, with the numbers for `fit` and `engagement`.
    package struct Code: Sendable {
        package var code: String
        package var needed: Points?
        package var actual: Points?
    }

    package var status: Status
    package var codes: [Code]
    package var mqlID: UUID?
    package var score: Score
    package var asOf: Timestamp
    package var definition: DefinitionStamp
    package var lead: LeadView
}

/// `lead.erased`, for marketing (CONTRACT.md 8).
package struct Erasure: Sendable {
    package var asOf: Timestamp
}

/// A follow-up alert (CONTRACT.md 8).
package struct Alert: Sendable {
    package var id: UUID
    package var ownerID: String?
    package var followUpBy: Timestamp
    /// 1 warning, 2 breach, 3 escalation.
    package var level: Int
    package var asOf: Timestamp
}
