/// A company as reference data knows it (CONTRACT.md 3); every field but the domain may be missing.
package struct Account: Sendable, Equatable {
    /// The standing of an account.
    package enum Status: String, Sendable, CaseIterable {
        case prospect, customer, competitor, partner
    }

    /// The normalised domain, the key of the row.
    package var domain: String
    package var name: String?
    package var employees: Int64?
    package var annualRevenue: Double?
    package var industry: String?
    /// ISO 3166-1 alpha-2, upper case.
    package var country: String?
    package var ownerID: String?
    package var status: Status?

    /// Makes an account.
    package init(
        domain: String, name: String? = nil, employees: Int64? = nil, annualRevenue: Double? = nil,
        industry: String? = nil, country: String? = nil, ownerID: String? = nil,
        status: Status? = nil
    ) {
        self.domain = domain
        self.name = name
        self.employees = employees
        self.annualRevenue = annualRevenue
        self.industry = industry
        self.country = country
        self.ownerID = ownerID
        self.status = status
    }
}

/// A marketing campaign as reference data knows it; every field but the id may be missing.
package struct Campaign: Sendable, Equatable {
    /// The key of the row.
    package var id: String
    package var name: String?
    package var channel: String?
    package var product: String?
    /// US dollars.
    package var cost: Double?

    /// Makes a campaign.
    package init(
        id: String, name: String? = nil, channel: String? = nil, product: String? = nil,
        cost: Double? = nil
    ) {
        self.id = id
        self.name = name
        self.channel = channel
        self.product = product
        self.cost = cost
    }
}

/// Somebody, or a whole domain, that must not be contacted.
package struct Suppression: Sendable, Equatable {
    /// A normalised e-mail address or domain, the key of the row.
    package var entry: String
    package var reason: String?

    /// Makes a suppression.
    package init(entry: String, reason: String? = nil) {
        self.entry = entry
        self.reason = reason
    }
}

/// What a decision may ask of reference data: synchronous, and as of one moment per call.
///
/// Look-ups throw when the cache itself fails (disk, corruption); a missing row is nil or false.
package protocol ReferenceData: AnyObject {
    /// Grows with every change of any row. Facts derived at one version hold while
    /// `hasChanged(_:since:)` is false for each key they were derived from.
    var version: UInt64 { get }
    /// Whether the row of a key (account domain, e-mail or suppressed domain) may have changed
    /// after `version`. May answer true too often, never false wrongly.
    func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool
    /// The account of a normalised domain.
    func account(domain: String) throws -> Account?
    /// The campaign with this id.
    func campaign(id: String) throws -> Campaign?
    /// Whether a normalised e-mail address or domain is suppressed.
    func isSuppressed(_ entry: String) throws -> Bool
}

/// A reference row's key reduced to a hash, so that a profile can remember cheaply what it depends
/// on.
package struct ReferenceKey: Hashable, Sendable {
    /// FNV-1a of the key's UTF-8 bytes, salted by table.
    package let hash: UInt64

    /// The key of an account row.
    package static func account(_ domain: String) -> ReferenceKey { ReferenceKey(domain, salt: 1) }
    /// The key of a campaign row.
    package static func campaign(_ id: String) -> ReferenceKey { ReferenceKey(id, salt: 2) }
    /// The key of a suppression row.
    package static func suppression(_ entry: String) -> ReferenceKey {
        ReferenceKey(entry, salt: 3)
    }

    private init(_ text: String, salt: UInt64) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ salt
        for byte in text.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        self.hash = hash
    }
}
