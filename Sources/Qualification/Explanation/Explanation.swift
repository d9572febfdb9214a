/// Why a lead stands where it stands with every product, and what it would take to qualify.
///
/// Scores and status are as of the profile's `as_of`, by the definition and reference data given,
/// and come from the functions that decide: so the lines sum to the scores.
package struct Explanation: Sendable {
    /// The lead.
    package var leadID: String
    /// What it was judged by.
    package var definition: DefinitionStamp
    /// Nil if nothing but a stub is left of the lead.
    package var asOf: Timestamp?
    /// When the person asked to be forgotten, if so.
    package var erasedAt: Timestamp?
    /// Whether a lead event was applied: without one nothing is decided.
    package var hasLeadEvent: Bool
    /// What messages show of the lead.
    package var lead: LeadView
    /// What was published about the lead as a whole (`no_product`).
    package var published: PublishedStatus?
    /// How interested we should be.
    package var fit: Points
    /// The lines of `fit`.
    package var fitReasons: [Reason]
    /// In the order of the definition.
    package var products: [ProductExplanation]
}

/// What marketing was told last.
package struct PublishedStatus: Sendable, Equatable {
    /// The status.
    package var status: Status
    /// In the order of CONTRACT.md 7.
    package var codes: [String]
    /// The MQL named with it.
    package var mqlID: UUID?
}

/// A lead's standing with one product.
package struct ProductExplanation: Sendable {
    /// The product with its thresholds.
    package var product: Product
    /// Whether any event names the product: without that nothing is decided for it.
    package var isInterested: Bool
    /// As last published; nil if nothing was.
    package var published: PublishedStatus?
    /// What the decision would be with nothing but what is known now; nil if there is none to take.
    package var verdict: CurrentVerdict?
    /// How interested they are.
    package var engagement: Points
    /// The lines of `engagement`.
    package var engagementReasons: [Reason]
    /// What stands between the lead and an MQL, in the order of the decision.
    package var needs: [Need]
    /// What fit criteria could still give, if fit is too low.
    package var fitChances: [FitChance]
    /// What would make it an MQL, the least first; empty if nothing the lead does would.
    package var ways: [Way]
    /// When `ways` were tried out, and the engagement that would be left by then without them.
    package var trial: (at: Timestamp, engagement: Points)?
    /// The codes that stayed after as much as the lead could do in a day, if there is no way.
    package var obstacles: [String]
}

/// The decision by the definition and reference data of now.
package enum CurrentVerdict: Sendable, Equatable {
    /// A status with its codes.
    case status(Status, codes: [String])
    /// The lead's next event hands it over.
    case qualified(byHandRaise: Bool)
}

/// One thing that stands between a lead and an MQL.
package enum Need: Sendable, Equatable {
    /// No lead event yet.
    case leadEvent
    /// No event names the product.
    case interest
    /// Consent was refused, or never given.
    case consent(wasRefused: Bool)
    /// These entries of the suppressions apply.
    case suppressed(entries: [String])
    /// The account has a status that suppresses.
    case accountStatus(String)
    /// A rule of the definition applies.
    case disqualified(rule: String, when: String)
    /// Sales turned the lead down for good.
    case rejected(reason: String)
    /// Sales has it.
    case open(id: UUID, since: Timestamp, lapsesAt: Timestamp?)
    /// Sales won it.
    case won
    /// Turned down for now: nothing before this time.
    case coolDown(until: Timestamp)
    /// Turned down for now: nothing before an activity later than this.
    case freshActivity(after: Timestamp)
    /// A required field is not known.
    case field(String)
    /// Fit is too low.
    case fit(needed: Points, actual: Points)
    /// Engagement is too low.
    case engagement(needed: Points, actual: Points)
    /// The product takes no leads for now.
    case paused
    /// The lead's lane has no room left today in the `daily_capacity` of the product; `score` is
    /// what it waits with.
    case capacity(perDay: Int, score: Points)
}

/// Points that a fit criterion could still give.
package struct FitChance: Sendable, Equatable {
    /// The criterion's id.
    package var criterion: String
    /// What people read.
    package var label: String
    /// Beyond what it gives now.
    package var gain: Points
    /// What would have to hold.
    package var when: String
    /// The fields of it that are not known.
    package var unknown: [String]
    /// Whether this alone would lift fit over the threshold.
    package var isEnough: Bool
}

/// Steps after which the lead is an MQL; tried out with the decision itself.
package struct Way: Sendable, Equatable {
    /// One after the other.
    package var steps: [Step]
    /// Both scores afterwards.
    package var score: Score
    /// Whether the raised hand does it, not the thresholds.
    package var byHandRaise: Bool

    /// How many activities it takes.
    package var activityCount: Int {
        steps.reduce(0) { sum, step in
            if case .activity(_, let count, _) = step { sum + count } else { sum }
        }
    }
}

/// A step of a way.
package enum Step: Sendable, Equatable {
    /// Nothing before this time counts.
    case wait(until: Timestamp)
    /// The lead gives consent.
    case consent
    /// These fields become known.
    case fields([String])
    /// The lead says it is interested in the product.
    case interest
    /// So many activities of a kind on one day, and the points they add.
    case activity(ActivityKind, count: Int, points: Points)
}

/// An activity that would count.
package struct ActivityKind: Sendable, Hashable {
    /// The criterion's id.
    package var criterion: String
    /// What people read.
    package var label: String
    /// The activity's type.
    package var type: String
    /// The criterion's condition as text.
    package var condition: String?
    /// Properties that meet it.
    package var properties: [String: FactValue]
    /// The channel of a campaign that meets it.
    package var channel: String?
    /// Whether it is a raised hand.
    package var isHandRaise: Bool
}
