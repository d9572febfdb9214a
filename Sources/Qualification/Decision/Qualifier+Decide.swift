/// The decision of CONTRACT.md 7.
extension Qualifier {
    /// Decides every product that the lead is interested in, in definition order.
    func decideAll(_ profile: inout Profile, _ context: Context) throws {
        guard profile.hasLeadEvent else { return }
        try refreshStanding(&profile)
        var decided = 0
        // Lapses first, for all: an MQL closed by this event is not "also open" for an earlier
        // product.
        for place in rulebook.products.indices where isInterested(profile, in: place) {
            decided += 1
            markLapse(&profile, place, profile.asOf)
        }
        if decided == 0 { return try decideWithoutProduct(&profile) }
        for place in rulebook.products.indices where isInterested(profile, in: place) {
            try decide(&profile, place, asOf: profile.asOf, context)
        }
    }

    /// Decides one product after a disposition, as of its own time.
    func decideOne(
        _ profile: inout Profile, _ place: Int, asOf: Timestamp, _ context: Context
    ) throws {
        guard profile.hasLeadEvent, isInterested(profile, in: place) else { return }
        try refreshStanding(&profile)
        markLapse(&profile, place, asOf)
        try decide(&profile, place, asOf: asOf, context)
    }

    func refreshStanding(_ profile: inout Profile) throws {
        viewInHand = nil
        if profile.standing?.stillHolds(reference) == true { return }
        // The version is read before the rows: a change in between makes the standing look older
        // than it is, and it is derived once more. The other order could miss the change for ever.
        let version = reference.version
        let facts = try Facts(
            profile, rulebook: rulebook, reference: reference, symbols: symbols)
        profile.standing = try Standing(
            facts, rulebook: rulebook, reference: reference, version: version)
    }

    func isInterested(_ profile: Profile, in place: Int) -> Bool {
        let product = rulebook.products[place].symbol
        return profile.interests.contains(product)
            || profile.products.contains { $0.product == product && !$0.mqls.isEmpty }
    }

    /// Closes the newest MQL if sales has not answered in time, and tells its topic.
    func markLapse(_ profile: inout Profile, _ place: Int, _ asOf: Timestamp) {
        let entry = rulebook.products[place]
        guard let record = profile.products.firstIndex(where: { $0.product == entry.symbol })
        else { return }
        let last = profile.products[record].mqls.count - 1
        guard last >= 0, profile.products[record].mqls[last].isOpen,
            profile.products[record].mqls[last].disposition == nil,
            asOf >= profile.products[record].mqls[last].qualifiedAt + entry.lapseAfter
        else { return }
        let newest = profile.products[record].mqls[last]
        profile.products[record].mqls[last].isLapsed = true
        profile.products[record].mqls[last].alerts.end()
        emit(
            .lapsed(Lapse(id: newest.id, cycle: newest.cycle, asOf: asOf)), .lapsed, asOf,
            to: .sales(topic: symbols.text(newest.topic)), &profile, record)
    }

    func decide(
        _ profile: inout Profile, _ place: Int, asOf: Timestamp, _ context: Context
    ) throws {
        let entry = rulebook.products[place]
        let record = profile.index(ofProduct: entry.symbol)
        let engagement = Engagement(rulebook: rulebook, asOf: asOf.day, tag: entry.symbol)
        codes.removeAll(keepingCapacity: true)
        let verdict = verdict(profile, place, record, asOf, engagement)
        switch verdict {
        case .status(let status):
            if status == .suppressed || status == .disqualified {
                withdrawIfOpen(&profile, record, asOf, because: status.name)
            } else if !context.notifying.isEmpty {
                try notify(&profile, place, record, asOf, engagement, context)
            }
            try publish(status, &profile, place, record, asOf, engagement)
        case .qualified(let byHandRaise):
            guard hasRoom(place, context) else {
                return try wait(&profile, place, record, asOf, engagement, context)
            }
            capacity.count(entry.product)
            try qualify(&profile, place, record, asOf, engagement, byHandRaise, context)
            codes.append(rulebook.codes.open)
            try publish(.handedOff, &profile, place, record, asOf, engagement)
        }
    }

    /// Both scores; computed only where a status or a message needs them.
    func score(_ profile: Profile, _ engagement: Engagement) -> Score {
        Score(fit: profile.standing?.fit ?? .zero, engagement: engagement.total(profile.counts))
    }

    /// What a decision comes to.
    enum Verdict {
        case status(Status)
        case qualified(byHandRaise: Bool)
    }

    /// The first status that applies; leaves its codes in `codes`.
    func verdict(
        _ profile: Profile, _ place: Int, _ record: Int, _ asOf: Timestamp,
        _ engagement: Engagement
    ) -> Verdict {
        guard let standing = profile.standing else {
            preconditionFailure("a decision without standing: refreshStanding comes first")
        }
        if !standing.suppressed.isEmpty {
            codes += standing.suppressed
            return .status(.suppressed)
        }
        if !standing.disqualified.isEmpty { codes += standing.disqualified }
        // Only leads that were handed over have an MQL, and only its parts are copied for them.
        if !profile.products[record].mqls.isEmpty {
            let status = statusOfNewest(profile, place, record, asOf)
            if let status { return .status(status) }
        }
        if !codes.isEmpty { return .status(.disqualified) }
        let byHandRaise = readinessCodes(standing, profile, place, engagement)
        if !codes.isEmpty { return .status(.notReady) }
        if rulebook.products[place].isPaused {
            codes.append(rulebook.codes.paused)
            return .status(.paused)
        }
        return .qualified(byHandRaise: byHandRaise)
    }

    /// The status that follows from the newest MQL, if any does; `codes` already holds the
    /// disqualify rules.
    private func statusOfNewest(
        _ profile: Profile, _ place: Int, _ record: Int, _ asOf: Timestamp
    ) -> Status? {
        guard let newest = profile.products[record].mqls.last else { return nil }
        let answer = newest.disposition
        if let answer, action(of: answer, profile) == .disqualify {
            codes.append(symbols.intern("rejected:\(symbols.text(answer.reason))"))
        }
        if !codes.isEmpty { return .disqualified }
        if answer?.answer == .won || newest.isOpen {
            codes.append(newest.isOpen ? rulebook.codes.open : rulebook.codes.won)
            return .handedOff
        }
        if !newest.isWithdrawn { recycleCodes(newest, profile, place, asOf) }
        return codes.isEmpty ? nil : .recycled
    }

    /// CONTRACT.md 7.4: cool-down and fresh activity, both counted from the answer.
    private func recycleCodes(
        _ mql: MQLRecord, _ profile: Profile, _ place: Int, _ asOf: Timestamp
    ) {
        guard let answer = mql.disposition,
            case .recycle(let days) = action(of: answer, profile)
        else { return }
        if asOf < answer.stamp.at + .days(days) { codes.append(rulebook.codes.coolingDown) }
        let product = rulebook.products[place].symbol
        let isFresh = profile.freshness.contains {
            ($0.tag == product || !$0.tag.isSome) && $0.at > answer.stamp.at
        }
        if !isFresh { codes.append(rulebook.codes.noNewActivity) }
    }

    /// CONTRACT.md 7.5; tells whether only a raised hand lifts the lead over the thresholds.
    func readinessCodes(
        _ standing: Standing, _ profile: Profile, _ place: Int, _ engagement: Engagement
    ) -> Bool {
        let product = rulebook.products[place]
        if !standing.missing.isEmpty { codes += standing.missing }
        if !standing.extraMissing.isEmpty { codes += standing.extraMissing[place] }
        let isFit = standing.fit >= product.fitAtLeast
        let isEngaged = isEngaged(standing, profile, place, engagement)
        if isFit && isEngaged { return false }
        if let least = product.handRaiseFitAtLeast, standing.fit >= least,
            engagement.hasRaisedHand(profile.counts)
        {
            return true
        }
        if !isFit { codes.append(rulebook.codes.fit) }
        if !isEngaged { codes.append(rulebook.codes.engagement) }
        return false
    }

    private func isEngaged(
        _ standing: Standing, _ profile: Profile, _ place: Int, _ engagement: Engagement
    ) -> Bool {
        let least = rulebook.products[place].engagementAtLeast
        guard standing.mayReach(least, place, on: engagement.asOf) else { return false }
        let (total, gains) = engagement.totals(profile.counts)
        // A waiting lead is released as of when it was decided last; what it did later, if
        // anything, is not in the sum. An answer of sales never decides as of an earlier day.
        if engagement.asOf >= profile.asOf.day {
            standing.note(gains: gains, place, on: engagement.asOf)
        }
        return total >= least
    }

    func withdrawIfOpen(
        _ profile: inout Profile, _ record: Int, _ asOf: Timestamp, because reason: String
    ) {
        guard let newest = profile.products[record].mqls.last, newest.isOpen else { return }
        let last = profile.products[record].mqls.count - 1
        withdraw(
            &profile, record, last, asOf, because: reason, codes: codes.map(symbols.text))
    }

    /// Closes an MQL as withdrawn and tells its topic.
    func withdraw(
        _ profile: inout Profile, _ record: Int, _ place: Int, _ asOf: Timestamp,
        because reason: String, codes: [String]
    ) {
        let mql = profile.products[record].mqls[place]
        profile.products[record].mqls[place].isWithdrawn = true
        profile.products[record].mqls[place].alerts.end()
        emit(
            .withdrawn(
                Withdrawal(
                    id: mql.id, cycle: mql.cycle, reason: reason, codes: codes, asOf: asOf)),
            .withdrawn, asOf, to: .sales(topic: symbols.text(mql.topic)), &profile, record)
    }

    // MARK: Marketing's record

    /// Tells marketing if status, the set of codes or the MQL changed.
    func publish(
        _ status: Status, _ profile: inout Profile, _ place: Int, _ record: Int,
        _ asOf: Timestamp, _ engagement: Engagement
    ) throws {
        let cycle = status == .handedOff ? profile.products[record].mqls.last?.cycle ?? 0 : 0
        if profile.products[record].status == status,
            profile.products[record].publishedCycle == cycle,
            hasSameCodes(profile.products[record])
        {
            return
        }
        if status != .waitingForCapacity { stopWaiting(&profile, record) }
        profile.products[record].status = status
        profile.products[record].publishedCycle = cycle
        profile.products[record].codes = symbols.shared(codes)
        let product = rulebook.products[place]
        let score = score(profile, engagement)
        let shown = codes.map { code -> StatusChange.Code in
            var shown = StatusChange.Code(code: symbols.text(code))
            if status == .notReady, code == rulebook.codes.fit {
                (shown.needed, shown.actual) = (product.fitAtLeast, score.fit)
            } else if status == .notReady, code == rulebook.codes.engagement {
                (shown.needed, shown.actual) = (product.engagementAtLeast, score.engagement)
            }
            return shown
        }
        let mqlID = cycle == 0 ? nil : profile.products[record].mqls.last?.id
        let change = StatusChange(
            status: status, codes: shown, mqlID: mqlID, score: score, asOf: asOf,
            definition: stamp, lead: try view(of: profile).lead)
        emit(.statusChanged(change), .statusChanged, asOf, to: .nurture, &profile, record)
    }

    private func hasSameCodes(_ record: ProductRecord) -> Bool {
        record.codes == codes || Set(record.codes) == Set(codes)
    }

    /// A lead that is interested in nothing: said once (CONTRACT.md 7).
    private func decideWithoutProduct(_ profile: inout Profile) throws {
        let record = profile.index(ofProduct: .none)
        guard profile.products[record].status == nil else { return }
        profile.products[record].status = .notReady
        profile.products[record].codes = symbols.shared([rulebook.codes.noProduct])
        let change = StatusChange(
            status: .notReady,
            codes: [StatusChange.Code(code: symbols.text(rulebook.codes.noProduct))],
            mqlID: nil, score: Score(fit: profile.standing?.fit ?? .zero, engagement: nil),
            asOf: profile.asOf, definition: stamp, lead: try view(of: profile).lead)
        emit(.statusChanged(change), .statusChanged, profile.asOf, to: .nurture, &profile, record)
    }

    var stamp: DefinitionStamp {
        DefinitionStamp(
            name: rulebook.definition.name, version: rulebook.definition.version,
            sha256: rulebook.definition.sha256)
    }

    /// Numbers a message for its lead and product and adds it to those of the event in hand.
    func emit(
        _ body: Message.Body, _ type: MessageType, _ asOf: Timestamp,
        to destination: Message.Destination, _ profile: inout Profile, _ record: Int
    ) {
        let number = profile.products[record].number(type)
        messages.append(
            Message(
                destination: destination, body: body, type: type, number: number,
                leadID: profile.leadID,
                product: symbols.optionalText(profile.products[record].product), asOf: asOf,
                definitionName: rulebook.definition.name))
    }
}
