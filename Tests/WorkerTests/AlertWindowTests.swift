import Qualification
import ReferenceModel
import Testing

@testable import Worker

/// The bounded window of pending alerts gives them in the order of all of them.
struct AlertWindowTests {
    private static func order(_ due: Int, _ level: UInt8 = 1, _ id: Int = 0) -> AlertOrder {
        AlertOrder(
            dueAt: Timestamp(milliseconds: Int64(due)), mqlID: UUID(high: 0, low: UInt64(id)),
            level: level)
    }

    /// More alerts than fit, noted at random and loaded in parts: none is lost, none out of order.
    @Test(arguments: UInt64(1)...5)
    func givesAllInOrderHoweverManyThereAre(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var pending: Set<AlertOrder> = []
        var window = AlertWindow()
        var taken: [AlertOrder] = []
        while taken.count < 6_000 {
            if window.isUsedUp { AlertWindowTests.load(&window, from: pending) }
            if random.chance(75), pending.count < 12_000 {
                // Never before what was taken: those are due already.
                let start = Int(taken.last?.dueAt.milliseconds ?? 0) + 1
                let new = AlertWindowTests.order(
                    start + random.number(0...40_000), UInt8(random.number(1...3)),
                    random.number(0...1_000_000))
                pending.insert(new)
                window.note(new, [])
                continue
            }
            guard let first = window.first else { break }
            window.removeFirst()
            // Noted twice, or ended: the second time it is stale.
            guard pending.remove(first.order) != nil else { continue }
            taken.append(first.order)
            if taken.count % 500 == 0 {
                let isLeast = pending.min().map { first.order < $0 } ?? true
                #expect(isLeast)
            }
        }
        let isSorted = taken == taken.sorted()
        #expect(isSorted)
        #expect(taken.count == 6_000)
    }

    private static func load(_ window: inout AlertWindow, from pending: Set<AlertOrder>) {
        let behind = pending.filter { !window.reach.covers($0) }.sorted()
        let part = behind.prefix(AlertWindow.capacity)
        if let last = part.last, part.count < behind.count {
            window.extend(to: .through(last))
        } else {
            window.extend(to: .everything)
        }
        for order in part { window.note(order, []) }
    }

    @Test func knowsNothingBeforeItIsLoaded() {
        var window = AlertWindow()
        #expect(window.isUsedUp)
        #expect(window.earliest == .distantPast)
        window.note(AlertWindowTests.order(5), [])
        #expect(window.first == nil)
        window.extend(to: .everything)
        #expect(window.earliest == .distantFuture)
        window.note(AlertWindowTests.order(5), [])
        #expect(window.earliest.milliseconds == 5)
    }
}
