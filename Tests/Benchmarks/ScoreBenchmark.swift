import Qualification

/// Scoring and deciding alone: activities that are already read, applied to leads in memory.
struct ScoreBenchmark {
    let definition: Definition

    private static let leads = 1_000
    private static let activities = 200_000
    private static let start: Int64 = 1_788_739_200_000

    func run() throws -> [BenchmarkRow] {
        let symbols = SymbolTable()
        let qualifier = Qualifier(
            definition: definition, symbols: symbols, reference: NoReferenceData(),
            limits: Qualifier.Limits())
        var profiles = (0..<ScoreBenchmark.leads).map { Profile(leadID: "lead-\($0)") }
        for place in profiles.indices {
            _ = try qualifier.apply(capture(place, symbols), to: &profiles[place])
            qualifier.takeMessages { _ in }
        }
        let types = ["page_view", "email_open", "webinar_attended", "docs_view", "pricing_view"]
            .map(symbols.intern)
        let events = (0..<ScoreBenchmark.activities).map { number in
            ActivityEvent(
                header: header(number + ScoreBenchmark.leads), type: types[number % types.count],
                product: .none, campaign: .none, channel: .none, properties: [])
        }
        var messages = 0
        var row = try timed("score: apply and decide", events.count) {
            for (number, event) in events.enumerated() {
                _ = try qualifier.apply(event, to: &profiles[number % ScoreBenchmark.leads])
                if qualifier.hasMessages { qualifier.takeMessages { _ in messages += 1 } }
            }
        }
        row.note = "\(messages) messages"
        return [row]
    }

    private func capture(_ number: Int, _ symbols: SymbolTable) -> LeadEvent {
        LeadEvent(
            header: header(number), kind: .captured,
            fields: [
                (.email, .text("pat\(number)@acme.example")), (.jobTitle, .text("VP Sales")),
                (.country, .text("US")), (.employees, .number(80)), (.consent, .bool(true)),
            ],
            productInterest: ["crm", "analytics"].map(symbols.intern), campaign: .none,
            channel: .none)
    }

    /// The n-th event of the stream, a second after the one before.
    private func header(_ number: Int) -> EventHeader {
        let at = Timestamp(
            milliseconds: ScoreBenchmark.start + Int64(number) * 1_000)
        return EventHeader(
            stamp: Stamp(at: at, eventID: EventID(UUID(naming: "event \(number)"))),
            recordedAt: at)
    }
}

private final class NoReferenceData: ReferenceData {
    var version: UInt64 { 1 }
    func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool { false }
    func account(domain: String) -> Account? { nil }
    func campaign(id: String) -> Campaign? { nil }
    func isSuppressed(_ entry: String) -> Bool { false }
}
