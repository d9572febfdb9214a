import KafkaClient
import ReferenceModel
import SimulatedKafka
import Worker

/// What happens in a world beside faults: records come, somebody moves the clock, and a guest.
extension SimulatedWorld {
    func scheduleFeed() {
        toFeed = scene.lanes.reduce(0) { $0 + $1.count }
        feed(part: 0)
    }

    /// Feeds one part of every lane, and the next when that has been taken, reference data has
    /// changed and everybody has seen that: so there is an order to compare with.
    private func feed(part: Int) {
        let total = options.feedTime.wholeMilliseconds
        for (lane, all) in scene.lanes.enumerated() {
            let records = Scene.part(part, of: options.parts, all)
            var times = records.map { _ in scheduler.draw { $0.number(0...Int(total)) } }
            // Some lanes begin with a backlog.
            if scheduler.draw({ $0.chance(30) }) { times = times.map { max(0, $0 - 1_000) } }
            let least = part == 0 ? Int(options.feedDelay.wholeMilliseconds) : 0
            times = times.map { max(least, $0) }
            for (time, record) in zip(times.sorted(), records) {
                scheduler.after(.milliseconds(time)) { [weak self] in
                    guard let self else { return }
                    toFeed -= 1
                    let stored = StoredRecord(
                        key: record.key, value: record.value, timestamp: record.timestampMs,
                        offset: 0)
                    cluster.append(
                        stored, to: TopicPartition(topic: record.topic, partition: Int32(lane)))
                }
            }
        }
        guard part + 1 < options.parts else { return }
        let rest = (part + 1..<options.parts).reduce(0) { sum, next in
            sum + scene.lanes.reduce(0) { $0 + Scene.part(next, of: options.parts, $1).count }
        }
        wait(until: { $0.toFeed == rest && $0.recordsLeft == Int64(rest) + $0.moreWork() }) {
            world in
            world.reference.change(part)
            world.wait(until: \.isReferenceSeen) { $0.feed(part: part + 1) }
        }
    }

    /// Does something again and again, in virtual time.
    func periodically(every pause: Duration, _ act: @escaping @Sendable (SimulatedWorld) -> Void) {
        scheduler.after(pause) { [weak self] in
            guard let self, !isSettling else { return }
            act(self)
            periodically(every: pause, act)
        }
    }

    /// Looks again and again, in virtual time.
    func wait(
        until isSo: @escaping @Sendable (SimulatedWorld) -> Bool,
        then act: @escaping @Sendable (SimulatedWorld) -> Void
    ) {
        scheduler.after(.milliseconds(50)) { [weak self] in
            guard let self else { return }
            if isSo(self) { act(self) } else { wait(until: isSo, then: act) }
        }
    }

    /// Whether every worker has all rows and every lane has decided its leads by them.
    private var isReferenceSeen: Bool {
        areAllUp && processes.values.allSatisfy(\.hasAllRows)
            && (guest?.hasEnded ?? true || guest?.hasAllRows ?? true)
            && (0..<scene.laneCount).allSatisfy { lane in
                let log = cluster.log(
                    TopicPartition(topic: topics.profiles, partition: Int32(lane)))
                return reference.isDecided(log)
            }
    }

    func scheduleClockJump() {
        let at = scheduler.draw { $0.number(0...9_000) }
        let hours = scheduler.draw { $0.pick([-1, 1, 1]) }
        scheduler.after(.milliseconds(at)) { [weak self] in
            self?.trace("clock \(hours) h")
            self?.clock.jump(milliseconds: Int64(hours) * 3_600_000)
        }
    }

    /// A guest that comes about once a second, and is asked to leave whether it got lanes or not.
    func scheduleVisit(_ left: Int) {
        guard left > 0, !isSettling else { return }
        let (pause, stay) = scheduler.draw { ($0.number(10...600), $0.number(10...1_200)) }
        scheduler.after(.milliseconds(pause)) { [weak self] in
            guard let self, !isSettling else { return }
            let visitor = SimulatedProcess(
                number: SimulatedWorld.guestNumber,
                folder: guest.map { copy($0.folder) } ?? newFolder(),
                world: self)
            guest = visitor
            trace("guest comes")
            do {
                try visitor.start()
            } catch {
                violations.append("guest not started: \(error)")
            }
            scheduler.after(.milliseconds(stay)) { [weak self] in
                self?.trace("guest goes")
                visitor.stop()
                self?.wait(until: { _ in visitor.hasEnded }) { world in
                    if let failure = visitor.failure {
                        world.violations.append("guest ended: \(failure)")
                    }
                    world.scheduleVisit(left - 1)
                }
            }
        }
    }

    static let guestNumber = 1_000
}
