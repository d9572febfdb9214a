import Qualification

/// Reads `products`.
struct ProductsReader {
    private static let requiredKeys = [
        "id", "fit_at_least", "engagement_at_least", "follow_up_within", "lapse_after_days",
    ]
    private static let optionalKeys = [
        "topic", "hand_raise_fit_at_least", "warn_before", "escalate_after", "sla_ends_on",
        "default_owner", "paused", "extra_required", "business_hours", "daily_capacity",
    ]

    let root: Record
    /// `Definition.required`, which every product has anyway.
    let required: [Field]

    private var faults: FaultList { root.faults }

    /// The products that could be read.
    func products() -> [Product] {
        var ids = UniqueNames(kind: "product", faults: faults)
        var topics = UniqueNames(kind: "product's topic", faults: faults)
        let items = root.list("products", atMost: DefinitionLimits.products, mayBeEmpty: false)
        return items.compactMap { product($0, ids: &ids, topics: &topics) }
    }

    private func product(
        _ node: YAMLNode, ids: inout UniqueNames, topics: inout UniqueNames
    ) -> Product? {
        let record = Record(
            node, what: "a product", required: Self.requiredKeys, optional: Self.optionalKeys,
            faults: faults)
        guard let record else { return nil }
        let isRepeated = record.node("id").map { ids.isTaken(Scalars.written($0)) } ?? false
        let id = id(record, ids: &ids)
        let topic = topic(record, id: id, isRepeated: isRepeated, topics: &topics)
        let thresholds = DefinitionLimits.negativePoints...DefinitionLimits.points
        let fit = record.points("fit_at_least", in: thresholds)
        let engagement = record.points("engagement_at_least", in: thresholds)
        let handRaise = record.points("hand_raise_fit_at_least", in: thresholds)
        let followUp = record.span("follow_up_within", atMost: DefinitionLimits.span)
        let warnBefore = record.span("warn_before", atMost: DefinitionLimits.span)
        if let followUp, let warnBefore, warnBefore >= followUp,
            let place = record.node("warn_before")?.place
        {
            faults.add(place, "'warn_before' must be shorter than 'follow_up_within'")
        }
        let escalate = record.span("escalate_after", atMost: DefinitionLimits.span)
        let lapse = record.whole("lapse_after_days", in: 1...DefinitionLimits.days)
        let alertsEnd = alertsEnd(record)
        let owner = record.text("default_owner")
        let paused = record.bool("paused")
        let extra = extraRequired(record)
        let hours = businessHours(record)
        let capacity = record.whole("daily_capacity", in: 1...DefinitionLimits.dailyCapacity)
        guard let id, let topic, let fit, let engagement, let followUp, let lapse else {
            return nil
        }
        return Product(
            id: id, topic: topic, fitAtLeast: fit, engagementAtLeast: engagement,
            handRaiseFitAtLeast: handRaise, followUpWithin: followUp, warnBefore: warnBefore,
            escalateAfter: escalate, lapseAfterDays: lapse, alertsEndOn: alertsEnd ?? .accepted,
            defaultOwner: owner, paused: paused ?? false, extraRequired: extra,
            businessHours: hours, dailyCapacity: capacity)
    }

    private func businessHours(_ record: Record) -> BusinessHours? {
        let reader = BusinessHoursReader(product: record, zones: .standard)
        let hours = reader.hours()
        if let hours { reader.checkLengths(hours) }
        return hours
    }

    private func id(_ record: Record, ids: inout UniqueNames) -> String? {
        guard let id = ids.id(of: record), let place = record.node("id")?.place else { return nil }
        let first = id.utf8.first ?? UInt8(ascii: "-")
        let isValid =
            id.utf8.count <= 63 && first != UInt8(ascii: "-")
            && id.utf8.allSatisfy { $0.isDigit || $0.isLowerLetter || $0 == UInt8(ascii: "-") }
        guard isValid else {
            faults.add(
                place,
                "'\(id)' cannot be a product's id: 1 to 63 lower-case letters, digits and hyphens, "
                    + "the first no hyphen")
            return nil
        }
        return id
    }

    private func topic(
        _ record: Record, id: String?, isRepeated: Bool, topics: inout UniqueNames
    ) -> String? {
        let written = record.text("topic")
        guard record.entry("topic") == nil || written != nil else { return nil }
        guard let topic = written ?? id.map({ "sales.mql.\($0)" }) else { return nil }
        let place = record.node("topic")?.place ?? record.node("id")?.place ?? record.place
        guard KafkaTopicName.isValid(topic) else {
            faults.add(
                place,
                "'\(topic)' cannot be a Kafka topic: 1 to \(KafkaTopicName.longest) letters, "
                    + "digits, dots, underscores and hyphens")
            return nil
        }
        // Two products of one id are reported as that, and not as two topics of one name too.
        if written != nil || !isRepeated { topics.claim(topic, at: place) }
        return topic
    }

    private func alertsEnd(_ record: Record) -> Product.AlertsEnd? {
        guard let text = record.text("sla_ends_on") else { return nil }
        if let end = Product.AlertsEnd(rawValue: text) { return end }
        let known = [Product.AlertsEnd.accepted, .contacted].map(\.rawValue)
        let advice = NearestName.advice(for: text, among: known)
        let place = record.node("sla_ends_on")?.place ?? record.place
        faults.add(place, "'\(text)' does not end alerts\(advice)")
        return nil
    }

    private func extraRequired(_ record: Record) -> [Field] {
        let fields = DefinitionReader.requiredFields(record, "extra_required")
        for field in fields where required.contains(field) {
            guard let place = record.node("extra_required")?.place else { continue }
            faults.warn(place, "'\(field.name)' is required of every product already")
        }
        return fields.filter { !required.contains($0) }
    }
}

/// Kafka's rule for the names of topics.
package enum KafkaTopicName {
    /// The longest name in bytes.
    package static let longest = 249

    /// Whether a broker accepts the name.
    package static func isValid(_ name: String) -> Bool {
        (1...longest).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy {
                $0.isDigit || $0.isLowerLetter || ($0 | 0x20).isLowerLetter
                    || "._-".utf8.contains($0)
            }
    }
}

extension UInt8 {
    /// An ASCII lower-case letter.
    package var isLowerLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
}
