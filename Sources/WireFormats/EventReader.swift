import CSimdjson
package import Qualification

/// Reads the three input topics: bytes to events, or to the reason why not (CONTRACT.md 3).
///
/// Owned by one lane; symbols are those of the lane. Nothing it throws depends on the profile.
package final class EventReader {
    /// A value above this many bytes is `too_large`.
    package static let valueLimit = 1 << 20

    /// A longer optional text is left out: a message holds ten of them, and a broker takes 1 MiB.
    static let textLimit = 32_768
    static let shortText = "a text of at most \(textLimit) bytes"

    let parser = JSONObjectParser()
    let symbols: SymbolTable
    let futureTolerance: Span24h
    /// The optional fields of the event in hand that were wrong, each with its fault.
    private(set) var ignored: [String] = []

    /// Makes the reader of a lane.
    package init(symbols: SymbolTable, futureTolerance: Span24h) {
        self.symbols = symbols
        self.futureTolerance = futureTolerance
    }

    /// The dead letter for the optional fields of the last event that were left out, if any.
    package var ignoredFields: DeadLetter? {
        ignored.isEmpty
            ? nil : DeadLetter(.fieldIgnored, "applied without \(ignored.joined(separator: "; "))")
    }

    /// A record as the reader needs it.
    package struct Input {
        /// The Kafka timestamp in milliseconds, negative if the record has none.
        package var timestamp: Int64

        /// Makes an input.
        package init(timestamp: Int64) {
            self.timestamp = timestamp
        }
    }

    /// The time of an event, whatever else is wrong with it; nil if it has none.
    package func occurredAt(_ value: RawSpan) -> Timestamp? {
        guard value.byteCount <= EventReader.valueLimit, (try? parser.parse(value)) != nil else {
            return nil
        }
        return parser[HANDOFF_OCCURRED_AT].withBytes { RFC3339.timestamp($0) }
    }

    // MARK: Required fields

    /// Parses the object and checks what all events require, in the order of the contract's codes.
    func open(
        _ value: RawSpan, isDisposition: Bool = false
    ) throws(DeadLetter) -> Timestamp {
        if !ignored.isEmpty { ignored.removeAll(keepingCapacity: true) }
        if value.byteCount > EventReader.valueLimit {
            throw DeadLetter(
                .tooLarge,
                "the value has \(value.byteCount) bytes, the limit is \(EventReader.valueLimit)")
        }
        do {
            try parser.parse(value)
        } catch {
            switch error {
            case .notJSON:
                throw DeadLetter(
                    .notJSON, "the value is not JSON in UTF-8; one JSON object is expected")
            case .notAnObject:
                throw DeadLetter(
                    .notJSON, "the value is not a JSON object, but another kind of JSON")
            }
        }
        let required = isDisposition ? requiredOfDisposition : EventReader.requiredOfAll
        for field in required where parser[field].isAbsent {
            // Events wrapped into an envelope have all that is needed, one level too deep.
            throw DeadLetter(
                .missingField,
                "\(field.name) is missing; a text of that name is expected at the top level of "
                    + "the object")
        }
        for field in required where !parser[field].isText {
            throw DeadLetter(
                .wrongType, "\(field.name) is \(parser[field].shown), not a text")
        }
        let written = parser[HANDOFF_OCCURRED_AT]
        guard let at = written.withBytes({ RFC3339.timestamp($0) }) else {
            throw DeadLetter(
                .badTimestamp,
                "occurred_at \(written.shown) is not an RFC 3339 time with a zone")
        }
        if at < .earliestAccepted {
            throw DeadLetter(.badTimestamp, "occurred_at \(written.shown) is before the year 2000")
        }
        return at
    }

    private static let requiredOfAll = [
        HANDOFF_EVENT_ID, HANDOFF_TYPE, HANDOFF_OCCURRED_AT, HANDOFF_LEAD_ID,
    ]

    private var requiredOfDisposition: [handoff_field] {
        let answer = Disposition.Answer(rawValue: parser[HANDOFF_TYPE].text)
        let needsReason = answer?.needsReason ?? false
        return EventReader.requiredOfAll + [HANDOFF_MQL_ID, HANDOFF_PRODUCT]
            + (needsReason ? [HANDOFF_REASON] : [])
    }

    func checkLength(_ field: handoff_field, atMost limit: Int) throws(DeadLetter) {
        let value = parser[field]
        // Characters are never more than bytes, so counting is for the rare long text.
        if value.byteCount > limit, value.text.unicodeScalars.count > limit {
            throw DeadLetter(
                .badValue, "\(field.name) \(value.shown) has more than \(limit) characters")
        }
    }

    /// The checks that follow the type: key, then time against the record's own.
    func close(
        _ at: Timestamp, key: RawSpan, _ input: Input
    ) throws(DeadLetter) -> EventHeader {
        let leadID = parser[HANDOFF_LEAD_ID]
        if !leadID.withBytes({ $0.equals(Span(_bytes: key)) }) {
            if key.isEmpty {
                throw DeadLetter(
                    .keyMismatch, "the record has no key; lead_id \(leadID.shown) is expected there"
                )
            }
            let start = unsafe key.withUnsafeBytes { unsafe Array($0.prefix(100)) }
            let shown = String(decoding: start, as: UTF8.self)
            throw DeadLetter(
                .keyMismatch, "the record's key \"\(shown)\" is not lead_id \(leadID.shown)")
        }
        let recordedAt =
            input.timestamp < 0
            ? at : min(Timestamp(milliseconds: input.timestamp), .latestAccepted)
        if at > recordedAt + futureTolerance {
            throw DeadLetter(
                .occurredInFuture,
                "occurred_at \(parser[HANDOFF_OCCURRED_AT].shown) is after \(recordedAt), "
                    + "when the record was written, by more than the tolerance")
        }
        let id = parser[HANDOFF_EVENT_ID]
        let eventID = id.withBytes { EventID($0) }
        return EventHeader(stamp: Stamp(at: at, eventID: eventID), recordedAt: recordedAt)
    }

    // MARK: Optional fields

    /// Notes that an optional field was wrong and is left out.
    func ignore(_ name: String, _ value: JSONValue, _ expected: String) {
        ignored.append("\(name) (\(value.shown) is not \(expected))")
    }

    func optionalText(_ field: handoff_field) -> String? {
        let value = parser[field]
        if value.isAbsent { return nil }
        if isReadable(field) { return value.text }
        return nil
    }

    func optionalSymbol(_ field: handoff_field) -> Symbol {
        let value = parser[field]
        return !value.isAbsent && isReadable(field) ? value.symbol(symbols) : .none
    }

    /// Whether a field is a text that is not too long; notes it if not.
    private func isReadable(_ field: handoff_field) -> Bool {
        let value = parser[field]
        if !value.isText {
            ignore(field.name, value, "a text")
        } else if value.byteCount > EventReader.textLimit {
            ignore(field.name, value, EventReader.shortText)
        } else {
            return true
        }
        return false
    }

    /// `source`: its channel and campaign, or neither if anything in it is wrong.
    func source() -> (channel: Symbol, campaign: Symbol) {
        let value = parser[HANDOFF_SOURCE]
        if value.isAbsent { return (.none, .none) }
        guard value.kind == HANDOFF_OBJECT else {
            ignore("source", value, "an object")
            return (.none, .none)
        }
        let (channel, campaign) = (parser.sourceChannel, parser.sourceCampaignID)
        // One by one: a list of the two would be made for every event.
        guard isGood(channel, "source.channel"), isGood(campaign, "source.campaign_id") else {
            return (.none, .none)
        }
        return (
            channel.isAbsent ? .none : channel.symbol(symbols),
            campaign.isAbsent ? .none : campaign.symbol(symbols)
        )
    }

    private func isGood(_ part: JSONValue, _ name: String) -> Bool {
        if part.isAbsent || part.isText && part.byteCount <= EventReader.textLimit { return true }
        ignore(name, part, part.isText ? EventReader.shortText : "a text")
        return false
    }

    /// `campaign_id`, else that of `source`, and the source's channel.
    func origin() -> (channel: Symbol, campaign: Symbol) {
        let campaign = optionalSymbol(HANDOFF_CAMPAIGN_ID)
        let source = source()
        return (source.channel, campaign.isSome ? campaign : source.campaign)
    }
}

extension handoff_field {
    /// The JSON key, for sentences about faults.
    var name: String {
        switch self {
        case HANDOFF_EVENT_ID: "event_id"
        case HANDOFF_TYPE: "type"
        case HANDOFF_OCCURRED_AT: "occurred_at"
        case HANDOFF_LEAD_ID: "lead_id"
        case HANDOFF_EMAIL: "email"
        case HANDOFF_FIRST_NAME: "first_name"
        case HANDOFF_LAST_NAME: "last_name"
        case HANDOFF_PHONE: "phone"
        case HANDOFF_JOB_TITLE: "job_title"
        case HANDOFF_COMPANY_NAME: "company_name"
        case HANDOFF_COMPANY_DOMAIN: "company_domain"
        case HANDOFF_COUNTRY: "country"
        case HANDOFF_EMPLOYEES: "employees"
        case HANDOFF_ANNUAL_REVENUE: "annual_revenue"
        case HANDOFF_INDUSTRY: "industry"
        case HANDOFF_PRODUCT_INTEREST: "product_interest"
        case HANDOFF_CAMPAIGN_ID: "campaign_id"
        case HANDOFF_SOURCE: "source"
        case HANDOFF_CONSENT: "consent"
        case HANDOFF_PRODUCT: "product"
        case HANDOFF_PROPERTIES: "properties"
        case HANDOFF_MQL_ID: "mql_id"
        case HANDOFF_REASON: "reason"
        case HANDOFF_BY: "by"
        case HANDOFF_REVENUE: "revenue"
        case HANDOFF_NOTE: "note"
        case HANDOFF_DOMAIN: "domain"
        case HANDOFF_NAME: "name"
        case HANDOFF_OWNER_ID: "owner_id"
        case HANDOFF_STATUS: "status"
        case HANDOFF_CHANNEL: "channel"
        case HANDOFF_COST: "cost"
        case HANDOFF_ENTRY: "entry"
        default: "field \(rawValue)"
        }
    }
}
