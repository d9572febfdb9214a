/// What is served: the probes, the status, the metrics and the dashboard.
package struct OperatorPages: Sendable {
    private let probes: Probes
    private let status: @Sendable () -> OperatorStatus

    /// Pages about the status that `status` gives whenever it is asked.
    package init(probes: Probes, status: @escaping @Sendable () -> OperatorStatus) {
        self.probes = probes
        self.status = status
    }

    /// The answer to a request.
    package func answer(_ request: HTTPRequest) -> HTTPResponse {
        switch request.path {
        case "/live":
            let stalls = probes.stalls(of: status())
            return HTTPResponse(
                stalls.isEmpty ? .ok : .unavailable, StatusBodies.probe(stalls),
                contentType: StatusBodies.contentType)
        case "/ready":
            let status = status()
            let obstacles = probes.obstacles(of: status)
            return HTTPResponse(
                obstacles.isEmpty ? .ok : .unavailable,
                StatusBodies.probe(obstacles, lanes: status.lanes.count),
                contentType: StatusBodies.contentType)
        case "/status":
            return HTTPResponse(
                .ok, StatusBodies.status(status(), probes),
                contentType: StatusBodies.contentType)
        case "/metrics":
            return HTTPResponse(
                .ok, Exposition.text(samples()), contentType: Exposition.contentType)
        case "/":
            var response = HTTPResponse(
                .ok, Dashboard.page, contentType: "text/html; charset=utf-8")
            response.headers = [("Content-Security-Policy", Dashboard.policy)]
            return response
        default:
            return HTTPResponse(
                .notFound, "not here; there are /, /live, /ready, /status and /metrics\n")
        }
    }

    /// What was measured, with what the probes say and what the system knows of the process.
    private func samples() -> [MetricSample] {
        let status = status()
        var samples = status.samples
        samples += [
            MetricSample(.lanes, [], status.lanes.count),
            MetricSample(.loopAge, [], .number(status.loopAge)),
            MetricSample(.live, [], probes.stalls(of: status).isEmpty ? 1 : 0),
            MetricSample(.ready, [], probes.obstacles(of: status).isEmpty ? 1 : 0),
            MetricSample(.buildInfo, [status.version], 1),
            MetricSample(
                .definitionInfo,
                [
                    status.definition.name, "\(status.definition.version)",
                    status.definition.sha256,
                ], 1),
        ]
        samples += OperatorStatus.ReloadResult.allCases.map { result in
            MetricSample(
                .definitionReloads, [result.rawValue], status.definition.reloads[result] ?? 0)
        }
        if let lag = status.lag { samples.append(MetricSample(.lag, [], lag)) }
        if let age = status.referenceAge {
            samples.append(MetricSample(.referenceAge, [], .number(age)))
        }
        for lane in status.lanes { samples += OperatorPages.samples(of: lane) }
        return samples + OperatorPages.samples(of: ProcessFacts.read())
    }

    private static func samples(of lane: OperatorStatus.Lane) -> [MetricSample] {
        let label = ["\(lane.number)"]
        var samples = [
            MetricSample(.laneState, label + ["restoring"], lane.isRunning ? 0 : 1),
            MetricSample(.laneState, label + ["running"], lane.isRunning ? 1 : 0),
            MetricSample(.restoreRecords, label, lane.restored),
            MetricSample(.restoreSize, label, lane.restoreTotal),
        ]
        if let lag = lane.lag { samples.append(MetricSample(.laneLag, label, lag)) }
        if let age = lane.commitAge {
            samples.append(MetricSample(.laneCommitAge, label, .number(age)))
        }
        return samples
    }

    private static func samples(of process: ProcessFacts) -> [MetricSample] {
        let found: [(Metric, Double?)] = [
            (.processStart, process.startedAt), (.processCPU, process.cpuSeconds),
            (.processMemory, process.residentBytes.map(Double.init)),
            (.processFiles, process.openFiles.map(Double.init)),
            (.processMaxFiles, process.maxFiles.map(Double.init)),
        ]
        return found.compactMap { metric, value in
            value.map { MetricSample(metric, [], .number($0)) }
        }
    }
}
