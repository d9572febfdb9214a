/// Numbers and names as people read them, the same in the table and on the page.
enum Wording {
    static let none = "–"

    /// `12,345`.
    static func count(_ number: Int) -> String {
        var groups: [String] = []
        var rest = number.magnitude
        while rest >= 1000 {
            let digits = String(rest % 1000)
            groups.append(String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1000
        }
        groups.append(String(rest))
        return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// `42 %`; what is neither nothing nor all never looks as if it were.
    static func share(_ share: Double?) -> String {
        guard let share else { return none }
        let percent = Int((share * 100).rounded())
        if percent == 0, share > 0 { return "< 1 %" }
        if percent == 100, share < 1 { return "> 99 %" }
        return "\(percent) %"
    }

    static func share(_ part: Int, of whole: Int) -> String { share(Ratio.of(part, whole)) }

    /// Whole from 100 on, else with cents; the currency is the reference data's and not known.
    static func money(_ value: Double?) -> String {
        guard let value else { return none }
        let magnitude = Rounded.money(value.magnitude)
        let sign = value < 0 && magnitude > 0 ? "-" : ""
        guard magnitude < 1e15 else { return sign + magnitude.description }
        if magnitude >= 100 || magnitude == magnitude.rounded() {
            return sign + count(Int(magnitude.rounded()))
        }
        let cents = Int((magnitude * 100).rounded())
        return "\(sign)\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }

    /// `45 s`, `12 min`, `3.5 h`, `2.1 d`.
    static func time(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return none }
        let units: [(limit: Int64, unit: Int64, name: String)] = [
            (60_000, 1000, "s"), (3_600_000, 60_000, "min"), (172_800_000, 3_600_000, "h"),
            (.max, 86_400_000, "d"),
        ]
        let unit = units.first { milliseconds < $0.limit } ?? units[3]
        let tenths = Int((Double(milliseconds) / Double(unit.unit) * 10).rounded())
        let isWhole = tenths % 10 == 0 || tenths >= 1000
        return "\(tenths / 10)\(isWhole ? "" : ".\(tenths % 10)") \(unit.name)"
    }

    /// `up to 5 min`, `over 3 d`.
    static func bucket(_ place: Int) -> String {
        if let limit = SpeedToLead.limits[place] { return "up to \(limitName(limit))" }
        return "over \(limitName(SpeedToLead.limits[place - 1] ?? 0))"
    }

    private static func limitName(_ limit: Int64) -> String { time(limit) }

    static func definition(_ name: DefinitionName?) -> String {
        name.map { "\($0.name) v\($0.version)" } ?? none
    }

    /// What a row is about.
    static func name(_ row: ReportRow, _ kind: RowKind) -> String {
        switch kind {
        case .product: row.group.product ?? "no product"
        case .channel: row.group.channel ?? "not known"
        case .campaign: row.campaignName ?? row.group.campaign ?? "none"
        case .definition: definition(row.group.definition)
        case .cell:
            [
                row.group.product, row.group.channel, row.group.campaign,
                row.group.definition.map { definition($0) },
            ].map { $0 ?? none }.joined(separator: " / ")
        }
    }

    static func standing(_ standing: Standing) -> String {
        switch standing {
        case .won: "won"
        case .lost: "lost"
        case .rejected: "rejected"
        case .withdrawn: "withdrawn"
        case .working: "in work"
        case .lapsed: "lapsed"
        case .waiting: "not answered"
        }
    }

    static func code(_ code: String) -> String {
        code.isEmpty ? none : code.replacing("_", with: " ")
    }
}
