package import Qualification

/// What a definition may hold at most: generous for agreements between people, small enough that
/// scoring one event and storing one profile stay bounded.
package enum DefinitionLimits {
    /// Fit and engagement criteria together.
    package static let criteria = 500
    /// Branches of one `first_of`.
    package static let branches = 100
    /// Disqualify rules, and routing rules.
    package static let rules = 500
    /// Products.
    package static let products = 200
    /// Regions.
    package static let regions = 250
    /// Rejection reasons.
    package static let reasons = 200
    /// Items of a list of texts, such as free-mail domains.
    package static let texts = 10_000
    /// Holidays of one product's business hours.
    package static let holidays = 1_000
    /// MQLs of one product a day.
    package static let dailyCapacity = 1_000_000_000
    /// Conditions inside one another.
    package static let conditionDepth = 32
    /// Days, in `history_days` and wherever a period is given in days.
    package static let days = 3_650
    /// Times, such as `follow_up_within`.
    package static let span = Span24h.days(3_650)
    /// Points of one criterion and thresholds: far from the 2^53 hundredths that sums must stay
    /// below.
    package static let points = Points(hundredths: 100_000_000)
    /// The most negative points.
    package static let negativePoints = Points(hundredths: -points.hundredths)
    /// The longest half-life; at this one, nothing decays within `history_days`.
    package static let halfLifeDays = 1_000_000.0
    /// Characters of an activity type (CONTRACT.md 3).
    package static let activityType = 64
}
