/// The versioned agreement between marketing and sales of what "qualified" means (CONTRACT.md 4).
///
/// A value of this type has passed every check of `DefinitionFiles`: ids are unique, names in
/// conditions exist, numbers are in range. Lists keep the order of the file, because order is part
/// of the agreement.
package struct Definition: Sendable, Equatable {
    /// The agreement's name, part of `ce_source`.
    package var name: String
    /// The agreement's version, stamped on every MQL.
    package var version: Int
    /// Lower-case hexadecimal SHA-256 of the file's bytes.
    package var sha256: String
    /// `run` refuses the definition before this day.
    package var effectiveFrom: UTCDay
    /// Who agreed.
    package var approvals: Approvals
    /// Activities on a UTC day further back than this from `as_of` do not count.
    package var historyDays: Int
    /// Named groups of countries, first match wins.
    package var regions: [Region]
    /// E-mail domains that never identify an account, normalised.
    package var freeMailDomains: Set<String>
    /// Fields that must exist before a lead can qualify for any product.
    package var required: [Field]
    /// Account statuses that suppress, such as `customer`.
    package var suppressedAccountStatuses: [String]
    /// Activity types that take the lead's consent back.
    package var withdrawsConsent: [String]
    /// Rules that read seniority from the job title.
    package var seniority: [PersonaRule]
    /// Rules that read the function from the job title.
    package var function: [PersonaRule]
    /// How interested we should be.
    package var fit: [FitCriterion]
    /// How interested they are.
    package var engagement: [EngagementCriterion]
    /// Rules that put a lead out of profile for good.
    package var disqualify: [DisqualifyRule]
    /// Owners by rule, first match wins.
    package var routing: [RoutingRule]
    /// What can be sold, in the order in which a lead is decided.
    package var products: [Product]
    /// What sales may answer, and what it leads to.
    package var rejectionReasons: [RejectionReason]

    /// Makes a definition; only `DefinitionFiles` and tests do.
    package init(
        name: String, version: Int, sha256: String, effectiveFrom: UTCDay, approvals: Approvals,
        historyDays: Int, regions: [Region], freeMailDomains: Set<String>, required: [Field],
        suppressedAccountStatuses: [String], seniority: [PersonaRule], function: [PersonaRule],
        fit: [FitCriterion], engagement: [EngagementCriterion], disqualify: [DisqualifyRule],
        routing: [RoutingRule], products: [Product], rejectionReasons: [RejectionReason],
        withdrawsConsent: [String] = []
    ) {
        self.name = name
        self.version = version
        self.sha256 = sha256
        self.effectiveFrom = effectiveFrom
        self.approvals = approvals
        self.historyDays = historyDays
        self.regions = regions
        self.freeMailDomains = freeMailDomains
        self.required = required
        self.suppressedAccountStatuses = suppressedAccountStatuses
        self.seniority = seniority
        self.function = function
        self.fit = fit
        self.engagement = engagement
        self.disqualify = disqualify
        self.routing = routing
        self.products = products
        self.rejectionReasons = rejectionReasons
        self.withdrawsConsent = withdrawsConsent
    }
}

/// Who agreed to a definition; both names are needed to run it.
package struct Approvals: Sendable, Equatable {
    /// The name on marketing's side, nil if missing.
    package var marketing: String?
    /// The name on sales' side, nil if missing.
    package var sales: String?

    /// Makes approvals.
    package init(marketing: String?, sales: String?) {
        self.marketing = marketing
        self.sales = sales
    }
}

/// A named group of countries (ISO 3166-1 alpha-2, upper case).
package struct Region: Sendable, Equatable {
    /// The region's name, as conditions compare it.
    package var name: String
    /// Upper-case country codes.
    package var countries: [String]

    /// Makes a region.
    package init(name: String, countries: [String]) {
        self.name = name
        self.countries = countries
    }
}

/// One value of a persona list with the phrases that give it; each phrase is a list of lower-case
/// words.
package struct PersonaRule: Sendable, Equatable {
    /// The value given, such as `director`.
    package var value: String
    /// Phrases, each split into lower-case words that must follow one another in the title.
    package var phrases: [[String]]

    /// Makes a rule.
    package init(value: String, phrases: [[String]]) {
        self.value = value
        self.phrases = phrases
    }
}

/// A fit criterion: the points of the first branch whose condition holds, else nothing.
///
/// A criterion written with `when` has one branch.
package struct FitCriterion: Sendable, Equatable {
    /// One condition and its points.
    package struct Branch: Sendable, Equatable {
        /// When the branch matches.
        package var when: Condition
        /// What it is worth.
        package var points: Points

        /// Makes a branch.
        package init(when: Condition, points: Points) {
            self.when = when
            self.points = points
        }
    }

    /// Unique among fit and engagement criteria.
    package var id: String
    /// What people read; the id unless the file has a label.
    package var label: String
    /// Tried in order.
    package var branches: [Branch]

    /// Makes a criterion.
    package init(id: String, label: String, branches: [Branch]) {
        self.id = id
        self.label = label
        self.branches = branches
    }
}

/// An engagement criterion: counted activities, decaying by the day (CONTRACT.md 6).
package struct EngagementCriterion: Sendable, Equatable {
    /// Unique among fit and engagement criteria.
    package var id: String
    /// What people read; the id unless the file has a label.
    package var label: String
    /// The activity types that count, at least one.
    package var activities: [String]
    /// Counts only activities for which this holds (fields `activity.properties.NAME`,
    /// `campaign.channel`).
    package var condition: Condition?
    /// Points of one activity on the day it happened.
    package var points: Points
    /// `decay[age]` = 2^(-age / half_life_days) for age 0...history_days, computed when the file is
    /// read so that the core needs no mathematics library.
    package var decay: [Double]
    /// No more than this many activities count on one day.
    package var dailyLimit: Int?
    /// The sum is limited to plus and minus this.
    package var maxPoints: Points?
    /// Whether a count today or yesterday is a raised hand.
    package var handRaise: Bool
    /// Days before this one do not count.
    package var since: UTCDay?
    /// Whether sales is told when it scores while the lead's MQL is open.
    package var notify: Bool

    /// Makes a criterion.
    package init(
        id: String, label: String, activities: [String], condition: Condition?, points: Points,
        decay: [Double], dailyLimit: Int?, maxPoints: Points?, handRaise: Bool, since: UTCDay?,
        notify: Bool = false
    ) {
        self.id = id
        self.label = label
        self.activities = activities
        self.condition = condition
        self.points = points
        self.decay = decay
        self.dailyLimit = dailyLimit
        self.maxPoints = maxPoints
        self.handRaise = handRaise
        self.since = since
        self.notify = notify
    }
}

/// A rule that puts a lead out of profile.
package struct DisqualifyRule: Sendable, Equatable {
    /// The reason code of the status.
    package var id: String
    /// When it applies.
    package var when: Condition

    /// Makes a rule.
    package init(id: String, when: Condition) {
        self.id = id
        self.when = when
    }
}

/// A rule that names an owner.
package struct RoutingRule: Sendable, Equatable {
    /// When it applies.
    package var when: Condition
    /// The owner it names.
    package var ownerID: String

    /// Makes a rule.
    package init(when: Condition, ownerID: String) {
        self.when = when
        self.ownerID = ownerID
    }
}

/// One product and what it takes to hand a lead over for it.
package struct Product: Sendable, Equatable {
    /// The disposition that ends the follow-up alerts.
    package enum AlertsEnd: String, Sendable, Equatable {
        /// Any disposition ends them.
        case accepted
        /// An acceptance ends only the warning; the others end all.
        case contacted
    }

    /// Matches `[a-z0-9][a-z0-9-]{0,62}`.
    package var id: String
    /// The sales topic without the worker's prefix; `sales.mql.<id>` unless the file names one.
    package var topic: String
    /// Least fit.
    package var fitAtLeast: Points
    /// Least engagement.
    package var engagementAtLeast: Points
    /// Least fit for a hand raise to stand in for both thresholds; nil = hand raises have no
    /// effect.
    package var handRaiseFitAtLeast: Points?
    /// Time in which sales should follow up.
    package var followUpWithin: Span24h
    /// How long before the deadline the warning is due; nil = no warning.
    package var warnBefore: Span24h?
    /// How long after the deadline the escalation is due; nil = none.
    package var escalateAfter: Span24h?
    /// Days after which an MQL without any answer is closed.
    package var lapseAfterDays: Int
    /// What ends the follow-up alerts.
    package var alertsEndOn: AlertsEnd
    /// The owner when neither account nor routing names one.
    package var defaultOwner: String?
    /// Whether leads are held back for now.
    package var paused: Bool
    /// Fields that must exist beside `Definition.required`.
    package var extraRequired: [Field]
    /// The hours in which the three follow-up times are counted; nil = around the clock.
    package var businessHours: BusinessHours?
    /// The most MQLs that are handed over on one UTC day, by all workers together; nil = no limit.
    package var dailyCapacity: Int?

    /// Makes a product.
    package init(
        id: String, topic: String, fitAtLeast: Points, engagementAtLeast: Points,
        handRaiseFitAtLeast: Points?, followUpWithin: Span24h, warnBefore: Span24h?,
        escalateAfter: Span24h?, lapseAfterDays: Int, alertsEndOn: AlertsEnd,
        defaultOwner: String?, paused: Bool, extraRequired: [Field],
        businessHours: BusinessHours? = nil, dailyCapacity: Int? = nil
    ) {
        self.id = id
        self.topic = topic
        self.fitAtLeast = fitAtLeast
        self.engagementAtLeast = engagementAtLeast
        self.handRaiseFitAtLeast = handRaiseFitAtLeast
        self.followUpWithin = followUpWithin
        self.warnBefore = warnBefore
        self.escalateAfter = escalateAfter
        self.lapseAfterDays = lapseAfterDays
        self.alertsEndOn = alertsEndOn
        self.defaultOwner = defaultOwner
        self.paused = paused
        self.extraRequired = extraRequired
        self.businessHours = businessHours
        self.dailyCapacity = dailyCapacity
    }
}

/// What a reason of sales leads to.
package struct RejectionReason: Sendable, Equatable {
    /// The consequence of a rejection or loss.
    package enum Action: Sendable, Hashable {
        /// Out of profile for this product, for good.
        case disqualify
        /// May qualify again after this many days and a fresh activity.
        case recycle(afterDays: Int)
    }

    /// What dispositions carry in `reason`.
    package var code: String
    /// What follows.
    package var action: Action

    /// Makes a reason.
    package init(code: String, action: Action) {
        self.code = code
        self.action = action
    }
}
