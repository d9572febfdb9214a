import Qualification

extension Report {
    /// The report for a terminal: a handful of tables, each at most about 100 columns wide.
    ///
    /// The campaigns with the most MQLs are shown, at most `mostCampaigns`; JSON has them all.
    package func text(mostCampaigns: Int = 15) -> String {
        var parts = [heading]
        if !isEmpty { parts.append(funnel) }
        if total.measures.mqls > 0 { parts.append(speed) }
        if !total.measures.rejected.isEmpty { parts.append(rejections) }
        if total.measures.mqls > 0 || total.measures.cost != nil {
            parts.append(costs(mostCampaigns))
        }
        if !criteria.isEmpty { parts.append(criteriaTable) }
        parts.append(readingNote)
        return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    /// Whether no lead and no MQL is in it.
    private var isEmpty: Bool { total.measures.leads == 0 && total.measures.mqls == 0 }

    private var heading: [String] {
        let measures = total.measures
        var lines = ["handoff report, as of \(asOf)"]
        if filter.hasPeriod {
            let since = filter.since.map { "from \($0) " } ?? ""
            lines.append("qualified \(since)\(filter.until.map { "before \($0)" } ?? "until now")")
        }
        if let product = filter.product { lines.append("product \(Shown.plain(product)) only") }
        if isEmpty {
            let what = filter.hasPeriod ? "in this period" : "in the topics yet"
            return lines + ["", "No lead had a status record and no MQL was qualified \(what)."]
        }
        lines += [
            "",
            "\(Wording.count(measures.leads)) leads gave \(Wording.count(measures.mqls)) MQLs; "
                + "sales answered \(Wording.share(measures.answered, of: measures.mqls)) of them "
                + "and accepted \(Wording.share(measures.acceptedShare)) of those answered.",
            "Won: \(Wording.count(measures.won)), revenue \(Wording.money(measures.revenue)). "
                + "First contact: half within \(Wording.time(measures.speed.median)); "
                + "\(Wording.share(measures.speed.shareWithinDeadline)) within the deadline.",
        ]
        return lines
    }

    /// The rows that every table shows: the parts, then the total.
    private func rows(_ kind: RowKind) -> [(name: String, row: ReportRow)] {
        let rows =
            switch kind {
            case .product: products
            case .channel: channels
            case .campaign: campaigns
            case .definition: definitions
            case .cell: cells
            }
        return rows.map { (Wording.name($0, kind), $0) }
    }

    /// The products that sales got anything of, and the total.
    private var salesRows: [(name: String, row: ReportRow)] {
        rows(.product).filter { $0.row.measures.mqls > 0 } + [("total", total)]
    }

    private var funnel: [String] {
        var table = TextTable([
            "", "leads", "MQLs", "accepted", "rejected", "contacted", "opport.",
            "won", "revenue", "lost", "lapsed", "withdr.", "open",
        ])
        func add(_ name: String, _ row: ReportRow) {
            let found = row.measures
            let counts = [
                found.leads, found.mqls, found.accepted, found.rejectedCount, found.contacted,
                found.opportunities, found.won,
            ]
            let ends = [found.lostCount, found.lapsed, found.withdrawnCount, found.open]
            table.add(
                [name] + counts.map(Wording.count) + [Wording.money(found.revenue)]
                    + ends.map(Wording.count))
        }
        for kind in [RowKind.product, .channel, .definition] {
            // Without either a row is there only for the cost of a campaign that made nothing.
            let shown = rows(kind).filter { $0.row.measures.leads + $0.row.measures.mqls > 0 }
            for (name, row) in shown { add(name, row) }
            if !shown.isEmpty { table.add([""]) }
        }
        add("total", total)
        return table.lines(longest: 22) + [
            "accepted, contacted, opport., lapsed, withdr.: whatever came after; "
                + "rejected, won, lost: the latest answer",
            "open: not answered yet, or in work (not rejected, won, lost, withdrawn or lapsed)",
        ]
    }

    private var speed: [String] {
        var table = TextTable([
            "speed to lead", "contacted", "median", "90 % in", "due", "in time", "share", "never",
            "overdue", "warned", "breached", "escalated",
        ])
        for (name, row) in salesRows {
            let found = row.measures
            let speed = found.speed
            table.add(
                [
                    name, Wording.count(found.contacted), Wording.time(speed.median),
                    Wording.time(speed.p90), Wording.count(speed.due),
                    Wording.count(speed.withinDeadline),
                    Wording.share(speed.shareWithinDeadline),
                    Wording.count(speed.neverContacted), Wording.count(speed.overdue),
                ] + found.alerts.map(Wording.count))
        }
        return table.lines(longest: 22)
    }

    private var rejections: [String] {
        let reasons = total.measures.rejected.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let shown = salesRows
        var table = TextTable(["rejected because"] + shown.map(\.name))
        for (reason, _) in reasons {
            let counts = shown.map { $0.row.measures.rejected[reason] ?? 0 }
            table.add([Wording.code(reason)] + counts.map(Wording.count))
        }
        return table.lines(longest: 22)
    }

    private func costs(_ most: Int) -> [String] {
        var table = TextTable([
            "campaign", "cost", "MQLs", "accepted", "won", "revenue", "per MQL", "per accepted",
            "per won",
        ])
        let ranked = campaigns.filter { $0.group.campaign != nil }
            .sorted { ($1.measures.mqls, $0.group) < ($0.measures.mqls, $1.group) }
        func add(_ name: String, _ measures: Measures) {
            table.add([
                name, Wording.money(measures.cost?.total), Wording.count(measures.mqls),
                Wording.count(measures.accepted), Wording.count(measures.won),
                Wording.money(measures.revenue), Wording.money(measures.cost?.perMQL),
                Wording.money(measures.cost?.perAccepted), Wording.money(measures.cost?.perWon),
            ])
        }
        for row in ranked.prefix(most) { add(Wording.name(row, .campaign), row.measures) }
        if ranked.count > most { table.add(["and \(ranked.count - most) more in --format json"]) }
        if let none = campaigns.first(where: { $0.group.campaign == nil }) {
            add("no campaign", none.measures)
        }
        add("total", total.measures)
        guard let cost = total.measures.cost else { return table.lines() }
        var notes = [
            "per MQL, accepted, won: the cost over the MQLs of campaigns with a cost, in total "
                + "\(Wording.count(cost.mqls)), \(Wording.count(cost.accepted)), "
                + Wording.count(cost.won)
        ]
        if !filter.hasPeriod {
            notes.append("the total cost holds that of campaigns without any MQL, too")
        }
        return table.lines() + notes
    }

    private var criteriaTable: [String] {
        var table = TextTable(
            ["contributed to MQLs", "all", "accepted", "share", "won", "rejected"])
        var complaints = [""]
        for row in criteria {
            table.add([
                row.id, Wording.count(row.mqls), Wording.count(row.accepted),
                Wording.share(row.acceptedShare), Wording.count(row.won),
                Wording.count(row.rejectedCount),
            ])
            let sorted = row.rejected.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            complaints.append(
                sorted.prefix(3).map { "\(Shown.plain(Wording.code($0.key))) \($0.value)" }
                    .joined(separator: ", "))
        }
        let lines = zip(table.lines(longest: 20), complaints).map { line, complaint in
            complaint.isEmpty ? line : "\(line)  \(complaint)"
        }
        return lines + ["share: accepted of those that sales answered"]
    }

    private var readingNote: [String] {
        var line = "read \(Wording.count(reading.records)) records"
        let notes = [
            ("malformed, skipped", reading.malformed),
            ("repeated dispositions", reading.repeatedDispositions),
            ("dispositions in dead letters", reading.refusedDispositions),
            ("dispositions for no known MQL", reading.unmatchedDispositions),
            ("MQLs written twice", reading.repeatedMQLs),
        ]
        for (what, count) in notes where count > 0 { line += "; \(Wording.count(count)) \(what)" }
        return [line]
    }
}
