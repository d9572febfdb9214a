import Foundation
import Operations
import Testing

/// `/status` and the probes' bodies against their schema.
struct StatusTests {
    /// The schema's validator is not ours.
    private static let script = """
        import json, pathlib, sys, jsonschema
        schema = json.loads((pathlib.Path(sys.argv[2]) / "schemas/status.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        body = json.loads(pathlib.Path(sys.argv[1]).read_text())
        faults = list(jsonschema.Draft202012Validator(schema).iter_errors(body))
        print("\\n".join(f"{list(f.absolute_path)}: {f.message}" for f in faults))
        sys.exit(1 if faults else 0)
        """

    @Test(
        "every status is as the schema says",
        .enabled(if: Sample.python != nil, "HANDOFF_TEST_PYTHON is not set"),
        arguments: OperatorStatus.Phase.allCases)
    func schema(_ phase: OperatorStatus.Phase) throws {
        let lanes = [
            Sample.lane(0), Sample.lane(1, isRunning: false, lag: nil, restoreAge: 100),
            OperatorStatus.Lane(number: 2, isRunning: false),
        ]
        for lanes in [lanes, []] {
            let status = Sample.status(phase: phase, loopAge: 40, lanes: lanes)
            let (code, said) = try Sample.runPython(Self.script, Sample.text("/status", status))
            #expect(code == 0, "\(said)")
        }
    }

    @Test(
        "so is every end of a reload, and the metrics count it",
        .enabled(if: Sample.python != nil, "HANDOFF_TEST_PYTHON is not set"),
        arguments: OperatorStatus.ReloadResult.allCases)
    func reloads(_ result: OperatorStatus.ReloadResult) throws {
        let status = Sample.status(reload: result)
        let body = Sample.text("/status", status)
        let (code, said) = try Sample.runPython(Self.script, body)
        #expect(code == 0, "\(said)")
        #expect(body.contains("\"result\" : \"\(result.rawValue)\""), "\(body)")
        let metrics = Sample.text("/metrics", status)
        for other in OperatorStatus.ReloadResult.allCases {
            let count = other == result ? 2 : 0
            let name = "handoff_definition_reloads_total{result=\"\(other.rawValue)\"}"
            #expect(metrics.contains("\(name) \(count)\n"), "\(metrics)")
        }
    }

    @Test func theStatusSaysWhatTheProbesSay() throws {
        let status = Sample.status(loopAge: 40)
        let body = try #require(
            JSONSerialization.jsonObject(with: Data(Sample.text("/status", status).utf8))
                as? [String: Any])
        #expect(body["live"] as? Bool == false && body["ready"] as? Bool == false)
        #expect((body["reasons"] as? [String])?.count == 1)
        #expect(body["lag_records"] as? Int == 7)
        #expect(body["phase_seconds"] as? Double == 12.346)
    }

    @Test func otherPathsAreNotFound() {
        for path in ["/metric", "/status/", "//", "/../etc/passwd"] {
            #expect(Sample.get(path).status == .notFound)
        }
    }
}
