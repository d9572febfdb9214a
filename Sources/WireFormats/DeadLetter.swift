package import Qualification

/// Why a record went to the dead letters (CONTRACT.md 3), in the order in which they apply.
package enum DeadLetterReason: String, Sendable, CaseIterable {
    case tooLarge = "too_large"
    case notJSON = "not_json"
    case missingField = "missing_field"
    case wrongType = "wrong_type"
    case badTimestamp = "bad_timestamp"
    case badValue = "bad_value"
    case unknownType = "unknown_type"
    case keyMismatch = "key_mismatch"
    case occurredInFuture = "occurred_in_future"
    case unknownProduct = "unknown_product"
    case unknownReason = "unknown_reason"
    case unknownMQL = "unknown_mql"
    case fieldIgnored = "field_ignored"

    /// The reason for what the core refused.
    package init(_ code: Qualifier.RefusalCode) {
        self =
            switch code {
            case .badValue: .badValue
            case .unknownProduct: .unknownProduct
            case .unknownReason: .unknownReason
            case .unknownMQL: .unknownMQL
            }
    }
}

/// What is wrong with a record: a code and a sentence that names the field and the value.
package struct DeadLetter: Error, Sendable, Equatable {
    /// The code.
    package var reason: DeadLetterReason
    /// The sentence.
    package var detail: String

    /// Makes a dead letter.
    package init(_ reason: DeadLetterReason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    /// The header names, in the order in which they are written.
    package enum Header {
        /// The code of the reason.
        package static let reason = "handoff.error.reason"
        /// A sentence that names the field and the value.
        package static let detail = "handoff.error.detail"
        /// The topic that the record came from.
        package static let topic = "handoff.error.topic"
        /// Its partition there.
        package static let partition = "handoff.error.partition"
        /// Its offset there.
        package static let offset = "handoff.error.offset"
        /// The version of the worker that refused it.
        package static let workerVersion = "handoff.error.worker-version"
        /// Only on a value that was too long to be kept whole: its length in bytes.
        package static let truncatedFrom = "handoff.error.truncated-from"
        /// On a record that was redriven, and so on its next dead letter too, if it dies again: how
        /// often that was.
        package static let redrives = "handoff.redrives"
    }
}
