/// Addresses and domains of leads as texts that sort by domain, so that an index finds everyone of
/// a domain and its subdomains: `pat@mail.acme.example` becomes `example.acme.mail@pat`.
package enum AddressKey {
    /// The key of a normalised e-mail address or domain.
    package static func of(_ address: String) -> String {
        // Bytes, not characters: the two signs are ASCII, and this is done for every lead event.
        let bytes = Array(address.utf8)
        let at = bytes.lastIndex(of: UInt8(ascii: "@"))
        var key: [UInt8] = []
        key.reserveCapacity(bytes.count)
        appendReversed(bytes[(at.map { $0 + 1 } ?? 0)...], to: &key)
        if let at { key += bytes[at...at] + bytes[..<at] }
        return String(decoding: key, as: UTF8.self)
    }

    /// The ranges that hold the keys of all leads that a suppression or account with this
    /// normalised e-mail address or domain concerns, by the order of their UTF-8 bytes.
    package static func ranges(concernedBy entry: String) -> [(from: String, below: String)] {
        let key = of(entry)
        // No address holds a control character, so nothing lies between a key and its last one.
        let itself = (from: key, below: key + "\u{1}")
        if entry.utf8.contains(UInt8(ascii: "@")) { return [itself] }
        return [itself, (key + ".", key + "/"), (key + "@", key + "A")]
    }

    /// The keys of all entries in whose ranges a key lies, for keys that no index has yet: its own,
    /// and those of its domain and the parents of that.
    package static func concerning(_ key: String) -> [String] {
        let bytes = Array(key.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: "@")) ?? bytes.count
        var found = [key]
        if end < bytes.count { found.append(String(decoding: bytes[..<end], as: UTF8.self)) }
        for place in 0..<end where bytes[place] == UInt8(ascii: ".") {
            found.append(String(decoding: bytes[..<place], as: UTF8.self))
        }
        return found
    }

    /// Appends the labels of a domain, the last one first.
    private static func appendReversed(_ domain: ArraySlice<UInt8>, to key: inout [UInt8]) {
        var rest = domain
        while let dot = rest.lastIndex(of: UInt8(ascii: ".")) {
            key += rest[(dot + 1)...]
            key.append(UInt8(ascii: "."))
            rest = rest[..<dot]
        }
        key += rest
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
