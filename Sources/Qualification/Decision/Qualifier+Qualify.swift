/// Publishing an MQL: the record that stays, and the message with every reason on it (CONTRACT.md
/// 8).
extension Qualifier {
    func qualify(
        _ profile: inout Profile, _ place: Int, _ record: Int, _ asOf: Timestamp,
        _ engagement: Engagement, _ byHandRaise: Bool, _ context: Context
    ) throws {
        let entry = rulebook.products[place]
        let (facts, lead) = try view(of: profile)
        profile.products[record].cycles += 1
        let cycle = profile.products[record].cycles
        let followUpBy = min(
            entry.product.followUpTime(
                after: max(asOf, context.recordedAt), adding: entry.product.followUpWithin),
            .latestAccepted)
        let owner =
            facts.account?.ownerID
            ?? rulebook.definition.routing.first { $0.when.holds(facts.value) }?.ownerID
            ?? entry.product.defaultOwner
        let earlier = profile.products[record].mqls.map { mql in
            PreviousMQL(
                id: mql.id, qualifiedAt: mql.qualifiedAt, disposition: mql.outcome,
                reason: mql.isWithdrawn
                    ? nil : mql.disposition.flatMap { symbols.optionalText($0.reason) })
        }
        var mql = MQLRecord(
            id: .mql(lead: profile.leadID, product: entry.product.id, cycle: cycle), cycle: cycle,
            qualifiedAt: asOf, followUpBy: followUpBy, topic: entry.topic,
            owner: owner.map(symbols.intern) ?? .none, agreement: agreement(&profile))
        mql.alerts = alerts(of: entry.product, followUpBy)
        let message = QualifiedLead(
            id: mql.id, cycle: cycle, qualifiedAt: asOf, followUpBy: followUpBy,
            definition: stamp, score: score(profile, engagement), handRaise: byHandRaise,
            fitReasons: fitReasons(facts),
            engagementReasons: engagementReasons(engagement, profile.counts),
            whyNow: shown(context), lead: lead, recentActivity: try recentActivity(profile),
            topic: entry.product.topic,
            ownerID: owner, alsoOpen: openElsewhere(profile, except: entry.symbol),
            previous: earlier)
        profile.products[record].mqls.append(mql)
        emit(
            .qualified(message), .qualified, asOf, to: .sales(topic: entry.product.topic),
            &profile, record)
    }

    /// What messages show of a lead, and the facts behind it; made once for all messages of an
    /// event.
    func view(of profile: Profile) throws -> (facts: Facts, lead: LeadView) {
        if let known = viewInHand { return known }
        let facts = try facts(of: profile)
        let fields = profile.fields
        let contact = ContactCard(
            email: fields.text(.email), firstName: fields.text(.firstName),
            lastName: fields.text(.lastName), phone: fields.text(.phone),
            jobTitle: fields.text(.jobTitle), companyName: fields.text(.companyName),
            companyDomain: fields.text(.companyDomain), country: fields.text(.country),
            seniority: facts.seniority, function: facts.function)
        let lead = LeadView(
            contact: contact, account: facts.account,
            firstTouch: try profile.firstTouch.map(show),
            lastTouch: try profile.lastTouch.map(show))
        viewInHand = (facts, lead)
        return (facts, lead)
    }

    /// The facts that the profile's standing was derived from, or derived anew.
    private func facts(of profile: Profile) throws -> Facts {
        if let standing = profile.standing { return standing.facts }
        return try Facts(profile, rulebook: rulebook, reference: reference, symbols: symbols)
    }

    private func show(_ touch: Touch) throws -> TouchView {
        TouchView(
            channel: symbols.optionalText(touch.channel),
            campaignID: symbols.optionalText(touch.campaign),
            campaignName: try campaign(touch.campaign)?.name, at: touch.stamp.at)
    }

    private func recentActivity(_ profile: Profile) throws -> [ActivityView] {
        try profile.recent.map { activity in
            ActivityView(
                type: symbols.text(activity.type), product: symbols.optionalText(activity.tag),
                campaignName: try campaign(activity.campaign)?.name, at: activity.stamp.at)
        }
    }

    func fitReasons(_ facts: Facts) -> [Reason] {
        rulebook.definition.fit.compactMap { criterion in
            guard let branch = FitScore.match(criterion, facts), branch.points != .zero else {
                return nil
            }
            let evidence = branch.when.fields.compactMap { field in
                facts.value(field).map { (name: field.name, value: $0) }
            }
            return Reason(
                criterion: criterion.id, label: criterion.label, points: branch.points,
                evidence: .facts(evidence))
        }
    }

    func engagementReasons(
        _ engagement: Engagement, _ counts: ActivityCounts
    ) -> [Reason] {
        rulebook.criteria.compactMap { criterion in
            let points = engagement.contribution(of: criterion, counts)
            let days = engagement.days(of: criterion, counts)
            guard points != .zero, let last = days.last else { return nil }
            return Reason(
                criterion: criterion.source.id, label: criterion.source.label, points: points,
                evidence: .activities(
                    count: days.reduce(0) { $0 + Int($1.1) }, lastOn: last.0))
        }
    }

    /// The lead's open MQLs of other products: those of the definition in its order, then others.
    private func openElsewhere(_ profile: Profile, except product: Symbol) -> [MQLReference] {
        let inOrder = profile.products.sorted { left, right in
            let places = (
                rulebook.index(ofProduct: left.product) ?? .max,
                rulebook.index(ofProduct: right.product) ?? .max
            )
            return places.0 != places.1
                ? places.0 < places.1
                : symbols.text(left.product) < symbols.text(right.product)
        }
        return inOrder.compactMap { record in
            guard record.product != product, let newest = record.mqls.last, newest.isOpen else {
                return nil
            }
            return MQLReference(product: symbols.text(record.product), id: newest.id)
        }
    }

    private func agreement(_ profile: inout Profile) -> Int {
        if let known = profile.agreements.firstIndex(of: rulebook.agreement) { return known }
        profile.agreements.append(rulebook.agreement)
        return profile.agreements.count - 1
    }

    private func alerts(of product: Product, _ followUpBy: Timestamp) -> PendingAlerts {
        var alerts = PendingAlerts()
        alerts.warning = product.warnBefore.map {
            product.followUpTime(before: followUpBy, subtracting: $0)
        }
        alerts.breach = followUpBy
        alerts.escalation = product.escalateAfter.map {
            product.followUpTime(after: followUpBy, adding: $0)
        }
        alerts.endOnContact = product.alertsEndOn == .contacted
        return alerts
    }
}
