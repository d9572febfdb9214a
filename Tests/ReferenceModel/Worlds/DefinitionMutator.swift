/// Makes random but valid definitions out of a base, as lists of dotted-path changes.
struct DefinitionMutator {
    typealias Change = (path: String, value: JSONValue)

    private static let criteria = [
        "page_views", "email_opens", "email_clicks", "downloads", "webinars", "pricing", "forms",
        "trial", "demo", "unsubscribed",
    ]
    private static let products = ["crm", "analytics", "billing"]

    /// The changes for a world's first definition.
    static func first(_ random: inout SplitMix64) -> [Change] {
        var changes: [Change] = [
            ("history_days", .number(Double(random.pick([1, 7, 30, 90, 90, 90, 120])))),
            ("regions.nordic", ["NO", "SE"]),
        ]
        for product in products { changes += productChanges("products." + product, &random) }
        for criterion in criteria where random.chance(30) {
            changes += criterionChanges("engagement." + criterion, &random)
        }
        changes += extraCriteria(&random)
        changes += signals(&random)
        changes += rules(&random)
        if random.chance(30) { changes.append(("products.billing.topic", "sales.billing-mqls")) }
        for (reason, days) in [("wrong_contact", [0, 1, 3]), ("no_response", [1, 5, 30])]
        where random.chance(60) {
            changes.append(
                ("rejection_reasons.\(reason).after_days", .number(Double(random.pick(days)))))
        }
        return changes
    }

    /// The changes that make the next version of a definition that has those products.
    static func later(
        version: Int, products: [String], mayRemoveProduct: Bool, _ random: inout SplitMix64
    ) -> [Change] {
        var changes: [Change] = [("version", .number(Double(version)))]
        for product in products where random.chance(50) {
            let path = "products." + product
            let limit = ".engagement_at_least"
            changes.append((path + limit, .number(Double(random.number(5...40)))))
            if random.chance(20) { changes.append((path + ".paused", .bool(random.chance(50)))) }
            if random.chance(30) {
                let capacity = Double(random.number(1...4))
                let value = random.chance(70) ? JSONValue.number(capacity) : .null
                changes.append((path + ".daily_capacity", value))
            }
        }
        for criterion in criteria where random.chance(20) {
            changes += criterionChanges("engagement." + criterion, &random)
        }
        changes += signals(&random)
        changes += rules(&random)
        if random.chance(15) { changes.append(("rejection_reasons.no_response", .null)) }
        if random.chance(30) {
            // A condition nobody had before: it counts from now on.
            changes.append(
                (
                    "engagement.+",
                    [
                        "id": .string("later\(version)"), "activity": "page_view", "points": 6,
                        "half_life_days": 10,
                        "where": [
                            "field": "activity.properties.seconds",
                            "at_least": .number(Double(version)),
                        ],
                    ]
                ))
        }
        if mayRemoveProduct, products.count > 1, random.chance(30) {
            changes.append(("products." + random.pick(products), .null))
        }
        return changes
    }

    private static func productChanges(
        _ path: String, _ random: inout SplitMix64
    ) -> [Change] {
        // Low enough that MQLs are common, and at times a number that decay can just miss.
        let fit = random.pick([0, 10, 20, 30, 40, 40.5])
        var changes: [Change] = [
            (path + ".fit_at_least", .number(fit)),
            (path + ".engagement_at_least", .number(random.pick([5, 10, 15, 24.43, 29.31, 30]))),
            (path + ".lapse_after_days", .number(Double(random.pick([1, 5, 30, 30, 90])))),
            (path + ".follow_up_within", .string(random.pick(followUps))),
            (path + ".warn_before", random.chance(70) ? "60s" : .null),
            (path + ".escalate_after", random.chance(70) ? "1h" : .null),
            (path + ".sla_ends_on", random.chance(40) ? "contacted" : .null),
            (path + ".default_owner", random.chance(70) ? "desk" : .null),
        ]
        let handRaise: JSONValue = random.chance(60) ? .number((fit / 2).rounded()) : .null
        changes.append((path + ".hand_raise_fit_at_least", handRaise))
        changes.append((path + ".business_hours", businessHours(&random)))
        if random.chance(8) { changes.append((path + ".paused", true)) }
        if random.chance(35) {
            changes.append((path + ".daily_capacity", .number(Double(random.number(1...3)))))
        }
        if random.chance(20) {
            changes.append((path + ".extra_required", [.string(random.pick(requiredFields))]))
        }
        return changes
    }

    /// Hours of zones whose clocks change at night, at midnight, by half an hour, or never.
    private static func businessHours(_ random: inout SplitMix64) -> JSONValue {
        guard random.chance(45) else { return .null }
        let zones = [
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
            "America/Santiago", "Pacific/Chatham", "UTC",
        ]
        let hours = random.pick([
            ("09:00", "17:30"), ("09:00", "17:30"), ("00:00", "24:00"), ("01:30", "02:45"),
            ("22:15", "24:00"), ("12:00", "13:30"),
        ])
        let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        let days = random.pick([Array(week.prefix(5)), week, ["sun"], ["tue", "fri"]])
        let holidays = ["2026-09-07", "2026-09-14", "2026-09-11", "2026-12-25", "2027-01-01"]
        return .compact([
            "days": .array(days.map(JSONValue.string)), "from": .string(hours.0),
            "to": .string(hours.1), "time_zone": .string(random.pick(zones)),
            "holidays": random.chance(50)
                ? .array(holidays.prefix(random.number(0...5)).map(JSONValue.string)) : nil,
        ])
    }

    /// Which criteria tell sales, and what takes consent back.
    private static func signals(_ random: inout SplitMix64) -> [Change] {
        var changes: [Change] = []
        for criterion in criteria where random.chance(25) {
            let value = random.chance(80) ? JSONValue.bool(random.chance(85)) : .null
            changes.append(("engagement.\(criterion).notify", value))
        }
        if random.chance(40) {
            let types: [JSONValue] = ["email_unsubscribed", "survey", "never_seen"]
            changes.append(
                ("withdraws_consent", .array(Array(types.prefix(random.number(0...3))))))
        }
        return changes
    }

    /// With the warning a minute before and the escalation an hour after, alerts of different
    /// levels fall due at the same time.
    private static let followUps = ["90s", "150s", "150s", "45m", "105m", "6h", "2d"]

    private static let requiredFields = [
        "company.employees", "company.industry", "lead.phone", "lead.company_name",
        "company.country",
    ]

    private static func criterionChanges(
        _ path: String, _ random: inout SplitMix64
    ) -> [Change] {
        switch random.number(0...4) {
        case 0: return [(path + ".points", .number(random.pick([0.01, 1.15, 7.77, 12.34, 20])))]
        case 1: return [(path + ".half_life_days", .number(Double(random.pick([1, 3, 14, 365]))))]
        case 2:
            let limit = random.chance(30) ? JSONValue.null : .number(Double(random.number(1...4)))
            return [(path + ".daily_limit", limit)]
        case 3:
            let limit = random.chance(30) ? JSONValue.null : .number(Double(random.pick([5, 17])))
            return [(path + ".max_points", limit)]
        default: return [(path + ".since", .string("2026-09-\(random.number(10...28))"))]
        }
    }

    private static func extraCriteria(_ random: inout SplitMix64) -> [Change] {
        let conditions: [JSONValue] = [
            ["field": "activity.properties.section", "equals": "docs"],
            ["field": "activity.properties.section", "not_in": ["docs", "blog"]],
            ["field": "activity.properties.seconds", "at_least": 30],
            ["not": ["field": "activity.properties.logged_in", "equals": true]],
            ["field": "campaign.channel", "in": ["email", "paid_social"]],
            [
                "any": [
                    ["field": "campaign.channel", "exists": false],
                    ["field": "activity.properties.seconds", "at_most": 5],
                ]
            ],
        ]
        var changes: [Change] = []
        for (index, condition) in conditions.enumerated() where random.chance(35) {
            changes.append(
                (
                    "engagement.+",
                    .compact([
                        "id": .string("extra\(index)"), "label": "an extra",
                        "activity": ["page_view", "pricing_view", "survey"],
                        "where": condition, "points": .number(random.pick([-3, 2.25, 6, 11])),
                        "half_life_days": .number(Double(random.pick([2, 10, 30]))),
                        "daily_limit": random.chance(50) ? 2 : nil,
                        "hand_raise": random.chance(25) ? true : nil,
                        "notify": random.chance(40) ? true : nil,
                    ])
                ))
        }
        return changes
    }

    private static func rules(_ random: inout SplitMix64) -> [Change] {
        var changes: [Change] = []
        if random.chance(50) {
            let count = random.number(0...2)
            let fields: [JSONValue] = ["lead.email", "lead.country", "lead.job_title"]
            changes.append(("required", .array(Array(fields.prefix(count)))))
        }
        if random.chance(30) {
            let statuses: [JSONValue] = ["customer", "competitor", "partner"]
            changes.append(
                ("suppress_account_status", .array(Array(statuses.prefix(random.number(1...3))))))
        }
        if random.chance(30) {
            changes.append(
                (
                    "routing",
                    [
                        [
                            "when": ["field": "source.channel", "equals": "EMAIL"],
                            "owner_id": "team-email",
                        ],
                        [
                            "when": ["not": ["field": "account.known", "equals": true]],
                            "owner_id": "team-new",
                        ],
                    ]
                ))
        }
        return changes + fitRules(&random)
    }

    private static func fitRules(_ random: inout SplitMix64) -> [Change] {
        guard random.chance(40) else { return [] }
        return [
            (
                "fit",
                [
                    [
                        "id": "size",
                        "first_of": [
                            [
                                "when": ["field": "company.employees", "at_least": 50],
                                "points": 15,
                            ],
                            [
                                "when": ["field": "company.employees", "exists": true],
                                "points": 2.5,
                            ],
                        ],
                    ],
                    [
                        "id": "place", "label": "where they are", "points": 10,
                        "when": [
                            "any": [
                                ["field": "lead.region", "equals": "Nordic"],
                                ["field": "company.country", "in": ["us", "gb", "de"]],
                            ]
                        ],
                    ],
                    [
                        "id": "business_mail", "points": 12.25,
                        "when": [
                            "all": [
                                ["field": "lead.free_mail", "equals": false],
                                ["field": "lead.email_domain", "not_equals": "other.example"],
                            ]
                        ],
                    ],
                    [
                        "id": "unknown_account", "points": -2,
                        "when": ["field": "account.known", "equals": false],
                    ],
                    [
                        "id": "no_industry", "points": 4,
                        "when": ["not": ["field": "company.industry", "in": ["retail"]]],
                    ],
                    [
                        "id": "title", "points": 20,
                        "when": [
                            "field": "persona.seniority", "in": ["vp", "c_level", "manager"],
                        ],
                    ],
                ]
            )
        ]
    }
}
