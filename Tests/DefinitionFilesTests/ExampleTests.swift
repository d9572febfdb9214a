import DefinitionFiles
import Foundation
import Qualification
import Testing

@Suite("The contract's example reads to what it says")
struct ExampleTests {
    let definition: Definition

    init() throws {
        definition = try Example.read(Example.text)
    }

    @Test func itsHeadIsRead() {
        #expect(definition.name == "b2b-saas")
        #expect(definition.version == 3)
        #expect(definition.sha256 == "5eed")
        #expect(definition.effectiveFrom == UTCDay(year: 2026, month: 9, day: 1))
        #expect(
            definition.approvals == Approvals(marketing: "VP Marketing", sales: "VP Sales"))
        #expect(definition.historyDays == 90)
        #expect(
            definition.regions == [
                Region(name: "core", countries: ["US", "GB", "DE", "CA"]),
                Region(name: "growth", countries: ["FR", "NL", "IN", "SG", "AU", "BR"]),
            ])
        #expect(definition.freeMailDomains == ["gmail.com", "outlook.com", "yahoo.com"])
        #expect(definition.required == [.leadEmail, .leadCountry, .leadJobTitle])
        #expect(definition.suppressedAccountStatuses == ["customer", "competitor"])
    }

    @Test func personaWordsAreSplitAsTitlesAre() {
        #expect(
            definition.seniority.map(\.value)
                == ["c_level", "vp", "director", "manager", "student"])
        #expect(definition.seniority[1].phrases == [["vp"], ["vice", "president"]])
        #expect(definition.function.last?.phrases == [["engineer"], ["technology"], ["it"]])
    }

    @Test func fitKeepsItsBranchesInOrder() {
        #expect(
            definition.fit.map(\.id)
                == ["company_size", "revenue", "industry", "core_region", "seniority", "function"])
        #expect(
            definition.fit[0].branches == [
                .init(
                    when: .atLeast(.companyEmployees, 1000), points: Points(hundredths: 2000)),
                .init(when: .atLeast(.companyEmployees, 50), points: Points(hundredths: 1200)),
            ])
        #expect(
            definition.fit[2].branches.first?.when
                == .oneOf(
                    .companyIndustry, [.text("software"), .text("finance"), .text("manufacturing")]
                ))
        #expect(definition.fit[1].label == "revenue")
    }

    @Test func engagementHasItsDecayComputed() throws {
        let views = try #require(definition.engagement.first)
        #expect(views.activities == ["page_view"])
        #expect(views.decay.count == 91)
        #expect(views.decay[0] == 1)
        #expect(views.decay[7] == 0.5)
        #expect(views.decay[90] == pow(2, -90.0 / 7))
        #expect(views.dailyLimit == 5)
        #expect(views.maxPoints == Points(hundredths: 1000))
        #expect(definition.engagement[4].activities == ["webinar_attended", "event_attended"])
        let demo = definition.engagement[8]
        #expect(demo.label == "asked for a demo")
        #expect(demo.handRaise)
        #expect(definition.engagement[9].points == Points(hundredths: -1500))
        #expect(definition.engagement.filter(\.handRaise).count == 1)
    }

    @Test func productsAndRulesAreRead() {
        #expect(
            definition.products.first
                == Product(
                    id: "crm", topic: "sales.mql.crm", fitAtLeast: Points(hundredths: 4000),
                    engagementAtLeast: Points(hundredths: 3000),
                    handRaiseFitAtLeast: Points(hundredths: 2500), followUpWithin: .days(1),
                    warnBefore: .minutes(240), escalateAfter: .days(1), lapseAfterDays: 90,
                    alertsEndOn: .accepted, defaultOwner: "desk-crm", paused: false,
                    extraRequired: []))
        #expect(definition.products.map(\.id) == ["crm", "analytics", "billing"])
        #expect(definition.routing.map(\.ownerID) == ["team-growth", "team-enterprise"])
        #expect(
            definition.disqualify.map(\.when)
                == [
                    .equals(.personaSeniority, .text("student")), .atMost(.companyEmployees, 4),
                ])
        #expect(definition.rejectionReasons.count == 8)
        #expect(definition.rejectionReasons[0].action == .disqualify)
        #expect(definition.rejectionReasons[3].action == .recycle(afterDays: 90))
    }

    @Test func itHasNoWarnings() throws {
        #expect(try Example.warnings(of: Example.text) == [])
    }

    @Test func aByteOrderMarkAndWindowsLineEndsChangeNothing() throws {
        let windows = "\u{feff}" + Example.text.replacing("\n", with: "\r\n")
        #expect(try Example.read(windows) == definition)
    }
}
