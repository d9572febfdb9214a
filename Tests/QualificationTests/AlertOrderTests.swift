import Qualification
import ReferenceModel
import Testing

/// The order in which alerts fire (CONTRACT.md 8), also as bytes.
struct AlertOrderTests {
    @Test func bytesCompareLikeAlerts() throws {
        var random = SplitMix64(seed: 7)
        let orders = (0..<400).map { _ in
            AlertOrder(
                dueAt: Timestamp(milliseconds: Int64(random.number(-3...3)) * 70_000),
                mqlID: UUID(
                    high: UInt64(random.number(0...2)) << 62, low: UInt64(random.number(0...2))),
                level: UInt8(random.number(1...3)))
        }
        let sorted = orders.sorted()
        let byBytes = orders.sorted { $0.sortable.lexicographicallyPrecedes($1.sortable) }
        #expect(sorted == byBytes)
        for order in orders {
            #expect(order.sortable.count == AlertOrder.sortableCount)
            #expect(AlertOrder(sortable: order.sortable.span) == order)
        }
        #expect(AlertOrder(sortable: [1, 2].span) == nil)
    }

    @Test func oldestThenLevelThenID() {
        let early = Timestamp(milliseconds: 1)
        let late = Timestamp(milliseconds: 2)
        let ids = [UUID(high: 1, low: 9), UUID(high: 2, low: 0)]
        let inOrder = [
            AlertOrder(dueAt: early, mqlID: ids[1], level: 1),
            AlertOrder(dueAt: early, mqlID: ids[0], level: 2),
            AlertOrder(dueAt: early, mqlID: ids[1], level: 2),
            AlertOrder(dueAt: late, mqlID: ids[0], level: 1),
        ]
        #expect(inOrder.reversed().sorted() == inOrder)
    }

    @Test func theNextOfAnMQLIsItsEarliest() {
        var alerts = PendingAlerts()
        let id = UUID(high: 1, low: 1)
        #expect(alerts.next(of: id) == nil)
        alerts.breach = Timestamp(milliseconds: 5)
        alerts.warning = Timestamp(milliseconds: 9)
        alerts.escalation = Timestamp(milliseconds: 5)
        #expect(alerts.next(of: id)?.level == 2)
        alerts[2] = nil
        #expect(alerts.next(of: id)?.level == 3)
        alerts[3] = nil
        #expect(alerts.next(of: id)?.level == 1)
    }
}
