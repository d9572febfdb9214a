/// A follow-up alert that has not fired.
struct PendingAlert {
    let dueAt: Int64
    let level: Int
    let mqlID: String
    let lead: Identifier
    let product: String
    let owner: String?
    let followUpBy: Int64

    var type: String {
        switch level {
        case 1: "sla.warning"
        case 2: "sla.breached"
        default: "sla.escalated"
        }
    }
}

/// Follow-up timers and erasure (section 8).
extension ReferenceModel {
    /// Moves the stream clock and fires what is due, before the event is applied.
    func moveClock(to time: Int64) {
        streamClock = max(streamClock, time)
        guard settings.slaClock == .stream else { return }
        let day = Moment.utcDay(streamClock)
        if day > capacityDay {
            fireAlerts(dueBefore: Int64(day) * Moment.day)
            beginDay(day)
        }
        fireAlerts(dueBefore: streamClock + 1)
    }

    private func fireAlerts(dueBefore time: Int64) {
        let due = alerts.filter { $0.dueAt < time }
        guard !due.isEmpty else { return }
        alerts.removeAll { $0.dueAt < time }
        let order = due.sorted {
            ($0.dueAt, $0.level, Identifier($0.mqlID)) < ($1.dueAt, $1.level, Identifier($1.mqlID))
        }
        for alert in order {
            if let state = leads[alert.lead] { publishAlert(alert, for: state) }
        }
    }

    func startAlerts(
        of mqlID: String, for state: LeadState, product: ModelDefinition.Product,
        followUpBy: Int64, owner: String?
    ) {
        let dueTimes = [
            product.warnBefore.map { product.followUpTime(before: followUpBy, subtracting: $0) },
            followUpBy,
            product.escalateAfter.map { product.followUpTime(after: followUpBy, adding: $0) },
        ]
        for (index, dueAt) in dueTimes.enumerated() {
            guard let dueAt else { continue }
            alerts.append(
                PendingAlert(
                    dueAt: dueAt, level: index + 1, mqlID: mqlID, lead: state.id,
                    product: product.id, owner: owner, followUpBy: followUpBy))
        }
    }

    func endAlerts(of mqlID: String, onlyWarning: Bool = false) {
        alerts.removeAll { $0.mqlID == mqlID && (!onlyWarning || $0.level == 1) }
    }

    /// Withdraws what is left of the lead, tells marketing, and keeps only the stub.
    func erase(_ state: LeadState, by event: Event) {
        let erasedAt = [state.asOf, state.erasedAt, event.at, event.stampedAt]
            .compactMap { $0 }.reduce(event.at, max)
        let known = definition.products.map(\.id)
        let removed = state.mqls.keys.filter { !known.contains($0) }.sorted()
        for product in known + removed {
            for mql in state.mqls[product] ?? [] where !mql.isWithdrawn {
                endAlerts(of: mql.id)
                publishWithdrawal(of: mql, for: state, reason: "erased", codes: [], asOf: erasedAt)
            }
        }
        publishErasure(of: state, asOf: erasedAt)
        leads[state.id] = state.stub(erasedAt: erasedAt)
    }
}
