package import Qualification

/// Reference data in dictionaries; every change counts as a change of every row.
package final class MemoryReference: ReferenceData {
    private var accounts: [String: Account] = [:]
    private var campaigns: [String: Campaign] = [:]
    private var suppressions: Set<String> = []
    package private(set) var version: UInt64 = 1

    /// No rows.
    package init() {}

    /// Applies a change.
    package func apply(_ change: ReferenceChange) {
        version += 1
        switch change {
        case .account(let account): accounts[account.domain] = account
        case .accountDeleted(let domain): accounts[domain] = nil
        case .campaign(let campaign): campaigns[campaign.id] = campaign
        case .campaignDeleted(let id): campaigns[id] = nil
        case .suppression(let suppression): suppressions.insert(suppression.entry)
        case .suppressionDeleted(let entry): suppressions.remove(entry)
        }
    }

    package func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool {
        version < self.version
    }

    package func account(domain: String) -> Account? { accounts[domain] }
    package func campaign(id: String) -> Campaign? { campaigns[id] }
    package func isSuppressed(_ entry: String) -> Bool { suppressions.contains(entry) }
}
