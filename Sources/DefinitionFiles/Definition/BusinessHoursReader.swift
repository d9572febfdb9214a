import Qualification

/// Reads `business_hours` of a product.
struct BusinessHoursReader {
    private static let keys = ["days", "from", "to", "time_zone"]

    let product: Record
    let zones: TimeZoneFolder

    private var faults: FaultList { product.faults }

    /// The hours; nil without the key, or with a fault.
    func hours() -> BusinessHours? {
        guard let node = product.node("business_hours") else { return nil }
        let record = Record(
            node, what: "'business_hours'", required: Self.keys, optional: ["holidays"],
            faults: faults)
        guard let record else { return nil }
        let days = days(record)
        let opens = wallTime(record, "from", isEnd: false)
        let closes = wallTime(record, "to", isEnd: true)
        if let opens, let closes, closes <= opens, let place = record.node("to")?.place {
            faults.add(
                place,
                "'to' must be later than 'from' on the same day; the latest is 24:00")
        }
        let offsets = offsets(record)
        let holidays = holidays(record)
        guard !days.isEmpty, let opens, let closes, opens < closes, let offsets else {
            return nil
        }
        return BusinessHours(
            days: days, opens: opens, closes: closes, holidays: holidays, offsets: offsets)
    }

    /// Faults for times that would take so much business time that no deadline is meant by it.
    func checkLengths(_ hours: BusinessHours) {
        let weeks = DefinitionLimits.days / 7
        let most = hours.weekly.total * Int64(weeks)
        let minutes = hours.weekly.total / 60_000
        let weekly = minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes) min"
        for key in ["follow_up_within", "warn_before", "escalate_after"] {
            guard let node = product.node(key),
                let span = Span24h(written: Scalars.written(node)), span.total > most
            else { continue }
            faults.add(
                node.place,
                "'\(key)' is counted in business hours, and \(weekly) a week need more than "
                    + "\(DefinitionLimits.days) days to make \(Scalars.written(node))")
        }
    }

    private func days(_ record: Record) -> [BusinessHours.Weekday] {
        let known = BusinessHours.Weekday.allCases.map(\.rawValue)
        var days: [BusinessHours.Weekday] = []
        let texts = record.texts("days", atMost: DefinitionLimits.texts, mayBeEmpty: false)
        for (text, place) in texts {
            guard let day = BusinessHours.Weekday(rawValue: text) else {
                let start = String(text.lowercased().prefix(3))
                let advice =
                    known.contains(start)
                    ? "; did you mean '\(start)'?" : NearestName.advice(for: text, among: known)
                faults.add(place, "'\(text)' is not a day of the week\(advice)")
                continue
            }
            if days.contains(day) {
                faults.warn(place, "'\(text)' is listed twice")
            } else {
                days.append(day)
            }
        }
        return days
    }

    /// `HH:MM`, quoted or not; the end of a day may be `24:00`.
    private func wallTime(_ record: Record, _ key: String, isEnd: Bool) -> Span24h? {
        guard let node = record.node(key) else { return nil }
        let parts = Scalars.written(node).split(separator: ":", omittingEmptySubsequences: false)
        let last = isEnd ? 1_440 : 1_439
        guard parts.map(\.utf8.count) == [2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy(\.isDigit) }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60,
            hours * 60 + minutes <= last
        else {
            faults.add(
                node.place,
                "'\(key)' must be a time of day from 00:00 to \(isEnd ? "24:00" : "23:59"), such "
                    + "as \(isEnd ? "17:30" : "09:00"), not \(Scalars.shown(node))")
            return nil
        }
        return .minutes(hours * 60 + minutes)
    }

    private func offsets(_ record: Record) -> UTCOffsets? {
        guard let name = record.text("time_zone"), let place = record.node("time_zone")?.place
        else { return nil }
        if let offsets = zones.offsets(ofZone: name) { return offsets }
        guard zones.exists else {
            faults.add(
                place,
                "there is no time zone data in \(zones.path); install the package tzdata, or "
                    + "name its folder in the environment variable TZDIR")
            return nil
        }
        let near = NearestName.nearest(to: name, among: zones.names)
        let advice = near.map { "; did you mean '\($0)'?" } ?? "; write one such as Europe/Berlin"
        faults.add(place, "'\(name)' is not a time zone of the IANA database\(advice)")
        return nil
    }

    private func holidays(_ record: Record) -> [UTCDay] {
        var days: Set<UTCDay> = []
        for item in record.list("holidays", atMost: DefinitionLimits.holidays) {
            guard let day = UTCDay(written: Scalars.written(item)) else {
                faults.add(
                    item.place,
                    "a holiday must be a date such as 2026-12-25, not \(Scalars.shown(item))")
                continue
            }
            if !days.insert(day).inserted { faults.warn(item.place, "'\(day)' is listed twice") }
        }
        return days.sorted()
    }
}
