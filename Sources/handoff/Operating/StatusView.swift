import Operations
import Qualification
import WireFormats
import Worker

/// Shows what a worker tells in the words of its operator.
struct StatusView: Sendable {
    let monitor: WorkerMonitor
    let version: String
    let groupID: String
    let inForce: DefinitionInForce

    /// How the worker is doing now.
    func current() -> OperatorStatus {
        let status = monitor.status()
        return OperatorStatus(
            version: version, groupID: groupID,
            definition: inForce.shown(now: status.now),
            phase: StatusView.phase(status.phase),
            phaseAge: (status.now - status.phaseSince).seconds,
            loopAge: (status.now - status.lastBeat).seconds,
            commitAge: status.lastCommit.map { (status.now - $0).seconds },
            referenceAge: status.lastReferenceRead.map { (status.now - $0).seconds },
            lanes: status.lanes.map { StatusView.lane($0, status.now) },
            samples: samples(status))
    }

    private static func phase(_ phase: WorkerStatus.Phase) -> OperatorStatus.Phase {
        switch phase {
        case .starting: .starting
        case .joining: .joining
        case .assigned: .assigned
        case .rewinding: .rewinding
        case .stopping: .stopping
        }
    }

    private static func lane(_ lane: LaneStatus, _ now: Duration) -> OperatorStatus.Lane {
        var view = OperatorStatus.Lane(
            number: Int(lane.number), isRunning: lane.state == .running)
        view.lag = lane.lag
        view.commitAge = lane.lastCommit.map { (now - $0).seconds }
        view.restored = lane.restored
        view.restoreTotal = lane.restoreTotal
        view.restoreAge = (now - lane.restoreProgress).seconds
        // What it said before it began to take records counts for the restore.
        let since = lane.runningSince ?? lane.openedAt
        view.turnAge = (now - max(lane.lastTurn, since)).seconds
        view.progressAge = (now - max(lane.lastProgress, since)).seconds
        return view
    }

    // MARK: Measures

    private func samples(_ status: WorkerStatus) -> [MetricSample] {
        var all = LaneCounters(products: inForce.current.products.map(\.id))
        for counters in status.counters.values { all.add(counters) }
        let totals = status.totals
        return lanes(status) + events(all) + messages(all.measures) + handOff(all.measures) + [
            MetricSample(.recordAge, [], .init(status.recordAges)),
            MetricSample(.epochDuration, [], .init(status.epochDurations)),
            MetricSample(.flushDuration, [], .init(status.flushDurations)),
            MetricSample(.commitFailures, [], totals.commitFailures),
            MetricSample(.rewinds, [], totals.rewinds),
            MetricSample(.revocations, [], totals.revocations),
            MetricSample(.restoredRecords, [], totals.restoredRecords),
            MetricSample(.flushedProfiles, [], totals.flushedProfiles),
            MetricSample(.flushFailures, [], totals.flushFailures),
        ]
    }

    private func lanes(_ status: WorkerStatus) -> [MetricSample] {
        var samples: [MetricSample] = []
        for lane in status.lanes {
            let label = ["\(lane.number)"]
            let end = lane.runningSince ?? status.now
            samples += [
                MetricSample(.hotProfileBytes, label, lane.hotBytes),
                MetricSample(.unflushedBytes, label, lane.unflushedBytes),
                MetricSample(
                    .restoreDuration, label, .number((end - lane.openedAt).seconds)),
            ]
        }
        var counters = status.counters
        // A lane that has counted nothing yet shows that it is there.
        for lane in status.lanes where counters[lane.number] == nil {
            counters[lane.number] = LaneCounters()
        }
        for (number, counters) in counters.sorted(by: { $0.key < $1.key }) {
            for (name, source) in StatusView.sources {
                samples.append(
                    MetricSample(.records, ["\(number)", name], counters.measures[source]))
            }
        }
        return samples
    }

    private static let sources: [(String, EventSource)] = [
        ("leads", .leads), ("activities", .activities), ("dispositions", .dispositions),
    ]

    /// All codes are there from the start, so that a first increase shows as one.
    private func events(_ counters: LaneCounters) -> [MetricSample] {
        [
            MetricSample(.eventsApplied, [], counters.applied),
            MetricSample(.profilesForgotten, [], counters.forgotten),
            MetricSample(.profileLoads, [], counters.loads),
        ]
            + Qualifier.Drop.allCases.map { drop in
                MetricSample(
                    .eventsDropped, [drop.rawValue], counters.drops[drop.rawValue] ?? 0)
            }
            + DeadLetterReason.allCases.map { reason in
                MetricSample(
                    .deadLetters, [reason.rawValue], counters.deadLetters[reason.rawValue] ?? 0)
            }
    }

    /// The products of the definition from the start, the other two labels once there is something.
    private func messages(_ measures: LaneMeasures) -> [MetricSample] {
        var samples: [MetricSample] = []
        let known = measures.products.count - 2
        for (place, product) in measures.products.enumerated() {
            for type in MessageType.allCases {
                let count = measures[type, place]
                let isUsual = place < known && type != .erased
                if count == 0, !isUsual { continue }
                samples.append(MetricSample(.messages, [type.name, product], count))
            }
            for status in Status.all where place < known || measures[status, place] > 0 {
                samples.append(
                    MetricSample(
                        .statusChanges, [product, status.name], measures[status, place]))
            }
        }
        return samples
    }

    private func handOff(_ measures: LaneMeasures) -> [MetricSample] {
        var samples: [MetricSample] = []
        // Every answer is about an MQL and so about a product.
        for (place, product) in measures.products.dropLast().enumerated() {
            let isKnown = place < measures.products.count - 2
            for answer in Disposition.Answer.allCases
            where isKnown || measures[answer, place] > 0 {
                samples.append(
                    MetricSample(
                        .dispositions, [product, answer.rawValue], measures[answer, place]))
            }
            guard isKnown || measures.timeToAnswer[place].count > 0 else { continue }
            samples += [
                MetricSample(.speedToLead, [product], .init(measures.speedToLead[place])),
                MetricSample(.timeToAnswer, [product], .init(measures.timeToAnswer[place])),
            ]
        }
        return samples
    }
}

extension MetricSample.Value {
    fileprivate init(_ histogram: Histogram) {
        self = .histogram(
            bounds: histogram.bounds, counts: histogram.counts, sum: histogram.sum)
    }
}
