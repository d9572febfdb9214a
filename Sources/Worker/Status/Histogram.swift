/// How many observations fell under each of a few bounds, and their sum: what Prometheus calls a
/// histogram.
package struct Histogram: Sendable, Equatable {
    /// Upper bounds, ascending; a value equal to a bound belongs under it.
    package let bounds: [Double]
    /// Observations under each bound and above the one before; the last place is above all bounds.
    package private(set) var counts: [Int]
    /// The sum of all observations.
    package private(set) var sum = 0.0

    /// Nothing observed yet.
    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// How many observations there were.
    package var count: Int { counts.reduce(0, +) }

    /// Adds one observation.
    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    /// Adds all observations of a histogram with the same bounds.
    package mutating func add(_ other: Histogram) {
        precondition(bounds == other.bounds, "histograms of different bounds")
        for place in counts.indices { counts[place] += other.counts[place] }
        sum += other.sum
    }
}

extension Histogram {
    /// For what people do: a minute to two weeks, in seconds.
    package static let answers = Histogram(bounds: [
        60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800, 604_800, 1_209_600,
    ])
    /// For what the worker does: 5 ms to a minute, in seconds.
    package static let work = Histogram(bounds: [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ])
    /// For how old a record is when it is committed: 25 ms to a day, in seconds.
    package static let ages = Histogram(bounds: [
        0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5, 15, 60, 300, 3_600, 86_400,
    ])
}
