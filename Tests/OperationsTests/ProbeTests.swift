import Operations
import Testing

/// When a worker counts as live and as ready.
struct ProbeTests {
    private let probes = Probes(stallLimit: 30)

    @Test func aWorkerWhoseLanesRunIsLiveAndReady() {
        let status = Sample.status()
        #expect(Sample.get("/live", status).status == .ok)
        #expect(Sample.get("/ready", status).status == .ok)
    }

    @Test func aWorkerWithoutLanesIsReadyOnceItHasJoined() {
        #expect(Sample.get("/ready", Sample.status(lanes: [])).status == .ok)
        #expect(
            Sample.get("/ready", Sample.status(phase: .joining, lanes: [])).status == .unavailable)
    }

    @Test(arguments: OperatorStatus.Phase.allCases)
    func onlyAnAssignedWorkerIsReady(_ phase: OperatorStatus.Phase) {
        let status = Sample.status(phase: phase)
        #expect(probes.obstacles(of: status).isEmpty == (phase == .assigned))
        #expect(probes.stalls(of: status).isEmpty)
    }

    @Test func aLoopThatStandsStillIsNotLiveAndSaysFor() {
        let status = Sample.status(loopAge: 31)
        #expect(Sample.get("/live", status).status == .unavailable)
        #expect(Sample.text("/live", status).contains("has not turned for 31 s (limit 30 s)"))
        #expect(Sample.get("/ready", status).status == .unavailable)
        #expect(probes.stalls(of: status, limit: 60).isEmpty)
        // There is no loop yet.
        #expect(probes.stalls(of: Sample.status(phase: .starting, loopAge: 900)).isEmpty)
    }

    @Test func aLaneThatStandsStillWithWorkIsSeen() {
        let stuck = Sample.lane(1, turnAge: 40, progressAge: 40)
        let idle = Sample.lane(0, turnAge: 1)
        let lazy = Sample.lane(2, turnAge: 1, progressAge: 35)
        let stalls = probes.stalls(of: Sample.status(lanes: [idle, stuck, lazy]))
        #expect(
            stalls == [
                "lane 1 has not gone round for 40 s (limit 30 s)",
                "lane 2 has work and did nothing for 35 s (limit 30 s)",
            ])
    }

    @Test func aRestoreCountsWhileItComesFurther() {
        let moving = Sample.lane(0, isRunning: false, restoreAge: 10, turnAge: 99)
        #expect(probes.obstacles(of: Sample.status(lanes: [moving])).isEmpty)
        let stuck = Sample.lane(3, isRunning: false, restoreAge: 61)
        #expect(
            probes.obstacles(of: Sample.status(lanes: [moving, stuck]))
                == ["the restore of lane 3 stands at 500 records"])
        #expect(probes.stalls(of: Sample.status(lanes: [stuck])).isEmpty)
    }
}
