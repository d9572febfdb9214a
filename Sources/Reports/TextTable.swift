/// Rows of cells as columns that line up, two spaces apart; the first row is the heading.
///
/// Columns of numbers are set to the right. Nothing in a cell can steer the terminal.
package struct TextTable {
    private var rows: [[String]]
    private let numbersFrom: Int

    /// A table whose columns from `numbersFrom` on hold numbers.
    package init(_ heading: [String], numbersFrom: Int = 1) {
        rows = [heading.map(Shown.plain)]
        self.numbersFrom = numbersFrom
    }

    /// Adds a row.
    package mutating func add(_ cells: [String]) { rows.append(cells.map(Shown.plain)) }

    /// Whether there is nothing but the heading.
    package var isEmpty: Bool { rows.count == 1 }

    /// The lines, each without trailing spaces; texts longer than `longest` are cut.
    package func lines(longest: Int = 32) -> [String] {
        let cells = rows.map { row in
            row.map { $0.count > longest ? $0.prefix(longest - 1) + "…" : $0 }
        }
        let count = cells.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            cells.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
        }
        return cells.map { row in
            let padded = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column >= numbersFrom ? space + cell : cell + space
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
