/// A small, seeded source of randomness, the same on every machine.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts the sequence of that seed.
    package init(seed: UInt64) {
        state = seed
    }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// True in that many of a hundred cases.
    package mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    /// One of the items, each as likely; the list must not be empty.
    package mutating func pick<Item>(_ items: [Item]) -> Item {
        items[Int.random(in: 0..<items.count, using: &self)]
    }

    /// One of the items, as likely as its weight; the weights must not all be 0.
    package mutating func pick<Item>(weighted items: [(weight: Int, item: Item)]) -> Item {
        var left = Int.random(in: 0..<items.reduce(0) { $0 + $1.weight }, using: &self)
        for (weight, item) in items {
            if left < weight { return item }
            left -= weight
        }
        return items[items.count - 1].item
    }

    /// A number of the range, each as likely.
    package mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }
}
