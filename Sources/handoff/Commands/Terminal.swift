import Configuration
import Foundation
import Logging
import Reports

/// What commands show to people: results on standard output, faults on standard error.
enum Terminal {
    /// Prints lines to standard error, for faults and notes; nothing that they quote from a file or
    /// record can steer the terminal.
    static func complain(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let text = lines.map(Shown.plain).joined(separator: "\n") + "\n"
        FileHandle.standardError.write(Data(text.utf8))
    }

    /// Whether somebody watches standard output.
    static var isWatched: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Rows of cells as columns that line up, two spaces apart; the first row is the heading.
    ///
    /// Nothing in a cell can steer the terminal.
    static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(Shown.plain) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { place, cell in
                place == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[place] - cell.count)
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// `1 row`, `2 rows`.
    static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}

/// How far a long command is: one line that is rewritten on a terminal, else a line now and then.
struct ProgressLine {
    /// Where the line is written.
    enum Output {
        case standardOutput, standardError
    }

    private let output: Output
    private let isWatched: Bool
    private let clock = ContinuousClock()
    private var lastShown: ContinuousClock.Instant
    private var width = 0

    init(to output: Output = .standardOutput) {
        self.output = output
        isWatched = output == .standardOutput ? Terminal.isWatched : isatty(STDERR_FILENO) == 1
        lastShown = clock.now
    }

    private func write(_ text: String) {
        switch output {
        case .standardOutput:
            print(text, terminator: "")
            fflush(nil)
        case .standardError: FileHandle.standardError.write(Data(text.utf8))
        }
    }

    /// Shows the text if enough time has passed since the last one.
    mutating func show(_ text: @autoclosure () -> String) {
        let now = clock.now
        guard now - lastShown >= (isWatched ? .milliseconds(100) : .seconds(2)) else { return }
        lastShown = now
        let line = text()
        if isWatched {
            let padding = String(repeating: " ", count: max(0, width - line.count))
            write("\r\(line)\(padding)")
            width = line.count
        } else {
            write(line + "\n")
        }
    }

    /// Clears the line, so that what follows starts on a clean one.
    mutating func clear() {
        guard isWatched, width > 0 else { return }
        write("\r" + String(repeating: " ", count: width) + "\r")
        width = 0
    }
}

extension Settings {
    /// A logger for commands that end by themselves.
    ///
    /// Their last sentence tells what went wrong, so the client's own words are shown only to those
    /// who ask for them.
    func makeToolLogger() -> Logger {
        var logger = makeLogger()
        if logger.logLevel > .debug { logger.logLevel = .critical }
        return logger
    }
}
