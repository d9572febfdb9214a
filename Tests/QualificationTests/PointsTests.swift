import Qualification
import ReferenceModel
import Testing

/// Fixed-point points: rounding half away from zero, texts of at most two decimals.
struct PointsTests {
    @Test(
        arguments: [
            (0.0, 0), (0.004, 0), (0.005, 1), (-0.005, -1), (-0.004, 0), (0.015, 2), (-0.015, -2),
            (0.125, 13), (-0.125, -13), (2.675, 268), (1.005, 100), (24.43, 2443), (-7.995, -800),
            (100, 10_000), (-100, -10_000), (0.1 + 0.2, 30), (1e9, 100_000_000_000),
        ] as [(Double, Int64)])
    func aContributionIsRoundedHalfAwayFromZeroAfterTheMultiplication(
        _ raw: Double, _ hundredths: Int64
    ) {
        // 1.005 * 100 is 100.49999999999999 in IEEE double, 2.675 * 100 is 267.5: the contract
        // rounds x * 100, not the decimal that a person reads.
        #expect(Points(rounding: raw).hundredths == hundredths)
        #expect(Points(rounding: -raw).hundredths == -hundredths)
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.01"), (10, "0.1"), (99, "0.99"), (100, "1"), (101, "1.01"),
            (110, "1.1"), (2450, "24.5"), (3000, "30"), (-1, "-0.01"), (-25, "-0.25"),
            (-100, "-1"), (-1010, "-10.1"), (Int64.max, "92233720368547758.07"),
            (Int64.min, "-92233720368547758.08"),
        ] as [(Int64, String)])
    func theTextIsTheShortestDecimal(_ hundredths: Int64, _ text: String) {
        #expect(Points(hundredths: hundredths).description == text)
    }

    @Test func theTextReadsBackAsTheSamePoints() throws {
        for hundredths in Int64(-10_050)...10_050 {
            let points = Points(hundredths: hundredths)
            let read = try #require(Double(points.description))
            #expect(Points(rounding: read) == points)
            #expect(Points(rounding: points.value) == points)
        }
    }

    @Test func sumsDoNotDependOnTheOrder() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<50 {
            let parts = (0..<40).map { _ in
                Points(hundredths: Int64(random.number(-100_000...100_000)))
            }
            var sum = Points.zero
            for part in parts.shuffled(using: &random) { sum += part }
            #expect(sum == parts.reduce(.zero, +))
            #expect(sum - parts.reduce(.zero, +) == .zero)
        }
    }

    @Test func pointsAreOrderedByValue() {
        let values: [Int64] = [-300, -1, 0, 1, 299, 300]
        let sorted = values.shuffled().map(Points.init(hundredths:)).sorted()
        #expect(sorted.map(\.hundredths) == values)
    }
}
