import Qualification

extension Report {
    /// The report as one HTML page that needs nothing else: no network, no script, no font.
    ///
    /// Works from 320 pixels of width on, in the dark, on paper and for a screen reader; everything
    /// that comes from messages is escaped. The JSON of the same report is inside, in the element
    /// with the id `report-data`.
    package var page: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
        style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
        <title>From lead to sale: handoff report</title>
        <style>
        \(PageStyle.css)</style>
        </head>
        <body>
        \(PageStyle.patterns)<header>
        <h1>From lead to sale</h1>
        <p>\(subtitle)</p>
        </header>
        <main>
        \(tiles)<div class="grid">
        \(charts.map(\.html).joined())</div>
        </main>
        \(footer)<script type="application/json" id="report-data">
        \(json.pretty)
        </script>
        </body>
        </html>

        """
    }

    private var subtitle: String {
        var parts: [String] = []
        if let product = filter.product { parts.append("Product \(product).") }
        switch (filter.since, filter.until) {
        case (nil, nil): break
        case (let since?, nil): parts.append("Qualified since \(Report.minute(since)).")
        case (nil, let until?): parts.append("Qualified before \(Report.minute(until)).")
        case (let since?, let until?):
            parts.append(
                "Qualified from \(Report.minute(since)) until before \(Report.minute(until)).")
        }
        parts.append("As of \(Report.minute(asOf)).")
        return Shown.html(parts.joined(separator: " "))
    }

    /// `2026-09-07 10:05 UTC`.
    private static func minute(_ time: Timestamp) -> String {
        let text = time.description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
    }

    private var tiles: String {
        let found = total.measures
        let tiles: [(value: String, name: String, note: String)] = [
            (Wording.count(found.leads), "leads", "that showed interest"),
            (
                Wording.count(found.mqls), "MQLs",
                "\(Wording.count(found.requalified)) of them again"
            ),
            (
                Wording.share(found.acceptedShare), "accepted",
                "\(Wording.count(found.accepted)) of \(Wording.count(found.answered)) answered"
            ),
            (
                Wording.share(found.rejectedCount, of: found.answered), "rejected",
                "\(Wording.count(found.rejectedCount)) of \(Wording.count(found.answered)) answered"
            ),
            (Wording.time(found.speed.median), "to first contact", "half are faster"),
            (
                Wording.share(found.speed.shareWithinDeadline), "in time",
                "\(Wording.count(found.speed.overdue)) overdue now"
            ),
            (Wording.count(found.won), "won", "revenue \(Wording.money(found.revenue))"),
            (
                Wording.money(found.cost?.perAccepted), "per accepted MQL",
                "\(Wording.money(found.cost?.perWon)) per deal won"
            ),
        ]
        let items = tiles.map { tile in
            "<li><b>\(Shown.html(tile.value))</b>\(Shown.html(tile.name))"
                + "<span>\(Shown.html(tile.note))</span></li>\n"
        }
        return "<ul class=\"tiles\">\n\(items.joined())</ul>\n"
    }

    private var footer: String {
        let terms: [(String, String)] = [
            (
                "Lead, MQL",
                "A lead counts once where it has a status record; an MQL is a lead handed to sales "
                    + "for one product."
            ),
            (
                "Accepted, contacted, opportunity",
                "MQLs with at least one such answer, whatever came after. The share accepted is of "
                    + "the MQLs that sales has answered at all."
            ),
            (
                "In work, not answered",
                "MQLs that sales still has to do something about. In work: the latest answer is "
                    + "accepted, contacted, opportunity or reopened."
            ),
            (
                "Rejected, lost, won",
                "MQLs whose latest answer is that one."
            ),
            (
                "In time",
                "First contact at the deadline or before it, as a share of the MQLs that were "
                    + "contacted or whose deadline has passed (and that were not withdrawn)."
            ),
            (
                "Channel, campaign",
                "Those of the lead's first touch, as the MQL itself names it."
            ),
            (
                "Cost",
                "A campaign's cost is split evenly over all its MQLs; cost per MQL, accepted and "
                    + "won are over those MQLs only whose campaign has a cost, which may be fewer "
                    + "than the MQLs, accepted or won beside them."
            ),
        ]
        let list = terms.map { "<dt>\(Shown.html($0.0))</dt><dd>\(Shown.html($0.1))</dd>" }
        var notes = "Read \(Wording.count(reading.records)) records"
        let left: [(Int, String)] = [
            (reading.malformed, "malformed"),
            (reading.repeatedDispositions, "repeated dispositions"),
            (reading.refusedDispositions, "dispositions in the dead letters"),
            (reading.unmatchedDispositions, "dispositions for no known MQL"),
        ]
        for (count, what) in left where count > 0 { notes += ", \(Wording.count(count)) \(what)" }
        return "<footer>\n<h2>What the numbers mean</h2>\n"
            + "<dl>\(list.joined(separator: "\n"))</dl>\n<p>\(Shown.html(notes)).</p>\n</footer>\n"
    }
}
