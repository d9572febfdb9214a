package import Qualification

/// The topics that a worker reads and writes, prefix included (CONTRACT.md 2).
package struct Topics: Sendable, Equatable {
    /// Lead events, an input.
    package var leads: String
    /// Activities, an input.
    package var activities: String
    /// Sales' answers, an input.
    package var dispositions: String
    /// Accounts, compacted.
    package var accounts: String
    /// Campaigns, compacted.
    package var campaigns: String
    /// Who must not be contacted, compacted.
    package var suppressions: String
    /// Status changes, for marketing.
    package var nurture: String
    /// Follow-up alerts, for sales.
    package var alerts: String
    /// Records that could not be used.
    package var deadLetters: String
    /// The changelog of the lanes, compacted.
    package var profiles: String
    /// Which dead letters were redriven, compacted; no worker reads or writes it.
    package var redrives: String
    /// Put before the topic names of the definition's products.
    package var prefix: String

    /// The names of the contract, each after `prefix`.
    package init(prefix: String = "") {
        leads = prefix + "marketing.leads"
        activities = prefix + "marketing.activities"
        dispositions = prefix + "sales.dispositions"
        accounts = prefix + "reference.accounts"
        campaigns = prefix + "reference.campaigns"
        suppressions = prefix + "reference.suppressions"
        nurture = prefix + "marketing.nurture"
        alerts = prefix + "sales.alerts"
        deadLetters = prefix + "handoff.dead-letters"
        profiles = prefix + "handoff.profiles"
        redrives = prefix + "handoff.redrives"
        self.prefix = prefix
    }

    /// The inputs in the order in which equal timestamps are taken (CONTRACT.md 2).
    package var inputs: [(source: EventSource, topic: String)] {
        [(.leads, leads), (.dispositions, dispositions), (.activities, activities)]
    }

    /// The compacted topics of reference data.
    package var references: [String] { [accounts, campaigns, suppressions] }

    /// The topic of a product's MQLs.
    package func sales(_ product: Product) -> String { prefix + product.topic }

    /// All topics that a worker with this definition writes; their places are the numbers that
    /// `OutboundRecords` uses.
    package func outputs(_ definition: Definition) -> [String] {
        var all = [profiles, nurture, alerts, deadLetters]
        for product in definition.products where !all.contains(sales(product)) {
            all.append(sales(product))
        }
        return all
    }
}
