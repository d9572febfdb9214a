/// One record as a lane takes it.
package struct ModelRecord: Sendable, Equatable {
    /// The topic's default name, without a prefix.
    package var topic: String
    /// The Kafka key.
    package var key: [UInt8]?
    /// The Kafka value; nil deletes on a reference topic.
    package var value: [UInt8]?
    /// The Kafka timestamp; negative when the record has none.
    package var timestampMs: Int64

    /// Makes a record of its parts.
    package init(topic: String, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64) {
        self.topic = topic
        self.key = key
        self.value = value
        self.timestampMs = timestampMs
    }
}

/// The worker settings that change what the outputs say.
package struct ModelSettings: Sendable, Equatable {
    /// What the follow-up timers are compared with.
    package enum Clock: Sendable, Equatable {
        /// The time of day; such alerts never fire in the model.
        case wall
        /// The greatest `occurred_at` applied in the lane.
        case stream
    }

    /// Activities of one lead that count within the duplicate window.
    package var maxEventsPerLead = 5_000
    /// How far behind as_of event ids are remembered.
    package var duplicateWindowDays = 30
    /// How far an event may be ahead of its Kafka timestamp.
    package var futureToleranceMs: Int64 = 300_000
    /// How long an erased lead's stub stays; the model never removes one.
    package var erasureMemoryDays = 400
    /// What the follow-up timers are compared with.
    package var slaClock = Clock.wall
    /// Which lane the model is, from 0, of how many: capacities are shared out over them.
    package var lane = 0
    /// The lanes of the whole group.
    package var lanes = 1

    /// The worker's default settings.
    package init() {}
}

/// One record the model expects on an output topic.
package struct ModelOutput: Sendable, Equatable {
    /// The topic's default name, without a prefix.
    package var topic: String
    /// The lead id, or the original key of a dead letter.
    package var key: [UInt8]?
    /// The body; null for a dead letter, whose value is the original one.
    package var body: JSONValue
    /// The headers the model knows; the product adds `handoff.partition` and details of faults.
    package var headers: [String: String]
    /// The position among all records taken, from 0, of the record that caused this one.
    package var sourceIndex: Int
    /// For `field_ignored`: the names of the fields left out, sorted.
    package var ignoredFields: [String] = []
}

/// Why a record goes to the dead letters (section 3).
package enum ModelFault: String, Sendable, CaseIterable {
    /// The value is over 1 MiB.
    case tooLarge = "too_large"
    /// The value is no JSON object.
    case notJSON = "not_json"
    /// A required field is absent.
    case missingField = "missing_field"
    /// A required field has the wrong JSON type.
    case wrongType = "wrong_type"
    /// `occurred_at` is no time with an offset, or before 2000.
    case badTimestamp = "bad_timestamp"
    /// A required field has an impossible value.
    case badValue = "bad_value"
    /// The `type` is none of the topic's.
    case unknownType = "unknown_type"
    /// The record key is not the `lead_id`.
    case keyMismatch = "key_mismatch"
    /// The event is too far ahead of its Kafka timestamp.
    case occurredInFuture = "occurred_in_future"
    /// A disposition names a product nobody knows.
    case unknownProduct = "unknown_product"
    /// A rejection or loss names a reason nobody knows.
    case unknownReason = "unknown_reason"
    /// The lead has no MQL of that id.
    case unknownMQL = "unknown_mql"
    /// An optional field was wrong and left out.
    case fieldIgnored = "field_ignored"
}

/// The default names of the topics.
package enum ModelTopic {
    /// Lead events.
    package static let leads = "marketing.leads"
    /// Activities.
    package static let activities = "marketing.activities"
    /// Dispositions.
    package static let dispositions = "sales.dispositions"
    /// Account rows by domain.
    package static let accounts = "reference.accounts"
    /// Campaign rows by campaign id.
    package static let campaigns = "reference.campaigns"
    /// Suppressed e-mail addresses and domains.
    package static let suppressions = "reference.suppressions"
    /// Changes of status.
    package static let nurture = "marketing.nurture"
    /// Follow-up warnings and breaches.
    package static let alerts = "sales.alerts"
    /// Records that could not be used, or not whole.
    package static let deadLetters = "handoff.dead-letters"
}
