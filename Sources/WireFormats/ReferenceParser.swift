import CSimdjson
package import Qualification

/// Reads the reference topics: a value sets a row, a null value deletes it (CONTRACT.md 2 and 3).
///
/// The row's key is the value's own key field, in its normal form; the record key must mean the
/// same.
package final class ReferenceParser {
    private let parser = JSONObjectParser()
    private var ignored: [String] = []

    /// The dead letter for the optional fields of the last row that were left out, if any.
    package var ignoredFields: DeadLetter? {
        ignored.isEmpty
            ? nil : DeadLetter(.fieldIgnored, "applied without \(ignored.joined(separator: "; "))")
    }

    /// Makes a parser, for use by one task at a time.
    package init() {}

    /// The change that a record makes, or why it makes none.
    package func change(
        _ table: ReferenceTable, key: [UInt8], value: RawSpan
    ) throws(DeadLetter) -> ReferenceChange {
        ignored.removeAll()
        if value.byteCount > EventReader.valueLimit {
            throw DeadLetter(.tooLarge, "the value has \(value.byteCount) bytes")
        }
        do {
            try parser.parse(value)
        } catch {
            throw DeadLetter(.notJSON, "the value is not a JSON object in UTF-8")
        }
        let change: ReferenceChange =
            switch table {
            case .accounts: .account(try account())
            case .campaigns: .campaign(try campaign())
            case .suppressions: .suppression(try suppression())
            }
        let expected = change.rowKey
        guard normal(key, table) == expected else {
            if key.isEmpty {
                throw DeadLetter(
                    .keyMismatch, "the record has no key; that of the row, \(expected), is expected"
                )
            }
            let shown = String(decoding: key.prefix(100), as: UTF8.self)
            throw DeadLetter(
                .keyMismatch, "the record's key \"\(shown)\" is not that of the row, \(expected)")
        }
        return change
    }

    /// The deletion that a null value means.
    package func deletion(
        _ table: ReferenceTable, key: [UInt8]
    ) throws(DeadLetter) -> ReferenceChange {
        ignored.removeAll()
        guard let normal = normal(key, table) else {
            throw DeadLetter(.keyMismatch, "a null value without a key deletes nothing")
        }
        return switch table {
        case .accounts: .accountDeleted(normal)
        case .campaigns: .campaignDeleted(normal)
        case .suppressions: .suppressionDeleted(normal)
        }
    }

    private func normal(_ key: [UInt8], _ table: ReferenceTable) -> String? {
        guard let text = String(validating: key, as: UTF8.self) else { return nil }
        return switch table {
        case .accounts: Address.domain(text)
        case .campaigns: Address.trimmed(text).isEmpty ? nil : text
        case .suppressions: Address.suppressionEntry(text)
        }
    }

    // MARK: Rows

    private func account() throws(DeadLetter) -> Account {
        var account = Account(
            domain: try required(HANDOFF_DOMAIN, "a domain", Address.domain))
        account.name = text(HANDOFF_NAME)
        account.industry = text(HANDOFF_INDUSTRY)
        account.ownerID = text(HANDOFF_OWNER_ID)
        account.country = text(HANDOFF_COUNTRY).flatMap {
            known(HANDOFF_COUNTRY, Address.country($0), "a country code of ISO 3166-1")
        }
        account.status = text(HANDOFF_STATUS).flatMap {
            known(
                HANDOFF_STATUS, Account.Status(rawValue: $0),
                "prospect, customer, competitor or partner")
        }
        account.annualRevenue = number(HANDOFF_ANNUAL_REVENUE)
        account.employees = number(HANDOFF_EMPLOYEES).flatMap {
            known(HANDOFF_EMPLOYEES, Int64(exactly: $0), "a whole number from 0")
        }
        return account
    }

    private func campaign() throws(DeadLetter) -> Campaign {
        var campaign = Campaign(id: try required(HANDOFF_CAMPAIGN_ID, "an id") { $0 })
        campaign.name = text(HANDOFF_NAME)
        campaign.channel = text(HANDOFF_CHANNEL)
        campaign.product = text(HANDOFF_PRODUCT)
        campaign.cost = number(HANDOFF_COST)
        return campaign
    }

    private func suppression() throws(DeadLetter) -> Suppression {
        var suppression = Suppression(
            entry: try required(
                HANDOFF_ENTRY, "an e-mail address or a domain", Address.suppressionEntry))
        suppression.reason = text(HANDOFF_REASON)
        return suppression
    }

    // MARK: Fields

    private func required(
        _ field: handoff_field, _ expected: String, _ normalise: (String) -> String?
    ) throws(DeadLetter) -> String {
        let value = parser[field]
        if value.isAbsent {
            throw DeadLetter(
                .missingField,
                "\(field.name) is missing; a text of that name is expected at the top level of "
                    + "the object")
        }
        guard value.isText else {
            throw DeadLetter(.wrongType, "\(field.name) is \(value.shown), not a text")
        }
        guard let normal = normalise(value.text) else {
            throw DeadLetter(.badValue, "\(field.name) \(value.shown) is not \(expected)")
        }
        return normal
    }

    /// A value, or nil and a note that the field is left out.
    private func known<Value>(
        _ field: handoff_field, _ value: Value?, _ expected: String
    ) -> Value? {
        if value == nil {
            ignored.append("\(field.name) (\(parser[field].shown) is not \(expected))")
        }
        return value
    }

    private func text(_ field: handoff_field) -> String? {
        let value = parser[field]
        if value.isAbsent { return nil }
        let isReadable = value.isText && value.byteCount <= EventReader.textLimit
        return known(
            field, isReadable ? value.text : nil,
            value.isText ? EventReader.shortText : "a text")
    }

    private func number(_ field: handoff_field) -> Double? {
        let value = parser[field]
        if value.isAbsent { return nil }
        let number = value.number.flatMap { $0 >= 0 ? $0 : nil }
        return known(field, number, "a number from 0 to 2^53")
    }
}
