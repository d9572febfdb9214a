/// A pending follow-up alert by the order in which alerts of a lane fire: due time, level, `mql_id`
/// (CONTRACT.md 8).
package struct AlertOrder: Hashable, Comparable, Sendable {
    /// When it is due.
    package let dueAt: Timestamp
    /// The MQL it warns about.
    package let mqlID: UUID
    /// 1 warning, 2 breach, 3 escalation.
    package let level: UInt8

    /// How many bytes `sortable` has.
    package static let sortableCount = 25

    /// Names an alert.
    package init(dueAt: Timestamp, mqlID: UUID, level: UInt8) {
        self.dueAt = dueAt
        self.mqlID = mqlID
        self.level = level
    }

    package static func < (left: AlertOrder, right: AlertOrder) -> Bool {
        if left.dueAt != right.dueAt { return left.dueAt < right.dueAt }
        return left.level != right.level
            ? left.level < right.level : left.mqlID < right.mqlID
    }

    /// Bytes that compare like the alert itself, for an index that knows only bytes.
    package var sortable: [UInt8] {
        // Without its sign bit flipped a time before 1970 would come last.
        let time = UInt64(bitPattern: dueAt.milliseconds) ^ (1 << 63)
        return (0..<8).map { UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * $0)) }
            + [level] + mqlID.bytes
    }

    /// Reads what `sortable` wrote; nil for anything else.
    package init?(sortable bytes: Span<UInt8>) {
        guard bytes.count == AlertOrder.sortableCount else { return nil }
        let time = AlertOrder.word(bytes, at: 0)
        dueAt = Timestamp(milliseconds: Int64(bitPattern: time ^ (1 << 63)))
        level = bytes[8]
        mqlID = UUID(high: AlertOrder.word(bytes, at: 9), low: AlertOrder.word(bytes, at: 17))
    }

    private static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in start..<start + 8 { word = word << 8 | UInt64(bytes[place]) }
        return word
    }
}

extension PendingAlerts {
    /// The due time of a level, nil if it is not pending.
    package subscript(level: UInt8) -> Timestamp? {
        get {
            switch level {
            case 1: warning
            case 2: breach
            default: escalation
            }
        }
        set {
            switch level {
            case 1: warning = newValue
            case 2: breach = newValue
            default: escalation = newValue
            }
        }
    }

    /// The alert that fires first of those of an MQL.
    package func next(of mqlID: UUID) -> AlertOrder? {
        if isEmpty { return nil }
        var next: AlertOrder?
        for level in UInt8(1)...3 {
            guard let dueAt = self[level] else { continue }
            let order = AlertOrder(dueAt: dueAt, mqlID: mqlID, level: level)
            if next.map({ order < $0 }) ?? true { next = order }
        }
        return next
    }
}
