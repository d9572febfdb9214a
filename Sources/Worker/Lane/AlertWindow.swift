import Qualification

/// The pending alerts of a lane that fire next.
typealias AlertWindow = OrderWindow<AlertOrder>

/// What a lane has to do next without an event, in its order, bounded in number: alerts to fire, or
/// waiting leads to release.
///
/// Holds everything up to `reach`, of alerts those that are the next of their profile; the rest is
/// in the index of the lane's file and in profiles on their way there, and is loaded when this is
/// used up. What was ended or done meanwhile stays until it is taken, and is found to be stale
/// then: ending an alert costs nothing.
struct OrderWindow<Order: Comparable> {
    /// What to do, and the lead it belongs to.
    struct Item {
        let order: Order
        /// The lead's id in UTF-8.
        let key: [UInt8]
    }

    /// Up to where all are here.
    enum Reach: Equatable {
        /// None was loaded.
        case nothing
        /// Those up to this one.
        case through(Order)
        /// All there are.
        case everything

        /// The last one that is here for sure, nil if there is none or everything is here.
        var last: Order? {
            if case .through(let last) = self { last } else { nil }
        }

        /// Whether something is within.
        func covers(_ order: Order) -> Bool {
            switch self {
            case .nothing: false
            case .through(let last): order <= last
            case .everything: true
            }
        }
    }

    /// How many are loaded at a time; twice as many fit.
    static var capacity: Int { 4_096 }

    /// A binary heap, the first at its root.
    private var heap: [Item] = []
    private(set) var reach = Reach.nothing

    /// What to take next; nil if none is here, which says nothing unless all were loaded.
    var first: Item? { heap.first }

    /// Whether more must be loaded before anything can be said of what comes next.
    var isUsedUp: Bool { heap.isEmpty && reach != .everything }

    /// Takes in the next alert of a profile, or a lead that waits.
    mutating func note(_ order: Order, _ key: [UInt8]) {
        guard reach.covers(order) else { return }
        heap.append(Item(order: order, key: key))
        rise(heap.count - 1)
        if heap.count > 2 * OrderWindow.capacity { shrink() }
    }

    /// Goes further, to what is then noted one by one.
    mutating func extend(to reach: Reach) {
        self.reach = reach
    }

    /// Takes the first away.
    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        sink(0)
    }

    /// Keeps the half that comes first; a sorted list is a heap.
    private mutating func shrink() {
        heap.sort { $0.order < $1.order }
        heap.removeLast(heap.count - OrderWindow.capacity)
        if let last = heap.last { reach = .through(last.order) }
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].order < heap[parent].order else { return }
            heap.swapAt(place, parent)
            place = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if heap[child].order < heap[least].order { least = child }
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}

extension OrderWindow where Order == AlertOrder {
    /// No alert is due before this; the distant past if that is not known.
    var earliest: Timestamp {
        first?.order.dueAt ?? (reach == .everything ? .distantFuture : .distantPast)
    }
}
