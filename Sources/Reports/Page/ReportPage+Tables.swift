extension Report {
    /// Where a row's numbers stand in the JSON: the list, and the name in it.
    static func key(_ row: ReportRow, _ kind: RowKind) -> String {
        switch kind {
        case .product: "by_product:\(row.group.product ?? "")"
        case .channel: "by_channel:\(row.group.channel ?? "")"
        case .campaign: "by_campaign:\(row.group.campaign ?? "")"
        case .definition:
            "by_definition:\(row.group.definition?.name ?? "") "
                + "\(row.group.definition?.version ?? 0)"
        case .cell: ""
        }
    }

    /// All measures of some rows and the total.
    func measuresTable(_ caption: String, _ kind: RowKind, _ rows: [ReportRow]) -> PageTable {
        let lines = rows.map { (Wording.name($0, kind), Report.key($0, kind), $0.measures) }
        return PageTable(
            caption: caption,
            heading: [
                "", "leads", "MQLs", "answered", "accepted", "rejected", "contacted",
                "opportunities", "won", "revenue", "lost", "lapsed", "withdrawn", "median speed",
                "in time", "cost", "per MQL", "per accepted", "per won",
            ],
            rows: (lines + [("total", "total", total.measures)]).map { name, key, found in
                PageTable.Row(
                    name: name, key: key,
                    cells: [
                        .count("leads", found.leads), .count("mqls", found.mqls),
                        .count("answered", found.answered), .count("accepted", found.accepted),
                        .count("rejected", found.rejectedCount),
                        .count("contacted", found.contacted),
                        .count("opportunities", found.opportunities), .count("won", found.won),
                        .money("revenue", found.revenue), .count("lost", found.lostCount),
                        .count("lapsed", found.lapsed), .count("withdrawn", found.withdrawnCount),
                        .time("speed_to_lead.median_seconds", found.speed.median),
                        .share(
                            "speed_to_lead.share_within_deadline",
                            found.speed.shareWithinDeadline),
                        .money("cost.total", found.cost?.total),
                        .money("cost.per_mql", found.cost?.perMQL),
                        .money("cost.per_accepted", found.cost?.perAccepted),
                        .money("cost.per_won", found.cost?.perWon),
                    ])
            })
    }

    /// Which rule causes which complaint.
    var criteriaChart: PageChart {
        let accepted = PageChart.Series(name: "accepted", pattern: "p-blue")
        let rejected = PageChart.Series(name: "rejected", pattern: "p-vermillion")
        let others = PageChart.Series(name: "neither", pattern: "p-hollow")
        let reasons = Set(criteria.flatMap(\.rejected.keys)).sorted()
        return PageChart(
            id: "criteria", title: "Which rule leads to which answer",
            introduction: "MQLs to which a criterion of the definition contributed points; the "
                + "share accepted of those answered, and the most frequent rejection.",
            bars: criteria.map { row in
                let kept = min(row.accepted, row.mqls - row.rejectedCount)
                let rest = row.mqls - kept - row.rejectedCount
                return PageChart.Bar(
                    name: Wording.code(row.label),
                    pieces: [
                        .init(series: accepted, value: Double(kept)),
                        .init(series: rejected, value: Double(row.rejectedCount)),
                        .init(series: others, value: Double(rest)),
                    ],
                    value: Report.complaint(row))
            },
            table: PageTable(
                caption: "criteria and answers",
                heading: ["criterion", "kind", "MQLs", "answered", "accepted", "won", "rejected"]
                    + reasons.map { "rejected: \(Wording.code($0))" },
                rows: criteria.map { row in
                    PageTable.Row(
                        name: Wording.code(row.label), key: "criteria:\(row.kind) \(row.id)",
                        cells: [
                            PageTable.Cell(text: row.kind, measure: "group", value: nil),
                            .count("mqls", row.mqls), .count("answered", row.answered),
                            .count("accepted", row.accepted), .count("won", row.won),
                            .count("rejected", row.rejectedCount),
                        ]
                            + reasons.map {
                                .count("rejected_by_reason.\($0)", row.rejected[$0] ?? 0)
                            })
                }), isWide: true)
    }

    private static func complaint(_ row: CriterionRow) -> String {
        var text = "\(Wording.share(row.acceptedShare)) accepted"
        let worst = row.rejected.min { ($1.value, $0.key) < ($0.value, $1.key) }
        if let worst { text += "; mostly \(Wording.code(worst.key)) (\(worst.value))" }
        return text
    }
}
