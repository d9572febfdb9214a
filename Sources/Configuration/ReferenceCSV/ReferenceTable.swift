import DefinitionFiles
package import Qualification

extension ReferenceTable {
    /// The columns in the order of the message's schema; the first is the key.
    package var columns: [String] {
        switch self {
        case .accounts:
            [
                "domain", "name", "employees", "annual_revenue", "industry", "country",
                "owner_id", "status",
            ]
        case .campaigns: ["campaign_id", "name", "channel", "product", "cost"]
        case .suppressions: ["entry", "reason"]
        }
    }

    /// The column whose value is the record's key.
    package var keyColumn: String { columns[0] }
}

/// The value of a cell in its normal form.
package enum ReferenceValue: Sendable, Equatable {
    case text(String)
    case whole(Int64)
    case number(Double)

    /// The value as JSON.
    var json: String {
        switch self {
        case .text(let text): JSONText.quoted(text)
        case .whole(let whole): String(whole)
        case .number(let number):
            // Whole amounts are written without fraction: 1000000, not 1000000.0.
            if let whole = Int64(exactly: number) { String(whole) } else { "\(number)" }
        }
    }
}

/// Turns the text of one cell into a value.
struct ReferenceCell {
    /// Numbers beyond this are bad, as in events (CONTRACT.md 3).
    private static let largest = 9_007_199_254_740_992

    let table: ReferenceTable
    let freeMailDomains: Set<String>

    /// The value, or a sentence that says what is wrong.
    func value(_ text: String, column: String) -> Result<ReferenceValue, ReferenceCellFault> {
        let trimmed = Address.trimmed(text)
        switch (table, column) {
        case (.accounts, "domain"): return domain(trimmed)
        case (.suppressions, "entry"): return suppression(trimmed)
        case (.accounts, "employees"): return whole(trimmed, column)
        case (.accounts, "annual_revenue"), (.campaigns, "cost"): return number(trimmed, column)
        case (.accounts, "country"):
            guard let country = Address.country(trimmed) else {
                return fault(
                    "'\(trimmed)' is not a country; write the two letters of ISO 3166-1, such as US"
                )
            }
            return .success(.text(country))
        case (.accounts, "status"):
            let known = Account.Status.allCases.map(\.rawValue)
            guard known.contains(trimmed) else {
                let advice = NearestName.advice(for: trimmed, among: known)
                return fault("'\(trimmed)' is not a status of accounts\(advice)")
            }
            return .success(.text(trimmed))
        default: return .success(.text(text))
        }
    }

    private func domain(_ text: String) -> Result<ReferenceValue, ReferenceCellFault> {
        guard let domain = Address.domain(text), DomainForm.isDomain(domain) else {
            return fault("'\(text)' is not a domain, such as example.com")
        }
        return .success(.text(domain))
    }

    private func suppression(_ text: String) -> Result<ReferenceValue, ReferenceCellFault> {
        text.contains("@") ? suppressedEmail(text) : suppressedDomain(text)
    }

    /// Whatever the worker takes for a lead's address, however odd, can be suppressed.
    private func suppressedEmail(_ text: String) -> Result<ReferenceValue, ReferenceCellFault> {
        guard let email = Address.email(text) else {
            return fault("'\(text)' is neither an e-mail address nor a domain")
        }
        // Taken literally, they would stop nobody.
        guard !email.hasPrefix("*@"), !email.contains("@*") else { return pattern(text) }
        return .success(.text(email))
    }

    private func suppressedDomain(_ text: String) -> Result<ReferenceValue, ReferenceCellFault> {
        guard !text.contains("*") else { return pattern(text) }
        guard let domain = Address.domain(text), !domain.contains(where: \.isWhitespace)
        else { return fault("'\(text)' is neither an e-mail address nor a domain") }
        guard domain.contains(".") else {
            return fault("'\(text)' has no dot, so it is neither an e-mail address nor a domain")
        }
        guard DomainForm.isDomain(domain) else {
            return fault("'\(text)': '\(domain)' is not a domain, such as example.com")
        }
        guard !freeMailDomains.contains(domain) else {
            return fault(
                "'\(domain)' is a free-mail domain; suppressing it would stop everyone who uses it")
        }
        return .success(.text(domain))
    }

    private func pattern(_ text: String) -> Result<ReferenceValue, ReferenceCellFault> {
        fault(
            "'\(text)' is a pattern; write one e-mail address, or a domain, which stands for "
                + "all its addresses and subdomains")
    }

    /// An integer may be written `50.0`, as in events.
    private func whole(_ text: String, _ column: String)
        -> Result<ReferenceValue, ReferenceCellFault>
    {
        guard let number = amount(text), let whole = Int64(exactly: number) else {
            return fault("'\(column)' must be a whole number of at least 0, not '\(text)'")
        }
        return .success(.whole(whole))
    }

    private func number(_ text: String, _ column: String)
        -> Result<ReferenceValue, ReferenceCellFault>
    {
        guard let number = amount(text) else {
            return fault("'\(column)' must be a number of at least 0, not '\(text)'")
        }
        return .success(.number(number))
    }

    private func amount(_ text: String) -> Double? {
        guard PlainNumber.isDecimal(text), let number = Double(text), number >= 0,
            // The next number above the largest rounds to it.
            number < Double(Self.largest) || text == String(Self.largest)
        else { return nil }
        // Minus zero would be written with its sign.
        return number == 0 ? 0 : number
    }

    private func fault(_ message: String) -> Result<ReferenceValue, ReferenceCellFault> {
        .failure(ReferenceCellFault(message: message))
    }
}

/// What a domain of its own, not that of an e-mail address, looks like in its normal form.
///
/// CONTRACT.md 5 says how domains are normalised, not which characters they have, and the worker
/// takes addresses at any domain with a dot in it. What is none by this is far more often a slip
/// than a domain; leads with such an address can be suppressed one by one.
enum DomainForm {
    /// The longest name and the longest part of one (RFC 1035, section 2.3.4), in bytes.
    private static let longest = 253
    private static let longestLabel = 63

    /// Whether this is one or more labels of letters of any script, digits, `-` and `_` with single
    /// dots between them, none of which begins or ends with `-`.
    static func isDomain(_ text: String) -> Bool {
        guard text.utf8.count <= longest else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...longestLabel).contains(label.utf8.count) && !label.hasPrefix("-")
                && !label.hasSuffix("-")
                && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        }
    }
}

/// What is wrong with a cell.
struct ReferenceCellFault: Error {
    var message: String
}

/// JSON strings.
enum JSONText {
    /// The text in quotes, with the escapes that RFC 8259 demands.
    static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
