/// The definition key `daily_capacity`.
extension ReferenceModel {
    /// Whether the lane's share of today has room for one more MQL.
    func hasRoom(_ product: ModelDefinition.Product) -> Bool {
        guard let capacity = product.dailyCapacity else { return true }
        // Dealt out like cards, the first one to another lane each day.
        let letters = product.id.utf8.map { Int($0) }.reduce(0, +)
        let remainder = capacity % settings.lanes
        let place = (settings.lane + capacityDay + letters) % settings.lanes
        let share = capacity / settings.lanes + (place < remainder ? 1 : 0)
        return (usedCapacity[product.id] ?? 0) < share
    }

    func wait(_ decision: Decision) {
        decision.state.waiting[decision.product.id] = WaitingDecision(
            total: decision.fit.total + decision.engagement.total, asOf: decision.asOf,
            event: decision.event, tag: shownTag(of: decision.event))
    }

    /// Releases who waits, by product, best first, as long as there is room.
    func beginDay(_ day: Int) {
        capacityDay = day
        usedCapacity = [:]
        for product in definition.products where !product.isPaused {
            let queue = leads.values.compactMap { state in
                state.waiting[product.id].map { (state, $0) }
            }.sorted { one, other in
                if one.1.total != other.1.total { return one.1.total > other.1.total }
                return (one.1.asOf, one.0.id) < (other.1.asOf, other.0.id)
            }
            for (state, waiting) in queue where hasRoom(product) {
                let facts = facts(of: state)
                decide(
                    Decision(
                        state: state, event: waiting.event, asOf: waiting.asOf, facts: facts,
                        product: product, fit: facts.fitScore(),
                        engagement: facts.engagementScore(of: product.id, asOf: waiting.asOf),
                        decided: [product], release: waiting))
            }
        }
    }
}
