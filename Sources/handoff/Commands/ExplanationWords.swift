import Qualification

/// The sentences of an explanation, for text and JSON alike.
enum ExplanationWords {
    static func signed(_ points: Points) -> String {
        points < .zero ? points.description : "+\(points)"
    }

    static func evidence(_ evidence: Reason.Evidence) -> String {
        switch evidence {
        case .facts(let facts):
            facts.map { "\($0.name) \($0.value.plainText)" }.joined(separator: ", ")
        case .activities(let count, let day):
            "\(count) \(count == 1 ? "activity" : "activities"), last on \(day)"
        }
    }

    static func need(_ need: Need) -> String {
        switch need {
        case .leadEvent: "a lead event: only activities have been seen"
        case .interest:
            "interest in the product: no event names it (product_interest, an activity's product "
                + "or a campaign's)"
        case .consent(let wasRefused):
            wasRefused
                ? "consent: the lead refused it (consent.contact is false)"
                : "consent: the lead never gave it (consent.contact)"
        case .suppressed(let entries):
            "the lead must not be contacted: \(entries.joined(separator: ", ")) "
                + "\(entries.count == 1 ? "is" : "are") in the suppressions"
        case .accountStatus(let status): "the account is a \(status), which suppresses the lead"
        case .disqualified(let rule, let when): "disqualified by rule '\(rule)': \(when)"
        case .rejected(let reason): "sales turned it down for good: \(reason)"
        case .open(let id, let since, let lapsesAt):
            "nothing: sales has it since \(since) as \(id)"
                + (lapsesAt.map { "; without an answer it lapses at \($0)" } ?? "")
        case .won: "nothing: sales won it"
        case .coolDown(let until): "the cool-down lasts until \(until)"
        case .freshActivity(let after):
            "a fresh activity, later than sales' answer of \(after), that is worth points"
        case .field(let name): "\(name) is not known"
        case .fit(let needed, let actual): "\(needed - actual) fit points (\(actual) of \(needed))"
        case .engagement(let needed, let actual):
            "\(needed - actual) engagement points (\(actual) of \(needed))"
        case .paused: "the product is paused in the definition"
        case .capacity(let perDay, let score):
            "room: the product takes \(perDay) MQLs a day (daily_capacity), and this lead's lane "
                + "has used its share; it waits with \(score) points, and those with the most "
                + "are handed over when the next day (UTC) begins"
        }
    }

    static func chance(_ chance: FitChance) -> String {
        var text = "\(signed(chance.gain)) \(chance.label) if \(chance.when)"
        if !chance.unknown.isEmpty {
            text += "; not known: \(chance.unknown.joined(separator: ", "))"
        }
        return chance.isEnough ? text + "; this alone would do" : text
    }

    static func way(_ way: Way, _ product: Product) -> String {
        let steps = way.steps.map(step)
        var text = steps.joined(separator: ", and ")
        if way.byHandRaise {
            let least = product.handRaiseFitAtLeast ?? .zero
            text += ", as a raised hand (fit \(way.score.fit) >= \(least))"
        } else if let engagement = way.score.engagement {
            text += ", which makes engagement \(engagement)"
        }
        return text
    }

    static func step(_ step: Step) -> String {
        switch step {
        case .wait(let until): return "after \(until)"
        case .consent: return "the lead's consent"
        case .fields(let names): return "\(names.joined(separator: ", ")) known"
        case .interest: return "stated interest in the product"
        case .activity(let kind, let count, let points):
            var text = "\(count) \(kind.type)"
            if let condition = kind.condition { text += " with \(condition)" }
            return text + " (\(signed(points)))"
        }
    }
}
