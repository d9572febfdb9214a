package import KafkaClient
import ReferenceModel

/// The calls of the port at which a fault can strike.
package enum PortCall: String, Sendable, CaseIterable {
    case initialise, begin, send, sendOffsets, commit, abort, recycle
    case committed, rewind, logRange, partitionCount, read, fetch
}

/// What becomes of the state folder of a process that is killed.
package enum StateLoss: Sendable, CaseIterable {
    /// It is there when the process starts again, as it was.
    case kept
    /// The process starts with an empty folder.
    case lost
    /// The process starts with an older copy.
    case rolledBack
}

/// Something that goes wrong at one call of the port.
package enum Fault: Sendable {
    /// The answer takes long.
    case delay(Duration)
    /// The broker never got the request.
    case refuse(Consequence)
    /// The broker did it, and the answer was lost.
    case loseAnswer(Consequence)
    /// The request is given up, and reaches the broker later all the same.
    case late(Consequence, Duration)
    /// The process is killed before the broker gets the request, or after it has done it.
    case crash(isAfter: Bool, StateLoss)
    /// The process is killed, and its request reaches the broker later all the same.
    case crashLate(Duration, StateLoss)
    /// The process is stopped and goes on later, unaware: a zombie if it was long.
    case pause(Duration, isAfter: Bool)
    /// Somebody else takes the transactional id.
    case fence
    /// Records arrive with wrong bytes, and the client goes on somewhere else.
    case garble
    /// The group throws the member out.
    case evict
    /// The group begins a rebalance.
    case rebalance
}

/// Which fault strikes at which call: a function of the seed, the process and the number of the
/// call, of nothing else.
package struct FaultPlan: Sendable {
    private let seed: UInt64
    /// One call in so many is struck.
    private let oneIn: Int

    /// The plan of a seed.
    package init(seed: UInt64, oneIn: Int) {
        self.seed = seed
        self.oneIn = oneIn
    }

    /// No faults at all.
    package static let none = FaultPlan(seed: 0, oneIn: 0)

    /// The fault at a call, nil for most.
    package func fault(process: Int, index: Int, call: PortCall) -> Fault? {
        guard oneIn > 0 else { return nil }
        var random = SplitMix64(
            seed: seed &+ UInt64(process) &* 0x9e37_79b9_7f4a_7c15
                &+ UInt64(index) &* 0xd1b5_4a32_d192_ed03)
        _ = random.next()
        let scarce = [.read, .logRange, .partitionCount].contains(call) ? oneIn * 3 : oneIn
        if call == .fetch {
            guard random.number(1...oneIn * 6) == 1 else { return nil }
            return random.number(1...2) == 1 ? .garble : .refuse(.retry)
        }
        guard random.number(1...scarce) == 1 else { return nil }
        return FaultPlan.draw(for: call, &random)
    }

    private static func draw(for call: PortCall, _ random: inout SplitMix64) -> Fault {
        let loss = random.pick([.kept, .kept, .kept, .lost, .rolledBack] as [StateLoss])
        let short = Duration.milliseconds(random.number(1...2_000))
        let long = Duration.milliseconds(random.number(2_000...30_000))
        let kinds: [(weight: Int, item: Fault)] = [
            (10, .delay(short)), (6, .delay(long)),
            (8, .crash(isAfter: false, loss)), (10, .crash(isAfter: true, loss)),
            (5, .pause(short, isAfter: false)), (6, .pause(long, isAfter: false)),
            (8, .pause(long, isAfter: true)), (6, .fence), (6, .evict), (6, .rebalance),
        ]
        return random.pick(weighted: kinds + failures(of: call, short, loss, &random))
    }

    private static func failures(
        of call: PortCall, _ delay: Duration, _ loss: StateLoss, _ random: inout SplitMix64
    ) -> [(weight: Int, item: Fault)] {
        let unreachable = Consequence.stop(exitCode: 3)
        switch call {
        case .send, .sendOffsets:
            let why = random.pick([.abort, .recycle] as [Consequence])
            return [
                (12, .refuse(why)), (12, .loseAnswer(why)), (6, .late(.recycle, delay)),
                (4, .crashLate(delay, loss)),
            ]
        case .commit:
            return [
                (10, .refuse(random.pick([.abort, .recycle]))), (25, .loseAnswer(.recycle)),
                (15, .late(.recycle, delay)), (10, .crashLate(delay, loss)),
            ]
        case .abort:
            return [
                (12, .refuse(.recycle)), (12, .loseAnswer(.recycle)), (6, .late(.recycle, delay)),
                (4, .crashLate(delay, loss)),
            ]
        case .begin: return [(20, .refuse(.recycle))]
        case .recycle:
            return [(20, .refuse(random.pick([.retry, .recycle, unreachable])))]
        case .initialise, .rewind, .partitionCount: return [(20, .refuse(.retry))]
        case .committed, .logRange, .read:
            return [(20, .refuse(random.pick([.retry, .retry, unreachable])))]
        case .fetch: return []
        }
    }
}
