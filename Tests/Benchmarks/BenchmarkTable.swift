import Foundation

/// One line of the table.
struct BenchmarkRow {
    let name: String
    let operations: Int
    let seconds: Double
    var note = ""
}

/// Prints rows in aligned columns.
enum BenchmarkTable {
    static func print(_ rows: [BenchmarkRow]) {
        let width = rows.map(\.name.count).max() ?? 0
        Swift.print(pad("benchmark", width) + "   operations   ns each      per s   note")
        for row in rows {
            let each = row.seconds * 1e9 / Double(max(1, row.operations))
            let rate = Double(row.operations) / max(row.seconds, 1e-9)
            Swift.print(
                pad(row.name, width) + right(String(row.operations), 13)
                    + right(String(Int(each)), 10) + right(String(Int(rate)), 11) + "   "
                    + row.note)
        }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// Runs `body` and tells how much processor time it took: on a shared machine the wall clock says
/// more about the neighbours.
func timed(_ name: String, _ operations: Int, _ body: () throws -> Void) rethrows -> BenchmarkRow {
    let start = clock()
    try body()
    return BenchmarkRow(
        name: name, operations: operations,
        seconds: Double(clock() - start) / Double(CLOCKS_PER_SEC))
}
