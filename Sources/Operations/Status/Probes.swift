/// When a worker counts as stuck, and when as ready.
package struct Probes: Sendable {
    /// How long the loop, or a lane that has work, may stand still, in seconds.
    package var stallLimit: Double
    /// How long a restore may make no progress and still count as under way, in seconds: a large
    /// write to the disk takes some.
    package var restoreLimit = 60.0

    /// Probes with this limit in seconds.
    package init(stallLimit: Double) {
        self.stallLimit = stallLimit
    }

    /// What stands still for longer than `limit` seconds although it has work; empty if nothing
    /// does.
    ///
    /// A worker that waits for a broker is not stuck: its loop turns.
    package func stalls(of status: OperatorStatus, limit: Double? = nil) -> [String] {
        let limit = limit ?? stallLimit
        // Until it joins there is no loop; what can go wrong there ends by itself.
        if status.phase == .starting { return [] }
        var stalls: [String] = []
        if status.loopAge > limit {
            stalls.append(
                "the worker's loop has not turned for \(Int(status.loopAge)) s "
                    + "(limit \(Int(limit)) s)")
        }
        for lane in status.lanes where lane.isRunning {
            let age = max(lane.turnAge, lane.progressAge)
            guard age > limit else { continue }
            let what = lane.turnAge > limit ? "has not gone round" : "has work and did nothing"
            stalls.append(
                "lane \(lane.number) \(what) for \(Int(age)) s (limit \(Int(limit)) s)")
        }
        return stalls
    }

    /// Why the worker is not ready; empty if it has joined its group and every lane that it owns
    /// runs, or restores with progress.
    package func obstacles(of status: OperatorStatus) -> [String] {
        switch status.phase {
        case .starting: return ["starting: reading reference data, preparing the producer"]
        case .joining: return ["waiting for the group to hand out partitions"]
        case .rewinding: return ["the lanes begin again at the last commit"]
        case .stopping: return ["stopping"]
        case .assigned: break
        }
        let stuck = status.lanes.filter { !$0.isRunning && $0.restoreAge > restoreLimit }
        return stalls(of: status)
            + stuck.map { "the restore of lane \($0.number) stands at \($0.restored) records" }
    }
}
