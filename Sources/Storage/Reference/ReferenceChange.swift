package import Qualification

/// A changed reference row on its way to the cache, as read from a reference topic.
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

    /// The key of the row.
    package var key: ReferenceKey {
        switch self {
        case .account(let account): .account(account.domain)
        case .accountDeleted(let domain): .account(domain)
        case .campaign(let campaign): .campaign(campaign.id)
        case .campaignDeleted(let id): .campaign(id)
        case .suppression(let suppression): .suppression(suppression.entry)
        case .suppressionDeleted(let entry): .suppression(entry)
        }
    }
}

/// Up to where a partition of a reference topic is in the cache.
package struct ReferencePosition: Sendable, Hashable {
    /// The topic's name.
    package var topic: String
    /// The partition's number.
    package var partition: Int32
    /// The offset of the next record to apply.
    package var nextOffset: Int64

    /// Makes a position.
    package init(topic: String, partition: Int32, nextOffset: Int64) {
        self.topic = topic
        self.partition = partition
        self.nextOffset = nextOffset
    }
}
