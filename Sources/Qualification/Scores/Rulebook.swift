/// A definition prepared for one lane: ids and types as symbols, the rules of each activity type at
/// hand.
///
/// Belongs to the lane that owns the symbol table; a new definition means a new rulebook.
package final class Rulebook {
    /// An engagement criterion with the types under which its activities are counted.
    ///
    /// A class, and its numbers copied out of the definition: reading a structure with texts out of
    /// an array costs a reference count for each of them, for each criterion, for each event.
    final class Criterion {
        let source: EngagementCriterion
        /// One entry per activity type: the type itself, or the condition's own count of it.
        let countedTypes: [Symbol]
        let onlyType: Symbol?
        let points: Double
        let decay: [Double]
        let dailyLimit: UInt32
        let limit: Double
        let since: UTCDay
        let handRaise: Bool

        init(_ source: EngagementCriterion, countedTypes: [Symbol]) {
            self.source = source
            self.countedTypes = countedTypes
            onlyType = countedTypes.count == 1 ? countedTypes[0] : nil
            points = source.points.value
            decay = source.decay
            dailyLimit = UInt32(clamping: source.dailyLimit ?? .max)
            limit = source.maxPoints?.value ?? .infinity
            since = source.since ?? UTCDay(number: .min)
            handRaise = source.handRaise
        }
    }

    /// What a lane does with an activity of one type beyond counting it.
    final class TypeRule {
        /// Counts of its own for each distinct `where` condition that applies to the type.
        var conditions: [(countedType: Symbol, condition: Condition)] = []
        /// Whether the type alone is a fresh activity (a criterion with points above zero, no
        /// condition).
        var isFresh = false
        /// Conditions of criteria with points above zero: any that holds makes it fresh.
        var freshWhen: [Condition] = []

        /// The criteria that count this type and no other.
        var criteria: [Criterion] = []
        /// The criteria of this type that tell sales when they score.
        var notifying: [Criterion] = []
        /// More than one activity of this type can add to the score of a product, see
        /// `Standing.raise`.
        var mostGain = Points.zero
        /// Whether the type takes the lead's consent back.
        var withdrawsConsent = false

        var needsProperties: Bool { !conditions.isEmpty || !freshWhen.isEmpty }
    }

    /// A product with its symbol and the codes of what it requires.
    final class Entry {
        let product: Product
        let symbol: Symbol
        let topic: Symbol
        let extraRequired: [(field: Field, code: Symbol)]
        let fitAtLeast: Points
        let engagementAtLeast: Points
        let handRaiseFitAtLeast: Points?
        let lapseAfter: Span24h
        let isPaused: Bool

        init(_ product: Product, _ symbols: SymbolTable) {
            self.product = product
            symbol = symbols.intern(product.id)
            topic = symbols.intern(product.topic)
            extraRequired = product.extraRequired.map {
                (field: $0, code: symbols.intern("missing:\($0.name)"))
            }
            fitAtLeast = product.fitAtLeast
            engagementAtLeast = product.engagementAtLeast
            handRaiseFitAtLeast = product.handRaiseFitAtLeast
            lapseAfter = .days(product.lapseAfterDays)
            isPaused = product.paused
        }
    }

    /// The definition as read.
    package let definition: Definition
    /// The agreement to keep with the MQLs that it publishes.
    let agreement: Agreement
    let criteria: [Criterion]
    /// The criteria that count several types together.
    let combined: [Criterion]
    let products: [Entry]
    let required: [(field: Field, code: Symbol)]
    let codes: Codes
    /// Types up to this index have a place in `typeRules`; later ones have no rule.
    private let typeRules: [TypeRule?]
    private var personas: [String: Persona] = [:]
    private static let knownTitles = 4_096
    /// In bytes.
    private static let longestKnownTitle = 128
    /// For each symbol up to the last product's the place of the product, -1 for none.
    private let productIndexes: [Int32]

    /// Prepares a definition for the lane that owns `symbols`.
    package init(_ definition: Definition, symbols: SymbolTable) {
        self.definition = definition
        agreement = Agreement(
            sha256: definition.sha256, products: definition.products.map(\.id),
            reasons: definition.rejectionReasons)
        criteria = definition.engagement.map { criterion in
            Criterion(
                criterion,
                countedTypes: criterion.activities.map { type in
                    Rulebook.countedType(type, criterion.condition, symbols)
                })
        }
        combined = criteria.filter { $0.onlyType == nil }
        products = definition.products.map { Entry($0, symbols) }
        required = definition.required.map {
            (field: $0, code: symbols.intern("missing:\($0.name)"))
        }
        codes = Codes(definition, symbols)
        typeRules = Rulebook.rules(of: definition, criteria, symbols)
        let last = products.map(\.symbol.index).max() ?? 0
        var indexes = [Int32](repeating: -1, count: Int(last) + 1)
        for (place, entry) in products.enumerated() {
            indexes[Int(entry.symbol.index)] = Int32(place)
        }
        productIndexes = indexes
    }

    /// How many products the definition has.
    package var productCount: Int { products.count }

    /// The symbol of the product at a place in the definition.
    package func symbol(ofProduct place: Int) -> Symbol { products[place].symbol }

    /// The place of a product in the definition, nil if it has none of that id.
    package func index(ofProduct symbol: Symbol) -> Int? {
        let place = Int(symbol.index)
        guard place < productIndexes.count, productIndexes[place] >= 0 else { return nil }
        return Int(productIndexes[place])
    }

    /// Whether an activity of this type needs its properties to be read.
    package func wantsProperties(ofType type: Symbol) -> Bool {
        rule(ofType: type)?.needsProperties ?? false
    }

    /// What the definition's phrases say about a job title.
    ///
    /// A few hundred titles are most of all there are, and looking for every phrase in one takes
    /// 10,000 instructions; so the answers are kept, up to a limit.
    func persona(ofTitle title: String) -> Persona {
        // Others can be equal as texts and different in what they are split into.
        let isPlain = title.utf8.allSatisfy { $0 < 0x80 }
        if isPlain, let known = personas[title] { return known }
        let words = JobTitle(title)
        let persona = Persona(
            seniority: words.value(definition.seniority),
            function: words.value(definition.function))
        if isPlain, title.utf8.count <= Rulebook.longestKnownTitle {
            if personas.count == Rulebook.knownTitles { personas.removeAll() }
            personas[title] = persona
        }
        return persona
    }

    func rule(ofType type: Symbol) -> TypeRule? {
        Int(type.index) < typeRules.count ? typeRules[Int(type.index)] : nil
    }

    /// The region of a country: the first that lists it.
    func region(ofCountry country: String) -> String? {
        definition.regions.first { $0.countries.contains(country) }?.name
    }

    /// The symbol that counts a type under a condition; the type itself without one.
    ///
    /// The first byte 0xFF occurs in no UTF-8 text, so no activity type can be mistaken for it. The
    /// hash is of the condition's canonical text: equal conditions share their count, whatever
    /// criterion has them.
    private static func countedType(
        _ type: String, _ condition: Condition?, _ symbols: SymbolTable
    ) -> Symbol {
        guard let condition else { return symbols.intern(type) }
        let hash = Array(condition.canonicalText.utf8).span.stableHash
        let bytes =
            [0xff] + (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(8 * $0)) }
            + Array(type.utf8)
        return symbols.intern(bytes.span)
    }

    private static func rules(
        of definition: Definition, _ criteria: [Criterion], _ symbols: SymbolTable
    ) -> [TypeRule?] {
        var rules: [Symbol: TypeRule] = [:]
        for criterion in definition.engagement {
            for activity in criterion.activities {
                let type = symbols.intern(activity)
                let rule = rules[type] ?? TypeRule()
                let isPositive = criterion.points > .zero
                // A hundredth more, as the sum of a criterion's days is rounded.
                if isPositive { rule.mostGain += criterion.points + Points(hundredths: 1) }
                if let condition = criterion.condition {
                    let counted = countedType(activity, condition, symbols)
                    if !rule.conditions.contains(where: { $0.countedType == counted }) {
                        rule.conditions.append((counted, condition))
                    }
                    if isPositive { rule.freshWhen.append(condition) }
                } else if isPositive {
                    rule.isFresh = true
                }
                rules[type] = rule
            }
        }
        for criterion in criteria where criterion.source.notify {
            for activity in criterion.source.activities {
                rules[symbols.intern(activity)]?.notifying.append(criterion)
            }
        }
        for activity in definition.withdrawsConsent {
            let type = symbols.intern(activity)
            let rule = rules[type] ?? TypeRule()
            rule.withdrawsConsent = true
            rules[type] = rule
        }
        for criterion in criteria {
            guard let type = criterion.onlyType else { continue }
            let rule = rules[type] ?? TypeRule()
            rule.criteria.append(criterion)
            rules[type] = rule
        }
        let last = rules.keys.map(\.index).max() ?? 0
        return (0...last).map { rules[Symbol(index: $0)] }
    }
}

/// The reason codes of CONTRACT.md 7 as symbols of a lane.
final class Codes {
    let noConsent: Symbol
    let doNotContact: Symbol
    let won: Symbol
    let open: Symbol
    let coolingDown: Symbol
    let noNewActivity: Symbol
    let fit: Symbol
    let engagement: Symbol
    let paused: Symbol
    let waitingForCapacity: Symbol
    let noProduct: Symbol
    let accountStatus: [Account.Status: Symbol]
    let disqualify: [Symbol]

    init(_ definition: Definition, _ symbols: SymbolTable) {
        noConsent = symbols.intern("no_consent")
        doNotContact = symbols.intern("do_not_contact")
        won = symbols.intern("won")
        open = symbols.intern("open")
        coolingDown = symbols.intern("cooling_down")
        noNewActivity = symbols.intern("no_new_activity")
        fit = symbols.intern("fit")
        engagement = symbols.intern("engagement")
        paused = symbols.intern("paused")
        waitingForCapacity = symbols.intern("waiting_for_capacity")
        noProduct = symbols.intern("no_product")
        var statuses: [Account.Status: Symbol] = [:]
        for status in Account.Status.allCases
        where definition.suppressedAccountStatuses.contains(status.rawValue) {
            statuses[status] = symbols.intern("account_status:\(status.rawValue)")
        }
        accountStatus = statuses
        disqualify = definition.disqualify.map { symbols.intern($0.id) }
    }
}

extension Condition {
    /// The condition as one text that never changes: part of the profile format, because the counts
    /// of a `where` are found again by its hash after a restart.
    package var canonicalText: String {
        switch self {
        case .equals(let field, let value): "\(field.name) equals \(value.canonicalText)"
        case .notEquals(let field, let value): "\(field.name) not_equals \(value.canonicalText)"
        case .oneOf(let field, let values): "\(field.name) in \(Condition.list(values))"
        case .noneOf(let field, let values): "\(field.name) not_in \(Condition.list(values))"
        case .atLeast(let field, let limit): "\(field.name) at_least \(limit)"
        case .atMost(let field, let limit): "\(field.name) at_most \(limit)"
        case .exists(let field, let wanted): "\(field.name) exists \(wanted)"
        case .all(let parts): "all(\(parts.map(\.canonicalText).joined(separator: ", ")))"
        case .any(let parts): "any(\(parts.map(\.canonicalText).joined(separator: ", ")))"
        case .not(let part): "not(\(part.canonicalText))"
        }
    }

    private static func list(_ values: [FactValue]) -> String {
        "[\(values.map(\.canonicalText).joined(separator: ", "))]"
    }
}

extension FactValue {
    fileprivate var canonicalText: String {
        switch self {
        case .text(let text): "\"\(text.lowercased())\""
        case .number(let number): "\(number)"
        case .bool(let bool): "\(bool)"
        }
    }
}
