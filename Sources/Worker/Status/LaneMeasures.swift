package import Qualification

/// What a lane has counted by source, product, status and answer; grows only.
///
/// Flat arrays that are made once: counting neither allocates nor hashes, because it happens for
/// every record.
package struct LaneMeasures: Sendable, Equatable {
    /// The labels of the places of a product: the ids of the definition in its order, then the two
    /// that no id can be.
    package let products: [String]
    /// Records taken, by `EventSource`.
    private var taken = [0, 0, 0]
    private var messages: [Int]
    private var statuses: [Int]
    private var answers: [Int]
    /// From `qualified_at` to the first contact, in seconds, by product.
    package private(set) var speedToLead: [Histogram]
    /// From `qualified_at` to the first answer of any kind, in seconds, by product.
    package private(set) var timeToAnswer: [Histogram]

    /// The label of a product that the definition no longer has.
    package static let otherProduct = "_other"
    /// The label of what concerns a lead as a whole.
    package static let noProduct = "_none"

    /// Nothing counted yet.
    package init(products ids: [String]) {
        products = ids + [LaneMeasures.otherProduct, LaneMeasures.noProduct]
        messages = Array(repeating: 0, count: MessageType.allCases.count * products.count)
        statuses = Array(repeating: 0, count: Status.all.count * products.count)
        answers = Array(repeating: 0, count: Disposition.Answer.allCases.count * products.count)
        speedToLead = Array(repeating: .answers, count: products.count)
        timeToAnswer = Array(repeating: .answers, count: products.count)
    }

    // MARK: Counting

    mutating func count(_ source: EventSource) {
        taken[Int(source.rawValue)] += 1
    }

    mutating func count(_ message: Message) {
        let product = place(of: message.product)
        messages[Int(message.type.rawValue) * products.count + product] += 1
        if case .statusChanged(let change) = message.body {
            statuses[change.status.place * products.count + product] += 1
        }
    }

    mutating func count(_ answered: AnsweredMQL) {
        let product = place(of: answered.product)
        answers[answered.answer.place * products.count + product] += 1
        let seconds = max(0, Double(answered.afterMilliseconds) / 1_000)
        if answered.isFirstAnswer { timeToAnswer[product].observe(seconds) }
        if answered.isFirstContact { speedToLead[product].observe(seconds) }
    }

    private func place(of product: String?) -> Int {
        guard let product else { return products.count - 1 }
        return products.firstIndex(of: product) ?? products.count - 2
    }

    // MARK: Reading

    /// Records taken from an input.
    package subscript(source: EventSource) -> Int { taken[Int(source.rawValue)] }

    /// Messages of a type, by the place of their product.
    package subscript(type: MessageType, product: Int) -> Int {
        messages[Int(type.rawValue) * products.count + product]
    }

    /// Changes to a status, by the place of the product.
    package subscript(status: Status, product: Int) -> Int {
        statuses[status.place * products.count + product]
    }

    /// Answers of a kind, by the place of the product.
    package subscript(answer: Disposition.Answer, product: Int) -> Int {
        answers[answer.place * products.count + product]
    }

    /// Adds what another lane has counted, or the same one under another definition.
    ///
    /// Products that only the other knows are put behind those known before.
    mutating func add(_ other: LaneMeasures) {
        let unknown = other.products.filter { !products.contains($0) }
        if !unknown.isEmpty {
            var wider = LaneMeasures(products: products.dropLast(2) + unknown)
            wider.add(self)
            self = wider
        }
        let places = other.products.map { products.firstIndex(of: $0) ?? products.count - 2 }
        for place in taken.indices { taken[place] += other.taken[place] }
        add(other.messages, to: &messages, places)
        add(other.statuses, to: &statuses, places)
        add(other.answers, to: &answers, places)
        for (place, own) in places.enumerated() {
            speedToLead[own].add(other.speedToLead[place])
            timeToAnswer[own].add(other.timeToAnswer[place])
        }
    }

    /// Adds rows of counts by product, each product at its own place.
    private func add(_ counts: [Int], to own: inout [Int], _ places: [Int]) {
        for (index, count) in counts.enumerated() {
            let (row, place) = index.quotientAndRemainder(dividingBy: places.count)
            own[row * products.count + places[place]] += count
        }
    }
}

/// What an answer of sales says about the hand-off.
struct AnsweredMQL {
    let product: String
    let answer: Disposition.Answer
    /// From `qualified_at` to the answer's `occurred_at`.
    let afterMilliseconds: Int64
    /// Whether nobody had answered this MQL before.
    let isFirstAnswer: Bool
    /// Whether it is a contact, and the latest answer before it was none yet.
    let isFirstContact: Bool
}

extension LaneProcessor {
    /// Applies an answer of sales and counts it, if it was taken in.
    ///
    /// What came before it has to be looked at first: applying replaces the latest answer.
    func answer(_ event: DispositionEvent, _ entry: ProfileEntry) throws -> Qualifier.Outcome {
        let id = UUID(canonical: event.mqlID)
        var answered: AnsweredMQL?
        for record in entry.profile.products {
            for mql in record.mqls where mql.id == id {
                let before = mql.disposition?.answer
                answered = AnsweredMQL(
                    product: qualifier.symbols.text(event.product), answer: event.answer,
                    afterMilliseconds: event.header.stamp.at.milliseconds
                        - mql.qualifiedAt.milliseconds,
                    isFirstAnswer: before == nil,
                    isFirstContact: event.answer == .contacted
                        && !(before?.followsContact ?? false))
            }
        }
        let outcome = try qualifier.apply(event, to: &entry.profile)
        if outcome == .applied, let answered { counters.measures.count(answered) }
        return outcome
    }
}

extension Disposition.Answer {
    fileprivate var place: Int {
        switch self {
        case .accepted: 0
        case .rejected: 1
        case .contacted: 2
        case .opportunity: 3
        case .won: 4
        case .lost: 5
        case .reopened: 6
        }
    }

    /// Whether sales has spoken with the lead when it says so.
    fileprivate var followsContact: Bool {
        switch self {
        case .contacted, .opportunity, .won: true
        case .accepted, .rejected, .lost, .reopened: false
        }
    }
}

extension Status {
    /// All of them, in the order of their raw values.
    package static var all: [Status] {
        [
            .suppressed, .disqualified, .handedOff, .recycled, .notReady, .paused,
            .waitingForCapacity,
        ]
    }

    fileprivate var place: Int { Int(rawValue) - 1 }
}
