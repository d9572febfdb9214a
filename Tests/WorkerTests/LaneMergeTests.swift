import Qualification
import ReferenceModel
import Synchronization
import KafkaClient
import Testing

@testable import Worker

/// The choice among a lane's inputs: by time, and never waiting longer than allowed.
struct LaneMergeTests {
    private final class ManualClock: WorkerClock {
        private let time = Mutex(Duration.zero)
        private let asked = Mutex(0)

        var timesAsked: Int { asked.withLock { $0 } }

        func wallMilliseconds() -> Int64 { 0 }

        func now() -> Duration {
            asked.withLock { $0 += 1 }
            return time.withLock { $0 }
        }

        func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {}

        func move(_ duration: Duration) {
            time.withLock { $0 += duration }
        }
    }

    /// Inputs as heads (nil = nothing buffered) that are at their end unless listed as behind.
    private static func inputs(
        _ heads: [Int64?], behind: Set<Int> = [], silent: Set<Int> = []
    ) -> LaneMerge.Inputs {
        var inputs = LaneMerge.Inputs()
        for place in 0..<3 {
            inputs.heads[place] = heads[place] ?? LaneMerge.nothing
            inputs.isAtEnd[place] = !behind.contains(place) && !silent.contains(place)
            inputs.hasAnswered[place] = !silent.contains(place)
        }
        return inputs
    }

    private let clock = ManualClock()
    private let wait = Duration.milliseconds(100)

    @Test func theSmallestTimestampGoesFirst() {
        var merge = LaneMerge(mergeWait: wait)
        #expect(merge.choose(LaneMergeTests.inputs([3, 2, 1]), clock: clock) == .take(2))
        #expect(merge.choose(LaneMergeTests.inputs([3, 2, 4]), clock: clock) == .take(1))
        #expect(merge.choose(LaneMergeTests.inputs([-1, 0, 0]), clock: clock) == .take(0))
        #expect(clock.timesAsked == 0)
    }

    @Test func tiesAreLeadsThenDispositionsThenActivities() {
        #expect(Topics().inputs.map(\.source) == [.leads, .dispositions, .activities])
        var merge = LaneMerge(mergeWait: wait)
        #expect(merge.choose(LaneMergeTests.inputs([5, 5, 5]), clock: clock) == .take(0))
        #expect(merge.choose(LaneMergeTests.inputs([6, 5, 5]), clock: clock) == .take(1))
        #expect(merge.choose(LaneMergeTests.inputs([nil, 5, 5]), clock: clock) == .take(1))
    }

    @Test func anInputAtItsEndIsNeverWaitedFor() {
        var merge = LaneMerge(mergeWait: wait)
        #expect(merge.choose(LaneMergeTests.inputs([nil, nil, 9]), clock: clock) == .take(2))
        #expect(merge.choose(LaneMergeTests.inputs([nil, nil, nil]), clock: clock) == .idle)
        #expect(clock.timesAsked == 0)
    }

    @Test func anInputBehindIsWaitedForAtMostMergeWait() {
        var merge = LaneMerge(mergeWait: wait)
        let behind = LaneMergeTests.inputs([nil, 4, 9], behind: [0])
        #expect(merge.choose(behind, clock: clock) == .wait(until: wait))
        clock.move(.milliseconds(99))
        #expect(merge.choose(behind, clock: clock) == .wait(until: wait))
        clock.move(.milliseconds(1))
        #expect(merge.choose(behind, clock: clock) == .take(1))
        // It stays behind: what follows goes on without another wait.
        #expect(merge.choose(behind, clock: clock) == .take(1))
    }

    @Test func theWaitBeginsAnewOnceTheInputHasCaughtUp() {
        var merge = LaneMerge(mergeWait: wait)
        let behind = LaneMergeTests.inputs([nil, 4, 9], behind: [0])
        _ = merge.choose(behind, clock: clock)
        clock.move(.milliseconds(60))
        #expect(merge.choose(LaneMergeTests.inputs([1, 4, 9]), clock: clock) == .take(0))
        #expect(merge.choose(behind, clock: clock) == .wait(until: .milliseconds(160)))
        #expect(merge.choose(LaneMergeTests.inputs([nil, 4, 9]), clock: clock) == .take(1))
        clock.move(.milliseconds(60))
        #expect(merge.choose(behind, clock: clock) == .wait(until: .milliseconds(220)))
    }

    @Test func beforeItsFirstAnswerAnInputIsWaitedForLonger() {
        var merge = LaneMerge(mergeWait: wait, firstAnswerWait: .seconds(5))
        let silent = LaneMergeTests.inputs([nil, 4, 9], silent: [0])
        #expect(merge.choose(silent, clock: clock) == .wait(until: .seconds(5)))
        clock.move(.milliseconds(4_999))
        #expect(merge.choose(silent, clock: clock) == .wait(until: .seconds(5)))
        clock.move(.milliseconds(1))
        #expect(merge.choose(silent, clock: clock) == .take(1))
        var patient = LaneMerge(mergeWait: .seconds(9), firstAnswerWait: .seconds(5))
        #expect(patient.choose(silent, clock: clock) == .wait(until: .seconds(14)))
    }

    @Test func aMergeWaitOfZeroNeverWaits() {
        var merge = LaneMerge(mergeWait: .zero)
        let silent = LaneMergeTests.inputs([nil, 4, 9], behind: [2], silent: [0])
        #expect(merge.choose(silent, clock: clock) == .take(1))
        #expect(clock.timesAsked == 0)
    }

    @Test func aLaneThatHasNothingIsIdleAlsoWhenAnInputIsBehind() {
        var merge = LaneMerge(mergeWait: wait)
        let nothing = LaneMergeTests.inputs([nil, nil, nil], behind: [0, 1])
        #expect(merge.choose(nothing, clock: clock) == .idle)
        #expect(clock.timesAsked == 0)
    }

    @Test func inputsThatAreAllThereAreMergedByTime() {
        var random = SplitMix64(seed: 9)
        var queues = (0..<3).map { _ in
            (0..<200).map { _ in Int64(random.number(0...50)) }.sorted()
        }
        var merge = LaneMerge(mergeWait: wait)
        var taken: [Int64] = []
        let all = queues.flatMap { $0 }.sorted()
        while true {
            let state = LaneMergeTests.inputs(queues.map(\.first))
            guard case .take(let place) = merge.choose(state, clock: clock) else { break }
            taken.append(queues[place].removeFirst())
        }
        #expect(taken == all)
    }

    @Test func aRecordStampedAtTheEndOfTimeIsStillTaken() throws {
        let batch = RecordBatch(records: [
            StoredRecord(key: nil, value: nil, timestamp: .max, offset: 0)
        ])
        var input = LaneInput(
            source: .leads, partition: TopicPartition(topic: "t", partition: 0),
            queue: OneBatch(batch), start: nil)
        try input.refill(max: 10)
        var merge = LaneMerge(mergeWait: wait)
        let inputs = LaneMergeTests.inputs([input.head, nil, nil])
        #expect(merge.choose(inputs, clock: clock) == .take(0))
    }
}

/// A queue with one batch in it, again and again.
private struct OneBatch: InputQueue {
    let batch: RecordBatch

    init(_ batch: RecordBatch) {
        self.batch = batch
    }

    func fetch(max: Int) -> RecordBatch? { batch }
    func onReady(_ wake: @escaping @Sendable () -> Void) throws(KafkaError) {}
    func endOffset() -> Int64 { -1001 }
}
