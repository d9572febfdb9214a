/// What is known about a lead at one moment: its fields, its account, and what follows (CONTRACT.md
/// 5).
///
/// A class, because it is handed from rule to rule: copying its texts was a quarter of deriving a
/// standing.
final class Facts {
    let fields: LeadFields
    let account: Account?
    let emailDomain: String?
    let isFreeMail: Bool?
    let seniority: String?
    let function: String?
    let leadRegion: String?
    let companyRegion: String?
    let firstChannel: String?
    let firstCampaign: String?
    /// The rows of reference data that these facts were looked up from, absent ones included.
    let dependencies: [ReferenceKey]

    init(
        _ profile: Profile, rulebook: Rulebook, reference: any ReferenceData, symbols: SymbolTable
    ) throws {
        let definition = rulebook.definition
        fields = profile.fields
        emailDomain = fields.text(.email).map(Address.domain(ofEmail:))
        isFreeMail = emailDomain.map(definition.freeMailDomains.contains)
        var keys: [ReferenceKey] = []
        var found: Account?
        for domain in [fields.text(.companyDomain), emailDomain] {
            guard found == nil, let domain, !definition.freeMailDomains.contains(domain) else {
                continue
            }
            keys.append(.account(domain))
            found = try reference.account(domain: domain)
        }
        account = found
        dependencies = keys
        let persona = fields.text(.jobTitle).map(rulebook.persona) ?? Persona()
        (seniority, function) = (persona.seniority, persona.function)
        let leadCountry = fields.text(.country)
        leadRegion = leadCountry.flatMap(rulebook.region(ofCountry:))
        companyRegion = (found?.country ?? leadCountry).flatMap(rulebook.region(ofCountry:))
        firstChannel = profile.firstTouch.flatMap { symbols.optionalText($0.channel) }
        firstCampaign = profile.firstTouch.flatMap { symbols.optionalText($0.campaign) }
    }

    /// The value of a field, nil if it is missing.
    ///
    /// Fields of activities are never known here.
    func value(_ field: Field) -> FactValue? {
        switch field {
        case .leadCountry: fields[.country]
        case .leadRegion: leadRegion.map(FactValue.text)
        case .leadJobTitle: fields[.jobTitle]
        case .leadEmailDomain: emailDomain.map(FactValue.text)
        case .leadFreeMail: isFreeMail.map(FactValue.bool)
        case .leadCompanyName: fields[.companyName]
        case .leadPhone: fields[.phone]
        case .leadEmail: fields[.email]
        case .companyEmployees:
            account?.employees.map { .number(Double($0)) } ?? fields[.employees]
        case .companyAnnualRevenue:
            account?.annualRevenue.map(FactValue.number) ?? fields[.annualRevenue]
        case .companyIndustry: account?.industry.map(FactValue.text) ?? fields[.industry]
        case .companyCountry: account?.country.map(FactValue.text) ?? fields[.country]
        case .companyRegion: companyRegion.map(FactValue.text)
        case .accountStatus: account?.status.map { .text($0.rawValue) }
        case .accountOwnerID: account?.ownerID.map(FactValue.text)
        case .accountKnown: .bool(account != nil)
        case .personaSeniority: seniority.map(FactValue.text)
        case .personaFunction: function.map(FactValue.text)
        case .sourceChannel: firstChannel.map(FactValue.text)
        case .sourceCampaignID: firstCampaign.map(FactValue.text)
        case .activityProperty, .campaignChannel: nil
        }
    }
}

/// What a job title says about a person (CONTRACT.md 4, persona).
struct Persona {
    var seniority: String?
    var function: String?
}

/// A job title as words, to be searched for phrases (CONTRACT.md 4, persona).
package struct JobTitle {
    private let words: [String]

    /// Splits a title into lower-case words at everything that is not a letter or digit.
    package init(_ title: String) {
        words = JobTitle.words(of: title)
    }

    /// The lower-case words of a text.
    ///
    /// Combining marks stay with their letter.
    package static func words(of text: String) -> [String] {
        let bytes = Array(text.utf8)
        if bytes.allSatisfy({ $0 < 0x80 }) { return plainWords(of: bytes) }
        return text.lowercased().unicodeScalars.split { !isPartOfWord($0) }.map { String($0) }
    }

    /// The same for ASCII, without the tables of Unicode.
    private static func plainWords(of bytes: [UInt8]) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        for byte in bytes {
            let lowered = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
            if lowered &- UInt8(ascii: "a") < 26 || lowered &- UInt8(ascii: "0") < 10 {
                word.append(lowered)
            } else if !word.isEmpty {
                words.append(String(decoding: word, as: UTF8.self))
                word.removeAll(keepingCapacity: true)
            }
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }

    /// The value of the first rule of which a phrase occurs.
    package func value(_ rules: [PersonaRule]) -> String? {
        if words.isEmpty { return nil }
        return rules.first { rule in rule.phrases.contains(where: hasPhrase) }?.value
    }

    private func hasPhrase(_ phrase: [String]) -> Bool {
        guard !phrase.isEmpty, phrase.count <= words.count else { return false }
        return (0...words.count - phrase.count).contains { start in
            words[start..<start + phrase.count].elementsEqual(phrase)
        }
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar)
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            return true
        default: return false
        }
    }
}

/// What the decision needs of a lead's facts, kept with the profile while it holds.
///
/// Most events change neither fields nor reference data; keeping this result instead of deriving it
/// again saves the account look-up, the job title and every fit condition on them.
// Unchecked: only `version` and `ceilings` change, and only by the lane that owns the profile; a
// class, because copying five arrays out of the profile for every event costs five reference
// counts.
package final class Standing: @unchecked Sendable {
    /// What it was derived from, for the messages that tell of it; deriving it anew for each was a
    /// twentieth of a lane's instructions, keeping it is about 300 bytes.
    let facts: Facts
    let fit: Points
    /// The codes of CONTRACT.md 7.1, empty unless suppressed.
    let suppressed: [Symbol]
    /// The ids of the matching disqualify rules.
    let disqualified: [Symbol]
    /// `missing:` codes of the definition's required fields.
    let missing: [Symbol]
    /// The same for the extra ones, by product; empty if no product has any missing.
    let extraMissing: [[Symbol]]
    private let dependencies: [ReferenceKey]
    private var version: UInt64
    /// One entry for each product that was noted, in no order: few, as most leads are interested in
    /// few of a definition's products.
    private var ceilings: [Ceiling] = []

    /// What the score for a product is at most, and from which day on; see `mayReach`.
    ///
    /// 16 bytes, which grow with a lead's interests like the profile that `HotProfiles` estimates.
    private struct Ceiling {
        let place: Int32
        var from: UTCDay
        var points: Points
    }

    init(
        _ facts: Facts, rulebook: Rulebook, reference: any ReferenceData, version: UInt64
    ) throws {
        self.version = version
        self.facts = facts
        var keys = facts.dependencies
        fit = FitScore.total(facts, rulebook.definition)
        suppressed = try Standing.suppressions(facts, rulebook, reference, &keys)
        disqualified = zip(rulebook.definition.disqualify, rulebook.codes.disqualify)
            .filter { $0.0.when.holds(facts.value) }.map(\.1)
        missing = rulebook.required.filter { facts.value($0.field) == nil }.map(\.code)
        let extra = rulebook.products.map { entry in
            entry.extraRequired.filter { facts.value($0.field) == nil }.map(\.code)
        }
        extraMissing = extra.allSatisfy(\.isEmpty) ? [] : extra
        dependencies = keys
    }

    /// Whether no row it depends on has changed since; moves its version forward if so.
    func stillHolds(_ reference: any ReferenceData) -> Bool {
        let current = reference.version
        if current == version { return true }
        if dependencies.contains(where: { reference.hasChanged($0, since: version) }) {
            return false
        }
        version = current
        return true
    }

    // MARK: What the score can be at most

    /// Whether the engagement for a product may be so much, without computing it.
    ///
    /// The contributions above zero only fade from one day to the next, and an activity adds at
    /// most its points; so what they came to, and the points of all activities since, bound what
    /// the whole sum can be, and most leads are far from every threshold.
    func mayReach(_ least: Points, _ place: Int, on day: UTCDay) -> Bool {
        guard let index = ceilingIndex(place), day >= ceilings[index].from else { return true }
        return ceilings[index].points >= least
    }

    /// Notes what the contributions above zero come to on a day that no counted activity is after.
    func note(gains: Points, _ place: Int, on day: UTCDay) {
        let ceiling = Ceiling(place: Int32(clamping: place), from: day, points: gains)
        if let index = ceilingIndex(place) {
            ceilings[index] = ceiling
        } else {
            ceilings.append(ceiling)
        }
    }

    /// An activity was counted that adds at most so much to the score of any product.
    func raise(by points: Points) {
        for index in ceilings.indices { ceilings[index].points += points }
    }

    /// For a copy of a profile: both share this standing, and what was noted for the one may be too
    /// little for the other.
    func forgetCeilings() {
        ceilings.removeAll(keepingCapacity: true)
    }

    private func ceilingIndex(_ place: Int) -> Int? {
        ceilings.firstIndex { $0.place == Int32(clamping: place) }
    }

    private static func suppressions(
        _ facts: Facts, _ rulebook: Rulebook, _ reference: any ReferenceData,
        _ keys: inout [ReferenceKey]
    ) throws -> [Symbol] {
        var found: [Symbol] = []
        if facts.fields.consent != true { found.append(rulebook.codes.noConsent) }
        var isSuppressed = false
        for entry in facts.fields.suppressionEntries {
            keys.append(.suppression(entry))
            if try reference.isSuppressed(entry) { isSuppressed = true }
        }
        if isSuppressed { found.append(rulebook.codes.doNotContact) }
        if let status = facts.account?.status, let code = rulebook.codes.accountStatus[status] {
            found.append(code)
        }
        return found
    }
}

extension LeadFields {
    /// Every entry of the suppressions that would stop this lead: the e-mail address, its domain,
    /// the company's domain and the parents of both.
    package var suppressionEntries: [String] {
        let email = text(.email)
        let domains = [email.map(Address.domain(ofEmail:)), text(.companyDomain)]
        return (email.map { [$0] } ?? []) + domains.compactMap { $0 }.flatMap(Address.withParents)
    }
}

/// How interested we should be in a lead (CONTRACT.md 6).
enum FitScore {
    /// The sum of the points of all matching criteria.
    static func total(_ facts: Facts, _ definition: Definition) -> Points {
        definition.fit.reduce(.zero) { sum, criterion in
            sum + (match(criterion, facts)?.points ?? .zero)
        }
    }

    /// The branch of a criterion that counts: the first whose condition holds.
    static func match(_ criterion: FitCriterion, _ facts: Facts) -> FitCriterion.Branch? {
        criterion.branches.first { $0.when.holds(facts.value) }
    }
}
