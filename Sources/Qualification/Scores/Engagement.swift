/// How interested a lead is in one product, computed from its counts (CONTRACT.md 6).
///
/// Only sums over days of one criterion are floating point, in the fixed order "oldest day first";
/// what is added across criteria is fixed point. So the score is a function of the set of
/// activities alone.
struct Engagement {
    let rulebook: Rulebook
    let asOf: UTCDay
    let tag: Symbol

    /// The sum of all contributions: one pass over the counts, each run of a type against its
    /// criteria.
    func total(_ counts: ActivityCounts) -> Points { totals(counts).all }

    /// The sum of all contributions, and that of those above zero.
    func totals(_ counts: ActivityCounts) -> (all: Points, gains: Points) {
        var total = Points.zero
        var gains = Points.zero
        func add(_ points: Points) {
            total += points
            if points > .zero { gains += points }
        }
        let cells = counts.cells.span
        var start = 0
        while start < cells.count {
            let type = cells[start].type
            var end = start + 1
            while end < cells.count, cells[end].type == type { end += 1 }
            if let rule = rulebook.rule(ofType: type) {
                for place in rule.criteria.indices {
                    let criterion = rule.criteria[place]
                    add(points(criterion, sum(criterion, cells, start..<end)))
                }
            }
            start = end
        }
        for place in rulebook.combined.indices {
            add(contribution(of: rulebook.combined[place], counts))
        }
        return (total, gains)
    }

    /// What one criterion adds: the decayed, limited sum over its days, rounded to hundredths.
    func contribution(of criterion: Rulebook.Criterion, _ counts: ActivityCounts) -> Points {
        if let type = criterion.onlyType {
            return points(criterion, sum(criterion, counts.cells.span, run(of: type, counts)))
        }
        return points(criterion, sum(criterion, counts))
    }

    /// The sum over the days of all types of a criterion, oldest first: the runs of its types are
    /// sorted by day and are walked side by side, without an array for their days.
    private func sum(_ criterion: Rulebook.Criterion, _ counts: ActivityCounts) -> Double {
        guard criterion.countedTypes.count <= Engagement.mostRuns else {
            return days(of: criterion, counts).reduce(0) { $0 + worth(criterion, $1.0, $1.1) }
        }
        var places = InlineArray<8, Int>(repeating: 0)
        var ends = InlineArray<8, Int>(repeating: 0)
        var runs = 0
        for type in criterion.countedTypes {
            let run = run(of: type, counts)
            if run.isEmpty { continue }
            (places[runs], ends[runs]) = (run.lowerBound, run.upperBound)
            runs += 1
        }
        let cells = counts.cells.span
        var raw = 0.0
        while true {
            var next: UTCDay?
            for run in 0..<runs where places[run] < ends[run] {
                let day = cells[places[run]].day
                next = next.map { min($0, day) } ?? day
            }
            guard let day = next else { return raw }
            var count: UInt32 = 0
            for run in 0..<runs {
                while places[run] < ends[run], cells[places[run]].day == day {
                    if isCounted(cells[places[run]], criterion) {
                        count += cells[places[run]].count
                    }
                    places[run] += 1
                }
            }
            if count > 0 { raw += worth(criterion, day, count) }
        }
    }

    /// How many types of a criterion are walked side by side; there are two or three.
    private static let mostRuns = 8

    private func points(_ criterion: Rulebook.Criterion, _ raw: Double) -> Points {
        raw == 0
            ? .zero : Points(rounding: min(max(raw, -criterion.limit), criterion.limit))
    }

    /// The days that count for a criterion, oldest first, with the number of activities before the
    /// limit.
    func days(of criterion: Rulebook.Criterion, _ counts: ActivityCounts) -> [(UTCDay, UInt32)] {
        var found: [(day: UTCDay, count: UInt32)] = []
        for type in criterion.countedTypes {
            for cell in counts.cells[run(of: type, counts)] where isCounted(cell, criterion) {
                if let place = found.firstIndex(where: { $0.day == cell.day }) {
                    found[place].count += cell.count
                } else {
                    found.append((cell.day, cell.count))
                }
            }
        }
        return found.sorted { $0.day < $1.day }
    }

    /// Whether what a criterion adds would be another without one of the activities of `day`.
    func isChanged(
        _ criterion: Rulebook.Criterion, byOneOf day: UTCDay, _ counts: ActivityCounts
    ) -> Bool {
        var raw = 0.0
        var rawWithout = 0.0
        var isCounted = false
        for (counted, count) in days(of: criterion, counts) {
            raw += worth(criterion, counted, count)
            if counted == day { isCounted = true }
            rawWithout += worth(criterion, counted, counted == day ? count - 1 : count)
        }
        return isCounted && points(criterion, raw) != points(criterion, rawWithout)
    }

    /// Whether a raised hand counts today or yesterday (CONTRACT.md 7.5).
    func hasRaisedHand(_ counts: ActivityCounts) -> Bool {
        let cells = counts.cells.span
        for criterion in rulebook.criteria where criterion.handRaise {
            for type in criterion.countedTypes {
                for place in run(of: type, counts)
                where asOf.number - cells[place].day.number <= 1
                    && isCounted(cells[place], criterion)
                {
                    return true
                }
            }
        }
        return false
    }

    /// The same sum as over `days(of:_:)`, without an array: one type's cells are already sorted by
    /// day.
    private func sum(
        _ criterion: Rulebook.Criterion, _ cells: Span<ActivityCounts.Cell>, _ range: Range<Int>
    ) -> Double {
        var raw = 0.0
        var day = UTCDay(number: .min)
        var count: UInt32 = 0
        for place in range where isCounted(cells[place], criterion) {
            if cells[place].day != day {
                if count > 0 { raw += worth(criterion, day, count) }
                day = cells[place].day
                count = 0
            }
            count += cells[place].count
        }
        if count > 0 { raw += worth(criterion, day, count) }
        return raw
    }

    private func worth(_ criterion: Rulebook.Criterion, _ day: UTCDay, _ count: UInt32) -> Double {
        Double(min(count, criterion.dailyLimit)) * criterion.points
            * criterion.decay[Int(asOf.number - day.number)]
    }

    private func isCounted(_ cell: ActivityCounts.Cell, _ criterion: Rulebook.Criterion) -> Bool {
        guard cell.tag == tag || !cell.tag.isSome else { return false }
        let age = asOf.number - cell.day.number
        return age >= 0 && age < criterion.decay.count && cell.day >= criterion.since
    }

    private func run(of type: Symbol, _ counts: ActivityCounts) -> Range<Int> {
        let cells = counts.cells.span
        var low = 0
        var high = cells.count
        while low < high {
            let middle = (low + high) / 2
            if cells[middle].type.index < type.index { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < cells.count, cells[end].type == type { end += 1 }
        return low..<end
    }
}
