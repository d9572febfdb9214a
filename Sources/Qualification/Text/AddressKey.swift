/// Addresses and domains of leads as texts that sort by domain, so that an index finds everyone of
/// a domain and its subdomains: `pat@mail.acme.example` becomes `example.acme.mail@pat`.
package enum AddressKey {
    /// The key of a normalised e-mail address or domain.
    package static func of(_ address: String) -> String {
        var key: [UInt8] = []
        let bytes = address.utf8Span.span
        key.reserveCapacity(bytes.count)
        append(bytes, bytes.indices, to: &key)
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

    /// Appends the key of an address, a part of some bytes.
    private static func append(
        _ bytes: Span<UInt8>, _ address: Range<Int>, to key: inout [UInt8]
    ) {
        // Bytes, not characters: the two signs are ASCII, and this is done for every lead event.
        let at = address.last { bytes[$0] == UInt8(ascii: "@") }
        let domain = at.map { $0 + 1 } ?? address.lowerBound
        // The labels of the domain, the last one first.
        var end = address.upperBound
        for place in (domain..<end).reversed() where bytes[place] == UInt8(ascii: ".") {
            for place in place + 1..<end { key.append(bytes[place]) }
            key.append(UInt8(ascii: "."))
            end = place
        }
        for place in domain..<end { key.append(bytes[place]) }
        guard let at else { return }
        key.append(UInt8(ascii: "@"))
        for place in address.lowerBound..<at { key.append(bytes[place]) }
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

    /// Appends what `keys(email:companyDomain:)` says of two parts of some bytes, as UTF-8.
    ///
    /// - Returns: the number of bytes of each key, nil for one that there is not.
    package static func append(
        email: Range<Int>?, companyDomain: Range<Int>?, of bytes: Span<UInt8>,
        to keys: inout [UInt8]
    ) -> (first: Int?, second: Int?) {
        let start = keys.count
        if let email { append(bytes, email, to: &keys) }
        let middle = keys.count
        let first = email == nil ? nil : middle - start
        guard let companyDomain else { return (first, nil) }
        append(bytes, companyDomain, to: &keys)
        let second = keys.count - middle
        guard let first else { return (second, nil) }
        guard second < first, keys[start + second] == UInt8(ascii: "@"),
            keys[start..<start + second] == keys[middle...]
        else { return (first, second) }
        keys.removeSubrange(middle...)
        return (first, nil)
    }
}
