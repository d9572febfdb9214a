import Qualification

/// The writing connection of the reference cache; lives inside `ReferenceWriter`'s lock.
struct ReferenceTables: ~Copyable {
    let connection: Connection
    private let putAccount: Statement
    private let removeAccount: Statement
    private let putCampaign: Statement
    private let removeCampaign: Statement
    private let putSuppression: Statement
    private let removeSuppression: Statement
    private let putPosition: Statement
    private let readPositions: Statement
    private let readStatus: Statement
    private let putDecisive: Statement
    private let hasDecisive: Statement
    private let removeDecisive: Statement

    init(_ connection: consuming Connection) throws(StorageError) {
        let write = "write reference data"
        // REPLACE deletes and inserts: right here, where every column is given and nothing refers
        // to the row.
        let putAccount = try connection.prepare(
            "REPLACE INTO accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", operation: write)
        let removeAccount = try connection.prepare(
            "DELETE FROM accounts WHERE domain = ?1", operation: write)
        let putCampaign = try connection.prepare(
            "REPLACE INTO campaigns VALUES (?1, ?2, ?3, ?4, ?5)", operation: write)
        let removeCampaign = try connection.prepare(
            "DELETE FROM campaigns WHERE id = ?1", operation: write)
        let putSuppression = try connection.prepare(
            "REPLACE INTO suppressions VALUES (?1, ?2)", operation: write)
        let removeSuppression = try connection.prepare(
            "DELETE FROM suppressions WHERE entry = ?1", operation: write)
        let putPosition = try connection.prepare(
            "REPLACE INTO positions VALUES (?1, ?2, ?3)", operation: write)
        let readPositions = try connection.prepare(
            "SELECT topic, partition, next_offset FROM positions ORDER BY topic, partition",
            operation: "read positions")
        let readStatus = try connection.prepare(
            "SELECT status FROM accounts WHERE domain = ?1", operation: write)
        let putDecisive = try connection.prepare(
            "REPLACE INTO decisive VALUES (?1, ?2, ?3, ?4)", operation: write)
        let removeDecisive = try connection.prepare(
            "DELETE FROM decisive WHERE topic = ?1 AND entry = ?2", operation: write)
        let hasDecisive = try connection.prepare(
            "SELECT 1 FROM decisive WHERE topic = ?1 AND entry = ?2", operation: write)
        self.readStatus = readStatus
        self.hasDecisive = hasDecisive
        self.putDecisive = putDecisive
        self.removeDecisive = removeDecisive
        self.putAccount = putAccount
        self.removeAccount = removeAccount
        self.putCampaign = putCampaign
        self.removeCampaign = removeCampaign
        self.putSuppression = putSuppression
        self.removeSuppression = removeSuppression
        self.putPosition = putPosition
        self.readPositions = readPositions
        self.connection = connection
    }

    func apply(
        _ batch: [ReferenceRecord], positions: [ReferencePosition]
    ) throws(StorageError) {
        try connection.transaction(operation: "write reference data") { () throws(StorageError) in
            for record in batch {
                try note(record)
                try apply(record.change)
            }
            for position in positions {
                defer { putPosition.reset() }
                try putPosition.bind(position.topic, at: 1)
                try putPosition.bind(Int64(position.partition), at: 2)
                try putPosition.bind(position.nextOffset, at: 3)
                try putPosition.run()
            }
        }
    }

    func positions() throws(StorageError) -> [ReferencePosition] {
        try ReferencePosition.all(from: readPositions)
    }

    /// Keeps what leads must be decided again by; before the row itself changes.
    ///
    /// A deleted suppression leaves nothing here: it may be a person's address.
    private func note(_ record: ReferenceRecord) throws(StorageError) {
        switch record.change {
        case .suppression(let suppression): try keep(suppression.entry, record)
        case .suppressionDeleted(let entry):
            defer { removeDecisive.reset() }
            try removeDecisive.bind(record.topic, at: 1)
            try removeDecisive.bind(entry, at: 2)
            try removeDecisive.run()
        case .account(let account):
            if try status(of: account.domain) != account.status?.rawValue {
                try keep(account.domain, record)
            } else {
                try move(account.domain, record)
            }
        case .accountDeleted(let domain):
            if try status(of: domain) != nil {
                try keep(domain, record)
            } else {
                try move(domain, record)
            }
        case .campaign, .campaignDeleted: break
        }
    }

    private func status(of domain: String) throws(StorageError) -> String? {
        defer { readStatus.reset() }
        try readStatus.bind(domain, at: 1)
        return try readStatus.step() ? readStatus.text(at: 0) : nil
    }

    /// Moves an entry to the place of its last record, although nothing has changed by it: of two
    /// changes since this cache was last open, compaction may have removed the first.
    private func move(_ entry: String, _ record: ReferenceRecord) throws(StorageError) {
        defer { hasDecisive.reset() }
        try hasDecisive.bind(record.topic, at: 1)
        try hasDecisive.bind(entry, at: 2)
        if try hasDecisive.step() { try keep(entry, record) }
    }

    private func keep(_ entry: String, _ record: ReferenceRecord) throws(StorageError) {
        defer { putDecisive.reset() }
        try putDecisive.bind(record.topic, at: 1)
        try putDecisive.bind(Int64(record.partition), at: 2)
        try putDecisive.bind(record.offset, at: 3)
        try putDecisive.bind(entry, at: 4)
        try putDecisive.run()
    }

    private func apply(_ change: ReferenceChange) throws(StorageError) {
        switch change {
        case .account(let account): try put(account)
        case .accountDeleted(let domain): try remove(domain, with: removeAccount)
        case .campaign(let campaign): try put(campaign)
        case .campaignDeleted(let id): try remove(id, with: removeCampaign)
        case .suppression(let suppression): try put(suppression)
        case .suppressionDeleted(let entry): try remove(entry, with: removeSuppression)
        }
    }

    private func put(_ account: Account) throws(StorageError) {
        defer { putAccount.reset() }
        try putAccount.bind(account.domain, at: 1)
        try putAccount.bind(account.name, at: 2)
        try putAccount.bind(account.employees, at: 3)
        try putAccount.bind(account.annualRevenue, at: 4)
        try putAccount.bind(account.industry, at: 5)
        try putAccount.bind(account.country, at: 6)
        try putAccount.bind(account.ownerID, at: 7)
        try putAccount.bind(account.status?.rawValue, at: 8)
        try putAccount.run()
    }

    private func put(_ campaign: Campaign) throws(StorageError) {
        defer { putCampaign.reset() }
        try putCampaign.bind(campaign.id, at: 1)
        try putCampaign.bind(campaign.name, at: 2)
        try putCampaign.bind(campaign.channel, at: 3)
        try putCampaign.bind(campaign.product, at: 4)
        try putCampaign.bind(campaign.cost, at: 5)
        try putCampaign.run()
    }

    private func put(_ suppression: Suppression) throws(StorageError) {
        defer { putSuppression.reset() }
        try putSuppression.bind(suppression.entry, at: 1)
        try putSuppression.bind(suppression.reason, at: 2)
        try putSuppression.run()
    }

    private func remove(
        _ key: String, with statement: borrowing Statement
    ) throws(StorageError) {
        defer { statement.reset() }
        try statement.bind(key, at: 1)
        try statement.run()
    }
}
