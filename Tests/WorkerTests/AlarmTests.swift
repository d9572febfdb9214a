import Dispatch
import Synchronization
import Testing

@testable import Worker

/// Wake-ups: never late, never lost, never piling up.
struct AlarmTests {
    /// A clock whose alarms ring when the test says so.
    private final class Bells: Sendable {
        private let bells = Mutex<[(time: Int, ring: @Sendable () -> Void)]>([])

        var times: [Int] { bells.withLock { $0.map(\.time) } }

        func add(_ time: Int, _ ring: @escaping @Sendable () -> Void) {
            bells.withLock { $0.append((time, ring)) }
        }

        func ring(upTo now: Int) {
            let due = bells.withLock { bells in
                let due = bells.filter { $0.time <= now }
                bells.removeAll { $0.time <= now }
                return due
            }
            for bell in due { bell.ring() }
        }
    }

    @Test func onlyAnEarlierTimeMakesAnotherAlarm() {
        let bells = Bells()
        let woken = Mutex(0)
        let alarm = Alarm<Int>()
        let set = { (time: Int) in
            alarm.set(for: time, wake: { woken.withLock { $0 += 1 } }) { bells.add(time, $0) }
        }
        for time in [50, 60, 50, 70, 30, 40] { set(time) }
        #expect(bells.times == [50, 30])
        bells.ring(upTo: 30)
        #expect(woken.withLock { $0 } == 1)
        // The one at 50 still rings; a time before it needs one of its own again.
        set(45)
        set(48)
        #expect(bells.times == [50, 45])
        bells.ring(upTo: 45)
        set(80)
        bells.ring(upTo: 80)
        #expect(woken.withLock { $0 } == 4)
    }

    @Test(.timeLimit(.minutes(10))) func theWallClockRingsAtItsTimeAndForThePastAtOnce() async {
        let clock = SystemClock()
        let start = clock.wallMilliseconds()
        for (wanted, least) in [(start + 150, Int64(150)), (start - 5_000, 0), (0, 0)] {
            await withCheckedContinuation { continuation in
                clock.atWall(milliseconds: wanted) { continuation.resume() }
            }
            #expect(clock.wallMilliseconds() - start >= least)
        }
    }
}
