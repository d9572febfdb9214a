/// A bar chart of a page, with a legend if it has several series, and the table of its numbers.
///
/// Bars are SVG in percent of their width, so that they fit every window; names and values beside
/// them are plain text, which a screen reader reads and a narrow window wraps.
struct PageChart {
    /// What a piece of a bar stands for.
    ///
    /// Each has a colour of the Okabe-Ito palette, which the
    /// colour-blind can tell apart, and a pattern of its own, so that colour is never needed.
    struct Series: Equatable {
        var name: String
        /// The id of its pattern in `PageStyle.patterns`.
        var pattern: String
    }

    /// A piece of a bar.
    struct Piece {
        var series: Series
        var value: Double
    }

    /// A bar with its name and its value in words.
    struct Bar {
        var name: String
        var pieces: [Piece]
        var value: String
    }

    var id: String
    var title: String
    var introduction: String
    var bars: [Bar]
    var table: PageTable
    /// Whether it takes the whole width of the page.
    var isWide = false

    var html: String {
        var text = "<section\(isWide ? " class=\"wide\"" : "") aria-labelledby=\"\(id)-title\">\n"
        text += "<h2 id=\"\(id)-title\">\(Shown.html(title))</h2>\n"
        text += "<p>\(Shown.html(introduction))</p>\n"
        text += "<figure class=\"chart\" id=\"\(id)\" aria-labelledby=\"\(id)-title\">\n"
        text += legend
        let longest = bars.map { $0.pieces.reduce(0) { $0 + $1.value } }.max() ?? 0
        for bar in bars { text += html(of: bar, of: longest) }
        if bars.isEmpty { text += "<p class=\"empty\">Nothing to show yet.</p>\n" }
        text += "</figure>\n"
        text += table.html(id: "\(id)-table")
        return text + "</section>\n"
    }

    private var legend: String {
        // All bars of a chart have the same pieces in the same order.
        let used = bars.flatMap(\.pieces).filter { $0.value > 0 }.map(\.series)
        let series = (bars.first?.pieces ?? []).map(\.series).filter(used.contains)
        guard series.count > 1 else { return "" }
        let items = series.map { series in
            "<li><svg class=\"swatch\" width=\"18\" height=\"14\" aria-hidden=\"true\">"
                + "<rect x=\"1\" y=\"1\" width=\"16\" height=\"12\" "
                + "fill=\"url(#\(series.pattern))\"/></svg>\(Shown.html(series.name))</li>"
        }
        return "<ul class=\"legend\">\(items.joined())</ul>\n"
    }

    private func html(of bar: Bar, of whole: Double) -> String {
        var text = "<div class=\"row\"><span class=\"name\">\(Shown.html(bar.name))</span>"
        text += "<svg class=\"bar\" width=\"100%\" height=\"22\" aria-hidden=\"true\">"
        text += "<rect class=\"track\" x=\"0\" y=\"20\" width=\"100%\" height=\"1\"/>"
        var start = 0.0
        for piece in bar.pieces where piece.value > 0 && whole > 0 {
            let width = piece.value / whole * 100
            text += "<rect class=\"piece\" x=\"\(percent(start))\" y=\"1\" "
            text += "width=\"\(percent(width))\" height=\"19\" "
            text += "fill=\"url(#\(piece.series.pattern))\">"
            text += "<title>\(Shown.html(bar.name)): \(Shown.html(piece.series.name)) "
            text += "\(Shown.html(Wording.money(piece.value)))</title></rect>"
            start += width
        }
        return text + "</svg><span class=\"value\">\(Shown.html(bar.value))</span></div>\n"
    }

    private func percent(_ value: Double) -> String {
        "\((min(max(value, 0), 100) * 100).rounded() / 100)%"
    }
}

/// The numbers of a chart as a table: what a screen reader reads, and what a spreadsheet takes.
///
/// Each number stands in `data-value` as the JSON has it, under the JSON's name in `data-measure`.
struct PageTable {
    /// A number as it is shown and as it is.
    struct Cell {
        var text: String
        var measure: String
        var value: Double?

        static func count(_ measure: String, _ value: Int) -> Cell {
            Cell(text: Wording.count(value), measure: measure, value: Double(value))
        }

        static func money(_ measure: String, _ value: Double?) -> Cell {
            Cell(
                text: Wording.money(value), measure: measure, value: value.map(Rounded.money))
        }

        static func time(_ measure: String, _ milliseconds: Int64?) -> Cell {
            Cell(
                text: Wording.time(milliseconds), measure: measure,
                value: milliseconds.map { Double($0) / 1000 })
        }

        static func share(_ measure: String, _ share: Double?) -> Cell {
            Cell(
                text: Wording.share(share), measure: measure,
                value: share.map { ($0 * 10_000).rounded() / 10_000 })
        }
    }

    /// A line of the table; `key` tells which row of the JSON it shows.
    struct Row {
        var name: String
        var key: String
        var cells: [Cell]
    }

    var caption: String
    var heading: [String]
    var rows: [Row]

    func html(id: String) -> String {
        var text = "<details><summary>The numbers: \(Shown.html(caption))</summary>\n"
        text += "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"\(id)\">"
        text += "<table><caption id=\"\(id)\">\(Shown.html(caption))</caption><thead><tr>"
        for cell in heading { text += "<th scope=\"col\">\(Shown.html(cell))</th>" }
        text += "</tr></thead><tbody>\n"
        for row in rows {
            text += "<tr data-key=\"\(Shown.html(row.key))\">"
            text += "<th scope=\"row\">\(Shown.html(row.name))</th>"
            for cell in row.cells {
                text += "<td data-measure=\"\(Shown.html(cell.measure))\""
                if let value = cell.value {
                    text += " data-value=\"\(JSONTree.number(value).compact)\""
                }
                text += ">\(Shown.html(cell.text))</td>"
            }
            text += "</tr>\n"
        }
        return text + "</tbody></table></div></details>\n"
    }
}
