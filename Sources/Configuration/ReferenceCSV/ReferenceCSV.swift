package import DefinitionFiles
package import Qualification

/// Turns a CSV file of reference data into records of its topic, row by row.
///
/// Good rows go out even when others are at fault; after a fault in the header none do, because a
/// column that is left out would erase that field of every row.
package struct ReferenceCSV {
    /// One record for the topic.
    package struct Row: Sendable, Equatable {
        /// Where the row starts.
        package var place: Place
        /// The key in its normal form.
        package var key: String
        /// The cells that have a value, by column.
        package var fields: [String: ReferenceValue]
        /// The record's value: a JSON object with the fields in the order of the schema.
        package var value: [UInt8]
    }

    /// What became of a row.
    package enum Event: Sendable, Equatable {
        /// A record to publish.
        case row(Row)
        /// Something wrong with the header or a cell; the row is left out.
        case fault(Fault)
    }

    /// What the file fills.
    package let table: ReferenceTable
    /// Whether rows can be published: false after a fault in the header.
    package private(set) var isHeaderGood = true

    private let path: String
    private let cells: ReferenceCell
    private var reader = CSVReader()
    /// The columns of the file, nil for one that is not known; empty until the header was read.
    private var columns: [String?] = []

    /// - Parameters:
    ///   - path: The file's name for messages.
    ///   - freeMailDomains: Domains that must not be suppressed (`Definition.freeMailDomains`).
    package init(table: ReferenceTable, path: String, freeMailDomains: Set<String>) {
        self.table = table
        self.path = path
        cells = ReferenceCell(table: table, freeMailDomains: freeMailDomains)
    }

    /// Reads the next piece of the file.
    package mutating func read(_ piece: some Sequence<UInt8>, emit: (Event) throws -> Void)
        rethrows
    {
        // The reader is moved out because its events change this struct.
        var reader = self.reader
        defer { self.reader = reader }
        try reader.read(piece) { try take($0, emit: emit) }
    }

    /// Ends the file.
    package mutating func finish(emit: (Event) throws -> Void) rethrows {
        var reader = self.reader
        try reader.finish { try take($0, emit: emit) }
        if columns.isEmpty, isHeaderGood {
            try fault(.start, "the file has no header; its columns: \(columnList)", emit)
            isHeaderGood = false
        }
        self.reader = reader
    }

    private mutating func take(_ event: CSVReader.Event, emit: (Event) throws -> Void) rethrows {
        switch event {
        case .fault(let place, let message):
            // Without its header no cell of the file means anything.
            if columns.isEmpty { isHeaderGood = false }
            try fault(place, message, emit)
        case .row(let cells):
            if columns.isEmpty {
                if isHeaderGood { try readHeader(cells, emit: emit) }
            } else {
                try readRow(cells, emit: emit)
            }
        }
    }

    private var columnList: String { table.columns.joined(separator: ", ") }

    private mutating func readHeader(_ cells: [CSVReader.Cell], emit: (Event) throws -> Void)
        rethrows
    {
        var seen: Set<String> = []
        for cell in cells {
            let name = Address.trimmed(cell.text)
            guard table.columns.contains(name) else {
                isHeaderGood = false
                columns.append(nil)
                let advice =
                    name.contains(";") && cells.count == 1
                    ? "; separate cells with commas"
                    : NearestName.advice(for: name, among: table.columns)
                try fault(cell.place, "'\(name)' is not a column of \(table)\(advice)", emit)
                continue
            }
            columns.append(name)
            if !seen.insert(name).inserted {
                isHeaderGood = false
                try fault(cell.place, "the column '\(name)' is there twice", emit)
            }
        }
        if !seen.contains(table.keyColumn) {
            isHeaderGood = false
            let place = cells.first?.place ?? .start
            try fault(place, "the column '\(table.keyColumn)' is missing: it is the key", emit)
        }
    }

    private func readRow(_ row: [CSVReader.Cell], emit: (Event) throws -> Void) rethrows {
        let place = row.first?.place ?? .start
        guard row.count == columns.count else {
            try fault(
                place, "the row has \(row.count) cells and the header \(columns.count)", emit)
            return
        }
        var fields: [String: ReferenceValue] = [:]
        var isGood = isHeaderGood
        for (cell, column) in zip(row, columns) {
            guard let column, cell.text.contains(where: { !$0.isWhitespace }) else { continue }
            switch cells.value(cell.text, column: column) {
            case .success(let value): fields[column] = value
            case .failure(let found):
                isGood = false
                try fault(cell.place, found.message, emit)
            }
        }
        guard let keyIndex = columns.firstIndex(of: table.keyColumn) else { return }
        if row[keyIndex].text.allSatisfy(\.isWhitespace) {
            try fault(row[keyIndex].place, "'\(table.keyColumn)' is empty: it is the key", emit)
            return
        }
        guard isGood, case .text(let key)? = fields[table.keyColumn] else { return }
        let value = table.columns.compactMap { column in
            fields[column].map { "\(JSONText.quoted(column)):\($0.json)" }
        }
        let json = "{\(value.joined(separator: ","))}"
        try emit(.row(Row(place: place, key: key, fields: fields, value: Array(json.utf8))))
    }

    private func fault(_ place: Place, _ message: String, _ emit: (Event) throws -> Void) rethrows {
        try emit(
            .fault(Fault(file: path, line: place.line, column: place.column, message: message)))
    }
}
