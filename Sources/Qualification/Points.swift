/// A number of points in fixed point: whole hundredths (CONTRACT.md 6).
///
/// Adding is exact, so sums do not depend on order. Ordered by value.
package struct Points: Hashable, Comparable, Sendable {
    /// The value in hundredths of a point.
    package let hundredths: Int64

    /// Zero points.
    package static let zero = Points(hundredths: 0)

    /// Makes points from whole hundredths.
    package init(hundredths: Int64) {
        self.hundredths = hundredths
    }

    /// Rounds a computed contribution to hundredths, half away from zero (CONTRACT.md 6).
    ///
    /// `raw` must be finite and below 2^53 hundredths.
    package init(rounding raw: Double) {
        hundredths = Int64((raw * 100).rounded(.toNearestOrAwayFromZero))
    }

    /// The nearest IEEE double, the operand of the decay formula.
    package var value: Double { Double(hundredths) / 100 }

    package static func < (left: Points, right: Points) -> Bool {
        left.hundredths < right.hundredths
    }

    package static func + (left: Points, right: Points) -> Points {
        Points(hundredths: left.hundredths + right.hundredths)
    }

    package static func - (left: Points, right: Points) -> Points {
        Points(hundredths: left.hundredths - right.hundredths)
    }

    package static func += (left: inout Points, right: Points) {
        left = left + right
    }
}

extension Points: CustomStringConvertible {
    /// The shortest decimal text: `30`, `24.5`, `-0.25`.
    package var description: String {
        let magnitude = hundredths.magnitude
        let whole = "\(hundredths < 0 ? "-" : "")\(magnitude / 100)"
        let rest = magnitude % 100
        if rest == 0 { return whole }
        if rest % 10 == 0 { return "\(whole).\(rest / 10)" }
        return "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
