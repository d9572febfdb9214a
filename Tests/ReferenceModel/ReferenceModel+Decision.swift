/// A reason code, with the threshold it speaks of.
struct Reason {
    let code: String
    var needed: Int64?
    var actual: Int64?

    var json: JSONValue {
        .compact([
            "code": .string(code), "needed": needed.map(JSONValue.hundredths),
            "actual": actual.map(JSONValue.hundredths),
        ])
    }
}

/// One decision in the making: a lead and a product at a time.
struct Decision {
    let state: LeadState
    let event: Event
    let asOf: Int64
    let facts: Facts
    let product: ModelDefinition.Product
    let fit: Score
    let engagement: Score
    /// The products decided because of the same event.
    let decided: [ModelDefinition.Product]
    /// When a day begins: what the lead waited with.
    var release: WaitingDecision?
}

/// The decision of section 7.
extension ReferenceModel {
    func decide(
        _ state: LeadState, by event: Event, products: [ModelDefinition.Product], asOf: Int64
    ) {
        guard !products.isEmpty else { return }
        let facts = facts(of: state)
        let fit = facts.fitScore()
        let wanted = products.filter { state.interests.contains($0.id) }
        if wanted.isEmpty {
            publishWithoutProduct(state, facts: facts, fit: fit, asOf: asOf)
        }
        for product in wanted {
            decide(
                Decision(
                    state: state, event: event, asOf: asOf, facts: facts, product: product,
                    fit: fit, engagement: facts.engagementScore(of: product.id, asOf: asOf),
                    decided: wanted))
        }
    }

    private func publishWithoutProduct(
        _ state: LeadState, facts: Facts, fit: Score, asOf: Int64
    ) {
        guard state.published[""] == nil else { return }
        let status = PublishedStatus(status: "not_ready", codes: ["no_product"], mqlID: nil)
        state.published[""] = status
        publishStatus(
            status, reasons: [Reason(code: "no_product")], of: facts, product: nil,
            score: ["fit": .hundredths(fit.total)], asOf: asOf)
    }

    func decide(_ decision: Decision) {
        let (state, product) = (decision.state, decision.product)
        let openBefore = state.newestMQL(of: product.id).flatMap { $0.isOpen ? $0.id : nil }
        lapseIfUnanswered(decision)
        var (status, reasons) = evaluate(decision)
        if status == "suppressed" || status == "disqualified" {
            withdrawIfOpen(decision, reason: status, codes: reasons.map(\.code))
        }
        state.waiting[product.id] = nil
        if status == "qualified", !hasRoom(product) {
            wait(decision)
            (status, reasons) = (
                "waiting_for_capacity", [Reason(code: "waiting_for_capacity")]
            )
        } else if status == "qualified" {
            usedCapacity[product.id, default: 0] += 1
            qualify(decision)
            (status, reasons) = ("handed_off", [Reason(code: "open")])
        }
        let newest = state.newestMQL(of: product.id)
        if let newest, newest.isOpen, newest.id == openBefore { notify(decision, of: newest) }
        let now = PublishedStatus(
            status: status, codes: Set(reasons.map(\.code)),
            mqlID: status == "handed_off" ? newest?.id : nil)
        guard state.published[product.id] != now else { return }
        state.published[product.id] = now
        publishStatus(
            now, reasons: reasons, of: decision.facts, product: product.id,
            score: decision.scoreJSON, asOf: decision.asOf)
    }

    private func lapseIfUnanswered(_ decision: Decision) {
        let (state, product) = (decision.state, decision.product)
        guard let mql = state.newestMQL(of: product.id),
            mql.lapses(at: decision.asOf, after: product.lapseAfter),
            let index = state.mqls[product.id]?.indices.last
        else { return }
        state.mqls[product.id]?[index].isLapsed = true
        endAlerts(of: mql.id)
        publishLapse(of: mql, for: state, asOf: decision.asOf)
    }

    private func withdrawIfOpen(_ decision: Decision, reason: String, codes: [String]) {
        let (state, product) = (decision.state, decision.product)
        guard let mql = state.newestMQL(of: product.id), mql.isOpen,
            let index = state.mqls[product.id]?.indices.last
        else { return }
        state.mqls[product.id]?[index].isWithdrawn = true
        endAlerts(of: mql.id)
        publishWithdrawal(of: mql, for: state, reason: reason, codes: codes, asOf: decision.asOf)
    }

    /// The first status that applies, with all its codes; `qualified` stands for a new MQL.
    private func evaluate(_ decision: Decision) -> (status: String, reasons: [Reason]) {
        let steps: [(status: String, codes: (Decision) -> [Reason])] = [
            ("suppressed", suppressedCodes), ("disqualified", disqualifiedCodes),
            ("handed_off", handedOffCodes), ("recycled", recycledCodes),
            ("not_ready", notReadyCodes),
        ]
        for step in steps {
            let reasons = step.codes(decision)
            if !reasons.isEmpty { return (step.status, reasons) }
        }
        if decision.product.isPaused { return ("paused", [Reason(code: "paused")]) }
        return ("qualified", [])
    }

    private func suppressedCodes(_ decision: Decision) -> [Reason] {
        let state = decision.state
        var codes: [String] = []
        if state.value(.consent) != .truth(true) { codes.append("no_consent") }
        let domains = [decision.facts.emailDomain, state.text(.companyDomain)].compactMap { $0 }
        let byEmail = state.text(.email).map(tables.suppresses(email:)) ?? false
        if byEmail || domains.contains(where: tables.suppresses(domainOrParent:)) {
            codes.append("do_not_contact")
        }
        if let status = decision.facts.value("account.status")?.text,
            definition.suppressAccountStatus.contains(status)
        {
            codes.append("account_status:" + status)
        }
        return codes.map { Reason(code: $0) }
    }

    private func disqualifiedCodes(_ decision: Decision) -> [Reason] {
        var codes = definition.disqualify
            .filter { $0.condition.holds(decision.facts.value) }
            .map(\.id)
        if let (answer, rejection) = rejection(decision), rejection.isDisqualifying {
            codes.append("rejected:" + (answer.reason ?? ""))
        }
        return codes.map { Reason(code: $0) }
    }

    /// How the newest MQL was rejected or lost, when that is its latest disposition.
    private func rejection(
        _ decision: Decision
    ) -> (answer: Disposition, rejection: ModelDefinition.Rejection)? {
        let newest = decision.state.newestMQL(of: decision.product.id)
        guard let answer = newest?.latest, answer.type == "rejected" || answer.type == "lost",
            let rejection = answer.reason.flatMap({ rejection($0, for: decision.state) })
        else { return nil }
        return (answer, rejection)
    }

    private func handedOffCodes(_ decision: Decision) -> [Reason] {
        guard let newest = decision.state.newestMQL(of: decision.product.id) else { return [] }
        if newest.latest?.type == "won" { return [Reason(code: "won")] }
        return newest.isOpen ? [Reason(code: "open")] : []
    }

    private func recycledCodes(_ decision: Decision) -> [Reason] {
        let (state, product) = (decision.state, decision.product)
        guard let newest = state.newestMQL(of: product.id), !newest.isWithdrawn,
            let (answer, rejection) = rejection(decision), !rejection.isDisqualifying
        else { return [] }
        var codes: [String] = []
        let coolAt = answer.stamp.at + Int64(rejection.afterDays) * Moment.day
        if decision.asOf < coolAt { codes.append("cooling_down") }
        let fresh = [state.latestFresh[nil], state.latestFresh[product.id]].compactMap { $0 }
        if !fresh.contains(where: { $0 > answer.stamp.at }) { codes.append("no_new_activity") }
        return codes.map { Reason(code: $0) }
    }

    private func notReadyCodes(_ decision: Decision) -> [Reason] {
        let product = decision.product
        var reasons = (definition.required + product.extraRequired)
            .filter { decision.facts.value($0) == nil }
            .map { Reason(code: "missing:" + $0) }
        if !decision.handRaiseCounts { reasons += decision.thresholdReasons }
        return reasons
    }
}

extension Decision {
    /// The thresholds that are not reached, hand raises left aside.
    var thresholdReasons: [Reason] {
        var reasons: [Reason] = []
        if fit.total < product.fitAtLeast {
            reasons.append(Reason(code: "fit", needed: product.fitAtLeast, actual: fit.total))
        }
        if engagement.total < product.engagementAtLeast {
            reasons.append(
                Reason(
                    code: "engagement", needed: product.engagementAtLeast,
                    actual: engagement.total))
        }
        return reasons
    }

    /// Whether a hand raise makes both thresholds count as met.
    var handRaiseCounts: Bool {
        guard let enough = product.handRaiseFitAtLeast, fit.total >= enough else { return false }
        return facts.hasHandRaise(for: product.id, asOf: asOf)
    }

    var scoreJSON: JSONValue {
        ["fit": .hundredths(fit.total), "engagement": .hundredths(engagement.total)]
    }
}
