import Dispatch
import Foundation
import Synchronization

/// Places where a worker of a debug build can be told to die, so that tests need not hit them by
/// chance.
///
/// `HANDOFF_FAILURE_POINT=afterCommit:3` ends it by SIGKILL when it comes there for the third time.
/// A release build refuses the variable, and `reach` is nothing there.
package enum FailurePoint: String, CaseIterable, Sendable {
    /// A transaction is open, and nothing is in it.
    case afterBegin
    /// The records of an epoch are with the client, some of them with the broker.
    case afterProduce
    /// The offsets are in the transaction as well.
    case afterOffsets
    /// The broker is committing, or has committed and its answer is under way.
    case duringCommit
    /// Kafka has committed what no lane knows of yet.
    case afterCommit
    /// Kafka has committed what is about to be written to SQLite.
    case beforeFlush
    /// SQLite has it too; nobody knows.
    case afterFlush
    /// Some of the changelog is read, and nothing of it written.
    case duringRestore
    /// What the lanes had is committed, and the group waits for the answer.
    case duringRevoke

    /// Ends the process here if it was told to.
    static func reach(_ point: FailurePoint) {
        #if DEBUG
            let visit = plan.withLock { plan -> Int? in
                guard plan?.point == point else { return nil }
                plan?.left -= 1
                return plan?.left == 0 ? plan?.count : nil
            }
            guard let visit else { return }
            guard point == .duringCommit else { return die() }
            // From before the request is sent to after its answer has come.
            let delay = DispatchTimeInterval.microseconds(visit % 10 * 400)
            DispatchQueue.global().asyncAfter(deadline: .now() + delay) { die() }
        #endif
    }

    #if DEBUG
        private struct Plan {
            let point: FailurePoint
            let count: Int
            var left: Int
        }

        private static let plan = Mutex<Plan?>(nil)

        private static func die() { kill(getpid(), SIGKILL) }

        /// Tells this process where to die: a point's name, a colon, and at which visit.
        ///
        /// Returns false, and changes nothing, if the text is not of that form.
        package static func arm(_ text: String) -> Bool {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let point = FailurePoint(rawValue: String(parts[0])),
                let count = Int(parts[1]), count > 0
            else { return false }
            plan.withLock { $0 = Plan(point: point, count: count, left: count) }
            return true
        }
    #endif
}
