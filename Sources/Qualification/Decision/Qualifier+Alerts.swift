/// What happens to a profile without an event of its own: alerts fire, and it is forgotten
/// (CONTRACT.md 8).
extension Qualifier {
    /// Fires a pending alert of the profile: emits its message, numbered, and never again.
    ///
    /// Whether it is due is the caller's to say. False, and nothing changed, if it is not pending.
    package func fire(_ alert: AlertOrder, of profile: inout Profile) -> Bool {
        for record in profile.products.indices {
            let mqls = profile.products[record].mqls
            guard let place = mqls.firstIndex(where: { $0.id == alert.mqlID }) else { continue }
            guard mqls[place].alerts[alert.level] == alert.dueAt else { return false }
            profile.products[record].mqls[place].alerts[alert.level] = nil
            let type: MessageType =
                switch alert.level {
                case 1: .warning
                case 2: .breached
                default: .escalated
                }
            emit(
                .alert(
                    Alert(
                        id: alert.mqlID, ownerID: symbols.optionalText(mqls[place].owner),
                        followUpBy: mqls[place].followUpBy, level: Int(alert.level),
                        asOf: alert.dueAt)),
                type, alert.dueAt, to: .alerts, &profile, record)
            return true
        }
        return false
    }

    /// Forgets a profile that has been idle for too long; false, and nothing changed, if it has
    /// not, or if an alert of it has yet to fire.
    ///
    /// What stays are cycles and message counters, without which ids would repeat, and the memory
    /// of an erasure; of an erased lead nothing stays, and of one without counters neither. Nobody
    /// is told.
    package func forget(
        _ profile: inout Profile, now: Timestamp, retention: Retention
    ) -> Bool {
        guard retention.isExpired(profile.idleness, now: now), profile.nextAlert == nil else {
            return false
        }
        var rest = Profile(leadID: profile.leadID)
        if profile.idleness.kind != .erased {
            rest.products = profile.products.map(\.stub).filter {
                $0.cycles > 0 || $0.messages.used > 0
            }
            if let erasedAt = profile.erasedAt,
                !retention.isExpired(Idleness(kind: .erased, since: erasedAt.day), now: now)
            {
                rest.erasedAt = erasedAt
            }
        }
        if !profile.waiting.isEmpty { hasChangedWaiting = true }
        profile = rest
        return true
    }

    // MARK: Whether an event counts

    /// Whether `apply` would take the activity in; beyond the limit counts as well, for it moves
    /// `as_of`.
    package func accepts(_ event: ActivityEvent, for profile: Profile) -> Bool {
        earlyDrop(event.header, .activities, profile) == nil
            && event.header.stamp.at > profile.asOf - limits.duplicateWindow
    }

    /// Whether `apply` would take the lead event in.
    package func accepts(_ event: LeadEvent, for profile: Profile) -> Bool {
        event.kind == .erased
            ? !isErasedBefore(event.header, profile)
            : earlyDrop(event.header, .leads, profile) == nil
    }

    /// Whether `apply` would take the disposition in.
    package func accepts(_ event: DispositionEvent, for profile: Profile) -> Bool {
        rejection(of: event, for: profile) == nil
    }
}
