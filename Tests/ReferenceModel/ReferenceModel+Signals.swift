/// Definition keys beyond the contract: consent taken back by activities, and hot signals.
extension ReferenceModel {
    /// An activity that takes consent back counts as a lead event that says so; of two at the same
    /// time and with the same id the refusal counts.
    func withdrawConsent(by event: Event, for state: LeadState) {
        guard definition.withdrawsConsent.contains(event.type) else { return }
        if let known = state.fields[.consent], known.stamp > event.stamp { return }
        state.fields[.consent] = (event.stamp, .truth(false))
    }

    /// The notifying criteria that an activity matches by type and `where`.
    func notifyingCriteria(of event: Event) -> [ModelDefinition.EngagementCriterion] {
        let campaign = tables.campaign(event.campaignID)
        return definition.engagement.filter { criterion in
            criterion.notifies && criterion.activities.contains(event.type)
                && (criterion.condition.map { matches($0, event, campaign) } ?? true)
        }
    }

    /// Tells sales that the lead of an open MQL did what a notifying criterion scores.
    func notify(_ decision: Decision, of mql: ModelMQL) {
        let (state, event, product) = (decision.state, decision.event, decision.product)
        guard event.topic == .activities, event.isCounted else { return }
        let campaign = tables.campaign(event.campaignID)
        let tag = event.product ?? campaign?.product
        guard tag == nil || tag == product.id else { return }

        let ids = notifyingCriteria(of: event).map(\.id)
        guard !ids.isEmpty else { return }
        // What the scores would be had it not happened.
        let day = Moment.utcDay(event.at)
        let counts = state.counts
        for key in countKeys(of: event, tag: tag, campaign: campaign) {
            guard let count = counts[key]?[day] else { continue }
            state.counts[key]?[day] = count > 1 ? count - 1 : nil
        }
        let without = decision.facts.engagementScore(of: product.id, asOf: decision.asOf)
        state.counts = counts
        let isChanged = ids.contains { id in
            without.points(of: id) != decision.engagement.points(of: id)
        }
        if isChanged { publishUpdate(of: mql, decision) }
    }
}

extension Score {
    fileprivate func points(of criterion: String) -> Int64 {
        contributions.first { $0.criterion == criterion }?.points ?? 0
    }
}
