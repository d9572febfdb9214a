/// A copy of a profile to which imagined events happen, decided by a qualifier of its own.
struct Trial {
    let qualifier: Qualifier
    let product: Symbol
    private(set) var profile: Profile
    private(set) var time: Timestamp
    private var number = 0

    /// The MQL that the imagined events led to.
    private(set) var qualified: QualifiedLead?

    init(qualifier: Qualifier, product: Symbol, profile: Profile, time: Timestamp) {
        self.qualifier = qualifier
        self.product = product
        self.profile = profile
        // It is kept by reference: what a trial's events note there must not reach the lead's own.
        // Copies of the trial still share the one that its first event makes, see `forgetCeilings`.
        self.profile.standing = nil
        self.time = time
    }

    /// The engagement as of the trial's time.
    var engagement: Points {
        Engagement(
            rulebook: qualifier.rulebook, asOf: max(profile.asOf, time).day, tag: product
        ).total(profile.counts)
    }

    /// The codes of the product's last decision.
    var codes: [String] {
        let record = profile.products.first { $0.product == product }
        return record?.codes.map(qualifier.symbols.text) ?? []
    }

    /// The lead tells something about itself.
    mutating func tell(
        _ fields: [(field: LeadField, value: FactValue)], isInterested: Bool
    ) throws {
        profile.standing?.forgetCeilings()
        let event = LeadEvent(
            header: nextHeader(), kind: .updated, fields: fields,
            productInterest: isInterested ? [product] : [], campaign: .none, channel: .none)
        _ = try qualifier.apply(event, to: &profile)
        look()
    }

    /// The lead does something.
    mutating func act(_ kind: ActivityKind) throws {
        profile.standing?.forgetCeilings()
        let symbols = qualifier.symbols
        let campaign = kind.channel.map { symbols.intern(ImaginedReference.campaign(channel: $0)) }
        let event = ActivityEvent(
            header: nextHeader(), type: symbols.intern(kind.type), product: product,
            campaign: campaign ?? .none, channel: .none,
            properties: kind.properties.map { (name: $0.key, value: $0.value) })
        _ = try qualifier.apply(event, to: &profile)
        look()
    }

    /// An id that no producer writes, because producers' ids are not empty up to their first byte.
    private mutating func nextHeader() -> EventHeader {
        number += 1
        let id = "\u{0}explain \(number)"
        return EventHeader(stamp: Stamp(at: time, eventID: EventID(id)), recordedAt: time)
    }

    private mutating func look() {
        // Imagined MQLs take nobody's room.
        qualifier.capacity = LaneCapacity()
        qualifier.takeMessages { message in
            if case .qualified(let lead) = message.body,
                message.product == qualifier.symbols.text(product)
            {
                qualified = lead
            }
        }
    }
}

/// Reference data with a campaign for every channel that somebody can imagine.
final class ImaginedReference: ReferenceData {
    private static let prefix = "\u{0}explain "
    private let known: any ReferenceData

    init(_ known: any ReferenceData) {
        self.known = known
    }

    static func campaign(channel: String) -> String { prefix + channel }

    var version: UInt64 { known.version }

    func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool {
        known.hasChanged(key, since: version)
    }

    func account(domain: String) throws -> Account? { try known.account(domain: domain) }

    func campaign(id: String) throws -> Campaign? {
        guard id.hasPrefix(ImaginedReference.prefix) else { return try known.campaign(id: id) }
        let channel = String(id.dropFirst(ImaginedReference.prefix.count))
        return Campaign(id: id, channel: channel)
    }

    func isSuppressed(_ entry: String) throws -> Bool { try known.isSuppressed(entry) }
}
