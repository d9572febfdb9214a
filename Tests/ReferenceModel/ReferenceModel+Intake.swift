/// What applied events leave in the state of their lead (section 5).
extension ReferenceModel {
    func take(leadEvent event: Event, for state: LeadState) {
        state.hasLeadEvent = true
        for (field, value) in event.fields {
            if let known = state.fields[field], known.stamp > event.stamp { continue }
            if field == .consent, state.value(.consent) == .truth(false),
                state.fields[.consent]?.stamp == event.stamp
            {
                continue
            }
            state.fields[field] = (event.stamp, value)
        }
        state.interests.formUnion(event.productInterest.filter { definition.product($0) != nil })
        let campaign = tables.campaign(event.campaignID)
        if let product = campaign?.product { state.interests.insert(product) }
        touch(event, campaign: campaign, for: state)
    }

    func take(activity event: Event, for state: LeadState) {
        let campaign = tables.campaign(event.campaignID)
        let tag = event.product ?? campaign?.product
        if let tag { state.interests.insert(tag) }
        touch(event, campaign: campaign, for: state)
        withdrawConsent(by: event, for: state)

        let day = Moment.utcDay(event.at)
        for key in countKeys(of: event, tag: tag, campaign: campaign) {
            state.counts[key, default: [:]][day, default: 0] += 1
        }
        if isFresh(event, campaign: campaign) {
            state.latestFresh[tag] = max(state.latestFresh[tag] ?? event.at, event.at)
        }
        state.recent.append(
            RecentActivity(
                stamp: event.stamp, type: event.type, tag: tag, campaignID: event.campaignID))
        state.recent.sort { $0.stamp > $1.stamp }
        state.recent = Array(state.recent.prefix(5))
    }

    /// Keeps the answer; tells whether it is one to the newest MQL of its product.
    func take(disposition event: Event, for state: LeadState) -> Bool {
        let product = event.product ?? ""
        guard let index = state.mqls[product]?.firstIndex(where: { $0.id == event.mqlID }) else {
            return false
        }
        let answer = Disposition(stamp: event.stamp, type: event.type, reason: event.reason)
        let isLater = state.mqls[product]?[index].latest.map { $0.stamp < answer.stamp } ?? true
        if isLater { state.mqls[product]?[index].latest = answer }

        let endsOnContact = definition.product(product)?.endsOnContact ?? false
        let endsOnlyWarning = endsOnContact && event.type == "accepted"
        endAlerts(of: event.mqlID, onlyWarning: endsOnlyWarning)
        return state.mqls[product]?.last?.id == event.mqlID
    }

    private func touch(_ event: Event, campaign: ReferenceTables.Campaign?, for state: LeadState) {
        let channel = event.channel ?? campaign?.channel
        guard channel != nil || event.campaignID != nil else { return }
        let touch = Touch(stamp: event.stamp, channel: channel, campaignID: event.campaignID)
        if state.firstTouch.map({ touch.stamp < $0.stamp }) ?? true { state.firstTouch = touch }
        if state.lastTouch.map({ touch.stamp > $0.stamp }) ?? true { state.lastTouch = touch }
    }

    func matches(
        _ condition: Condition, _ event: Event, _ campaign: ReferenceTables.Campaign?
    ) -> Bool {
        condition.holds { field in
            let prefix = "activity.properties."
            if field.hasPrefix(prefix) {
                return event.properties[String(field.dropFirst(prefix.count))]
            }
            return field == "campaign.channel" ? campaign?.channel.map(ModelScalar.text) : nil
        }
    }

    /// One count for the type itself, and one for each `where` of the type that holds.
    func countKeys(
        of event: Event, tag: String?, campaign: ReferenceTables.Campaign?
    ) -> Set<CountKey> {
        var keys: Set = [CountKey(type: event.type, tag: tag, condition: nil)]
        for criterion in definition.engagement where criterion.activities.contains(event.type) {
            guard let condition = criterion.condition else { continue }
            if matches(condition, event, campaign) {
                keys.insert(CountKey(type: event.type, tag: tag, condition: condition))
            }
        }
        return keys
    }

    private func isFresh(_ event: Event, campaign: ReferenceTables.Campaign?) -> Bool {
        definition.engagement.contains { criterion in
            guard criterion.points > 0, criterion.activities.contains(event.type) else {
                return false
            }
            return criterion.condition.map { matches($0, event, campaign) } ?? true
        }
    }
}
