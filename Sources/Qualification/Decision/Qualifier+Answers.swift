/// Sales' answers and the right to be forgotten (CONTRACT.md 3, 7 and 8).
extension Qualifier {
    /// Applies a disposition and decides its product, or refuses it.
    package func apply(_ event: DispositionEvent, to profile: inout Profile) throws -> Outcome {
        if let rejection = rejection(of: event, for: profile) { return rejection }
        guard let (record, mql) = find(event.mqlID, in: profile) else {
            preconditionFailure("a disposition that was accepted has its MQL")
        }
        let asOf = max(profile.asOf, event.header.stamp.at)
        rememberUnlessOld(event.header, .dispositions, &profile)
        answer(
            &profile.products[record].mqls[mql], event,
            event.answer.needsReason ? action(ofReason: event.reason, profile) : nil)
        // An answer to an older cycle decides nothing (CONTRACT.md 7).
        let isNewest = mql == profile.products[record].mqls.count - 1
        if isNewest, let place = rulebook.index(ofProduct: event.product) {
            try decideOne(
                &profile, place, asOf: asOf,
                Context(
                    type: symbols.intern(event.answer.rawValue), product: event.product,
                    at: event.header.stamp.at, recordedAt: event.header.recordedAt,
                    source: .dispositions))
        }
        return .applied
    }

    /// Why a disposition is not taken in; nil if it is.
    func rejection(of event: DispositionEvent, for profile: Profile) -> Outcome? {
        if let erasedAt = profile.erasedAt, event.header.stamp.at <= erasedAt {
            return .dropped(.erased)
        }
        let name = symbols.text(event.product)
        let isKnown =
            rulebook.index(ofProduct: event.product) != nil
            || profile.agreements.contains { $0.products.contains(name) }
        if !isKnown {
            return refuse(.unknownProduct, "product", symbols.text(event.product))
        }
        if event.answer.needsReason, action(ofReason: event.reason, profile) == nil {
            return refuse(.unknownReason, "reason", symbols.text(event.reason))
        }
        guard let (record, _) = find(event.mqlID, in: profile) else {
            return refuse(.unknownMQL, "mql_id", event.mqlID)
        }
        guard profile.products[record].product == event.product else {
            return refuse(.badValue, "product", symbols.text(event.product))
        }
        return profile.remembered.contains(hash: event.header.idHash, source: .dispositions)
            ? .dropped(.repeat) : nil
    }

    private func answer(
        _ mql: inout MQLRecord, _ event: DispositionEvent, _ action: RejectionReason.Action?
    ) {
        if event.answer == .accepted && mql.alerts.endOnContact {
            mql.alerts.warning = nil
        } else {
            mql.alerts.end()
        }
        if let latest = mql.disposition, event.header.stamp < latest.stamp { return }
        mql.disposition = Disposition(
            stamp: event.header.stamp, answer: event.answer, reason: event.reason, action: action)
    }

    /// What follows from a rejection or loss, by the definition in force; by the one that published
    /// the MQL if its reason is no longer there.
    func action(of answer: Disposition, _ profile: Profile) -> RejectionReason.Action? {
        guard answer.answer.needsReason else { return nil }
        return action(ofReason: answer.reason, profile) ?? answer.action
    }

    private func action(ofReason reason: Symbol, _ profile: Profile) -> RejectionReason.Action? {
        let code = symbols.text(reason)
        return knownReasons(profile).first { $0.code == code }?.action
    }

    /// The reasons of the definition in force, then those of the agreements behind the lead's MQLs.
    private func knownReasons(_ profile: Profile) -> [RejectionReason] {
        rulebook.definition.rejectionReasons + profile.agreements.reversed().flatMap(\.reasons)
    }

    private func find(_ id: String, in profile: Profile) -> (record: Int, mql: Int)? {
        guard let id = UUID(canonical: id) else { return nil }
        for (record, product) in profile.products.enumerated() {
            if let mql = product.mqls.firstIndex(where: { $0.id == id }) { return (record, mql) }
        }
        return nil
    }

    private func refuse(_ code: RefusalCode, _ field: String, _ value: String) -> Outcome {
        let sentence =
            switch code {
            case .badValue: "belongs to an MQL of another product"
            case .unknownProduct: "is not a product of the definition"
            case .unknownReason: "is not a rejection reason of the definition"
            case .unknownMQL: "names no MQL of this lead"
            }
        return .refused(code: code, detail: "\(field) \"\(value.prefix(200))\" \(sentence)")
    }

    // MARK: Erasure

    /// Forgets the person: withdraws what sales still has, tells marketing, keeps a stub
    /// (CONTRACT.md 8).
    func erase(_ header: EventHeader, _ profile: inout Profile) -> Outcome {
        if isErasedBefore(header, profile) { return .dropped(.erased) }
        let erasedAt = max(profile.asOf, header.stamp.at, header.recordedAt)
        for record in inDefinitionOrder(profile) {
            for place in profile.products[record].mqls.indices
            where !profile.products[record].mqls[place].isWithdrawn {
                withdraw(&profile, record, place, erasedAt, because: "erased", codes: [])
            }
        }
        let whole = profile.index(ofProduct: .none)
        emit(.erased(Erasure(asOf: erasedAt)), .erased, erasedAt, to: .nurture, &profile, whole)
        var stub = Profile(leadID: profile.leadID)
        stub.erasedAt = erasedAt
        stub.products = profile.products.map(\.stub)
        if !profile.waiting.isEmpty { hasChangedWaiting = true }
        profile = stub
        return .applied
    }

    /// Whether an erasure says nothing new, because the person was erased later.
    func isErasedBefore(_ header: EventHeader, _ profile: Profile) -> Bool {
        guard let before = profile.erasedAt else { return false }
        return header.stamp.at <= before && header.recordedAt <= before
    }

    private func inDefinitionOrder(_ profile: Profile) -> [Int] {
        profile.products.indices.sorted { left, right in
            let places = [left, right].map {
                rulebook.index(ofProduct: profile.products[$0].product) ?? .max
            }
            return places[0] != places[1] ? places[0] < places[1] : left < right
        }
    }
}
