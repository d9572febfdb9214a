/// The choice of a lane's next record among its inputs, decided without I/O (CONTRACT.md 2).
///
/// The waiting record with the smallest Kafka timestamp goes first (ties: in the order of the
/// inputs). An input that has not reached its end but has nothing buffered is waited for, at most
/// `mergeWait`; before its first answer, at most `firstAnswerWait`, because until then nothing at
/// all is known of its order.
struct LaneMerge {
    /// How many inputs a lane has: leads, dispositions, activities.
    static let inputCount = 3
    /// No record waits.
    static let nothing = Int64.max

    /// What is known of the inputs.
    struct Inputs {
        /// The timestamp of each first waiting record, `nothing` if none waits.
        var heads = InlineArray<3, Int64>(repeating: LaneMerge.nothing)
        /// Whether everything that the broker had for it was taken.
        var isAtEnd = InlineArray<3, Bool>(repeating: false)
        /// Whether the broker has ever answered for it.
        var hasAnswered = InlineArray<3, Bool>(repeating: false)
    }

    /// What to do next.
    enum Choice: Equatable {
        /// Take from this input.
        case take(Int)
        /// Nothing waits anywhere.
        case idle
        /// Wait until this time at most for an input that is not at its end.
        case wait(until: Duration)
    }

    let mergeWait: Duration
    let firstAnswerWait: Duration
    private var waitingSince: Duration?

    init(mergeWait: Duration, firstAnswerWait: Duration = .seconds(5)) {
        self.mergeWait = mergeWait
        self.firstAnswerWait = firstAnswerWait
    }

    /// The choice; the clock is asked only if time matters.
    mutating func choose(_ inputs: Inputs, clock: any WorkerClock) -> Choice {
        var best = -1
        var smallest = LaneMerge.nothing
        var isMissing = false
        var isSilent = false
        for place in 0..<LaneMerge.inputCount {
            let head = inputs.heads[place]
            if head == LaneMerge.nothing {
                isMissing = isMissing || !inputs.isAtEnd[place]
                isSilent = isSilent || !inputs.hasAnswered[place]
            } else if head < smallest {
                best = place
                smallest = head
            }
        }
        if best < 0 || !isMissing || mergeWait == .zero {
            waitingSince = nil
            return best < 0 ? .idle : .take(best)
        }
        let limit = isSilent ? max(mergeWait, firstAnswerWait) : mergeWait
        let now = clock.now()
        let since = waitingSince ?? now
        waitingSince = since
        return now - since >= limit ? .take(best) : .wait(until: since + limit)
    }
}
