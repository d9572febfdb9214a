package import KafkaClient
import ReferenceModel

/// What a consumer says it is when it sends offsets (KIP-447).
package struct GroupIdentity: Sendable, Equatable {
    /// Given by the coordinator when the member joined; empty before.
    package var memberID = ""
    /// Of the assignment; -1 before the first.
    package var generation: Int32 = -1

    /// Nobody yet.
    package init() {}
}

/// The coordinator of one group: members, generations, range assignment, committed offsets.
// Unchecked: used on the scheduler's thread only.
package final class GroupCoordinator: @unchecked Sendable {
    private struct Member {
        /// Nil once its process is gone; it holds the cluster, and so this.
        weak let client: SimulatedMember?
        /// The `group.instance.id` of a static member (KIP-345).
        let instance: String?
        var lastSeen: Duration
        var hasJoined = false
        var lanes: [Int32] = []
    }

    private enum State { case empty, joining, stable }

    private let settings: SimulatedCluster.Settings
    private let scheduler: Scheduler
    private var members: [String: Member] = [:]
    private var state = State.empty
    private var membersMade = 0
    private var rebalances = 0
    /// Static members that came back and got their lanes without a rebalance.
    package private(set) var replacements = 0
    /// Counts the assignments.
    package private(set) var generation: Int32 = 0
    /// The committed offsets.
    package private(set) var committed: [TopicPartition: Int64] = [:]
    private var pending: [Int: [TopicPartition: Int64]] = [:]

    init(settings: SimulatedCluster.Settings, scheduler: Scheduler) {
        self.settings = settings
        self.scheduler = scheduler
    }

    // MARK: Offsets

    /// Whether offsets of that member and generation are taken.
    ///
    /// Also while the group waits for its members to join again, as Kafka does for transactions.
    package func accepts(_ identity: GroupIdentity) -> Bool {
        guard members[identity.memberID] != nil, identity.generation == generation else {
            return false
        }
        members[identity.memberID]?.lastSeen = scheduler.now
        return true
    }

    /// The committed offsets, nil while a transaction holds newer ones for one of the partitions.
    package func stable(_ partitions: [TopicPartition]) -> [TopicPartition: Int64]? {
        let held = pending.values.contains { offsets in
            partitions.contains { offsets[$0] != nil }
        }
        if held { return nil }
        return committed.filter { partitions.contains($0.key) }
    }

    /// Sets offsets by hand, as an operator does, or Kafka when they expire (nil).
    package func reset(_ partition: TopicPartition, to offset: Int64?) {
        committed[partition] = offset
    }

    func hold(_ offsets: [TopicPartition: Int64], of transaction: Int) {
        pending[transaction, default: [:]].merge(offsets) { _, new in new }
    }

    func settle(_ transaction: Int, isCommitted: Bool) -> [String] {
        guard let offsets = pending.removeValue(forKey: transaction), isCommitted else {
            return []
        }
        var violations: [String] = []
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            if let known = committed[partition], known > offset {
                violations.append("\(partition) was committed at \(known), then at \(offset)")
            }
            committed[partition] = offset
        }
        return violations
    }

    // MARK: Members

    /// A member joins, or joins again; it is told its assignment later.
    ///
    /// A new member under the instance of a known one takes its place: that one is unknown from now
    /// on, and if the group is stable the lanes stay where they were, without a rebalance.
    func join(_ client: SimulatedMember, as known: String, instance: String?) -> String {
        if members[known] == nil, let id = takeOver(client, instance) { return id }
        var id = known
        if members[id] == nil {
            membersMade += 1
            id = "member-\(membersMade)"
            members[id] = Member(client: client, instance: instance, lastSeen: scheduler.now)
        }
        if state != .joining { beginRebalance() }
        members[id]?.hasJoined = true
        members[id]?.lastSeen = scheduler.now
        let round = rebalances
        scheduler.after(.milliseconds(50)) { [weak self] in self?.completeIfAllJoined(round) }
        return id
    }

    /// Gives a static member that came back the lanes it had; nil if the group has to rebalance.
    private func takeOver(_ client: SimulatedMember, _ instance: String?) -> String? {
        guard let instance, let old = members.first(where: { $0.value.instance == instance }) else {
            return nil
        }
        members[old.key] = nil
        guard state == .stable else { return nil }
        membersMade += 1
        let (id, lanes, current) = ("member-\(membersMade)", old.value.lanes, generation)
        members[id] = Member(
            client: client, instance: instance, lastSeen: scheduler.now, hasJoined: true,
            lanes: lanes)
        replacements += 1
        scheduler.after(.milliseconds(50)) { [weak self] in
            guard let self, generation == current else { return }
            client.synchronised(id, generation: current, lanes: lanes)
        }
        return id
    }

    func leave(_ id: String) {
        guard members.removeValue(forKey: id) != nil else { return }
        afterLoss()
    }

    enum Beat { case fine, rebalancing, unknown }

    func heartbeat(_ id: String) -> Beat {
        guard let member = members[id] else { return .unknown }
        members[id]?.lastSeen = scheduler.now
        return state == .joining && !member.hasJoined ? .rebalancing : .fine
    }

    /// Throws out members that have not been heard of; to be called now and then.
    package func expire() {
        let limit = scheduler.now - settings.sessionTimeout
        let silent = members.filter { $0.value.lastSeen < limit && !isWaiting($0.value) }
        if silent.isEmpty { return }
        for id in silent.keys { members[id] = nil }
        afterLoss()
    }

    /// Starts a rebalance without a cause of its own, as a new subscription does.
    package func rebalance() {
        if state == .stable { beginRebalance() }
    }

    /// Throws a member out, as after a session that was too long.
    package func evict(_ id: String) { leave(id) }

    private func isWaiting(_ member: Member) -> Bool { state == .joining && member.hasJoined }

    private func afterLoss() {
        if members.isEmpty {
            state = .empty
            generation += 1
        } else if state == .joining {
            completeIfAllJoined(rebalances)
        } else {
            beginRebalance()
        }
    }

    private func beginRebalance() {
        state = .joining
        rebalances += 1
        for id in members.keys { members[id]?.hasJoined = false }
        let round = rebalances
        scheduler.after(settings.rebalanceTimeout) { [weak self] in
            guard let self, round == rebalances, state == .joining else { return }
            members = members.filter(\.value.hasJoined)
            if members.isEmpty { afterLoss() } else { completeIfAllJoined(round) }
        }
    }

    private func completeIfAllJoined(_ round: Int) {
        guard round == rebalances, state == .joining, !members.isEmpty,
            members.values.allSatisfy(\.hasJoined)
        else { return }
        state = .stable
        generation += 1
        let ids = members.keys.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
        let lanes = Int(settings.lanes)
        var next = 0
        for (place, id) in ids.enumerated() {
            let share = lanes / ids.count + (place < lanes % ids.count ? 1 : 0)
            let own = (next..<next + share).map { Int32($0) }
            next += share
            members[id]?.lastSeen = scheduler.now
            members[id]?.lanes = own
            let (client, generation) = (members[id]?.client, generation)
            let delay = scheduler.draw { $0.number(0...20) }
            scheduler.after(.milliseconds(delay)) {
                client?.synchronised(id, generation: generation, lanes: own)
            }
        }
    }
}
