import KafkaClient
import Qualification
import ReferenceModel
import TestSupport
import Testing

extension EndToEnd {
    /// `daily_capacity` of real workers; what becomes of those who wait is in the worlds.
    struct CapacityTests {
        static let lanes = 4
        static let day = UTCDay(number: 20_703)

        /// By the stream clock, so that the test decides when a day begins: two workers, one of
        /// which is killed, and a second day whose first event releases the best.
        @Test("the lanes' shares add up, whoever holds them", .timeLimit(.minutes(10)))
        func shares() async throws {
            let definition = try EndToEnd.definition([("products.crm.daily_capacity", 6)])
            try await Stage.with(
                definition: definition, lanes: CapacityTests.lanes,
                settings: ["HANDOFF_SLA_CLOCK": "stream"]
            ) { stage in
                let start = CapacityTests.day.start.milliseconds
                try await CapacityTests.feed(stage, leads: 0..<3, at: start)
                let first = try stage.start()
                try await first.waitUntilReady(lanes: Array(0..<CapacityTests.lanes))
                try await stage.waitUntilDone(first)
                try await CapacityTests.expect(stage, day: 0)
                try await first.kill()
                try await CapacityTests.feed(stage, leads: 3..<5, at: start + 3_600_000)
                let second = try stage.start()
                try await stage.waitUntilDone(second)
                try await CapacityTests.expect(stage, day: 0)
                try await CapacityTests.feed(stage, leads: 5..<6, at: start + 86_400_000)
                try await stage.waitUntilDone(second)
                try await CapacityTests.expect(stage, day: 0, 1)
                #expect(try await second.stop() == .exited(0))
            }
        }

        private static func feed(_ stage: Stage, leads: Range<Int>, at: Int64) async throws {
            for lane in 0..<lanes {
                try await stage.feed(
                    leads.flatMap { lead in
                        AlertTests.qualifying("lead-\(lane)-\(lead)", lane: lane, at: at)
                    })
            }
        }

        /// Every lane has published its shares of these days, and together they are all there is.
        private static func expect(_ stage: Stage, day days: Int...) async throws {
            var shares = [Int](repeating: 0, count: lanes)
            for (day, lane) in days.flatMap({ day in (0..<lanes).map { (day, $0) } }) {
                shares[lane] += LaneCapacity.share(
                    of: 6, product: "crm", lane: lane, lanes: lanes,
                    day: UTCDay(number: CapacityTests.day.number + Int32(day)))
            }
            let mqls = try await stage.published(["sales.mql.crm"])
            #expect((0..<lanes).map { lane in mqls.count { $0.lane == lane } } == shares)
            #expect(mqls.count == 6 * days.count)
        }
    }
}
