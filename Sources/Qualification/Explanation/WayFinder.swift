/// Looks for the least that would make a lead an MQL, by trying it out.
///
/// Whatever it proposes has qualified in a trial: it knows nothing of scores and rules but what the
/// decision answers.
struct WayFinder {
    struct Search {
        var ways: [Way] = []
        var obstacles: [String] = []
        /// At the time of the trial, before any step.
        var engagement = Points.zero
    }

    /// So many ways are shown.
    private static let shown = 4
    /// So many activities of one kind on one day are proposed.
    private static let mostOfAKind = 6
    /// So many activities in all, where neither one kind nor two are enough.
    private static let mostInAll = 40

    /// When the imagined events happen: not before a cool-down ends.
    let time: Timestamp
    private let start: Trial
    private let prelude: [Step]
    private let kinds: [ActivityKind]
    private let needed: Points
    private let needs: [Need]
    private let definition: Definition

    init(qualifier: Qualifier, profile: Profile, place: Int, needs: [Need], time: Timestamp) {
        let entry = qualifier.rulebook.products[place]
        let until = needs.compactMap(\.earliest).max()
        // One millisecond on: an activity must be later than the answer it follows.
        self.time = max(time, until ?? time) + Span24h(milliseconds: 1)
        self.needs = needs
        definition = qualifier.rulebook.definition
        needed = entry.product.engagementAtLeast
        kinds = qualifier.rulebook.helpfulKinds
        let imagined = Qualifier(
            definition: definition, symbols: qualifier.symbols,
            reference: ImaginedReference(qualifier.reference), limits: qualifier.limits)
        start = Trial(
            qualifier: imagined, product: entry.symbol, profile: profile, time: self.time)
        let wait = needs.contains { if case .coolDown = $0 { true } else { false } }
        prelude = wait ? until.map { [.wait(until: $0)] } ?? [] : []
    }

    func search() throws -> Search {
        var result = Search()
        result.engagement = start.engagement
        var trial = start
        var steps = prelude + (try tell(&trial, isInterested: false))
        if let way = way(steps, trial) {
            result.ways = [way]
            return result
        }
        if needs.contains(.interest) {
            var interested = start
            let told = prelude + (try tell(&interested, isInterested: true))
            if let way = way(told, interested) { result.ways = [way] }
        }
        let obstacles = try obstacles(trial)
        var candidates = try singles(trial, steps)
        if obstacles.isEmpty { candidates += try pairs(trial, steps) }
        result.ways += select(candidates)
        guard result.ways.isEmpty else { return result }
        if obstacles.isEmpty, let way = try many(&trial, &steps) {
            result.ways = [way]
        } else {
            result.obstacles = obstacles.isEmpty ? trial.codes : obstacles
        }
        return result
    }

    /// What stays in the way whatever the lead does, short of a raised hand: all codes but that of
    /// engagement after a first activity.
    private func obstacles(_ trial: Trial) throws -> [String] {
        var further = trial
        guard let kind = kinds.first(where: { !$0.isHandRaise }) else { return [] }
        try further.act(kind)
        return further.qualified == nil ? further.codes.filter { $0 != "engagement" } : []
    }

    // MARK: What the lead tells

    private func tell(_ trial: inout Trial, isInterested: Bool) throws -> [Step] {
        var steps: [Step] = []
        var fields: [(field: LeadField, value: FactValue)] = []
        if needs.contains(where: { if case .consent = $0 { true } else { false } }) {
            steps.append(.consent)
            fields.append((.consent, .bool(true)))
        }
        let names = needs.compactMap { if case .field(let name) = $0 { name } else { nil } }
        if !names.isEmpty {
            steps.append(.fields(names))
            for name in names { fields += example(of: name) }
        }
        if isInterested { steps.append(.interest) }
        if !fields.isEmpty || isInterested || needs.contains(.leadEvent) {
            try trial.tell(fields, isInterested: isInterested)
        }
        return steps
    }

    /// A value for a required field that is worth no points by itself, as far as that can be.
    private func example(of name: String) -> [(field: LeadField, value: FactValue)] {
        guard let field = Field.aboutLeads.first(where: { $0.name == name })?.field else {
            return []
        }
        let country = definition.regions.last?.countries.first ?? "AQ"
        return switch field {
        case .leadCountry, .leadRegion, .companyCountry, .companyRegion:
            [(.country, .text(country))]
        case .leadEmail, .leadEmailDomain, .leadFreeMail:
            [(.email, .text("someone@example.invalid"))]
        case .leadJobTitle: [(.jobTitle, .text("-"))]
        case .leadCompanyName: [(.companyName, .text("-"))]
        case .leadPhone: [(.phone, .text("-"))]
        case .companyEmployees: [(.employees, .number(25))]
        case .companyAnnualRevenue: [(.annualRevenue, .number(1))]
        case .companyIndustry: [(.industry, .text("-"))]
        default: []
        }
    }

    // MARK: What the lead does

    /// One kind of activity, as often as needed.
    private func singles(_ trial: Trial, _ steps: [Step]) throws -> [Way] {
        try kinds.compactMap { kind in
            var trial = trial
            return try repeated(kind, &trial, steps)
        }
    }

    /// Two kinds, the first once to three times.
    private func pairs(_ trial: Trial, _ steps: [Step]) throws -> [Way] {
        var ways: [Way] = []
        for first in kinds {
            var trial = trial
            for count in 1...3 {
                let before = trial.engagement
                try trial.act(first)
                if trial.qualified != nil || trial.engagement == before { break }
                let points = trial.engagement - start.engagement
                for second in kinds where second != first {
                    var further = trial
                    let told = steps + [.activity(first, count: count, points: points)]
                    if let way = try repeated(second, &further, told) { ways.append(way) }
                }
            }
        }
        return ways
    }

    private func repeated(
        _ kind: ActivityKind, _ trial: inout Trial, _ steps: [Step]
    ) throws -> Way? {
        let base = trial.engagement
        for count in 1...WayFinder.mostOfAKind {
            let before = trial.engagement
            try trial.act(kind)
            let step = Step.activity(kind, count: count, points: trial.engagement - base)
            if let way = way(steps + [step], trial) { return way }
            if trial.engagement == before { return nil }
        }
        return nil
    }

    /// As many activities as it takes, always the one that adds most.
    private func many(_ trial: inout Trial, _ steps: inout [Step]) throws -> Way? {
        for _ in 0..<WayFinder.mostInAll {
            var best: (trial: Trial, kind: ActivityKind)?
            for kind in kinds {
                var further = trial
                try further.act(kind)
                if further.qualified != nil
                    || further.engagement > (best?.trial ?? trial).engagement
                {
                    best = (further, kind)
                    if further.qualified != nil { break }
                }
            }
            guard let best else { return nil }
            let points = best.trial.engagement - trial.engagement
            trial = best.trial
            if case .activity(best.kind, let count, let earlier)? = steps.last {
                steps[steps.count - 1] = .activity(
                    best.kind, count: count + 1, points: earlier + points)
            } else {
                steps.append(.activity(best.kind, count: 1, points: points))
            }
            if let way = way(steps, trial) { return way }
        }
        return nil
    }

    private func way(_ steps: [Step], _ trial: Trial) -> Way? {
        trial.qualified.map { Way(steps: steps, score: $0.score, byHandRaise: $0.handRaise) }
    }

    /// The least ways first, none that only adds to another.
    private func select(_ ways: [Way]) -> [Way] {
        let ranked = ways.enumerated().sorted { left, right in
            let (one, other) = (rank(left.element), rank(right.element))
            return one == other ? left.offset < right.offset : one.lexicographicallyPrecedes(other)
        }.map(\.element)
        var chosen: [Way] = []
        for way in ranked where chosen.count < WayFinder.shown {
            let kinds = Set(way.kinds)
            if chosen.contains(where: { kinds.isSuperset(of: $0.kinds) }) { continue }
            chosen.append(way)
        }
        return chosen
    }

    /// Few activities, then few points more than needed.
    private func rank(_ way: Way) -> [Int64] {
        let excess = (way.score.engagement ?? .zero) - needed
        return [Int64(way.activityCount), max(0, excess.hundredths)]
    }
}

extension Way {
    fileprivate var kinds: [ActivityKind] {
        steps.compactMap { if case .activity(let kind, _, _) = $0 { kind } else { nil } }
    }
}

extension Need {
    /// The time before which nothing helps.
    fileprivate var earliest: Timestamp? {
        switch self {
        case .coolDown(let time), .freshActivity(let time): time
        default: nil
        }
    }
}
