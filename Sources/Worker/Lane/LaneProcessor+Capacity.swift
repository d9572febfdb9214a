package import Qualification
import Storage
import WireFormats

/// What a lane does when a day begins: leads that wait for a product's `daily_capacity` are
/// released, best score first, as many as the lane's share of the new day allows.
extension LaneProcessor {
    /// What the lane has published of the products with a `daily_capacity`, for its mark.
    package var capacity: LaneCapacity { qualifier.capacity }

    /// Whether there may be leads to release when the follow-up clock shows this time.
    package func mayRelease(at clock: Timestamp) -> Bool { clock >= nextRelease }

    /// Takes note of when that is again.
    func noteRelease() {
        let capacity = capacity
        nextRelease =
            capacity.releasing == nil ? capacity.day.start + .days(1) : .distantPast
    }

    /// Begins the day of `clock` if it is a later one, and releases waiting leads, after looking at
    /// no more than `limit`; returns whether all that may be released were.
    ///
    /// A clock that has jumped back changes nothing: the later day goes on. Days that the clock has
    /// passed over have no share.
    @discardableResult
    package func releaseWaiting(at clock: Timestamp, limit: Int = .max) throws -> Bool {
        if clock.day > capacity.day {
            qualifier.capacity.begin(clock.day)
            release = nil
        }
        defer { noteRelease() }
        var looks = 0
        while let place = capacity.releasing {
            guard place < qualifier.rulebook.productCount else {
                qualifier.capacity.releasing = nil
                break
            }
            guard qualifier.mayRelease(place), let order = try nextWaiting(place) else {
                qualifier.capacity.releasing = place + 1
                release = nil
                continue
            }
            guard hasRoomForAlerts, looks < limit else { return false }
            looks += 1
            release?.removeFirst()
            try releaseLead(order, place)
        }
        return true
    }

    /// The first of those that wait for a product; nil if nobody does.
    private func nextWaiting(_ place: Int) throws -> WaitingOrder? {
        var window = release ?? OrderWindow()
        // Given back at once: a second owner would mean copying it.
        release = nil
        defer { release = window }
        if window.isUsedUp { try load(&window, place) }
        return window.first?.order
    }

    private func releaseLead(_ order: WaitingOrder, _ place: Int) throws {
        let product = qualifier.rulebook.symbol(ofProduct: place)
        // Released, gone or elsewhere in the order meanwhile: known without decoding the profile.
        if let entry = hotEntry(for: order.key), entry.order(for: product) != order { return }
        let entry = try entry(for: order.key)
        guard entry.order(for: product) == order,
            try qualifier.release(&entry.profile, from: place)
        else { return }
        alertsInEpoch += 1
        publishMessages()
        markChanged(entry)
        noteAlerts(of: entry)
        noteWaiting(of: entry)
    }

    /// Loads those that come next: from the disk, and from profiles on their way there.
    private func load(_ window: inout OrderWindow<WaitingOrder>, _ place: Int) throws {
        let before = window.reach
        let limit = OrderWindow<WaitingOrder>.capacity
        let rulebook = qualifier.rulebook
        let product = rulebook.symbol(ofProduct: place)
        let stored = try source.waiting(
            for: rulebook.definition.products[place].id, after: before.last, limit: limit)
        if let end = stored.last, stored.count == limit {
            window.extend(to: .through(end))
        } else {
            window.extend(to: .everything)
        }
        for order in stored { window.note(order, order.key) }
        // What is stored may be stale for these; the stale ones are found out when they are taken.
        forEachUnstored { entry in
            guard let order = entry.order(for: product), !before.covers(order) else { return }
            window.note(order, entry.key)
        }
    }

    /// Takes note of what a lead waits for, if the qualifier has changed it.
    func noteWaiting(of entry: ProfileEntry) {
        guard qualifier.takeWaitingChange() else { return }
        entry.waiting = entry.profile.waiting
        entry.hasNewWaiting = true
        guard let place = capacity.releasing, place < qualifier.rulebook.productCount,
            let order = entry.order(for: qualifier.rulebook.symbol(ofProduct: place))
        else { return }
        release?.note(order, entry.key)
    }

    /// The rows of the index for an entry.
    func rows(_ entry: ProfileEntry) -> [WaitingRow] {
        entry.waiting.map { waiting in
            WaitingRow(
                qualifier.symbols.text(waiting.product), waiting.order(ofLead: entry.key))
        }
    }
}

extension ProfileEntry {
    /// The lead's place among those that wait for a product; nil if it does not.
    fileprivate func order(for product: Symbol) -> WaitingOrder? {
        waiting.first { $0.product == product }?.order(ofLead: key)
    }
}

extension WaitingRow {
    init(_ product: String, _ order: WaitingOrder) {
        self.init(product: product, rank: order.sortable)
    }
}

extension LaneCapacity {
    /// That of a lane, as its mark has it.
    init(_ configuration: LaneProcessor.Configuration, _ mark: LaneMark.Capacity?) {
        let mark = mark ?? LaneMark.Capacity()
        self.init(
            lane: Int(configuration.lane), lanes: configuration.laneCount, day: mark.day,
            used: mark.used, isReleasing: mark.isReleasing)
    }
}
