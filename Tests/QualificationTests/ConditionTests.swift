import Qualification
import Testing

/// Conditions on known and missing facts of each kind (CONTRACT.md 4).
struct ConditionTests {
    private static let facts: [Field: FactValue] = [
        .leadCountry: .text("US"), .companyEmployees: .number(50), .leadFreeMail: .bool(false),
        .companyIndustry: .text("SoftWare"), .companyAnnualRevenue: .number(99.5),
        .leadJobTitle: .text("caf\u{e9}"),
    ]

    private static func holds(_ condition: Condition) -> Bool {
        condition.holds { facts[$0] }
    }

    @Test(
        arguments: [
            .equals(.leadCountry, .text("us")), .equals(.companyIndustry, .text("SOFTWARE")),
            .equals(.companyEmployees, .number(50)), .equals(.leadFreeMail, .bool(false)),
            .equals(.leadJobTitle, .text("CAFE\u{301}")), .notEquals(.leadCountry, .text("GB")),
            .notEquals(.companyEmployees, .number(50.5)), .notEquals(.leadFreeMail, .bool(true)),
            .oneOf(.leadCountry, [.text("gb"), .text("us")]), .noneOf(.leadCountry, [.text("gb")]),
            .oneOf(.companyEmployees, [.text("50"), .number(50)]), .atLeast(.companyEmployees, 50),
            .noneOf(.companyEmployees, [.text("50"), .number(51)]), .atMost(.companyEmployees, 50),
            .atLeast(.companyAnnualRevenue, 99.5), .exists(.leadCountry, true),
            .exists(.leadPhone, false), .all([]), .not(.any([])),
            .not(.equals(.leadPhone, .text("1"))),
            .all([.exists(.leadCountry, true), .atMost(.companyEmployees, 50.5)]),
            .any([.exists(.leadPhone, true), .atMost(.companyEmployees, 50)]),
            .not(.not(.exists(.leadCountry, true))),
        ] as [Condition])
    func isTrue(_ condition: Condition) {
        #expect(ConditionTests.holds(condition))
        #expect(!ConditionTests.holds(.not(condition)))
    }

    @Test(
        arguments: [
            .equals(.leadPhone, .text("1")), .notEquals(.leadPhone, .text("1")),
            .oneOf(.leadPhone, [.text("1")]), .noneOf(.leadPhone, [.text("1")]),
            .atLeast(.leadPhone, 0), .atMost(.leadPhone, 0), .exists(.leadPhone, true),
            .exists(.leadCountry, false), .any([]), .atLeast(.companyEmployees, 50.01),
            .atMost(.companyEmployees, 49.99), .notEquals(.leadCountry, .text("us")),
            .noneOf(.leadCountry, [.text("gb"), .text("us")]),
            .all([.exists(.leadCountry, true), .exists(.leadPhone, true)]),
        ] as [Condition])
    func isFalse(_ condition: Condition) {
        #expect(!ConditionTests.holds(condition))
        #expect(ConditionTests.holds(.not(condition)))
    }

    @Test(
        arguments: [
            .equals(.leadCountry, .number(1)), .notEquals(.leadCountry, .number(1)),
            .equals(.companyEmployees, .text("50")), .notEquals(.companyEmployees, .text("50")),
            .equals(.leadFreeMail, .text("false")), .notEquals(.leadFreeMail, .number(0)),
            .oneOf(.leadCountry, [.number(1)]), .noneOf(.leadCountry, [.number(1), .bool(true)]),
            .atLeast(.leadCountry, 0), .atMost(.leadCountry, 0), .atLeast(.leadFreeMail, 0),
        ] as [Condition])
    func aComparisonOfDifferentKindsIsFalse(_ condition: Condition) {
        #expect(!ConditionTests.holds(condition))
    }

    @Test func namesEachFieldOnceInTheOrderOfTheText() {
        let condition = Condition.all([
            .equals(.leadPhone, .text("1")),
            .any([.exists(.leadCountry, true), .not(.atLeast(.companyEmployees, 1))]),
            .noneOf(.leadPhone, []), .atMost(.companyEmployees, 3),
        ])
        #expect(condition.fields == [.leadPhone, .leadCountry, .companyEmployees])
    }

    @Test func everyFieldAboutLeadsHasItsOwnName() {
        let names = Field.aboutLeads.map(\.name)
        #expect(Set(names).count == names.count)
        for (name, field) in Field.aboutLeads { #expect(field.name == name) }
        #expect(Field.activityProperty("seats").name == "activity.properties.seats")
        #expect(Field.campaignChannel.name == "campaign.channel")
    }

    @Test func theCanonicalTextOfAConditionNeverChanges() {
        // Its hash is part of the profile format: counts of a `where` are found again by it.
        let condition = Condition.all([
            .equals(.activityProperty("plan"), .text("Pro \"X\"")),
            .notEquals(.campaignChannel, .text("EMAIL")), .oneOf(.campaignChannel, [.bool(true)]),
            .noneOf(.activityProperty("n"), [.number(1), .number(0.25)]),
            .any([.atLeast(.activityProperty("n"), 30), .atMost(.activityProperty("n"), -1.5)]),
            .not(.exists(.campaignChannel, false)),
        ])
        #expect(
            condition.canonicalText
                == "all(activity.properties.plan equals \"pro \"x\"\", campaign.channel not_equals "
                + "\"email\", campaign.channel in [true], "
                + "activity.properties.n not_in [1.0, 0.25], "
                + "any(activity.properties.n at_least 30.0, activity.properties.n at_most -1.5), "
                + "not(campaign.channel exists false))")
    }
}
