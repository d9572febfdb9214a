import Logging
import Storage

extension Worker {
    /// Throws away the files that a lane found damaged; the changelog holds everything.
    func wipeDamaged() async {
        await environment.flusher.waitForAll()
        for number in damaged {
            do {
                try environment.folder.removeLane(Int(number))
            } catch {
                logger.error("damaged state not removed", metadata: ["error": "\(error)"])
            }
        }
        damaged = []
    }

    /// Removes the files of lanes that went to other workers: they hold personal data that no
    /// erasure would reach.
    func removeForeignFiles() {
        guard hasAnnounced, !mustRewind, let due = foreignFilesDue, clock.now() >= due
        else { return }
        foreignFilesDue = nil
        do {
            for number in try environment.folder.lanes() where lanes[Int32(number)] == nil {
                try environment.folder.removeLane(number)
                logger.info(
                    "removed the state of a lane that has moved", metadata: ["lane": "\(number)"])
            }
        } catch {
            logger.warning("state of a moved lane not removed", metadata: ["error": "\(error)"])
        }
    }

    /// Lanes often come back within a rebalance or two; erased bytes may stay for a minute.
    static let foreignFilesGrace = Duration.seconds(30)
}
