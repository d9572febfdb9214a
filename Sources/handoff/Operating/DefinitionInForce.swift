import Operations
import Qualification
import Synchronization
import Worker

/// The definition that lanes decide by, and what became of the attempts to replace it.
///
/// The worker tells when another is in force, the reloader what it refused; status, metrics and the
/// ready line ask.
final class DefinitionInForce: Sendable {
    private struct State {
        var definition: Definition
        var counts: [OperatorStatus.ReloadResult: Int] = [:]
        var last: (result: OperatorStatus.ReloadResult, at: Duration, faults: [String])?
    }

    /// How many faults of a refused file `/status` shows; the log has them all.
    private static let faultsShown = 20

    private let clock: SystemClock
    private let state: Mutex<State>

    /// The one that the worker starts with.
    init(_ definition: Definition, clock: SystemClock) {
        self.clock = clock
        state = Mutex(State(definition: definition))
    }

    /// The one in force.
    var current: Definition { state.withLock { $0.definition } }

    /// The lanes that are opened from now on decide by it.
    func enforce(_ definition: Definition) {
        state.withLock { $0.definition = definition }
        note(.applied)
    }

    /// What became of an attempt that changed nothing, or `.applied`.
    func note(_ result: OperatorStatus.ReloadResult, faults: [String] = []) {
        let now = clock.now()
        state.withLock {
            $0.counts[result, default: 0] += 1
            $0.last = (result, now, Array(faults.prefix(DefinitionInForce.faultsShown)))
        }
    }

    /// As its operator sees it.
    func shown(now: Duration) -> OperatorStatus.Definition {
        state.withLock { state in
            var shown = OperatorStatus.Definition(
                name: state.definition.name, version: state.definition.version,
                sha256: state.definition.sha256)
            shown.reloads = state.counts
            shown.lastReload = state.last.map { last in
                OperatorStatus.Reload(
                    result: last.result, age: (now - last.at).seconds, faults: last.faults)
            }
            return shown
        }
    }
}
