/// The rows of `reference.accounts`, `.campaigns` and `.suppressions` as last taken.
struct ReferenceTables {
    struct Account {
        let domain: String
        let fields: [String: ModelScalar]

        /// Its fields as the outputs show them.
        var json: JSONValue {
            .object(fields.mapValues(\.json).merging(["domain": .string(domain)]) { $1 })
        }
    }

    struct Campaign {
        let name: String?
        let channel: String?
        let product: String?
    }

    private var accounts: [String: Account] = [:]
    private var campaigns: [Identifier: Campaign] = [:]
    private var suppressions: Set<String> = []

    func account(of domain: String) -> Account? { accounts[domain] }

    func campaign(_ id: String?) -> Campaign? {
        id.flatMap { campaigns[Identifier($0)] }
    }

    func suppresses(email: String) -> Bool { suppressions.contains(email) }

    func suppresses(domainOrParent domain: String) -> Bool {
        Domain.withParents(domain).contains(where: suppressions.contains)
    }

    /// Takes a row, or deletes it for a null value; unreadable rows change nothing.
    mutating func take(_ record: ModelRecord) {
        let object = record.value.flatMap { JSONValue.parse($0) }
        if record.value != nil, object?.members == nil { return }
        let idField = [
            ModelTopic.accounts: "domain", ModelTopic.campaigns: "campaign_id",
            ModelTopic.suppressions: "entry",
        ]
        let keyText = record.key.map { String(decoding: $0, as: UTF8.self) }
        guard let id = keyText ?? object?[idField[record.topic] ?? ""]?.text else { return }
        switch record.topic {
        case ModelTopic.accounts:
            let domain = Domain.normalised(id)
            accounts[domain] = object.map { Account(domain: domain, fields: Self.fields(of: $0)) }
        case ModelTopic.campaigns:
            campaigns[Identifier(id)] = object.map { row in
                Campaign(
                    name: Self.text(row["name"]), channel: Self.text(row["channel"]),
                    product: Self.text(row["product"]))
            }
        default:
            let entry = id.contains("@") ? id.trimmed.lowercased() : Domain.normalised(id)
            if object == nil { suppressions.remove(entry) } else { suppressions.insert(entry) }
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard let value, !value.isBlank else { return nil }
        return value.text
    }

    private static func fields(of row: JSONValue) -> [String: ModelScalar] {
        var fields: [String: ModelScalar] = [:]
        for name in ["name", "industry", "owner_id", "status"] {
            fields[name] = text(row[name]).map(ModelScalar.text)
        }
        fields["country"] = text(row["country"]).flatMap(Country.normalised).map(ModelScalar.text)
        for name in ["employees", "annual_revenue"] {
            fields[name] = row[name]?.double.map(ModelScalar.number)
        }
        return fields
    }
}
