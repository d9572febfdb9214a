package import Qualification

/// What became of the leads that marketing raised and sales was given, counted.
///
/// Every number is a pure function of the messages (and of `asOf`, for what is still due): the
/// order in which topics and partitions are read makes no difference. `Measures` says what each
/// number means.
package struct Report: Sendable {
    /// The time of the report: what is not answered by then and was due before is overdue.
    package var asOf: Timestamp
    /// What was asked for.
    package var filter: ReportFilter
    /// Everything that the filter lets through.
    package var total: ReportRow
    /// One row a product; in the definition's spelling, by name.
    package var products: [ReportRow]
    /// One row a channel of the first touch.
    package var channels: [ReportRow]
    /// One row a campaign of the first touch.
    package var campaigns: [ReportRow]
    /// One row a definition's name and version.
    package var definitions: [ReportRow]
    /// One row for each product, channel, campaign and definition that occur together.
    package var cells: [ReportRow]
    /// What each criterion contributed to, fit before engagement, by id.
    package var criteria: [CriterionRow]
    /// What was read, and what of it was not counted.
    package var reading: ReadingCounts
}

/// Which messages a report is about.
package struct ReportFilter: Sendable, Equatable {
    /// From this time on; nil = from the beginning.
    package var since: Timestamp?
    /// Before this time; nil = to the end.
    package var until: Timestamp?
    /// Only this product; nil = all.
    package var product: String?

    /// Everything, unless told otherwise.
    package init(since: Timestamp? = nil, until: Timestamp? = nil, product: String? = nil) {
        self.since = since
        self.until = until
        self.product = product
    }

    func contains(_ time: Timestamp) -> Bool {
        (since.map { time >= $0 } ?? true) && (until.map { time < $0 } ?? true)
    }

    func contains(product name: String?) -> Bool { product.map { $0 == name } ?? true }

    var hasPeriod: Bool { since != nil || until != nil }
}

/// A definition as messages name it.
package struct DefinitionName: Hashable, Comparable, Sendable {
    /// The agreement's name.
    package var name: String
    /// Its version.
    package var version: Int

    package static func < (left: DefinitionName, right: DefinitionName) -> Bool {
        (left.name, left.version) < (right.name, right.version)
    }
}

/// What a row is about; nil where it is about all of them, or where messages have none.
package struct ReportGroup: Hashable, Sendable {
    package var product: String?
    package var channel: String?
    package var campaign: String?
    package var definition: DefinitionName?
}

/// One line of a report.
package struct ReportRow: Sendable {
    /// What it is about.
    package var group: ReportGroup
    /// The campaign's name, if the row is about one and the reference data has it.
    package var campaignName: String?
    /// Its numbers.
    package var measures: Measures
}

/// The measures of a row.
///
/// An MQL is in the row of the product, first touch and definition that its
/// own message names, and in the period if its `qualified_at` is; whatever became of it counts
/// there, whenever that was.
///
/// A disposition counts if it names an MQL of its lead and product, is not in the dead letters
/// (`field_ignored` apart, which is applied), and is the first of its `event_id` for that lead. Of
/// an MQL the latest is the one with the greatest (`occurred_at`, `event_id`).
@dynamicMemberLookup
package struct Measures: Sendable {
    /// What sales made of the MQLs.
    package var answers = Answers()
    /// Different leads with a status record (`lead.status_changed`) in the row and period, by the
    /// record's own `as_of`, first touch and definition; a lead of two products counts once in
    /// each product's row and once in the total.
    package var leads = 0
    /// MQLs of a second or later cycle.
    package var requalified = 0
    /// MQLs with a `contacted`, whatever came after.
    package var contacted = 0
    /// MQLs with an `opportunity`, whatever came after.
    package var opportunities = 0
    /// The sum of the `revenue` of the latest dispositions of MQLs won, which may be below 0
    /// (CONTRACT.md 3: a number); nil if none has any.
    package var revenue: Double?
    /// Of the MQLs won, those without a revenue.
    package var wonWithoutRevenue = 0
    /// MQLs with an `mql.lapsed`, whatever came after.
    package var lapsed = 0
    /// MQLs with an `mql.withdrawn`, by its reason.
    package var withdrawn: [String: Int] = [:]
    /// Where each MQL stands now; adds up to `mqls`.
    package var standing: [Standing: Int] = [:]
    /// MQLs with an `sla.warning`, `sla.breached`, `sla.escalated`: levels 1 to 3.
    package var alerts = [0, 0, 0]
    /// How fast sales called.
    package var speed = SpeedToLead()
    /// What the MQLs cost; nil if no campaign of the row has a cost.
    package var cost: Costs?

    /// All withdrawn.
    package var withdrawnCount: Int { withdrawn.values.reduce(0, +) }
    /// MQLs that sales still has to do something about: not answered, or in work.
    package var open: Int { (standing[.waiting] ?? 0) + (standing[.working] ?? 0) }

    /// A number of `answers`.
    package subscript<Value>(dynamicMember path: KeyPath<Answers, Value>) -> Value {
        answers[keyPath: path]
    }
}

/// What sales answered to some MQLs: those of a row, or those that a criterion contributed to.
package struct Answers: Sendable {
    /// The MQLs (`mql.qualified`).
    package var mqls = 0
    /// Those with a disposition of any type.
    package var answered = 0
    /// Those with an `accepted`, whatever came after.
    package var accepted = 0
    /// Those whose latest disposition is `won`.
    package var won = 0
    /// Those whose latest disposition is `rejected`, by its reason.
    package var rejected: [String: Int] = [:]
    /// Those whose latest disposition is `lost`, by its reason.
    package var lost: [String: Int] = [:]

    /// All rejected.
    package var rejectedCount: Int { rejected.values.reduce(0, +) }
    /// All lost.
    package var lostCount: Int { lost.values.reduce(0, +) }
    /// What a report calls the share accepted: of those answered, for of the others nothing is
    /// known yet.
    ///
    /// Nil if none is answered.
    package var acceptedShare: Double? { Ratio.of(accepted, answered) }

    mutating func add(_ mql: CountedMQL) {
        mqls += 1
        if mql.fate.latest != nil { answered += 1 }
        if mql.fate.has(.accepted) { accepted += 1 }
        switch mql.standing {
        case .won: won += 1
        case .rejected: rejected[mql.reason ?? "", default: 0] += 1
        case .lost: lost[mql.reason ?? "", default: 0] += 1
        case .withdrawn, .working, .lapsed, .waiting: break
        }
    }
}

/// Where an MQL stands: the first that applies.
package enum Standing: String, Sendable, CaseIterable {
    /// The latest disposition is `won`.
    case won
    /// The latest disposition is `lost`.
    case lost
    /// The latest disposition is `rejected`.
    case rejected
    /// Taken back by an `mql.withdrawn`.
    case withdrawn
    /// The latest disposition is another one: sales is at it.
    case working
    /// No disposition, and an `mql.lapsed`.
    case lapsed
    /// No disposition yet.
    case waiting
}

/// Speed-to-lead: from the lead's qualifying act (`qualified_at`) to the first human contact (the
/// earliest `occurred_at` of its `contacted` dispositions; one before the act counts as 0).
package struct SpeedToLead: Sendable {
    /// A length of time up to which, and how many first contacts took no longer (and longer than
    /// the one before).
    package struct Bucket: Sendable, Equatable {
        /// Milliseconds; nil = longer than all others.
        package var upTo: Int64?
        /// How many MQLs.
        package var count: Int
    }

    /// Half of the contacted MQLs were contacted within so many milliseconds.
    ///
    /// Of an even number the mean of the middle two, rounded down; nil if none was contacted.
    package var median: Int64?
    /// The smallest time in milliseconds within which at least 90 % of them were (nearest rank).
    package var p90: Int64?
    /// MQLs whose `follow_up_by` has passed at the time of the report and that were contacted or
    /// still are to be: not withdrawn, and not won, lost or rejected without a contact.
    package var due = 0
    /// Of those due, MQLs whose first contact was at `follow_up_by` or before it.
    package var withinDeadline = 0
    /// MQLs without any `contacted`.
    package var neverContacted = 0
    /// Of them, those that are due.
    package var overdue = 0
    /// First contacts by the time they took.
    package var buckets: [Bucket] = SpeedToLead.limits.map { Bucket(upTo: $0, count: 0) }

    /// `withinDeadline` as a share of `due`; nil if nothing is due.
    package var shareWithinDeadline: Double? { Ratio.of(withinDeadline, due) }

    private static let minute: Int64 = 60_000
    /// Five minutes is the industry's yardstick for a hot lead; a day is the usual deadline.
    static let limits: [Int64?] = [
        5 * minute, 60 * minute, 4 * 60 * minute, 24 * 60 * minute, 72 * 60 * minute, nil,
    ]
}

/// What MQLs cost.
///
/// A campaign's cost is split evenly over all its MQLs, those outside the filter
/// included; a row has the shares of its own MQLs. A campaign without any MQL is in full in the
/// total and in the rows of its campaign, channel and product, unless a period was asked for (no
/// record says when a campaign ran).
package struct Costs: Sendable {
    /// The sum in the currency of the reference data.
    package var total: Double
    /// MQLs whose campaign has a cost: only these count in the following.
    package var mqls: Int
    /// Of them, the accepted ones.
    package var accepted: Int
    /// Of them, the ones won.
    package var won: Int

    /// Cost per MQL; nil without one.
    package var perMQL: Double? { mqls > 0 ? total / Double(mqls) : nil }
    /// Cost per accepted MQL; nil without one.
    package var perAccepted: Double? { accepted > 0 ? total / Double(accepted) : nil }
    /// Cost per MQL won; nil without one.
    package var perWon: Double? { won > 0 ? total / Double(won) : nil }
}

/// How often a criterion contributed (was among the `reasons`, with points that are not 0), and to
/// what; the other measures mean the same as in a row.
@dynamicMemberLookup
package struct CriterionRow: Sendable {
    /// `fit` or `engagement`.
    package var kind: String
    /// The criterion's id.
    package var id: String
    /// Its label in the newest of these MQLs.
    package var label: String
    /// The MQLs it contributed to, and what sales answered to them.
    package var answers = Answers()

    /// A number of `answers`.
    package subscript<Value>(dynamicMember path: KeyPath<Answers, Value>) -> Value {
        answers[keyPath: path]
    }
}

/// What was read for a report.
package struct ReadingCounts: Sendable, Equatable {
    /// Records of the product topics, nurture, alerts and dispositions.
    package var records = 0
    /// Records that are no message of their topic, dispositions in the dead letters apart; they are
    /// skipped.
    package var malformed = 0
    /// Messages of other types than a report counts.
    package var otherTypes = 0
    /// MQLs of an `mql_id` that was there before; only a topic written twice has them.
    package var repeatedMQLs = 0
    /// Dispositions of an `event_id` that the lead had before.
    package var repeatedDispositions = 0
    /// Dispositions that are in the dead letters.
    package var refusedDispositions = 0
    /// Dispositions for an MQL that is not in the topics (any more), or is another lead's or
    /// product's.
    package var unmatchedDispositions = 0
}

/// Shares that are absent rather than infinite.
enum Ratio {
    static func of(_ part: Int, _ whole: Int) -> Double? {
        whole > 0 ? Double(part) / Double(whole) : nil
    }
}
