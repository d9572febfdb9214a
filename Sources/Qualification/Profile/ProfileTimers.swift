/// Since when nothing has happened to a profile, and by which rule it goes (CONTRACT.md 8,
/// Forgetting and Erasure).
package struct Idleness: Hashable, Sendable {
    /// What is kept, and so for how long; raw values are part of the state files.
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// Activities only: goes after `history_days`.
        case withoutLeadEvent = 0
        /// A lead: goes after `forget_after_days`.
        case lead = 1
        /// What an erasure left: goes after `erasure_memory_days`.
        case erased = 2
        /// What forgetting left: stays, because without its counters ids would repeat.
        case forgotten = 3
    }

    /// The rule it goes by.
    package let kind: Kind
    /// The UTC day of the last event, or of the erasure.
    package let since: UTCDay

    /// Names a state.
    package init(kind: Kind, since: UTCDay) {
        self.kind = kind
        self.since = since
    }

    /// A number that sorts by kind, then by day, for an index of the state files.
    package var sortable: Int64 { Int64(kind.rawValue) << 32 | Int64(max(0, since.number)) }
}

/// How long profiles stay (CONTRACT.md 8, Forgetting and Erasure).
///
/// Days without an event are counted as UTC days, so a profile stays up to a day longer than these
/// days of 24 hours, never shorter.
package struct Retention: Sendable, Equatable {
    /// Days that a profile without a lead event stays: `history_days` of the definition.
    package var withoutLeadEventDays: Int
    /// Days that any profile stays: `forget_after_days`.
    package var forgetAfterDays = 730
    /// Days that the stub of an erased lead stays: `erasure_memory_days`.
    package var erasureMemoryDays = 400

    /// The rules of a worker.
    package init(
        withoutLeadEventDays: Int, forgetAfterDays: Int = 730, erasureMemoryDays: Int = 400
    ) {
        self.withoutLeadEventDays = withoutLeadEventDays
        self.forgetAfterDays = forgetAfterDays
        self.erasureMemoryDays = erasureMemoryDays
    }

    /// The last day of idleness that has run out by `now`; nil for what never does.
    package func lastExpired(_ kind: Idleness.Kind, now: Timestamp) -> UTCDay? {
        let days: Int
        switch kind {
        case .withoutLeadEvent: days = withoutLeadEventDays
        case .lead: days = forgetAfterDays
        case .erased: days = erasureMemoryDays
        case .forgotten: return nil
        }
        return UTCDay(number: Int32(clamping: Int(now.day.number) - days - 1))
    }

    /// Whether a profile has stayed long enough.
    package func isExpired(_ idleness: Idleness, now: Timestamp) -> Bool {
        lastExpired(idleness.kind, now: now).map { idleness.since <= $0 } ?? false
    }
}

/// When something is to be done about a profile without an event of its own.
package struct ProfileTimers: Equatable, Sendable {
    /// The follow-up alert that fires next.
    package var nextAlert: AlertOrder?
    /// Since when it is idle.
    package var idleness: Idleness

    /// Joins the two.
    package init(nextAlert: AlertOrder?, idleness: Idleness) {
        self.nextAlert = nextAlert
        self.idleness = idleness
    }
}

extension Profile {
    /// The follow-up alert that fires next, over all MQLs.
    package var nextAlert: AlertOrder? {
        var next: AlertOrder?
        let records = products.span
        for record in records.indices where !records[record].mqls.isEmpty {
            let mqls = records[record].mqls.span
            for place in mqls.indices {
                guard let order = mqls[place].alerts.next(of: mqls[place].id) else { continue }
                if next.map({ order < $0 }) ?? true { next = order }
            }
        }
        return next
    }

    /// Since when nothing has happened; answers of sales are events as well.
    package var idleness: Idleness {
        if asOf == .distantPast {
            guard let erasedAt else { return Idleness(kind: .forgotten, since: UTCDay(number: 0)) }
            return Idleness(kind: .erased, since: erasedAt.day)
        }
        var last = asOf
        let records = products.span
        for record in records.indices where !records[record].mqls.isEmpty {
            let mqls = records[record].mqls.span
            for place in mqls.indices {
                if let answer = mqls[place].disposition { last = max(last, answer.stamp.at) }
            }
        }
        return Idleness(kind: hasLeadEvent ? .lead : .withoutLeadEvent, since: last.day)
    }

    /// Both.
    package var timers: ProfileTimers {
        ProfileTimers(nextAlert: nextAlert, idleness: idleness)
    }

    /// `nextAlert` of a profile that belongs to somebody.
    ///
    /// `inout` only so that it is read in place, as `ProfileCodec.encode` does: asking the property
    /// of an object's profile copies the profile first.
    package static func nextAlert(of profile: inout Profile) -> AlertOrder? { profile.nextAlert }

    /// `idleness` of a profile that belongs to somebody, read in place.
    package static func idleness(of profile: inout Profile) -> Idleness { profile.idleness }

    /// `isEmpty` of a profile that belongs to somebody, read in place.
    package static func isEmpty(_ profile: inout Profile) -> Bool { profile.isEmpty }

    /// The address keys of a profile that belongs to somebody, read in place.
    package static func addressKeys(of profile: inout Profile) -> [String] {
        profile.fields.addressKeys
    }
}
