/// The charts of the page, in the order in which a head of sales reads them.
extension Report {
    var charts: [PageChart] {
        [
            funnelChart, reasonsChart, standingChart(.product, products), contactChart,
            deadlineChart, channelChart, campaignChart, criteriaChart,
            standingChart(.definition, definitions),
        ]
    }

    private enum Style {
        static let mqls = PageChart.Series(name: "MQLs", pattern: "p-blue")
        static let accepted = PageChart.Series(name: "accepted", pattern: "p-blue")
        static let rejected = PageChart.Series(name: "rejected", pattern: "p-vermillion")
        static let others = PageChart.Series(name: "neither", pattern: "p-hollow")
        static let inTime = PageChart.Series(name: "in time", pattern: "p-blue")
        static let late = PageChart.Series(name: "late", pattern: "p-orange")
        static let overdue = PageChart.Series(name: "overdue, not contacted", pattern: "p-gray")
        static let cost = PageChart.Series(name: "cost per MQL", pattern: "p-sky")

        static func of(_ standing: Standing) -> PageChart.Series {
            let pattern =
                switch standing {
                case .won: "p-green"
                case .working: "p-sky"
                case .waiting: "p-hollow"
                case .rejected: "p-vermillion"
                case .lost: "p-orange"
                case .withdrawn: "p-purple"
                case .lapsed: "p-gray"
                }
            return PageChart.Series(name: Wording.standing(standing), pattern: pattern)
        }
    }

    // MARK: Funnel and reasons

    private var funnelChart: PageChart {
        let found = total.measures
        let steps = [
            ("MQLs", found.mqls), ("answered", found.answered), ("accepted", found.accepted),
            ("contacted", found.contacted), ("opportunity", found.opportunities),
            ("won", found.won),
        ]
        return PageChart(
            id: "funnel", title: "From MQL to deal",
            introduction: "\(Wording.count(found.leads)) leads became "
                + "\(Wording.count(found.mqls)) MQLs. How far did they get (shares of all MQLs)?",
            bars: steps.map { name, count in
                PageChart.Bar(
                    name: name, pieces: [.init(series: Style.mqls, value: Double(count))],
                    value: "\(Wording.count(count)) (\(Wording.share(count, of: found.mqls)))")
            },
            table: measuresTable("the funnel in full", .product, products))
    }

    private var reasonsChart: PageChart {
        let found = total.measures
        let sorted = found.rejected.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let rows = products.filter { $0.measures.mqls > 0 } + [total]
        let table = PageTable(
            caption: "rejected MQLs by reason and product",
            heading: ["reason"] + rows.map { $0.group.product ?? "total" },
            rows: sorted.map { reason, _ in
                PageTable.Row(
                    name: Wording.code(reason), key: "reason:\(reason)",
                    cells: rows.map { row in
                        .count(
                            row.group.product ?? "total", row.measures.rejected[reason] ?? 0)
                    })
            })
        return PageChart(
            id: "reasons", title: "Why sales said no",
            introduction: "\(Wording.count(found.rejectedCount)) MQLs were rejected, "
                + "\(Wording.share(found.rejectedCount, of: found.answered)) of those answered.",
            bars: sorted.map { reason, count in
                PageChart.Bar(
                    name: Wording.code(reason),
                    pieces: [.init(series: Style.rejected, value: Double(count))],
                    value: "\(Wording.count(count)) "
                        + "(\(Wording.share(count, of: found.rejectedCount)))")
            },
            table: table)
    }

    private func standingChart(_ kind: RowKind, _ rows: [ReportRow]) -> PageChart {
        let order: [Standing] = [
            .won, .working, .waiting, .rejected, .lost, .lapsed, .withdrawn,
        ]
        let isProduct = kind == .product
        let shown = rows.filter { $0.measures.mqls > 0 }
        return PageChart(
            id: isProduct ? "standing" : "definitions",
            title: isProduct ? "Where the MQLs stand" : "Definitions compared",
            introduction: isProduct
                ? "Every MQL, by product."
                : "The same, by the version of the agreement that qualified the lead.",
            bars: shown.map { row in
                PageChart.Bar(
                    name: Wording.name(row, kind),
                    pieces: order.map { standing in
                        let count = row.measures.standing[standing] ?? 0
                        return .init(series: Style.of(standing), value: Double(count))
                    },
                    value: "\(Wording.count(row.measures.mqls)) MQLs, "
                        + "\(Wording.share(row.measures.acceptedShare)) of those answered accepted")
            },
            table: PageTable(
                caption: isProduct ? "where the MQLs stand" : "where they stand, by definition",
                heading: [isProduct ? "product" : "definition"] + order.map(Wording.standing),
                rows: rows.map { row in
                    PageTable.Row(
                        name: Wording.name(row, kind), key: Report.key(row, kind),
                        cells: order.map { standing in
                            .count(
                                "standing.\(standing.rawValue)",
                                row.measures.standing[standing] ?? 0)
                        })
                }), isWide: true)
    }

    // MARK: Speed

    private var contactChart: PageChart {
        let speed = total.measures.speed
        let contacted = total.measures.contacted
        return PageChart(
            id: "speed", title: "How fast sales calls",
            introduction: "Time from the lead's qualifying act to the first contact: half within "
                + "\(Wording.time(speed.median)), nine in ten within \(Wording.time(speed.p90)).",
            bars: speed.buckets.enumerated().map { place, bucket in
                PageChart.Bar(
                    name: Wording.bucket(place),
                    pieces: [.init(series: Style.mqls, value: Double(bucket.count))],
                    value: "\(Wording.count(bucket.count)) "
                        + "(\(Wording.share(bucket.count, of: contacted)))")
            },
            table: PageTable(
                caption: "first contacts by the time they took",
                heading: ["time", "MQLs"],
                rows: speed.buckets.enumerated().map { place, bucket in
                    PageTable.Row(
                        name: Wording.bucket(place), key: "first_contacts:\(place)",
                        cells: [.count("mqls", bucket.count)])
                }))
    }

    private var deadlineChart: PageChart {
        let rows = products.filter { $0.measures.speed.due > 0 }
        return PageChart(
            id: "deadlines", title: "Are deadlines kept?",
            introduction: "MQLs that were contacted, or whose follow-up deadline has passed.",
            bars: rows.map { row in
                let speed = row.measures.speed
                let late = speed.due - speed.withinDeadline - speed.overdue
                return PageChart.Bar(
                    name: Wording.name(row, .product),
                    pieces: [
                        .init(series: Style.inTime, value: Double(speed.withinDeadline)),
                        .init(series: Style.late, value: Double(late)),
                        .init(series: Style.overdue, value: Double(speed.overdue)),
                    ],
                    value: "\(Wording.share(speed.shareWithinDeadline)) in time, "
                        + "\(Wording.count(speed.overdue)) overdue")
            },
            table: PageTable(
                caption: "speed to lead and alerts by product",
                heading: [
                    "product", "contacted", "median", "90 % within", "due", "in time", "share",
                    "never contacted", "overdue", "warnings", "breaches", "escalations",
                ],
                rows: (products + [total]).map { row in
                    let speed = row.measures.speed
                    return PageTable.Row(
                        name: row.group.product ?? (row.group == ReportGroup() ? "total" : "none"),
                        key: row.group == ReportGroup() ? "total" : Report.key(row, .product),
                        cells: [
                            .count("contacted", row.measures.contacted),
                            .time("speed_to_lead.median_seconds", speed.median),
                            .time("speed_to_lead.p90_seconds", speed.p90),
                            .count("speed_to_lead.due", speed.due),
                            .count("speed_to_lead.within_deadline", speed.withinDeadline),
                            .share(
                                "speed_to_lead.share_within_deadline", speed.shareWithinDeadline),
                            .count("speed_to_lead.never_contacted", speed.neverContacted),
                            .count("speed_to_lead.overdue", speed.overdue),
                            .count("alerts.warning", row.measures.alerts[0]),
                            .count("alerts.breached", row.measures.alerts[1]),
                            .count("alerts.escalated", row.measures.alerts[2]),
                        ])
                }))
    }

    // MARK: Sources

    private var channelChart: PageChart {
        let ranked = channels.filter { $0.measures.mqls > 0 }
            .sorted { ($1.measures.mqls, $0.group) < ($0.measures.mqls, $1.group) }
        return PageChart(
            id: "channels", title: "What each channel brings",
            introduction: "MQLs by the channel of the lead's first touch.",
            bars: ranked.map { row in
                PageChart.Bar(
                    name: Wording.code(Wording.name(row, .channel)), pieces: answers(row),
                    value: "\(Wording.count(row.measures.mqls)), "
                        + "\(Wording.share(row.measures.acceptedShare)) of those answered accepted")
            },
            table: measuresTable("every channel", .channel, channels))
    }

    /// Accepted, rejected (though it may have been accepted before: then it is rejected), neither.
    private func answers(_ row: ReportRow) -> [PageChart.Piece] {
        let found = row.measures
        let rejected = found.rejectedCount
        let accepted = min(found.accepted, found.mqls - rejected)
        return [
            .init(series: Style.accepted, value: Double(accepted)),
            .init(series: Style.rejected, value: Double(rejected)),
            .init(series: Style.others, value: Double(found.mqls - accepted - rejected)),
        ]
    }

    private static let mostCampaigns = 12

    private var campaignChart: PageChart {
        let ranked = campaigns.filter { $0.measures.cost?.perMQL != nil }
            .sorted { ($1.measures.mqls, $0.group) < ($0.measures.mqls, $1.group) }
            .prefix(Report.mostCampaigns)
        return PageChart(
            id: "campaigns", title: "What an MQL costs",
            introduction: "Cost per MQL of the campaigns that brought the most, at most "
                + "\(Report.mostCampaigns); the table has them all.",
            bars: ranked.map { row in
                PageChart.Bar(
                    name: Wording.name(row, .campaign),
                    pieces: [.init(series: Style.cost, value: row.measures.cost?.perMQL ?? 0)],
                    value: "\(Wording.money(row.measures.cost?.perMQL)) for each of "
                        + "\(Wording.count(row.measures.mqls))")
            },
            table: measuresTable("every campaign", .campaign, campaigns))
    }
}
