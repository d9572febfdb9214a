import Qualification

/// A profile with something in every section of its binary form.
enum RichProfile {
    static let asOf = Timestamp(milliseconds: 1_788_775_500_123)
    static let uuid = EventID("0d8b5cba-c9b6-567d-ada7-4a1a00340d9a")

    static func stamp(_ daysAgo: Int, _ id: String) -> Stamp {
        Stamp(at: asOf - .days(daysAgo), eventID: EventID(id))
    }

    static func make(_ symbols: SymbolTable) -> Profile {
        var profile = Profile(leadID: "a")
        profile.asOf = asOf
        profile.hasLeadEvent = true
        addFields(&profile)
        profile.interests = ["crm", "analytics", "gone"].map { symbols.intern($0) }
        profile.firstTouch = Touch(
            stamp: stamp(20, "first"), source: .leads, channel: symbols.intern("email"),
            campaign: symbols.intern("c1"))
        profile.lastTouch = Touch(
            stamp: stamp(0, "last"), source: .activities, channel: .none,
            campaign: symbols.intern("c\u{e9}2"))
        addActivities(&profile, symbols)
        profile.products = products(symbols)
        profile.agreements = [
            Agreement(
                sha256: String(repeating: "0a", count: 32), products: ["crm", "gone"],
                reasons: [
                    RejectionReason(code: "wrong_size", action: .disqualify),
                    RejectionReason(code: "bad_timing", action: .recycle(afterDays: 60)),
                ]),
            Agreement(sha256: String(repeating: "f", count: 64), products: [], reasons: []),
        ]
        return profile
    }

    /// The same, of a lead that waits for two products.
    static func makeWaiting(_ symbols: SymbolTable) -> Profile {
        var profile = make(symbols)
        profile.products[2].status = .waitingForCapacity
        profile.products[2].codes = [symbols.intern("waiting_for_capacity")]
        profile.waiting = [
            Waiting(
                product: symbols.intern("analytics"), score: Points(hundredths: 7_025),
                asOf: asOf + .minutes(1), type: symbols.intern("demo_requested"),
                tag: symbols.intern("crm"), at: asOf - .days(1)),
            Waiting(
                product: symbols.intern("later"), score: Points(hundredths: -300), asOf: asOf,
                type: symbols.intern("lead.captured"), tag: .none, at: asOf),
        ]
        return profile
    }

    private static func addFields(_ profile: inout Profile) {
        let captured = Stamp(at: asOf - .days(20), eventID: uuid)
        let updated = stamp(3, "updated")
        let values: [(LeadField, FactValue, Stamp)] = [
            (.email, .text("ann@acme.example"), captured), (.firstName, .text("Ann"), captured),
            (.lastName, .text("L\u{e9}e \u{1f980}"), updated), (.phone, .text("+1"), captured),
            (.jobTitle, .text("VP Sales"), updated), (.companyName, .text("A \"B\""), captured),
            (.companyDomain, .text("acme.example"), captured), (.country, .text("DE"), updated),
            (.employees, .number(80), captured), (.annualRevenue, .number(99.5), captured),
            (.industry, .text("software"), captured), (.consent, .bool(true), updated),
        ]
        for (field, value, stamp) in values {
            _ = profile.fields.merge(field, value, stamp: stamp)
        }
    }

    /// The type under which the activities of a `where` condition are counted.
    static let conditional: [UInt8] = [0xff, 1, 2, 3, 4, 5, 6, 7, 8] + Array("page_view".utf8)

    private static func addActivities(_ profile: inout Profile, _ symbols: SymbolTable) {
        let (view, crm) = (symbols.intern("page_view"), symbols.intern("crm"))
        let demo = symbols.intern("demo_requested")
        let day = asOf.day
        for _ in 0..<300 { profile.counts.add(type: view, day: day, tag: crm) }
        profile.counts.add(type: view, day: UTCDay(number: day.number - 90), tag: .none)
        profile.counts.add(type: demo, day: day, tag: symbols.intern("analytics"))
        profile.counts.add(type: symbols.intern(conditional.span), day: day, tag: crm)
        profile.freshness = [(tag: crm, at: asOf), (tag: .none, at: asOf - .days(40))]
        for number in 0..<5 {
            profile.remember(
                RecentActivity(
                    stamp: stamp(number, number == 0 ? "last" : "activity \(number)"),
                    type: number == 0 ? demo : view, tag: number == 1 ? crm : .none,
                    campaign: number == 2 ? symbols.intern("c1") : .none))
        }
        let remembered: [(Int, UInt64, EventSource)] = [
            (20, .max, .leads), (3, 1, .leads), (2, 0x0123_4567_89ab_cdef, .dispositions),
            (1, 7, .activities), (0, 8, .activities), (-1, 9, .dispositions),
        ]
        for (daysAgo, hash, source) in remembered {
            profile.remembered.insert(
                RememberedEvents.Entry(at: asOf - .days(daysAgo), hash: hash, source: source))
        }
    }

    // MARK: Products

    private static func products(_ symbols: SymbolTable) -> [ProductRecord] {
        var whole = ProductRecord(product: .none)
        whole.status = .notReady
        whole.codes = [symbols.intern("no_product")]
        whole.messages = MessageCounts([0, 0, 0, 0, 1]) ?? MessageCounts()
        var crm = ProductRecord(product: symbols.intern("crm"))
        crm.status = .handedOff
        crm.codes = [symbols.intern("open")]
        crm.publishedCycle = 6
        crm.cycles = 6
        crm.messages = MessageCounts([6, 2, 1, 0, 130]) ?? MessageCounts()
        crm.mqls = mqls(symbols)
        var fresh = ProductRecord(product: symbols.intern("analytics"))
        fresh.status = .notReady
        fresh.codes = ["missing:lead.phone", "fit", "engagement"].map { symbols.intern($0) }
        return [whole, crm, fresh]
    }

    static func id(_ cycle: Int) -> UUID { .mql(lead: "a", product: "crm", cycle: cycle) }

    private static func mqls(_ symbols: SymbolTable) -> [MQLRecord] {
        var mqls = (1...6).map { cycle in
            MQLRecord(
                id: id(cycle), cycle: cycle, qualifiedAt: asOf - .days(20 - 3 * cycle),
                followUpBy: asOf - .days(19 - 3 * cycle), topic: symbols.intern("sales.mql.crm"),
                owner: cycle == 1 ? .none : symbols.intern("owner \(cycle)"),
                agreement: cycle < 4 ? 0 : 1)
        }
        mqls[0].isWithdrawn = true
        mqls[1].isLapsed = true
        let answers: [(Int, Disposition.Answer, String, RejectionReason.Action?)] = [
            (2, .rejected, "wrong_size", .disqualify),
            (3, .lost, "bad_timing", .recycle(afterDays: 60)), (4, .accepted, "", nil),
        ]
        for (place, answer, reason, action) in answers {
            mqls[place].disposition = Disposition(
                stamp: stamp(2, "answer \(place)"), answer: answer,
                reason: symbols.intern(reason), action: action)
        }
        mqls[4].alerts.endOnContact = true
        mqls[4].alerts.breach = asOf + .minutes(30)
        mqls[5].alerts.warning = asOf + .minutes(15)
        mqls[5].alerts.breach = asOf + .minutes(30)
        mqls[5].alerts.escalation = asOf + .days(1)
        return mqls
    }

    /// What is left of a person who asked to be forgotten.
    static func makeStub(_ symbols: SymbolTable) -> Profile {
        var stub = Profile(leadID: "a")
        stub.erasedAt = asOf
        stub.products = products(symbols).map(\.stub)
        return stub
    }
}
