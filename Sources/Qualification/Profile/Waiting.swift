/// A lead's place among those that wait for room in the `daily_capacity` of a product.
package struct Waiting: Sendable, Equatable {
    /// The product.
    package var product: Symbol
    /// Fit and engagement together, as decided last.
    package var score: Points
    /// The time it was decided for last.
    package var asOf: Timestamp
    /// The type of the event after which it was decided last.
    package var type: Symbol
    /// The product of that event; none if it has none.
    package var tag: Symbol
    /// When that event happened.
    package var at: Timestamp

    /// Makes a place.
    package init(
        product: Symbol, score: Points, asOf: Timestamp, type: Symbol, tag: Symbol, at: Timestamp
    ) {
        self.product = product
        self.score = score
        self.asOf = asOf
        self.type = type
        self.tag = tag
        self.at = at
    }

    /// The place as it is compared with those of other leads.
    package func order(ofLead key: [UInt8]) -> WaitingOrder {
        WaitingOrder(score: score, asOf: asOf, key: key)
    }
}

/// The order in which leads that wait for a product are released: best score first, then earlier
/// `as_of`, then lead id as bytes.
package struct WaitingOrder: Hashable, Comparable, Sendable {
    /// Fit and engagement together.
    package let score: Points
    /// The time it was decided for.
    package let asOf: Timestamp
    /// The lead's id in UTF-8.
    package let key: [UInt8]

    /// How many bytes `sortable` has.
    package static let sortableCount = 16

    /// Names a place.
    package init(score: Points, asOf: Timestamp, key: [UInt8]) {
        self.score = score
        self.asOf = asOf
        self.key = key
    }

    package static func < (left: WaitingOrder, right: WaitingOrder) -> Bool {
        if left.score != right.score { return left.score > right.score }
        return left.asOf != right.asOf
            ? left.asOf < right.asOf : left.key.span.precedes(right.key.span)
    }

    /// Bytes that compare like score and time, for an index that has the lead beside them.
    ///
    /// Also of a damaged profile, whose score may be a number that has no opposite.
    package var sortable: [UInt8] {
        WaitingOrder.bytes(0 &- score.hundredths) + WaitingOrder.bytes(asOf.milliseconds)
    }

    /// Reads what `sortable` wrote; nil for anything else.
    package init?(sortable: [UInt8], key: [UInt8]) {
        guard sortable.count == WaitingOrder.sortableCount else { return nil }
        score = Points(hundredths: 0 &- WaitingOrder.number(sortable[..<8]))
        asOf = Timestamp(milliseconds: WaitingOrder.number(sortable[8...]))
        self.key = key
    }

    /// Big-endian; without its sign bit flipped a negative number would come last.
    private static func bytes(_ number: Int64) -> [UInt8] {
        let word = UInt64(bitPattern: number) ^ (1 << 63)
        return (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } ^ (1 << 63))
    }
}

extension Profile {
    /// Takes a lead into those that wait for a product, or gives it another place among them.
    package mutating func wait(_ place: Waiting) {
        if let known = waiting.firstIndex(where: { $0.product == place.product }) {
            waiting[known] = place
        } else {
            waiting.append(place)
        }
    }

    /// Takes a lead away from those that wait for a product; tells whether it was one.
    package mutating func stopWaiting(for product: Symbol) -> Bool {
        guard let place = waiting.firstIndex(where: { $0.product == product }) else {
            return false
        }
        waiting.remove(at: place)
        return true
    }
}
