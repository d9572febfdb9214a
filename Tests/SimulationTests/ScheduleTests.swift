import Foundation
import Testing

/// The worker over a simulated Kafka, with seeded faults (STREAMING.md section 5).
struct ScheduleTests {
    /// How many schedules a run tries; `HANDOFF_SIM_SCHEDULES` asks for more.
    static let count = number("HANDOFF_SIM_SCHEDULES") ?? 2_000
    /// The first seed; `HANDOFF_SIM_SEED` sets another.
    static let first = number("HANDOFF_SIM_SEED") ?? 1

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test("every schedule of faults ends as if there had been none")
    func schedules() async {
        let (first, count) = (ScheduleTests.first, ScheduleTests.count)
        let isTracing = ProcessInfo.processInfo.environment["HANDOFF_SIM_TRACE"] != nil
        if isTracing, count == 1 {
            let report = Schedule.run(seed: first, isTracing: true)
            print("digest \(report.digest), steps \(report.steps), strikes \(report.strikes)")
        }
        var (tried, strikes, struckNone, failed, leaks) = (0, 0, 0, 0, 0)
        for seed in stride(from: first, to: first + count, by: ScheduleTests.perLine) {
            let start = ContinuousClock.now
            let seeds = seed..<min(seed + UInt64(ScheduleTests.perLine), first + count)
            let reports = await Schedule.run(seeds: seeds)
            let struck = reports.reduce(0) { $0 + $1.strikes }
            tell(reports, struck, in: ContinuousClock.now - start)
            (tried, strikes) = (tried + reports.count, strikes + struck)
            struckNone += reports.filter { $0.strikes == 0 }.count
            failed += reports.filter { !$0.faults.isEmpty }.count
            leaks += reports.filter(\.leaks).count
        }
        // A few schedules are over before anything strikes; they must stay few.
        if count >= 100 {
            #expect(struckNone <= tried / 20)
            #expect(strikes >= 4 * tried)
            // One in ten thousand stays in memory, for a reason that was not found; many would fill
            // the machine in a long run.
            #expect(leaks <= max(1, tried / 500))
        }
        #expect(failed == 0)
    }

    /// So many schedules give a line of what became of them.
    private static let perLine = 2_000

    /// One line, and each failure with the command that repeats it.
    private func tell(_ reports: [Schedule.Report], _ strikes: Int, in time: Duration) {
        let failed = reports.filter { !$0.faults.isEmpty }
        for report in failed {
            Issue.record(
                """
                seed \(report.seed): \(report.faults.prefix(6).joined(separator: "\n  "))
                HANDOFF_SIM_SEED=\(report.seed) HANDOFF_SIM_SCHEDULES=1 HANDOFF_SIM_TRACE=1 \
                swift test --filter ScheduleTests
                """)
        }
        // Equal for equal transcripts of them all.
        let digest = reports.reduce(into: UInt64(0)) { $0 = $0 &* 31 &+ $1.digest }
        let seconds = String(format: "%.1f", time / .seconds(1))
        print(
            "simulator: \(reports.count) schedules from seed \(reports.first?.seed ?? 0), "
                + "\(strikes) faults while work remained, \(failed.count) failed, "
                + "digest \(String(digest, radix: 16)), in \(seconds) s")
        // Whoever waits behind a pipe sees it now.
        fflush(nil)
    }

    @Test("without faults the worker does what the model says", arguments: 0..<UInt64(8))
    func scenes(_ number: UInt64) throws {
        _ = try Scenes.shared.scene(number)
    }

    @Test("a seed runs the same way twice", arguments: [3, 17, 40, 81, 119] as [UInt64])
    func sameSeed(_ seed: UInt64) {
        let first = Schedule.run(seed: seed)
        let second = Schedule.run(seed: seed)
        #expect(first.steps == second.steps)
        #expect(first.digest == second.digest)
        #expect(first.strikes == second.strikes)
    }
}
