import KafkaClient
import Qualification

/// The choice of a lane's next record among its inputs, decided without I/O (CONTRACT.md 2).
///
/// The waiting record with the smallest Kafka timestamp goes first (ties: in the order of `inputs`). An
/// input that has not reached its end but has nothing buffered is waited for, at most `mergeWait`.
struct LaneMerge {
    /// What is known of one input.
    struct Input {
        /// The timestamp of the first waiting record, nil if none waits.
        var head: Int64?
        /// Whether everything the broker had for it was taken.
        var isAtEnd = false
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
    private var waitingSince: Duration?

    init(mergeWait: Duration) {
        self.mergeWait = mergeWait
    }

    /// The choice at a time of the worker's clock.
    mutating func choose(_ inputs: [Input], now: Duration) -> Choice {
        var best: Int?
        var isMissing = false
        for place in inputs.indices {
            if let head = inputs[place].head {
                if best.flatMap({ inputs[$0].head }).map({ head < $0 }) ?? true { best = place }
            } else if !inputs[place].isAtEnd {
                isMissing = true
            }
        }
        guard let best else {
            waitingSince = nil
            return .idle
        }
        guard isMissing, mergeWait > .zero else {
            waitingSince = nil
            return .take(best)
        }
        let since = waitingSince ?? now
        waitingSince = since
        return now - since >= mergeWait ? .take(best) : .wait(until: since + mergeWait)
    }
}
