/// Hot signals: telling sales of what the lead of an open MQL does (`notify` of a criterion).
extension Qualifier {
    /// Publishes `mql.updated` if the newest MQL is open and a notifying criterion scored.
    ///
    /// Called for an activity that did not qualify the lead itself, after lapses: what is open now
    /// was open before the event.
    func notify(
        _ profile: inout Profile, _ place: Int, _ record: Int, _ asOf: Timestamp,
        _ engagement: Engagement, _ context: Context
    ) throws {
        let product = rulebook.products[place].symbol
        guard context.product == product || !context.product.isSome,
            let newest = profile.products[record].mqls.last, newest.isOpen
        else { return }
        let counts = profile.counts
        let scored = context.notifying.filter {
            engagement.isChanged($0, byOneOf: context.at.day, counts)
        }
        if scored.isEmpty { return }
        let (facts, lead) = try view(of: profile)
        let update = UpdatedMQL(
            id: newest.id, cycle: newest.cycle, definition: stamp,
            score: score(profile, engagement), fitReasons: fitReasons(facts),
            engagementReasons: engagementReasons(engagement, counts),
            whyNow: shown(context), signals: scored.map(\.source.label), lead: lead,
            ownerID: symbols.optionalText(newest.owner), asOf: asOf)
        emit(
            .updated(update), .updated, asOf, to: .sales(topic: symbols.text(newest.topic)),
            &profile, record)
    }

    /// The event in hand as messages show it.
    func shown(_ context: Context) -> DecidingEvent {
        DecidingEvent(
            type: symbols.text(context.type), product: symbols.optionalText(context.product),
            at: context.at, recordedAt: context.recordedAt)
    }
}
