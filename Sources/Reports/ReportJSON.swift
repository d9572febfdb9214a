import Qualification

extension Report {
    /// The report as `schemas/report.json` describes it: absent instead of null, money and points
    /// with at most two decimals, shares with four, times in seconds with three.
    package var json: JSONTree {
        .object([
            ("as_of", .text(asOf.description)),
            (
                "filter",
                .object([
                    ("since", filter.since.map { .text($0.description) }),
                    ("until", filter.until.map { .text($0.description) }),
                    ("product", filter.product.map(JSONTree.text)),
                ])
            ),
            ("total", .object(total.measures.members)),
            ("by_product", .array(products.map(\.json))),
            ("by_channel", .array(channels.map(\.json))),
            ("by_campaign", .array(campaigns.map(\.json))),
            ("by_definition", .array(definitions.map(\.json))),
            ("cells", .array(cells.map(\.json))),
            ("criteria", .array(criteria.map(\.json))),
            ("reading", reading.json),
        ])
    }
}

extension ReportRow {
    fileprivate var json: JSONTree {
        let names: [(name: String, value: JSONTree?)] = [
            ("product", group.product.map(JSONTree.text)),
            ("channel", group.channel.map(JSONTree.text)),
            ("campaign_id", group.campaign.map(JSONTree.text)),
            ("campaign_name", campaignName.map(JSONTree.text)),
            (
                "definition",
                group.definition.map { definition in
                    .object([
                        ("name", .text(definition.name)), ("version", .whole(definition.version)),
                    ])
                }
            ),
        ]
        return .object(names + measures.members)
    }
}

extension Measures {
    fileprivate var members: [(name: String, value: JSONTree?)] {
        [
            ("leads", .whole(leads)), ("mqls", .whole(answers.mqls)),
            ("requalified", .whole(requalified)),
            ("answered", .whole(answers.answered)), ("accepted", .whole(answers.accepted)),
            ("contacted", .whole(contacted)), ("opportunities", .whole(opportunities)),
            ("won", .whole(answers.won)), ("revenue", revenue.map(JSONTree.money)),
            ("won_without_revenue", .whole(wonWithoutRevenue)),
            ("rejected", .whole(answers.rejectedCount)),
            ("rejected_by_reason", .counts(answers.rejected)), ("lost", .whole(answers.lostCount)),
            ("lost_by_reason", .counts(answers.lost)), ("lapsed", .whole(lapsed)),
            ("withdrawn", .whole(withdrawnCount)),
            ("withdrawn_by_reason", .counts(withdrawn)),
            (
                "standing",
                .object(Standing.allCases.map { ($0.rawValue, .whole(standing[$0] ?? 0)) })
            ),
            (
                "alerts",
                .object([
                    ("warning", .whole(alerts[0])), ("breached", .whole(alerts[1])),
                    ("escalated", .whole(alerts[2])),
                ])
            ),
            ("speed_to_lead", speed.json), ("cost", cost.map(\.json)),
        ]
    }
}

extension SpeedToLead {
    fileprivate var json: JSONTree {
        .object([
            ("median_seconds", median.map(JSONTree.seconds)),
            ("p90_seconds", p90.map(JSONTree.seconds)), ("due", .whole(due)),
            ("within_deadline", .whole(withinDeadline)),
            ("share_within_deadline", shareWithinDeadline.map(JSONTree.share)),
            ("never_contacted", .whole(neverContacted)), ("overdue", .whole(overdue)),
            (
                "first_contacts",
                .array(
                    buckets.map { bucket in
                        .object([
                            ("up_to_seconds", bucket.upTo.map(JSONTree.seconds)),
                            ("mqls", .whole(bucket.count)),
                        ])
                    })
            ),
        ])
    }
}

extension Costs {
    fileprivate var json: JSONTree {
        .object([
            ("total", .money(total)), ("mqls", .whole(mqls)), ("accepted", .whole(accepted)),
            ("won", .whole(won)), ("per_mql", perMQL.map(JSONTree.money)),
            ("per_accepted", perAccepted.map(JSONTree.money)),
            ("per_won", perWon.map(JSONTree.money)),
        ])
    }
}

extension CriterionRow {
    fileprivate var json: JSONTree {
        .object([
            ("group", .text(kind)), ("criterion", .text(id)), ("label", .text(label)),
            ("mqls", .whole(answers.mqls)), ("answered", .whole(answers.answered)),
            ("accepted", .whole(answers.accepted)), ("won", .whole(answers.won)),
            ("rejected", .whole(answers.rejectedCount)),
            ("rejected_by_reason", .counts(answers.rejected)),
            ("lost_by_reason", .counts(answers.lost)),
        ])
    }
}

extension ReadingCounts {
    fileprivate var json: JSONTree {
        .object([
            ("records", .whole(records)), ("malformed", .whole(malformed)),
            ("other_types", .whole(otherTypes)), ("repeated_mqls", .whole(repeatedMQLs)),
            ("repeated_dispositions", .whole(repeatedDispositions)),
            ("refused_dispositions", .whole(refusedDispositions)),
            ("unmatched_dispositions", .whole(unmatchedDispositions)),
        ])
    }
}

extension JSONTree {
    fileprivate static func money(_ value: Double) -> JSONTree { .number(Rounded.money(value)) }

    fileprivate static func share(_ value: Double) -> JSONTree {
        .number((value * 10_000).rounded() / 10_000)
    }

    fileprivate static func seconds(_ milliseconds: Int64) -> JSONTree {
        .number(Double(milliseconds) / 1000)
    }

    fileprivate static func counts(_ counts: [String: Int]) -> JSONTree {
        .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .whole($0.value)) })
    }
}

/// Numbers as every form of the report shows them.
enum Rounded {
    static func money(_ value: Double) -> Double {
        let rounded = (value * 100).rounded() / 100
        return rounded.isFinite ? rounded : value
    }
}
