import Qualification

/// The pending alerts of a lane that fire next, in their order, bounded in number.
///
/// Holds every pending alert up to `reach` that is the next one of its profile; the rest is in the
/// index of the lane's file and in profiles on their way there, and is loaded when this is used up.
/// Alerts that were ended or fired meanwhile stay until they are taken, and are found to be stale
/// then: ending one costs nothing.
struct AlertWindow {
    /// An alert and the lead it belongs to.
    struct Item {
        let order: AlertOrder
        /// The lead's id in UTF-8.
        let key: [UInt8]
    }

    /// Up to where all alerts are here.
    enum Reach: Equatable {
        /// None was loaded.
        case nothing
        /// Those up to this one.
        case through(AlertOrder)
        /// All there are.
        case everything

        /// Whether an alert is within.
        func covers(_ order: AlertOrder) -> Bool {
            switch self {
            case .nothing: false
            case .through(let last): order <= last
            case .everything: true
            }
        }
    }

    /// How many alerts are loaded at a time; twice as many fit.
    static let capacity = 4_096

    /// A binary heap, the first at its root.
    private var heap: [Item] = []
    private(set) var reach = Reach.nothing

    /// The alert to take next; nil if none is here, which says nothing unless all were loaded.
    var first: Item? { heap.first }

    /// Whether more must be loaded before anything can be said of what comes next.
    var isUsedUp: Bool { heap.isEmpty && reach != .everything }

    /// No alert is due before this; the distant past if that is not known.
    var earliest: Timestamp {
        heap.first?.order.dueAt ?? (reach == .everything ? .distantFuture : .distantPast)
    }

    /// Takes in the next alert of a profile.
    mutating func note(_ order: AlertOrder, _ key: [UInt8]) {
        guard reach.covers(order) else { return }
        heap.append(Item(order: order, key: key))
        rise(heap.count - 1)
        if heap.count > 2 * AlertWindow.capacity { shrink() }
    }

    /// Goes further, to alerts that are then noted one by one.
    mutating func extend(to reach: Reach) {
        self.reach = reach
    }

    /// Takes the first away.
    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        sink(0)
    }

    /// Keeps the half that fires first; a sorted list is a heap.
    private mutating func shrink() {
        heap.sort { $0.order < $1.order }
        heap.removeLast(heap.count - AlertWindow.capacity)
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
