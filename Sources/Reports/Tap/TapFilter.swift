import WireFormats

/// Which records `handoff tap` shows; what is nil or empty lets everything through.
package struct TapFilter: Sendable {
    /// Only messages about this product; dead letters if their body names it.
    package var product: String?
    /// Only this lead: the record's key, byte by byte.
    package var lead: String?
    /// Only these kinds or message types, as `TapFilter.types` has them.
    package var types: Set<String>
    /// Not before this Kafka timestamp, in milliseconds since 1970.
    package var since: Int64?

    /// Everything, unless told otherwise.
    package init(
        product: String? = nil, lead: String? = nil, types: Set<String> = [], since: Int64? = nil
    ) {
        self.product = product
        self.lead = lead
        self.types = types
        self.since = since
    }

    /// What `types` may hold: the kinds of topics, and the types of messages in them.
    package static let types: [(kind: TapRecord.Kind, types: [String])] = [
        (.mql, ["mql.qualified", "mql.updated", "mql.withdrawn", "mql.lapsed"]),
        (.nurture, ["lead.status_changed", "lead.erased"]),
        (.alert, ["sla.warning", "sla.breached", "sla.escalated"]),
        (.deadLetter, DeadLetterReason.allCases.map(\.rawValue)),
    ]

    /// The kinds of topics that have anything to show.
    package var kinds: [TapRecord.Kind] {
        TapFilter.types.filter { kind, types in
            self.types.isEmpty || self.types.contains(kind.rawValue)
                || !self.types.isDisjoint(with: types)
        }.map(\.kind)
    }

    /// Whether a record is shown.
    package func lets(_ record: TapRecord) -> Bool {
        if let since, record.timestamp >= 0, record.timestamp < since { return false }
        if let lead, !record.key.elementsEqual(lead.utf8) { return false }
        guard product != nil || !types.isEmpty else { return true }
        let body = record.value.flatMap { try? FlatBody($0) }
        if let product, body?["product"] != product { return false }
        guard !types.isEmpty, !types.contains(record.kind.rawValue) else { return true }
        let type =
            record.kind == .deadLetter
            ? record.header(DeadLetter.Header.reason)
            : record.header("ce_type") ?? body?["type"]
        return type.map(types.contains) ?? false
    }
}
