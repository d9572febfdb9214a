package import Qualification
import Storage

/// What a lane does with profiles without an event of their own: alerts and forgetting.
extension LaneProcessor {
    // MARK: Alerts

    /// No alert is due before this time; the distant past if that is not known yet.
    package var nextAlert: Timestamp { alerts.earliest }

    /// Whether the epoch may hold more alerts.
    package var hasRoomForAlerts: Bool { alertsInEpoch < configuration.followUp.alertsPerEpoch }

    /// Fires alerts that are due at `clock`, in their order, after looking at no more than `limit`.
    ///
    /// Returns whether all that were due have fired.
    @discardableResult
    package func fireAlerts(dueAt clock: Timestamp, limit: Int = .max) throws -> Bool {
        var looks = 0
        while true {
            if alerts.isUsedUp { try loadAlerts() }
            guard let item = alerts.first, item.order.dueAt <= clock else { return true }
            guard hasRoomForAlerts, looks < limit else { return false }
            looks += 1
            alerts.removeFirst()
            // Ended meanwhile: known without decoding the profile.
            if let entry = hotEntry(for: item.key), entry.nextAlert != item.order { continue }
            let entry = try entry(for: item.key)
            guard entry.nextAlert == item.order,
                qualifier.fire(item.order, of: &entry.profile)
            else { continue }
            alertsInEpoch += 1
            publishMessages()
            markChanged(entry)
            noteAlerts(of: entry)
        }
    }

    /// Whether alerts may have to fire before an event of that time is applied.
    func mayFire(_ at: Timestamp) -> Bool {
        guard configuration.followUp.clock == .stream else { return false }
        let clock = max(streamClock, at)
        return alerts.earliest <= clock || mayRelease(at: clock)
    }

    /// Moves the stream clock and fires what is due; false if that needs another epoch.
    ///
    /// If a day begins: the alerts due before it, then the release of waiting leads, then the other
    /// alerts. The clock moves first and for good: should the lane end in between, the rest is due
    /// at its next event, whichever that is.
    func moveClock(to at: Timestamp) throws -> Bool {
        streamClock = max(streamClock, at)
        if mayRelease(at: streamClock) {
            if streamClock.day > qualifier.capacity.day {
                let before = Timestamp(milliseconds: streamClock.day.start.milliseconds - 1)
                guard try fireAlerts(dueAt: before) else { return false }
            }
            guard try releaseWaiting(at: streamClock) else { return false }
        }
        return try fireAlerts(dueAt: streamClock)
    }

    /// Takes note of an alert that has become the next one of its profile.
    func noteAlerts(of entry: ProfileEntry) {
        let next = Profile.nextAlert(of: &entry.profile)
        if next == entry.nextAlert { return }
        entry.nextAlert = next
        if let next { alerts.note(next, entry.key) }
    }

    /// Loads the alerts that come next: from the disk, and from profiles on their way there.
    private func loadAlerts() throws {
        let before = alerts.reach
        var last: AlertOrder?
        if case .through(let order) = before { last = order }
        let stored = try source.alerts(after: last, limit: AlertWindow.capacity)
        let isAll = stored.count < AlertWindow.capacity
        if let end = stored.last?.order, !isAll {
            alerts.extend(to: .through(end))
        } else {
            alerts.extend(to: .everything)
        }
        for item in stored { alerts.note(item.order, item.key) }
        // What is stored may be stale for these; the stale ones are found out when they are taken.
        forEachUnstored { entry in
            guard let order = entry.nextAlert, !before.covers(order) else { return }
            alerts.note(order, entry.key)
        }
    }

    // MARK: Forgetting

    /// Whether the epoch may forget more profiles.
    package var hasRoomToForget: Bool {
        forgottenInEpoch < configuration.followUp.forgottenPerEpoch
    }

    /// Forgets stored profiles that have been idle for too long at `now`, after looking at no more
    /// than `limit`; returns whether the search is at its end.
    ///
    /// Searches the disk only: what is not there yet was changed a moment ago.
    package func forgetIdle(now: Timestamp, limit: Int) throws -> Bool {
        let retention = configuration.followUp.retention(configuration.definition)
        var looks = 0
        for kind in Idleness.Kind.allCases {
            guard let day = retention.lastExpired(kind, now: now), day.number >= 0 else { continue }
            let first = Idleness(kind: kind, since: UTCDay(number: 0)).sortable
            let last = Idleness(kind: kind, since: day).sortable
            // Behind this kind already, as far as the search has come.
            if let place = sweepPlace, place.idle > last { continue }
            var place = IdlePlace(idle: first)
            if let reached = sweepPlace, reached.idle >= first { place = reached }
            while true {
                let room = configuration.followUp.forgottenPerEpoch - forgottenInEpoch
                guard room > 0, looks < limit else { return false }
                guard
                    let found = try source.idleKeys(
                        after: place, through: last, limit: min(room, limit - looks))
                else { break }
                for key in found.keys { try forget(key, now, retention) }
                looks += found.keys.count
                place = found.next
                sweepPlace = place
            }
        }
        sweepPlace = nil
        return true
    }

    private func forget(_ key: [UInt8], _ now: Timestamp, _ retention: Retention) throws {
        let entry = try entry(for: key)
        guard qualifier.forget(&entry.profile, now: now, retention: retention) else { return }
        forgottenInEpoch += 1
        counters.forgotten += 1
        entry.hasNewAddresses = true
        noteWaiting(of: entry)
        markChanged(entry)
        noteErasure()
    }
}

extension ProfileChange {
    /// A committed profile on its way to the disk; empty bytes delete it.
    init(
        _ key: [UInt8], _ value: [UInt8], _ timers: ProfileTimers?, _ addresses: [String]?,
        _ waiting: [WaitingRow]?
    ) {
        self.init(
            key: key, value: value.isEmpty ? nil : value,
            due: timers?.nextAlert?.sortable, idle: timers?.idleness.sortable,
            addresses: addresses, waiting: waiting)
    }
}
