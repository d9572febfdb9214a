import DefinitionFiles
import Foundation
import Qualification
import Testing

@Suite("What a file may say")
struct AcceptedTests {
    @Test(arguments: ["NO", "no", "uk", "\"NO\"", "No"])
    func countriesAreTextAsWritten(_ written: String) throws {
        let text = Example.replacing("core: [US", with: "core: [\(written)")
        let expected = written == "uk" ? "GB" : "NO"
        #expect(try Example.read(text).regions[0].countries.first == expected)
    }

    @Test func wordsThatLookLikeSomethingElseAreTextInLists() throws {
        let text = Example.replacing("words: [chief", with: "words: [on, 007, 1.5, 2026-09-01")
        #expect(
            try Example.read(text).seniority[0].phrases.prefix(4)
                == [["on"], ["007"], ["1", "5"], ["2026", "09", "01"]])
    }

    @Test(arguments: [
        ("equals: NO", Condition.equals(.leadCountry, .text("NO"))),
        ("not_equals: uk", .notEquals(.leadCountry, .text("GB"))),
        ("in: [no, de]", .oneOf(.leadCountry, [.text("NO"), .text("DE")])),
        ("exists: false", .exists(.leadCountry, false)),
    ])
    func countriesInConditionsHaveTheirNormalForm(_ written: String, _ expected: Condition) throws {
        let text = Example.replacing(
            "{field: company.region, equals: core}", with: "{field: lead.country, \(written)}")
        #expect(try Example.read(text).fit[3].branches.first?.when == expected)
    }

    @Test(arguments: [
        ("7", FactValue.number(7)), ("-0.5", .number(-0.5)), ("1e3", .number(1000)),
        ("+7", .number(7)), (".5", .number(0.5)),
        ("true", .bool(true)), ("\"true\"", .text("true")), ("'7'", .text("7")),
        ("yes", .text("yes")), ("!!str 7", .text("7")), ("a b", .text("a b")),
    ])
    func valuesKeepTheirKind(_ written: String, _ expected: FactValue) throws {
        let condition = "where: {field: activity.properties.x.y, equals: \(written)}, "
        let text = Example.replacing("activity: page_view,", with: "activity: v, \(condition)")
        #expect(
            try Example.read(text).engagement[0].condition
                == .equals(.activityProperty("x.y"), expected))
    }

    @Test func conditionsNest() throws {
        let text = Example.replacing(
            "{field: company.region, equals: core}",
            with: """
                {any: [{not: {field: account.known, equals: true}}, \
                {all: [{field: lead.email, exists: true}]}]}
                """)
        #expect(
            try Example.read(text).fit[3].branches.first?.when
                == .any([
                    .not(.equals(.accountKnown, .bool(true))), .all([.exists(.leadEmail, true)]),
                ]))
    }

    @Test func sectionsThatAFileNeedNotHaveAreEmpty() throws {
        let least = """
            name: least
            version: 1
            effective_from: 2026-01-01
            history_days: 1
            fit: []
            engagement: []
            products:
              - {id: a, fit_at_least: 0, engagement_at_least: -0.5, follow_up_within: 90s,
                 lapse_after_days: 1, topic: My_Topic.1, paused: true, sla_ends_on: contacted}
            rejection_reasons: {}
            """
        let definition = try Example.read(least)
        #expect(definition.approvals == Approvals(marketing: nil, sales: nil))
        #expect(definition.regions.isEmpty && definition.routing.isEmpty)
        let product = try #require(definition.products.first)
        #expect(product.engagementAtLeast == Points(hundredths: -50))
        #expect(product.followUpWithin == Span24h(milliseconds: 90_000))
        #expect(product.topic == "My_Topic.1")
        #expect(product.paused)
        #expect(product.alertsEndOn == .contacted)
    }

    @Test func theSampleWithSignalsIsRead() throws {
        let sample = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "schemas/samples/definition.signals.json")
        let definition = try Example.read(try String(contentsOf: sample, encoding: .utf8))
        #expect(definition.withdrawsConsent == ["do_not_contact", "email_unsubscribed"])
        #expect(definition.engagement.map(\.notify) == [true])
        let product = try #require(definition.products.first)
        #expect(product.dailyCapacity == 50)
        let hours = try #require(product.businessHours)
        #expect(hours.days == [.mon, .tue, .wed, .thu, .fri])
        #expect(hours.opens == .minutes(540) && hours.closes == .minutes(1_050))
        #expect(hours.holidays.map(\.description) == ["2026-12-25", "2027-01-01"])
        #expect(hours.offsets == TimeZoneFolder.standard.offsets(ofZone: "Europe/Berlin"))
    }

    @Test func anchorsAreFollowed() throws {
        var text = Example.replacing("words: [manager]", with: "words: &m [manager]")
        text = text.replacing("words: [student, intern]", with: "words: *m")
        #expect(try Example.read(text).seniority[4].phrases == [["manager"]])
    }

    @Test(arguments: [
        ("approved_by: {marketing: , sales: Ann}", Approvals(marketing: nil, sales: "Ann")),
        ("approved_by: {marketing: Bo}", Approvals(marketing: "Bo", sales: nil)),
        ("approved_by: {marketing: \" \"}", Approvals(marketing: nil, sales: nil)),
        ("approved_by:", Approvals(marketing: nil, sales: nil)),
    ])
    func missingApprovalsAreSeenAndNoFault(_ written: String, _ expected: Approvals) throws {
        let text = Example.replacing(
            "approved_by: {marketing: \"VP Marketing\", sales: \"VP Sales\"}", with: written)
        #expect(try Example.read(text).approvals == expected)
        #expect(try Example.warnings(of: text).first?.contains("not approved by") == true)
    }

    @Test(arguments: [
        ("[US, GB", "[US, FR, US, GB", ["7:18", "8:12"]),
        ("engagement_at_least: 30", "engagement_at_least: 400", ["56:5"]),
        ("fit_at_least: 40", "fit_at_least: 81", ["56:5"]),
        ("hand_raise: true, ", "", ["56:5"]),
        ("core: [US, GB, DE, CA]", "core: []", ["7:3"]),
        ("[lead.email, lead.country", "[lead.email, lead.email", ["10:24"]),
        ("[gmail.com, outlook.com", "[gmail.com, WWW.gmail.com", ["9:32"]),
        ("equals: core}", "equals: 7}", ["31:61"]),
        ("lapse_after_days: 120", "lapse_after_days: 1, extra_required: [lead.email]", ["58:122"]),
    ])
    func whatIsProbablyNotMeantIsAWarning(_ old: String, _ new: String, _ places: [String])
        throws
    {
        let warnings = try Example.warnings(of: Example.replacing(old, with: new))
        let found = warnings.map {
            $0.split(separator: ":").dropFirst().prefix(2).joined(separator: ":")
        }
        #expect(found == places, "\(warnings)")
    }
}
