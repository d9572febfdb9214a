/// Leads that qualify when the day's `daily_capacity` of a product is used up.
extension Qualifier {
    /// Whether an MQL of the product may be published now.
    ///
    /// While waiting leads are being released, a lead that qualifies by its own event has to wait
    /// with them: it may have the better score, or not.
    func hasRoom(_ place: Int, _ context: Context) -> Bool {
        let product = rulebook.products[place].product
        guard product.dailyCapacity != nil else { return true }
        if !context.isRelease, let releasing = capacity.releasing, place >= releasing {
            return false
        }
        return capacity.hasRoom(product)
    }

    /// Lets a lead wait, or gives it its new place if it did.
    func wait(
        _ profile: inout Profile, _ place: Int, _ record: Int, _ asOf: Timestamp,
        _ engagement: Engagement, _ context: Context
    ) throws {
        let score = score(profile, engagement)
        profile.wait(
            Waiting(
                product: rulebook.products[place].symbol,
                score: score.fit + (score.engagement ?? .zero), asOf: asOf, type: context.type,
                tag: context.product, at: context.at))
        hasChangedWaiting = true
        codes.append(rulebook.codes.waitingForCapacity)
        try publish(.waitingForCapacity, &profile, place, record, asOf, engagement)
    }

    /// For every change of status: only leads with status `waiting_for_capacity` wait.
    func stopWaiting(_ profile: inout Profile, _ record: Int) {
        if profile.waiting.isEmpty { return }
        if profile.stopWaiting(for: profile.products[record].product) { hasChangedWaiting = true }
    }

    /// Whether leads that wait for a product may be released now: there is room, and the product is
    /// not paused.
    ///
    /// Leads that wait for a paused product keep their places. Those of a product without capacity
    /// waited under an earlier definition.
    package func mayRelease(_ place: Int) -> Bool {
        let entry = rulebook.products[place]
        return !entry.isPaused && capacity.hasRoom(entry.product)
    }

    /// Decides a lead again that waits for a product, with room for it; false, and nothing changed,
    /// if it does not wait.
    ///
    /// As of the time for which it was decided last, and because of the same event; its deadline
    /// counts from the beginning of the day of release, if that is later. Reference data may have
    /// changed: then it gets the status that follows, and no room is used.
    package func release(_ profile: inout Profile, from place: Int) throws -> Bool {
        let product = rulebook.products[place].symbol
        guard let waiting = profile.waiting.first(where: { $0.product == product }) else {
            return false
        }
        try refreshStanding(&profile)
        var context = Context(
            type: waiting.type, product: waiting.tag, at: waiting.at,
            recordedAt: capacity.day.start, source: .activities)
        context.isRelease = true
        try decide(&profile, place, asOf: waiting.asOf, context)
        return true
    }
}
