import Qualification
import ReferenceModel
import TestSupport
import Testing

/// The explanation agrees with the decision: lines sum to scores, and what is proposed qualifies.
struct ExplanationTests {
    @Test func linesSumToScores() throws {
        for seed in UInt64(1)...25 {
            let lead = try ExplainedLead.random(seed: seed)
            let explanation = try lead.explain()
            let fit = explanation.fitReasons.reduce(Points.zero) { $0 + $1.points }
            #expect(fit == explanation.fit, "seed \(seed)")
            for product in explanation.products {
                let lines = product.engagementReasons.reduce(Points.zero) { $0 + $1.points }
                #expect(lines == product.engagement, "seed \(seed) \(product.product.id)")
            }
        }
    }

    @Test func whatWasPublishedIsTheVerdictWhileNothingElseChanges() throws {
        for seed in UInt64(1)...25 {
            let lead = try ExplainedLead.random(seed: seed)
            for product in try lead.explain().products {
                guard let published = product.published, published.status != .handedOff else {
                    continue
                }
                let expected = CurrentVerdict.status(published.status, codes: published.codes)
                #expect(product.verdict == expected, "seed \(seed) \(product.product.id)")
            }
        }
    }

    @Test func everyProposedWayQualifies() throws {
        var tried = 0
        for seed in UInt64(1)...25 {
            let lead = try ExplainedLead.random(seed: seed)
            for later in [0, 20] {
                let time = lead.profile.asOf + .days(later)
                let explanation = try lead.explain(actingAt: time)
                for product in explanation.products {
                    for way in product.ways {
                        let mql = try lead.follow(way, product, explanation)
                        #expect(mql?.score == way.score, "seed \(seed): \(way)")
                        #expect(mql?.handRaise == way.byHandRaise, "seed \(seed): \(way)")
                        tried += 1
                    }
                }
            }
        }
        #expect(tried > 60)
    }

    @Test func aLeadThatWaitsForCapacityIsToldSo() throws {
        let text = try DefinitionText.changed(
            try Fixtures.exampleDefinitionText(), by: [("products.crm.daily_capacity", 1)])
        let lead = try ExplainedLead(definition: try Fixtures.definition(text))
        try lead.capture(ExplainedLead.good)
        // Imagined MQLs use no room: there are as many ways as without a capacity.
        let free = try ExplainedLead()
        try free.capture(ExplainedLead.good)
        #expect(try lead.product("crm").ways == free.product("crm").ways)
        let product = try #require(lead.definition.products.first)
        lead.qualifier.capacity.count(product)
        try lead.act("demo_requested", times: 1, product: "crm")
        let crm = try lead.product("crm")
        let codes = ["waiting_for_capacity"]
        #expect(crm.verdict == .status(.waitingForCapacity, codes: codes))
        #expect(crm.published?.status == .waitingForCapacity)
        let explanation = try lead.explain()
        let score = explanation.fit + crm.engagement
        #expect(crm.needs == [.capacity(perDay: 1, score: score)])
        #expect(crm.ways.isEmpty)
    }

    @Test func aFewPointsAreMadeUpByFewActivities() throws {
        let lead = try ExplainedLead()
        try lead.capture(ExplainedLead.good)
        try lead.act("webinar_attended", times: 1)
        try lead.act("form_submit", times: 1)
        try lead.act("email_click", times: 1)
        let crm = try lead.product("crm")
        #expect(crm.needs == [.engagement(needed: .points(30), actual: .points(21))])
        let steps = crm.ways.map { way in
            way.steps.map { step -> String in
                guard case .activity(let kind, let count, _) = step else { return "" }
                return "\(count) \(kind.type)"
            }
        }
        #expect(steps.contains(["1 trial_started"]))
        #expect(steps.contains(["1 demo_requested"]))
        #expect(steps.contains { $0.count == 2 })
    }

    @Test func aRaisedHandIsProposedWhereFitIsTooLow() throws {
        let lead = try ExplainedLead()
        try lead.capture(ExplainedLead.good.filter { $0.field != .employees })
        try lead.tell([(.jobTitle, .text("Clerk"))])
        let crm = try lead.product("crm")
        #expect(crm.needs.first == .fit(needed: .points(40), actual: .points(30)))
        #expect(crm.ways.count == 1)
        #expect(crm.ways.allSatisfy { $0.byHandRaise })
        #expect(crm.fitChances.contains { $0.criterion == "company_size" && $0.isEnough })
        let size = crm.fitChances.first { $0.criterion == "company_size" }
        #expect(size?.unknown == ["company.employees"])
        let analytics = try lead.product("analytics")
        #expect(analytics.ways.isEmpty)
        #expect(analytics.obstacles.contains("fit"))
    }

    @Test func consentAndMissingFieldsAreSteps() throws {
        let lead = try ExplainedLead()
        try lead.capture(ExplainedLead.good.filter { $0.field != .email && $0.field != .consent })
        let crm = try lead.product("crm")
        #expect(crm.needs.prefix(2) == [.consent(wasRefused: false), .field("lead.email")])
        let way = try #require(crm.ways.first)
        #expect(way.steps.prefix(2) == [.consent, .fields(["lead.email"])])
    }

    @Test func aCoolDownIsWaitedFor() throws {
        let lead = try ExplainedLead()
        try lead.capture(ExplainedLead.good)
        try lead.act("demo_requested", times: 1)
        let id = try #require(lead.lastMQL)
        try lead.answer(id, .rejected, reason: "bad_timing")
        let crm = try lead.product("crm")
        let until = lead.profile.asOf + .days(60)
        #expect(crm.needs.first == .coolDown(until: until))
        let way = try #require(crm.ways.first)
        #expect(way.steps.first == .wait(until: until))
        #expect(crm.trial.map { $0.at >= until } == true)
    }

    @Test func whatTheLeadCannotChangeHasNoWays() throws {
        let lead = try ExplainedLead()
        lead.reference.apply(.suppression(Suppression(entry: "acme.com")))
        try lead.capture(ExplainedLead.good)
        let crm = try lead.product("crm")
        #expect(crm.needs == [.suppressed(entries: ["acme.com"])])
        #expect(crm.ways.isEmpty && crm.trial == nil)
        let small = try ExplainedLead()
        try small.capture(ExplainedLead.good)
        try small.tell([(.employees, .number(3))])
        #expect(
            try small.product("crm").needs == [
                .disqualified(rule: "too_small", when: "company.employees <= 4")
            ])
    }

    @Test func anOpenMQLNeedsNothing() throws {
        let lead = try ExplainedLead()
        try lead.capture(ExplainedLead.good)
        try lead.act("demo_requested", times: 1)
        let crm = try lead.product("crm")
        #expect(crm.published?.status == .handedOff)
        #expect(crm.published?.mqlID?.description == lead.lastMQL)
        guard case .open(_, let since, let lapses)? = crm.needs.first else {
            Issue.record("no open MQL: \(crm.needs)")
            return
        }
        #expect(lapses == since + .days(90))
    }

    @Test func propertiesAndChannelsOfConditionsAreMet() throws {
        let yaml = try Fixtures.exampleDefinitionText().replacing(
            "activity: trial_started, points: 25",
            with: "activity: trial_started, where: {all: [{field: activity.properties.seats, "
                + "at_least: 5}, {field: campaign.channel, in: [webinar, email]}, {not: {field: "
                + "activity.properties.plan, equals: free}}]}, points: 25")
        let lead = try ExplainedLead(definition: try Fixtures.definition(yaml))
        try lead.capture(ExplainedLead.good)
        try lead.act("webinar_attended", times: 1)
        let crm = try lead.product("crm")
        let kinds = crm.ways.flatMap(\.steps).compactMap { step in
            if case .activity(let kind, _, _) = step { kind } else { nil }
        }
        let trial = try #require(kinds.first { $0.criterion == "trial" })
        #expect(trial.properties["seats"] == .number(5))
        #expect(trial.channel == "webinar")
        #expect(
            trial.condition == "activity.properties.seats >= 5 and campaign.channel is one of "
                + "webinar, email and not (activity.properties.plan is free)")
    }

    @Test func explainingChangesNothing() throws {
        let lead = try ExplainedLead.random(seed: 7)
        let first = try lead.explain()
        let second = try lead.explain()
        #expect(first.products.map(\.ways) == second.products.map(\.ways))
        #expect(!lead.qualifier.hasMessages)
    }
}

extension Points {
    fileprivate static func points(_ whole: Int64) -> Points { Points(hundredths: whole * 100) }
}
