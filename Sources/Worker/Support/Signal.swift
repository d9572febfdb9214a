import Synchronization

/// Wakes one waiter; signals that come while nobody waits are kept as one.
///
/// A waiter must look at its state again after every wake: a signal says "something may have
/// changed".
final class Signal: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    /// Wakes the waiter, or lets the next wait return at once.
    ///
    /// Callable from any thread.
    func set() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            switch state {
            case .idle, .signalled:
                state = .signalled
                return nil
            case .waiting(let continuation):
                state = .idle
                return continuation
            }
        }
        waiter?.resume()
    }

    /// Returns after the next signal, at once if one is kept.
    ///
    /// One waiter at a time.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state -> Bool in
                switch state {
                case .idle:
                    state = .waiting(continuation)
                    return false
                case .signalled:
                    state = .idle
                    return true
                case .waiting:
                    preconditionFailure("two waiters on one signal")
                }
            }
            if isDue { continuation.resume() }
        }
    }
}

/// A queue that any thread fills and one task empties.
final class Inbox<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])
    let signal: Signal

    init(signal: Signal = Signal()) {
        self.signal = signal
    }

    /// Adds an item and wakes the owner.
    func post(_ item: Item) {
        items.withLock { $0.append(item) }
        signal.set()
    }

    /// Takes the oldest item.
    func takeFirst() -> Item? {
        items.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    /// Puts items back before all others, in their order.
    func putBack(_ earlier: [Item]) {
        if earlier.isEmpty { return }
        items.withLock { $0 = earlier + $0 }
        signal.set()
    }

    /// Takes everything that is there, in order.
    func takeAll() -> [Item] {
        items.withLock { items in
            if items.isEmpty { return [] }
            defer { items = [] }
            return items
        }
    }
}
