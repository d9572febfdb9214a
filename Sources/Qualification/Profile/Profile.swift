/// Everything handoff knows about one lead: the state of CONTRACT.md 5-8, folded from its events.
///
/// A value: the fold of the same events in any order, each any number of times, is the same
/// profile, apart from what was looked up at intake. Symbols belong to the lane that holds the
/// profile; the codec of `WireFormats` writes and reads it without them.
package struct Profile: Sendable {
    /// The lead's id, as the producer wrote it.
    package let leadID: String
    /// The greatest time of the applied lead events and activities.
    package var asOf = Timestamp.distantPast
    /// Whether a lead event was applied: without one nothing is decided.
    package var hasLeadEvent = false
    /// The merged lead fields.
    package var fields = LeadFields()
    /// Products of interest by `product_interest`, campaigns of lead events and tags; unordered,
    /// each once.
    ///
    /// Tags that the definition lacks are kept as well: a later definition may have the product.
    package var interests: [Symbol] = []
    /// The earliest event with a channel or campaign.
    package var firstTouch: Touch?
    /// The latest event with a channel or campaign.
    package var lastTouch: Touch?
    /// Activities counted by type, day and tag.
    package var counts = ActivityCounts()
    /// The latest activity per tag that matched a criterion with points above zero.
    package var freshness: [(tag: Symbol, at: Timestamp)] = []
    /// The last activities, newest first, at most `recentLimit`.
    package var recent: [RecentActivity] = []
    /// The event ids that are still remembered.
    package var remembered = RememberedEvents()
    /// What was decided and published, by product; the lead as a whole is the product `.none`.
    package var products: [ProductRecord] = []
    /// The agreements that published the MQLs of `products`, so that their reasons stay known.
    package var agreements: [Agreement] = []
    /// The products for whose `daily_capacity` the lead waits: those of status
    /// `waiting_for_capacity`.
    package var waiting: [Waiting] = []
    /// Events up to here are dropped: the person asked to be forgotten (CONTRACT.md 8, Erasure).
    package var erasedAt: Timestamp?
    /// What the decision derived from fields, touches and reference data, while it holds.
    ///
    /// Not stored.
    package var standing: Standing?

    /// How many tags a lead can be interested in or fresh for; what comes beyond is a fault of the
    /// producer (such as a random tag on every event) and only counts as an activity of no product.
    package static let tagLimit = 200
    /// How many activities an MQL shows.
    package static let recentLimit = 5

    /// A lead of which nothing is known.
    package init(leadID: String) {
        self.leadID = leadID
    }

    /// Whether there is anything to keep.
    package var isEmpty: Bool {
        !hasLeadEvent && asOf == .distantPast && products.isEmpty && erasedAt == nil
    }

    /// The place of a product's record, made when new.
    package mutating func index(ofProduct product: Symbol) -> Int {
        if let index = products.firstIndex(where: { $0.product == product }) { return index }
        products.append(ProductRecord(product: product))
        return products.count - 1
    }

    /// Adds a product of interest; the limit is for products that the definition does not know.
    package mutating func addInterest(_ product: Symbol, isKnown: Bool = true) {
        guard product.isSome, !interests.contains(product) else { return }
        if !isKnown, interests.count >= Profile.tagLimit { return }
        interests.append(product)
    }

    /// Takes an event with a channel or campaign into first and last touch.
    package mutating func touch(_ touch: Touch) {
        if firstTouch.map({ touch.order < $0.order }) ?? true {
            firstTouch = touch
            standing = nil
        }
        if lastTouch.map({ $0.order < touch.order }) ?? true { lastTouch = touch }
    }

    /// Takes an activity into the list of the last ones.
    package mutating func remember(_ activity: RecentActivity) {
        if recent.count == Profile.recentLimit, let oldest = recent.last,
            activity.stamp < oldest.stamp
        {
            return
        }
        let place = recent.firstIndex { $0.stamp < activity.stamp } ?? recent.endIndex
        recent.insert(activity, at: place)
        if recent.count > Profile.recentLimit { recent.removeLast() }
    }

    /// Keeps the latest fresh activity of a tag; the limit is as for interests.
    package mutating func freshen(tag: Symbol, at time: Timestamp, isKnown: Bool = true) {
        if let index = freshness.firstIndex(where: { $0.tag == tag }) {
            if freshness[index].at < time { freshness[index].at = time }
        } else if isKnown || freshness.count < Profile.tagLimit {
            freshness.append((tag, time))
        }
    }

    /// Moves `as_of` forward, never back, and forgets what lies behind its windows.
    package mutating func advance(to time: Timestamp, historyDays: Int, duplicateWindow: Span24h) {
        if time <= asOf { return }
        let newDay = time.day != asOf.day
        asOf = time
        remembered.forget(before: time - duplicateWindow)
        if newDay {
            counts.forget(before: UTCDay(number: time.day.number - Int32(clamping: historyDays)))
        }
    }
}

/// A place in the first and last touch: which event, by which channel and campaign.
package struct Touch: Sendable, Equatable {
    /// Time and id.
    package var stamp: Stamp
    /// Lead event or activity: breaks the tie of equal stamps from two topics.
    package var source: EventSource
    /// The event's channel, else its campaign's; none if neither has one.
    package var channel: Symbol
    /// The campaign; none if the event has none.
    package var campaign: Symbol

    /// Makes a touch.
    package init(stamp: Stamp, source: EventSource, channel: Symbol, campaign: Symbol) {
        self.stamp = stamp
        self.source = source
        self.channel = channel
        self.campaign = campaign
    }

    /// The total order of touches.
    package var order: TouchOrder { TouchOrder(stamp: stamp, source: source) }
}

/// The order of touches: by time, then id, then topic.
package struct TouchOrder: Comparable {
    let stamp: Stamp
    let source: EventSource

    package static func < (left: TouchOrder, right: TouchOrder) -> Bool {
        left.stamp != right.stamp
            ? left.stamp < right.stamp : left.source.rawValue < right.source.rawValue
    }
}

/// One of the last activities of a lead.
package struct RecentActivity: Sendable, Equatable {
    /// Time and id.
    package var stamp: Stamp
    /// The activity's type.
    package var type: Symbol
    /// Its tag; none if untagged.
    package var tag: Symbol
    /// Its campaign; none if it has none.
    package var campaign: Symbol

    /// Makes an entry.
    package init(stamp: Stamp, type: Symbol, tag: Symbol, campaign: Symbol) {
        self.stamp = stamp
        self.type = type
        self.tag = tag
        self.campaign = campaign
    }
}

/// The fields of a lead, each with the stamp of the event that last set it (CONTRACT.md 5).
package struct LeadFields: Sendable {
    /// A value and the event it came from.
    package struct Entry: Sendable {
        /// Which field.
        package var field: LeadField
        /// The value that won.
        package var value: FactValue
        /// The event it came from.
        package var stamp: Stamp

        /// Makes an entry.
        package init(field: LeadField, value: FactValue, stamp: Stamp) {
            self.field = field
            self.value = value
            self.stamp = stamp
        }
    }

    /// The fields that have a value, in the order of `LeadField`.
    package private(set) var entries: [Entry] = [] {
        didSet { encoded = nil }
    }
    /// What the codec wrote for `entries`, kept because it is half of a profile's bytes and changes
    /// only with lead events; nil when they have changed since.
    package var encoded: [UInt8]?

    /// No field known.
    package init() {}

    /// Entries as the codec read them, in the order of `LeadField`.
    package init(entries: [Entry]) {
        self.entries = entries
    }

    /// Takes a value if no later event has set the field; tells whether it did.
    package mutating func merge(_ field: LeadField, _ value: FactValue, stamp: Stamp) -> Bool {
        guard let place = entries.firstIndex(where: { $0.field.rawValue >= field.rawValue }) else {
            entries.append(Entry(field: field, value: value, stamp: stamp))
            return true
        }
        guard entries[place].field == field else {
            entries.insert(Entry(field: field, value: value, stamp: stamp), at: place)
            return true
        }
        guard entries[place].stamp < stamp else { return false }
        entries[place] = Entry(field: field, value: value, stamp: stamp)
        return true
    }

    /// Takes consent back as of an activity; tells whether that changed anything.
    ///
    /// Of a lead event and an activity with the same time and id the activity wins, whichever
    /// comes first: refusal is the safe side.
    package mutating func withdrawConsent(_ stamp: Stamp) -> Bool {
        if consent == true,
            let place = entries.firstIndex(where: { $0.field == .consent && $0.stamp == stamp })
        {
            entries[place].value = .bool(false)
            return true
        }
        return merge(.consent, .bool(false), stamp: stamp)
    }

    /// The value of a field.
    package subscript(field: LeadField) -> FactValue? {
        // In place: a search by closure copies every entry it passes, texts and all.
        let entries = entries.span
        for place in entries.indices where entries[place].field == field {
            return entries[place].value
        }
        return nil
    }

    /// The text of a field.
    package func text(_ field: LeadField) -> String? {
        guard case .text(let text) = self[field] else { return nil }
        return text
    }

    /// The number of a field.
    package func number(_ field: LeadField) -> Double? {
        guard case .number(let number) = self[field] else { return nil }
        return number
    }

    /// Whether the lead may be contacted; nil if it never said.
    package var consent: Bool? {
        guard case .bool(let consent) = self[.consent] else { return nil }
        return consent
    }
}
