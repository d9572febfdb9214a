/// A plain, single-threaded reading of the contract, for tests to compare the product with.
///
/// It keeps one lane's state in memory and does each record at once, in the order given. It knows
/// no sweeps: stubs and profiles stay for ever, so worlds must be shorter than those periods.
package final class ReferenceModel {
    var definition: ModelDefinition
    let settings: ModelSettings
    var tables = ReferenceTables()
    var leads: [Identifier: LeadState] = [:]
    var alerts: [PendingAlert] = []
    /// The greatest `occurred_at` applied in the lane.
    var streamClock = Int64.min
    /// The day whose MQLs are counted, and how many there were of each product.
    var capacityDay = 0
    var usedCapacity: [String: Int] = [:]
    var recordsTaken = 0
    var outputs: [ModelOutput] = []
    var personas: [String: Persona] = [:]

    /// Events that changed nothing or little, by counter: repeat, too_late, over_limit, erased.
    package private(set) var drops: [String: Int] = [:]

    /// Reads the definition; nothing in it is checked beyond being YAML of the right shape.
    package init(
        definitionYAML: String, definitionSHA256: String, settings: ModelSettings = ModelSettings()
    ) throws {
        definition = try ModelDefinition(yaml: definitionYAML, sha256: definitionSHA256)
        self.settings = settings
    }

    /// Replaces the definition; the new one acts from each lead's next event.
    package func replaceDefinition(yaml: String, sha256: String) throws {
        definition = try ModelDefinition(yaml: yaml, sha256: sha256)
        personas = [:]
    }

    /// Takes rows that are there before the first record; `sourceIndex` does not count them.
    package func loadReference(_ rows: [ModelRecord]) {
        for row in rows { tables.take(row) }
    }

    /// Takes one record and returns what it leads to, in order.
    package func take(_ record: ModelRecord) -> [ModelOutput] {
        defer { recordsTaken += 1 }
        outputs = []
        if let topic = InputTopic(rawValue: record.topic) {
            let reader = EventReader(
                record: record, topic: topic, futureToleranceMs: settings.futureToleranceMs)
            switch reader.read() {
            case .fault(let fault): addDeadLetter(fault, for: record)
            case .event(let event): handle(event, from: record)
            }
        } else {
            tables.take(record)
        }
        return outputs
    }

    private func drop(_ counter: String) {
        drops[counter, default: 0] += 1
    }

    /// Decides whether an event is applied, and how; the order of the checks is the contract's.
    private func handle(_ event: Event, from record: ModelRecord) {
        let state = leads[event.lead] ?? LeadState(id: event.lead)
        if let erasedAt = state.erasedAt, event.at <= erasedAt,
            !event.isErasure || event.stampedAt <= erasedAt
        {
            return drop("erased")
        }
        if event.topic == .dispositions, let fault = dispositionFault(of: event, for: state) {
            return addDeadLetter(fault, for: record)
        }
        if !event.isErasure, isRepeat(event, for: state) { return drop("repeat") }
        if event.topic == .activities, let asOf = state.asOf, asOf - event.at >= windowLength {
            return drop("too_late")
        }
        if !event.ignored.isEmpty {
            addDeadLetter(.fieldIgnored, for: record, ignoredFields: event.ignored)
        }
        moveClock(to: event.at)
        leads[event.lead] = state
        if event.isErasure { return erase(state, by: event) }
        apply(event, to: state)
    }

    private func apply(_ event: Event, to state: LeadState) {
        var event = event
        switch event.topic {
        case .dispositions:
            remember(event, for: state)
            // Section 7: dispositions of an older cycle decide nothing.
            guard take(disposition: event, for: state) else { return }
            let asOf = max(state.asOf ?? event.at, event.at)
            let product = event.product.flatMap(definition.product)
            decide(state, by: event, products: product.map { [$0] } ?? [], asOf: asOf)
            return
        case .leads:
            state.asOf = max(state.asOf ?? event.at, event.at)
            remember(event, for: state)
            take(leadEvent: event, for: state)
        case .activities:
            state.asOf = max(state.asOf ?? event.at, event.at)
            if isOverLimit(state) {
                drop("over_limit")
            } else {
                remember(event, for: state)
                take(activity: event, for: state)
                event.isCounted = true
            }
        }
        if state.hasLeadEvent, let asOf = state.asOf {
            decide(state, by: event, products: definition.products, asOf: asOf)
        }
    }

    var windowLength: Int64 { Int64(settings.duplicateWindowDays) * Moment.day }

    private func isRepeat(_ event: Event, for state: LeadState) -> Bool {
        guard let at = state.applied[event.topic]?[event.id] else { return false }
        return state.asOf.map { at > $0 - windowLength } ?? true
    }

    private func remember(_ event: Event, for state: LeadState) {
        state.applied[event.topic, default: [:]][event.id] = event.at
    }

    /// Whether the activities already within the window, as of now, leave no room for another.
    private func isOverLimit(_ state: LeadState) -> Bool {
        let remembered = state.applied[.activities] ?? [:]
        guard remembered.count >= settings.maxEventsPerLead, let asOf = state.asOf else {
            return false
        }
        let inWindow = remembered.values.filter { $0 > asOf - windowLength }
        return inWindow.count >= settings.maxEventsPerLead
    }

    /// The faults of a disposition that depend on the definition and on the lead's MQLs.
    private func dispositionFault(of event: Event, for state: LeadState) -> ModelFault? {
        let mqls = state.mqls.values.joined()
        let product = event.product ?? ""
        let isKnown =
            definition.product(product) != nil
            || mqls.contains { $0.knownProducts.contains(product) }
        guard isKnown else { return .unknownProduct }
        if event.type == "rejected" || event.type == "lost" {
            guard let reason = event.reason, rejection(reason, for: state) != nil else {
                return .unknownReason
            }
        }
        guard let mql = mqls.first(where: { $0.id == event.mqlID }) else { return .unknownMQL }
        return mql.product == product ? nil : .badValue
    }

    /// What a reason means: by the definition in force, else by that of the lead's latest MQL
    /// whose definition had it.
    func rejection(_ reason: String, for state: LeadState) -> ModelDefinition.Rejection? {
        if let rejection = definition.rejections[reason] { return rejection }
        let knowing = state.mqls.values.joined().filter { $0.knownRejections[reason] != nil }
        let latest = knowing.max { ($0.qualifiedAt, $0.id) < ($1.qualifiedAt, $1.id) }
        return latest?.knownRejections[reason]
    }
}
