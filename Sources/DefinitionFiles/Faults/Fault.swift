/// Something wrong at one place of a file, in the form that editors and build tools can jump to.
package struct Fault: Hashable, Sendable {
    /// The file as the user named it.
    package var file: String
    /// Counted from 1.
    package var line: Int
    /// Counted from 1, in Unicode scalars.
    package var column: Int
    /// What is wrong and, where it can be known, what to do about it.
    package var message: String

    /// Makes a fault.
    package init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }
}

extension Fault: Comparable {
    /// By file, then by place, then by text, so that a report reads from top to bottom.
    package static func < (left: Fault, right: Fault) -> Bool {
        (left.file, left.line, left.column, left.message)
            < (right.file, right.line, right.column, right.message)
    }
}

extension Fault: CustomStringConvertible {
    /// `file:line:column: message`.
    package var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Every fault of a definition file, sorted by place; never empty.
package struct DefinitionFaults: Error, Sendable, Equatable {
    /// Sorted by place.
    package let faults: [Fault]

    /// Sorts the faults; those said twice (an alias is read at each use) are said once.
    package init(_ faults: [Fault]) {
        self.faults = Set(faults).sorted()
    }
}

extension DefinitionFaults: CustomStringConvertible {
    /// One fault a line.
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// A place in a file, both counted from 1.
package struct Place: Hashable, Comparable, Sendable {
    /// Counted from 1.
    package var line: Int
    /// Counted from 1, in Unicode scalars.
    package var column: Int

    /// The first character of a file.
    package static let start = Place(line: 1, column: 1)

    /// Makes a place.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// From top to bottom, then from left to right.
    package static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Collects the faults of one file while it is read, so that reading can go on after each of them.
package final class FaultList {
    /// The file as the user named it.
    package let file: String
    /// In the order of finding.
    package private(set) var faults: [Fault] = []
    /// Things that are allowed and probably not meant.
    package private(set) var warnings: [Fault] = []

    /// An empty list.
    package init(file: String) {
        self.file = file
    }

    /// Whether nothing is wrong so far.
    package var isEmpty: Bool { faults.isEmpty }

    /// Adds a fault.
    package func add(_ place: Place, _ message: String) {
        faults.append(
            Fault(file: file, line: place.line, column: place.column, message: message))
    }

    /// Adds a warning.
    package func warn(_ place: Place, _ message: String) {
        warnings.append(
            Fault(file: file, line: place.line, column: place.column, message: message))
    }
}
