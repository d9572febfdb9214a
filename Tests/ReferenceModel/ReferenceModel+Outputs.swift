/// The messages of section 8.
extension ReferenceModel {
    /// Adds a message with its CloudEvents headers and counts it for the lead.
    private func publish(
        _ type: String, to topic: String, for state: LeadState, product: String?, asOf: Int64,
        _ members: [String: JSONValue?]
    ) {
        let stream = "\(type)|\(state.id.text)|\(product ?? "")"
        let count = (state.messageCounts[stream] ?? 0) + 1
        state.messageCounts[stream] = count
        var body = members.compactMapValues { $0 }
        body["type"] = .string(type)
        body["lead_id"] = .string(state.id.text)
        body["product"] = product.map(JSONValue.string)
        let headers = [
            "ce_specversion": "1.0", "ce_id": NamedUUID.text(of: "\(stream)|\(count)"),
            "ce_type": type, "ce_source": "handoff/" + definition.name,
            "ce_time": Moment.text(asOf), "ce_subject": state.id.text,
            "content-type": "application/json",
        ]
        outputs.append(
            ModelOutput(
                topic: topic, key: Array(state.id.text.utf8), body: .object(body),
                headers: headers, sourceIndex: recordsTaken))
    }

    func addDeadLetter(
        _ fault: ModelFault, for record: ModelRecord, ignoredFields: [String] = []
    ) {
        outputs.append(
            ModelOutput(
                topic: ModelTopic.deadLetters, key: record.key, body: .null,
                headers: [
                    "handoff.error.reason": fault.rawValue, "handoff.error.topic": record.topic,
                ],
                sourceIndex: recordsTaken, ignoredFields: ignoredFields))
    }

    func publishStatus(
        _ status: PublishedStatus, reasons: [Reason], of facts: Facts, product: String?,
        score: JSONValue, asOf: Int64
    ) {
        publish(
            "lead.status_changed", to: ModelTopic.nurture, for: facts.state, product: product,
            asOf: asOf,
            [
                "status": .string(status.status), "reasons": .array(reasons.map(\.json)),
                "mql_id": status.mqlID.map(JSONValue.string), "score": score,
                "as_of": .time(asOf), "definition": definitionJSON, "lead": facts.leadJSON,
                "account": facts.account?.json, "source": sourceJSON(of: facts.state),
            ])
    }

    func publishLapse(of mql: ModelMQL, for state: LeadState, asOf: Int64) {
        publish(
            "mql.lapsed", to: mql.topic, for: state, product: mql.product, asOf: asOf,
            [
                "mql_id": .string(mql.id), "cycle": .number(Double(mql.cycle)),
                "as_of": .time(asOf),
            ])
    }

    func publishWithdrawal(
        of mql: ModelMQL, for state: LeadState, reason: String, codes: [String], asOf: Int64
    ) {
        publish(
            "mql.withdrawn", to: mql.topic, for: state, product: mql.product, asOf: asOf,
            [
                "mql_id": .string(mql.id), "cycle": .number(Double(mql.cycle)),
                "reason": .string(reason), "codes": .array(codes.map(JSONValue.string)),
                "as_of": .time(asOf),
            ])
    }

    func publishAlert(_ alert: PendingAlert, for state: LeadState) {
        publish(
            alert.type, to: ModelTopic.alerts, for: state, product: alert.product,
            asOf: alert.dueAt,
            [
                "mql_id": .string(alert.mqlID), "owner_id": alert.owner.map(JSONValue.string),
                "follow_up_by": .time(alert.followUpBy), "level": .number(Double(alert.level)),
                "as_of": .time(alert.dueAt),
            ])
    }

    func publishErasure(of state: LeadState, asOf: Int64) {
        publish(
            "lead.erased", to: ModelTopic.nurture, for: state, product: nil, asOf: asOf,
            ["as_of": .time(asOf)])
    }

    func publishUpdate(of mql: ModelMQL, _ decision: Decision) {
        let contributions = decision.fit.contributions + decision.engagement.contributions
        publish(
            "mql.updated", to: mql.topic, for: decision.state, product: mql.product,
            asOf: decision.asOf,
            [
                "mql_id": .string(mql.id), "cycle": .number(Double(mql.cycle)),
                "definition": definitionJSON, "score": decision.scoreJSON,
                "reasons": .array(contributions.map(\.json)),
                "why_now": whyNow(decision),
                "owner_id": mql.owner.map(JSONValue.string), "as_of": .time(decision.asOf),
            ])
    }

    /// Publishes the MQL of the next cycle and starts its follow-up timers.
    func qualify(_ decision: Decision) {
        let (state, product) = (decision.state, decision.product)
        let cycle = (state.cycles[product.id] ?? 0) + 1
        let id = NamedUUID.text(of: "\(state.id.text)|\(product.id)|\(cycle)")
        // A lead that was released could not be called before that day.
        let decidedAt =
            decision.release == nil
            ? decision.event.stampedAt : Int64(capacityDay) * Moment.day
        let followUpBy = product.followUpTime(
            after: max(decision.asOf, decidedAt), adding: product.followUpWithin)
        let owner = owner(of: decision)
        let contributions = decision.fit.contributions + decision.engagement.contributions
        let previous = (state.mqls[product.id] ?? []).map(\.previousJSON)
        publish(
            "mql.qualified", to: product.topic, for: state, product: product.id,
            asOf: decision.asOf,
            [
                "mql_id": .string(id), "cycle": .number(Double(cycle)),
                "novelty": cycle == 1 ? "first" : "requalified",
                "qualified_at": .time(decision.asOf), "follow_up_by": .time(followUpBy),
                "definition": definitionJSON, "score": decision.scoreJSON,
                "hand_raise": .bool(!decision.thresholdReasons.isEmpty),
                "reasons": .array(contributions.map(\.json)),
                "why_now": whyNow(decision),
                "lead": decision.facts.leadJSON, "account": decision.facts.account?.json,
                "source": sourceJSON(of: state), "recent_activity": recentJSON(of: state),
                "route": .compact([
                    "topic": .string(product.topic), "owner_id": owner.map(JSONValue.string),
                ]),
                "also_open": .array(alsoOpen(decision)), "previous": .array(previous),
            ])
        state.cycles[product.id] = cycle
        state.mqls[product.id, default: []].append(
            ModelMQL(
                id: id, product: product.id, topic: product.topic, cycle: cycle,
                qualifiedAt: decision.asOf, owner: owner,
                knownProducts: definition.products.map(\.id),
                knownRejections: definition.rejections))
        startAlerts(
            of: id, for: state, product: product, followUpBy: followUpBy, owner: owner)
    }

    /// The account's owner, else the first matching routing rule's, else the product's.
    private func owner(of decision: Decision) -> String? {
        let facts = decision.facts
        let rule = definition.routing.first { $0.condition.holds(facts.value) }
        return facts.value("account.owner_id")?.text ?? rule?.owner
            ?? decision.product.defaultOwner
    }

    /// The tag of an event as far as `why_now` shows it.
    func shownTag(of event: Event) -> String? {
        switch event.topic {
        case .leads: nil
        case .activities: event.product ?? tables.campaign(event.campaignID)?.product
        case .dispositions: event.product
        }
    }

    private func whyNow(_ decision: Decision) -> JSONValue {
        let event = decision.event
        let tag = decision.release.map(\.tag) ?? shownTag(of: event)
        return .compact([
            "type": .string(event.type), "product": tag.map(JSONValue.string),
            "at": .time(event.at),
        ])
    }

    /// The lead's other MQLs that are open once this event is done, as far as they are older
    /// than this one.
    private func alsoOpen(_ decision: Decision) -> [JSONValue] {
        definition.products.compactMap { other in
            guard other.id != decision.product.id,
                let mql = decision.state.newestMQL(of: other.id), mql.isOpen
            else { return nil }
            // Products decided earlier have lapsed already when they had to.
            let isDecided = decision.decided.contains { $0.id == other.id }
            if isDecided, mql.lapses(at: decision.asOf, after: other.lapseAfter) { return nil }
            return ["product": .string(other.id), "mql_id": .string(mql.id)]
        } + openOfRemovedProducts(decision)
    }

    /// What was open before the event is listed, whether or not the product is still sold.
    private func openOfRemovedProducts(_ decision: Decision) -> [JSONValue] {
        decision.state.mqls.keys.sorted().compactMap { id in
            guard definition.product(id) == nil, id != decision.product.id,
                let mql = decision.state.newestMQL(of: id), mql.isOpen
            else { return nil }
            return ["product": .string(id), "mql_id": .string(mql.id)]
        }
    }

    private func recentJSON(of state: LeadState) -> JSONValue {
        .array(
            state.recent.map { activity in
                .compact([
                    "type": .string(activity.type), "product": activity.tag.map(JSONValue.string),
                    "campaign_name": campaignName(activity.campaignID),
                    "at": .time(activity.stamp.at),
                ])
            })
    }

    private func sourceJSON(of state: LeadState) -> JSONValue {
        .compact([
            "first_touch": state.firstTouch.map(touchJSON),
            "last_touch": state.lastTouch.map(touchJSON),
        ])
    }

    private func touchJSON(_ touch: Touch) -> JSONValue {
        .compact([
            "channel": touch.channel.map(JSONValue.string),
            "campaign_id": touch.campaignID.map(JSONValue.string),
            "campaign_name": campaignName(touch.campaignID), "at": .time(touch.stamp.at),
        ])
    }

    private func campaignName(_ id: String?) -> JSONValue? {
        tables.campaign(id)?.name.map(JSONValue.string)
    }

    private var definitionJSON: JSONValue {
        [
            "name": .string(definition.name), "version": .number(definition.version),
            "sha256": .string(definition.sha256),
        ]
    }
}

extension JSONValue {
    static func time(_ moment: Int64) -> JSONValue {
        .string(Moment.text(moment))
    }
}

extension ModelMQL {
    /// How a later MQL lists this one.
    var previousJSON: JSONValue {
        let disposition = isWithdrawn ? "withdrawn" : latest?.type ?? "lapsed"
        return .compact([
            "mql_id": .string(id), "qualified_at": .time(qualifiedAt),
            "disposition": .string(disposition),
            "reason": isWithdrawn ? nil : latest?.reason.map(JSONValue.string),
        ])
    }
}
