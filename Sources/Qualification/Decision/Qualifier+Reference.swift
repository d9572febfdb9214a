/// What a change of reference data does to leads that have no event of their own (a suppression, or
/// an account with another status).
extension Qualifier {
    /// Decides again what reference data can stop or set free; tells whether there are messages.
    ///
    /// As of `as_of`, like every decision. Only what becomes suppressed or disqualified, or was, is
    /// published: a new definition still waits for the lead's next event. So does an MQL of a lead
    /// that was set free, because nothing but an event says why now.
    package func decideAgain(_ profile: inout Profile) throws -> Bool {
        // Also if the standing still holds: an answer of sales derives it for the whole lead, but
        // decides one product.
        guard profile.hasLeadEvent else { return false }
        try refreshStanding(&profile)
        for place in rulebook.products.indices {
            let product = rulebook.products[place].symbol
            guard let record = profile.products.firstIndex(where: { $0.product == product }),
                let published = profile.products[record].status
            else { continue }
            let engagement = Engagement(
                rulebook: rulebook, asOf: profile.asOf.day, tag: product)
            codes.removeAll(keepingCapacity: true)
            guard
                case .status(let status) = verdict(
                    profile, place, record, profile.asOf, engagement),
                status.isStop || published.isStop
            else { continue }
            if status.isStop {
                markLapse(&profile, place, profile.asOf)
                withdrawIfOpen(&profile, record, profile.asOf, because: status.name)
            }
            try publish(status, &profile, place, record, profile.asOf, engagement)
        }
        return hasMessages
    }
}

extension Status {
    /// Whether sales must leave the lead alone.
    fileprivate var isStop: Bool { self == .suppressed || self == .disqualified }
}
