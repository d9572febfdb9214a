extension Qualifier {
    /// Explains a profile; `time` is when the lead could act next.
    ///
    /// It counts as the profile's `as_of` if that is later.
    /// Leaves the profile and the qualifier as they were; look-ups of reference data are its only
    /// errors.
    package func explain(_ original: Profile, actingAt time: Timestamp) throws -> Explanation {
        var profile = original
        try refreshStanding(&profile)
        let (facts, lead) = try view(of: profile)
        let whole = profile.products.first { $0.product == .none }
        var explanation = Explanation(
            leadID: profile.leadID, definition: stamp,
            asOf: profile.asOf == .distantPast ? nil : profile.asOf,
            erasedAt: profile.erasedAt, hasLeadEvent: profile.hasLeadEvent, lead: lead,
            published: whole.flatMap(published), fit: profile.standing?.fit ?? .zero,
            fitReasons: fitReasons(facts), products: [])
        for place in rulebook.products.indices {
            explanation.products.append(
                try explain(&profile, place, facts, actingAt: max(time, profile.asOf)))
        }
        return explanation
    }

    private func explain(
        _ profile: inout Profile, _ place: Int, _ facts: Facts, actingAt time: Timestamp
    ) throws -> ProductExplanation {
        let entry = rulebook.products[place]
        let record = profile.index(ofProduct: entry.symbol)
        let engagement = Engagement(
            rulebook: rulebook, asOf: profile.asOf.day, tag: entry.symbol)
        let score = score(profile, engagement)
        let isInterested = isInterested(profile, in: place)
        var explained = ProductExplanation(
            product: entry.product, isInterested: isInterested,
            published: published(profile.products[record]),
            engagement: score.engagement ?? .zero,
            engagementReasons: engagementReasons(engagement, profile.counts), needs: [],
            fitChances: [], ways: [], obstacles: [])
        codes.removeAll(keepingCapacity: true)
        let verdict = explainedVerdict(profile, place, record, engagement)
        let found = codes
        if profile.hasLeadEvent, isInterested {
            explained.verdict =
                switch verdict {
                case .qualified(let byHandRaise): .qualified(byHandRaise: byHandRaise)
                case .status(let status): .status(status, codes: found.map(symbols.text))
                }
        }
        if !profile.hasLeadEvent { explained.needs.append(.leadEvent) }
        if !isInterested { explained.needs.append(.interest) }
        let newest = profile.products[record].mqls.last
        explained.needs += try found.map { try need($0, entry.product, newest, facts, score) }
        if case .status(.suppressed) = verdict, explained.needs.allSatisfy(\.canBeMet),
            let standing = profile.standing
        {
            // Consent alone is not all: what would be asked for next is told at once.
            _ = readinessCodes(standing, profile, place, engagement)
            for code in codes.dropFirst(found.count) {
                explained.needs.append(try need(code, entry.product, newest, facts, score))
            }
        }
        codes.removeAll(keepingCapacity: true)
        if explained.needs.contains(where: { if case .fit = $0 { true } else { false } }) {
            explained.fitChances = fitChances(facts, entry.product, score.fit)
        }
        guard explained.needs.allSatisfy(\.canBeMet) else { return explained }
        let finder = WayFinder(
            qualifier: self, profile: profile, place: place, needs: explained.needs, time: time)
        let search = try finder.search()
        explained.ways = search.ways
        explained.obstacles = search.obstacles
        explained.trial = (finder.time, search.engagement)
        return explained
    }

    /// The verdict; of a lead that waits for room, that it waits: the day's share is the lane's to
    /// know.
    private func explainedVerdict(
        _ profile: Profile, _ place: Int, _ record: Int, _ engagement: Engagement
    ) -> Verdict {
        let verdict = verdict(profile, place, record, profile.asOf, engagement)
        let entry = rulebook.products[place]
        guard case .qualified = verdict, entry.product.dailyCapacity != nil,
            profile.waiting.contains(where: { $0.product == entry.symbol })
        else { return verdict }
        codes.append(rulebook.codes.waitingForCapacity)
        return .status(.waitingForCapacity)
    }

    private func published(_ record: ProductRecord) -> PublishedStatus? {
        guard let status = record.status else { return nil }
        let mql = record.mqls.first { $0.cycle == record.publishedCycle }
        return PublishedStatus(
            status: status, codes: record.codes.map(symbols.text), mqlID: mql?.id)
    }

    /// What a code of the decision asks for.
    private func need(
        _ code: Symbol, _ product: Product, _ newest: MQLRecord?, _ facts: Facts, _ score: Score
    ) throws -> Need {
        let known = rulebook.codes
        if code == known.noConsent { return .consent(wasRefused: facts.fields.consent == false) }
        if code == known.doNotContact {
            return .suppressed(
                entries: try facts.fields.suppressionEntries.filter(reference.isSuppressed))
        }
        if let status = facts.account?.status, known.accountStatus[status] == code {
            return .accountStatus(status.rawValue)
        }
        if let rule = known.disqualify.firstIndex(of: code) {
            let source = rulebook.definition.disqualify[rule]
            return .disqualified(rule: source.id, when: source.when.plainText)
        }
        if code == known.won { return .won }
        if code == known.paused { return .paused }
        if code == known.waitingForCapacity {
            let total = score.fit + (score.engagement ?? .zero)
            return .capacity(perDay: product.dailyCapacity ?? 0, score: total)
        }
        if code == known.fit { return .fit(needed: product.fitAtLeast, actual: score.fit) }
        if code == known.engagement {
            return .engagement(
                needed: product.engagementAtLeast, actual: score.engagement ?? .zero)
        }
        if let newest, let need = need(code, product, newest) { return need }
        let text = symbols.text(code)
        return .field(text.hasPrefix("missing:") ? String(text.dropFirst(8)) : text)
    }

    private func need(_ code: Symbol, _ product: Product, _ newest: MQLRecord) -> Need? {
        if code == rulebook.codes.open {
            let lapse = newest.qualifiedAt + .days(product.lapseAfterDays)
            return .open(
                id: newest.id, since: newest.qualifiedAt,
                lapsesAt: newest.disposition == nil ? lapse : nil)
        }
        guard let answer = newest.disposition else { return nil }
        if code == rulebook.codes.coolingDown, case .recycle(let days) = answer.action {
            return .coolDown(until: answer.stamp.at + .days(days))
        }
        if code == rulebook.codes.noNewActivity { return .freshActivity(after: answer.stamp.at) }
        return symbols.text(code).hasPrefix("rejected:")
            ? .rejected(reason: symbols.text(answer.reason)) : nil
    }

    private func fitChances(_ facts: Facts, _ product: Product, _ fit: Points) -> [FitChance] {
        rulebook.definition.fit.compactMap { criterion in
            let now = FitScore.match(criterion, facts)?.points ?? .zero
            guard let best = criterion.branches.max(by: { $0.points < $1.points }),
                best.points > now
            else { return nil }
            let gain = best.points - now
            return FitChance(
                criterion: criterion.id, label: criterion.label, gain: gain,
                when: best.when.plainText,
                unknown: best.when.fields.filter { facts.value($0) == nil }.map(\.name),
                isEnough: fit + gain >= product.fitAtLeast)
        }
    }
}

extension Need {
    /// Whether the lead itself can do something about it; else people or the definition must.
    fileprivate var canBeMet: Bool {
        switch self {
        case .leadEvent, .interest, .consent, .coolDown, .freshActivity, .field, .fit, .engagement:
            true
        case .suppressed, .accountStatus, .disqualified, .rejected, .open, .won, .paused,
            .capacity:
            false
        }
    }
}
