package import DefinitionFiles

/// Reads CSV (RFC 4180) in pieces of any size, a row at a time, in bounded memory.
///
/// Lines end with LF or CRLF; a byte-order mark at the start and empty lines are skipped. A row
/// with bad syntax is reported and left out, and reading goes on at the next line.
package struct CSVReader {
    /// One cell and where it starts.
    package struct Cell: Sendable, Equatable {
        /// Without the quotes around it.
        package var text: String
        /// Of the first character, the quote if it has one.
        package var place: Place
    }

    /// What was read.
    package enum Event: Sendable, Equatable {
        /// The cells of one row, at least one.
        case row([Cell])
        /// A row that is left out.
        case fault(Place, String)
    }

    /// The largest row in bytes: far above any row of reference data, and the most that one quote
    /// that is never closed can swallow.
    package static let longestRow = 65_536

    /// Can become: `cell` after a comma; `plain` or `quoted` at the first byte of a cell; `quote`
    /// at a quote inside `quoted`, and back at a second one; `lineEnd` at a CR; `skipping` at bad
    /// syntax, from which the next line leads out.
    private enum State {
        case cell, plain, quoted, quote, lineEnd, skipping
    }

    private var state = State.cell
    private var cells: [Cell] = []
    private var bytes: [UInt8] = []
    private var rowLength = 0
    private var start = Place.start
    private var place = Place.start
    /// Bytes of a byte-order mark still possible at the start.
    private var markBytesSeen: Int? = 0

    /// At the start of a file.
    package init() {}

    /// Reads on; rows that end in `piece` go to `emit`.
    package mutating func read(_ piece: some Sequence<UInt8>, emit: (Event) throws -> Void)
        rethrows
    {
        for byte in piece {
            if try isByteOrderMark(byte, emit: emit) { continue }
            try take(byte, emit: emit)
        }
    }

    /// Ends the file; a last line without line end is a row too.
    package mutating func finish(emit: (Event) throws -> Void) rethrows {
        if let seen = markBytesSeen, seen > 0 { try giveBackMark(seen, emit: emit) }
        switch state {
        case .quoted: try emit(.fault(start, "the quote that opens here is not closed"))
        case .skipping: break
        case .lineEnd: try emit(.fault(place, Self.loneReturn))
        case .cell where cells.isEmpty: break
        case .cell, .plain, .quote:
            if try endCell(emit: emit) { try emit(.row(cells)) }
        }
        self = CSVReader()
    }

    private static let loneReturn = "a carriage return without a line feed"

    /// Whether the byte belongs to the mark at the start of the file.
    private mutating func isByteOrderMark(_ byte: UInt8, emit: (Event) throws -> Void) rethrows
        -> Bool
    {
        guard let seen = markBytesSeen else { return false }
        guard byte == Self.mark[seen] else {
            try giveBackMark(seen, emit: emit)
            return false
        }
        markBytesSeen = seen + 1 < Self.mark.count ? seen + 1 : nil
        return true
    }

    private static let mark: [UInt8] = [0xef, 0xbb, 0xbf]

    private mutating func giveBackMark(_ seen: Int, emit: (Event) throws -> Void) rethrows {
        markBytesSeen = nil
        for byte in Self.mark.prefix(seen) { try take(byte, emit: emit) }
    }

    private mutating func take(_ byte: UInt8, emit: (Event) throws -> Void) rethrows {
        rowLength += 1
        if rowLength > Self.longestRow, state != .skipping, byte != UInt8(ascii: "\n") {
            let what = state == .quoted ? "the quote that opens here is not closed within" : ""
            let message = what.isEmpty ? "the row is longer than" : what
            try fault("\(message) \(Self.longestRow) bytes", at: start, emit: emit)
        }
        switch state {
        case .cell: try takeFirst(byte, emit: emit)
        case .plain: try takePlain(byte, emit: emit)
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quote } else { bytes.append(byte) }
        case .quote: try takeAfterQuote(byte, emit: emit)
        case .lineEnd:
            if byte == UInt8(ascii: "\n") {
                try endRow(emit: emit)
            } else {
                try fault(Self.loneReturn, at: place, emit: emit)
            }
        case .skipping: if byte == UInt8(ascii: "\n") { startRow() }
        }
        advance(over: byte)
    }

    private mutating func takeFirst(_ byte: UInt8, emit: (Event) throws -> Void) rethrows {
        start = place
        if byte == UInt8(ascii: "\"") {
            state = .quoted
        } else {
            state = .plain
            try takePlain(byte, emit: emit)
        }
    }

    private mutating func takePlain(_ byte: UInt8, emit: (Event) throws -> Void) rethrows {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            try takeSeparator(byte, emit: emit)
        case UInt8(ascii: "\""):
            try fault(
                "a quote inside a cell; put the whole cell in quotes and double this one",
                at: place, emit: emit)
        default: bytes.append(byte)
        }
    }

    private mutating func takeAfterQuote(_ byte: UInt8, emit: (Event) throws -> Void) rethrows {
        switch byte {
        case UInt8(ascii: "\""):
            bytes.append(byte)
            state = .quoted
        case UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            try takeSeparator(byte, emit: emit)
        default:
            try fault(
                "text after a closing quote; double a quote that belongs to the cell", at: place,
                emit: emit)
        }
    }

    private mutating func takeSeparator(_ byte: UInt8, emit: (Event) throws -> Void) rethrows {
        switch byte {
        case UInt8(ascii: ","): if try endCell(emit: emit) { state = .cell }
        case UInt8(ascii: "\r"): state = .lineEnd
        default: try endRow(emit: emit)
        }
    }

    /// Whether the cell is text; else the row is reported.
    private mutating func endCell(emit: (Event) throws -> Void) rethrows -> Bool {
        if state == .cell { start = place }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            try fault("the cell is not UTF-8; save the file as UTF-8", at: start, emit: emit)
            return false
        }
        cells.append(Cell(text: text, place: start))
        bytes.removeAll(keepingCapacity: true)
        return true
    }

    private mutating func endRow(emit: (Event) throws -> Void) rethrows {
        if cells.isEmpty, bytes.isEmpty {
            // An empty line, which many programs put at the end.
            startRow()
        } else if try endCell(emit: emit) {
            let row = cells
            startRow()
            try emit(.row(row))
        } else {
            startRow()
        }
    }

    private mutating func startRow() {
        cells.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        rowLength = 0
        state = .cell
    }

    private mutating func fault(
        _ message: String, at place: Place, emit: (Event) throws -> Void
    ) rethrows {
        state = .skipping
        cells.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        try emit(.fault(place, message))
    }

    /// Columns count characters, so the later bytes of one do not move them.
    private mutating func advance(over byte: UInt8) {
        if byte == UInt8(ascii: "\n") {
            place = Place(line: place.line + 1, column: 1)
        } else if byte & 0xc0 != 0x80 {
            place.column += 1
        }
    }
}
