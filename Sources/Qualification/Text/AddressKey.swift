/// Addresses and domains of leads as texts that sort by domain, so that an index finds everyone of
/// a domain and its subdomains: `pat@mail.acme.example` becomes `example.acme.mail@pat`.
package enum AddressKey {
    /// The key of a normalised e-mail address or domain.
    package static func of(_ address: String) -> String {
        guard let at = address.lastIndex(of: "@") else { return reversed(address) }
        return reversed(address[address.index(after: at)...]) + "@" + address[..<at]
    }

    /// The ranges that hold the keys of all leads that a suppression or account with this
    /// normalised e-mail address or domain concerns, by the order of their UTF-8 bytes.
    package static func ranges(concernedBy entry: String) -> [(from: String, below: String)] {
        let key = of(entry)
        // No address holds a control character, so nothing lies between a key and its last one.
        let itself = (from: key, below: key + "\u{1}")
        if entry.contains("@") { return [itself] }
        return [itself, (key + ".", key + "/"), (key + "@", key + "A")]
    }

    /// Whether a key lies in one of the ranges of `ranges(concernedBy:)`, for keys that no index
    /// has yet.
    package static func isConcerned(_ key: String, by entry: String) -> Bool {
        let concerned = of(entry).utf8
        guard key.utf8.starts(with: concerned) else { return false }
        let rest = key.utf8.dropFirst(concerned.count)
        guard let next = rest.first else { return true }
        return !entry.contains("@") && (next == UInt8(ascii: ".") || next == UInt8(ascii: "@"))
    }

    private static func reversed(_ domain: some StringProtocol) -> String {
        domain.split(separator: ".", omittingEmptySubsequences: false).reversed()
            .joined(separator: ".")
    }
}

extension LeadFields {
    /// The keys by which a lead is found when reference data changes: of its e-mail address and of
    /// its company's domain.
    package var addressKeys: [String] {
        AddressKey.keys(email: text(.email), companyDomain: text(.companyDomain))
    }
}

extension AddressKey {
    /// The keys of a lead with this address and company domain, each once.
    package static func keys(email: String?, companyDomain: String?) -> [String] {
        let byEmail = email.map(of)
        guard let domain = companyDomain.map(of) else { return byEmail.map { [$0] } ?? [] }
        // Whoever looks for the domain finds the e-mail address of the same domain.
        if let byEmail, byEmail.utf8.starts(with: (domain + "@").utf8) { return [byEmail] }
        return (byEmail.map { [$0] } ?? []) + [domain]
    }
}
