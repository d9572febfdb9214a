/// How many MQLs a lane has published today of the products with a `daily_capacity`, and how many
/// it may.
///
/// A product's capacity is shared out over all lanes by arithmetic alone, so workers need not talk
/// to each other: the shares of a day add up to the capacity, whoever holds the lanes. Part of a
/// lane's state; days are those of the follow-up clock (Decisions 20).
package struct LaneCapacity: Sendable, Equatable {
    /// The lane, from 0.
    package let lane: Int
    /// The lanes of the whole group, at least 1.
    package let lanes: Int
    /// The day that is counted, which never goes back.
    ///
    /// Day 0 before the clock was first looked at.
    package private(set) var day = UTCDay(number: 0)
    /// MQLs published on `day`, by product id.
    package private(set) var used: [String: Int] = [:]
    /// The place in the definition of the product whose waiting leads are being released; those
    /// before it are done, nil when all are.
    package var releasing: Int?

    /// Nothing published yet.
    package init(lane: Int = 0, lanes: Int = 1) {
        self.lane = lane
        self.lanes = max(1, lanes)
    }

    /// As it was committed; `isReleasing` if the release of that day had not ended.
    package init(
        lane: Int, lanes: Int, day: UTCDay, used: [String: Int], isReleasing: Bool
    ) {
        self.init(lane: lane, lanes: lanes)
        self.day = day
        self.used = used
        releasing = isReleasing ? 0 : nil
    }

    /// What a lane may publish on a day of a product's capacity.
    ///
    /// The remainder goes round: one more for the lanes with (lane + day + sum of the bytes of the
    /// product's id) mod lanes < capacity mod lanes.
    package static func share(
        of capacity: Int, product: String, lane: Int, lanes: Int, day: UTCDay
    ) -> Int {
        let turn = lane + max(0, Int(day.number)) + product.utf8.reduce(0) { $0 + Int($1) }
        return capacity / lanes + (turn % lanes < capacity % lanes ? 1 : 0)
    }

    /// Whether one more MQL of the product fits into today's share.
    package func hasRoom(_ product: Product) -> Bool {
        guard let capacity = product.dailyCapacity else { return true }
        let share = LaneCapacity.share(
            of: capacity, product: product.id, lane: lane, lanes: lanes, day: day)
        return used[product.id, default: 0] < share
    }

    /// Counts one.
    package mutating func count(_ product: Product) {
        if product.dailyCapacity != nil { used[product.id, default: 0] += 1 }
    }

    /// Begins a later day: nothing is used, and waiting leads are to be released.
    package mutating func begin(_ day: UTCDay) {
        precondition(day > self.day, "the day of a lane's capacity never goes back")
        self.day = day
        used = [:]
        releasing = 0
    }
}
