/// The tables of reference data.
package enum ReferenceTable: String, Sendable, CaseIterable {
    case accounts, campaigns, suppressions
}

/// A change of one row of reference data, as its topic carries it.
package enum ReferenceChange: Sendable, Equatable {
    /// A new or replaced account.
    case account(Account)
    /// A deleted account, by domain.
    case accountDeleted(String)
    /// A new or replaced campaign.
    case campaign(Campaign)
    /// A deleted campaign, by id.
    case campaignDeleted(String)
    /// A new or replaced suppression.
    case suppression(Suppression)
    /// A deleted suppression, by e-mail address or domain.
    case suppressionDeleted(String)

    /// The normal form of the row's key.
    package var rowKey: String {
        switch self {
        case .account(let account): account.domain
        case .campaign(let campaign): campaign.id
        case .suppression(let suppression): suppression.entry
        case .accountDeleted(let key), .campaignDeleted(let key), .suppressionDeleted(let key): key
        }
    }

    /// The row's key as profiles depend on it.
    package var key: ReferenceKey {
        switch self {
        case .account, .accountDeleted: .account(rowKey)
        case .campaign, .campaignDeleted: .campaign(rowKey)
        case .suppression, .suppressionDeleted: .suppression(rowKey)
        }
    }
}
