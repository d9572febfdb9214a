/// Suggestions for names that are not known.
package enum NearestName {
    /// `; did you mean 'points'?`, or `; one of a, b, c` if nothing is near and there are few
    /// names.
    package static func advice<Names: Sequence<String>>(for name: String, among names: Names)
        -> String
    {
        let names = Array(names)
        if let near = nearest(to: name, among: names) { return "; did you mean '\(near)'?" }
        guard !names.isEmpty, names.count <= mostListed else { return "" }
        return "; known: \(names.joined(separator: ", "))"
    }

    /// The name with the smallest edit distance, if it is near enough to be meant; the first of
    /// equals.
    package static func nearest<Names: Sequence<String>>(to name: String, among names: Names)
        -> String?
    {
        let wanted = Array(name.lowercased().unicodeScalars.prefix(longestCompared))
        var best: (name: String, distance: Int)?
        for candidate in names {
            let scalars = Array(candidate.lowercased().unicodeScalars.prefix(longestCompared))
            let distance = editDistance(wanted, scalars)
            guard isNear(wanted, scalars, distance: distance) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
        }
        return best?.name
    }

    /// A third of the letters may differ ('fit_at_leest' is meant, 'colour' for 'points' is not),
    /// or the end may be missing or too much ('owner' for 'owner_id').
    private static func isNear(
        _ left: [Unicode.Scalar], _ right: [Unicode.Scalar], distance: Int
    ) -> Bool {
        let (short, long) = left.count < right.count ? (left, right) : (right, left)
        if short.count >= 4, long.starts(with: short) { return true }
        return distance <= (long.count < 4 ? 1 : max(2, long.count / 3))
    }

    /// The most names that a message lists when none of them is near.
    private static let mostListed = 12
    /// Names are cut to this many scalars, so that a huge one costs no time.
    private static let longestCompared = 64

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, scalar) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var distance = min(
                    last[column] + (scalar == other ? 0 : 1), last[column + 1] + 1,
                    current[column] + 1)
                if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                    distance = min(distance, beforeLast[column - 1] + 1)
                }
                current.append(distance)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
