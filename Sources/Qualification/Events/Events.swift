/// The id of an event; compares as UTF-8 bytes (CONTRACT.md 3), not as Swift compares strings.
///
/// Most ids are canonical UUIDs, which are kept as two words: no allocation, and their order as
/// numbers is that of their texts, because digits come before letters and the dashes are always at
/// the same places.
package struct EventID: Hashable, Comparable, Sendable {
    private enum Storage: Hashable {
        case uuid(UUID)
        case text(String)
    }

    private let storage: Storage

    /// The id of a text.
    package init(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes.span)
    }

    /// The id of a text's UTF-8 bytes.
    package init(_ bytes: Span<UInt8>) {
        if let uuid = UUID(canonical: bytes) {
            storage = .uuid(uuid)
        } else {
            var text: [UInt8] = []
            text.reserveCapacity(bytes.count)
            for place in bytes.indices { text.append(bytes[place]) }
            storage = .text(String(decoding: text, as: UTF8.self))
        }
    }

    /// The id of a UUID.
    package init(_ uuid: UUID) {
        storage = .uuid(uuid)
    }

    /// The UUID, if the id is the canonical text of one.
    package var uuid: UUID? {
        if case .uuid(let uuid) = storage { return uuid }
        return nil
    }

    /// The text as the producer wrote it.
    package var text: String {
        switch storage {
        case .uuid(let uuid): uuid.description
        case .text(let text): text
        }
    }

    /// A 64-bit hash that is the same in every process and release, because profiles keep it.
    package var stableHash: UInt64 {
        switch storage {
        case .uuid(let uuid): return uuid.stableHash
        case .text(let text):
            let bytes = Array(text.utf8)
            return bytes.span.stableHash
        }
    }

    package static func == (left: EventID, right: EventID) -> Bool {
        switch (left.storage, right.storage) {
        case (.uuid(let left), .uuid(let right)): left == right
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    package static func < (left: EventID, right: EventID) -> Bool {
        if case .uuid(let left) = left.storage, case .uuid(let right) = right.storage {
            return left < right
        }
        return left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// The place of an event in a lead's history: by time, then by id.
package struct Stamp: Hashable, Comparable, Sendable {
    /// When it happened.
    package let at: Timestamp
    /// Which event it was.
    package let eventID: EventID

    /// Makes a stamp.
    package init(at: Timestamp, eventID: EventID) {
        self.at = at
        self.eventID = eventID
    }

    package static func < (left: Stamp, right: Stamp) -> Bool {
        left.at != right.at ? left.at < right.at : left.eventID < right.eventID
    }
}

/// The input topic of an event; an id is a repeat only within its own.
package enum EventSource: UInt8, Sendable {
    case leads = 0
    case activities = 1
    case dispositions = 2
}

/// What every event carries.
package struct EventHeader: Sendable, Equatable {
    /// Time and id.
    package var stamp: Stamp
    /// The Kafka timestamp of the record (the event's own time if it had none).
    package var recordedAt: Timestamp
    /// `stableHash` of the id, by which repeats are found.
    package var idHash: UInt64

    /// Makes a header.
    package init(stamp: Stamp, recordedAt: Timestamp) {
        self.stamp = stamp
        self.recordedAt = recordedAt
        idHash = stamp.eventID.stableHash
    }
}

/// A field of a lead that merges by time (CONTRACT.md 5); raw values are part of the profile
/// format.
package enum LeadField: UInt8, CaseIterable, Sendable {
    case email = 0
    case firstName, lastName, phone, jobTitle, companyName, companyDomain, country
    case employees, annualRevenue, industry, consent
}

/// A lead was captured, updated or erased.
package struct LeadEvent: Sendable {
    /// What happened.
    package enum Kind: String, Sendable, CaseIterable {
        case captured = "lead.captured"
        case updated = "lead.updated"
        case erased = "lead.erased"
    }

    /// Time, id and record time.
    package var header: EventHeader
    /// What happened.
    package var kind: Kind
    /// The fields given, normalised; absent ones are not listed.
    package var fields: [(field: LeadField, value: FactValue)]
    /// The products of `product_interest`, as symbols of the lane.
    package var productInterest: [Symbol]
    /// `campaign_id`, else `source.campaign_id`.
    package var campaign: Symbol
    /// `source.channel`.
    package var channel: Symbol

    /// Makes an event.
    package init(
        header: EventHeader, kind: Kind, fields: [(field: LeadField, value: FactValue)],
        productInterest: [Symbol], campaign: Symbol, channel: Symbol
    ) {
        self.header = header
        self.kind = kind
        self.fields = fields
        self.productInterest = productInterest
        self.campaign = campaign
        self.channel = channel
    }
}

/// A lead did something.
package struct ActivityEvent: Sendable {
    /// Time, id and record time.
    package var header: EventHeader
    /// The type, any text.
    package var type: Symbol
    /// The product named by the event itself.
    package var product: Symbol
    /// `campaign_id`, else `source.campaign_id`.
    package var campaign: Symbol
    /// `source.channel`.
    package var channel: Symbol
    /// The properties, only as far as the definition has a condition for this type.
    package var properties: [(name: String, value: FactValue)]

    /// Makes an event.
    package init(
        header: EventHeader, type: Symbol, product: Symbol, campaign: Symbol, channel: Symbol,
        properties: [(name: String, value: FactValue)]
    ) {
        self.header = header
        self.type = type
        self.product = product
        self.campaign = campaign
        self.channel = channel
        self.properties = properties
    }
}

/// Sales answered an MQL.
package struct DispositionEvent: Sendable {
    /// Time, id and record time.
    package var header: EventHeader
    /// The answer.
    package var answer: Disposition.Answer
    /// The `mql_id` as written.
    package var mqlID: String
    /// The product as written.
    package var product: Symbol
    /// The reason, none unless given.
    package var reason: Symbol

    /// Makes an event.
    package init(
        header: EventHeader, answer: Disposition.Answer, mqlID: String, product: Symbol,
        reason: Symbol
    ) {
        self.header = header
        self.answer = answer
        self.mqlID = mqlID
        self.product = product
        self.reason = reason
    }
}
