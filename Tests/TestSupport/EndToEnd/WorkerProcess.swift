internal import Foundation
internal import Glibc

/// The built `handoff` as a process of its own, watched from outside as an operator would.
package final class WorkerProcess: Sendable {
    /// How a process ended.
    package enum Ending: Sendable, Equatable {
        /// By itself, with this code.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// What a test tells a worker.
    package enum Signal: Sendable {
        /// Stop cleanly.
        case terminate
        /// Die at once.
        case kill
        /// Stand still.
        case pause
        /// Go on.
        case resume
        /// Read the definition again.
        case hangUp

        fileprivate var number: Int32 {
            switch self {
            case .terminate: SIGTERM
            case .kill: SIGKILL
            case .pause: SIGSTOP
            case .resume: SIGCONT
            case .hangUp: SIGHUP
            }
        }
    }

    /// The operating system's number of the process.
    package let id: Int32
    private let outputPath: String
    private let errorPath: String
    private let ending = Observed<Ending?>(nil)

    /// Starts the executable; its output goes to files beside `logPath`.
    ///
    /// With `fileLimit`, no file of it may grow beyond so many KiB: for it, the disk is full then.
    package init(
        arguments: [String], environment: [String: String], logPath: String,
        fileLimit: Int? = nil
    ) throws {
        outputPath = logPath + ".out"
        errorPath = logPath + ".err"
        let manager = FileManager.default
        for path in [outputPath, errorPath] {
            guard manager.createFile(atPath: path, contents: nil) else {
                throw Broker.Unavailable(description: "cannot write \(path)")
            }
        }
        let process = Process()
        let executable = try WorkerProcess.executable()
        process.executableURL = URL(fileURLWithPath: fileLimit == nil ? executable : "/bin/bash")
        let script = "trap '' XFSZ; ulimit -f \(fileLimit ?? 0); exec \"$0\" \"$@\""
        process.arguments = fileLimit == nil ? arguments : ["-c", script, executable] + arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        let guardian = try Guardian.shared.get()
        let ending = ending
        process.terminationHandler = { process in
            guardian.remove(process.processIdentifier)
            let status = process.terminationStatus
            ending.update {
                $0 = process.terminationReason == .exit ? .exited(status) : .signalled(status)
            }
        }
        try process.run()
        id = process.processIdentifier
        guardian.add(id)
    }

    /// `HANDOFF_TEST_EXECUTABLE`, or the executable that was built with this test bundle.
    private static func executable() throws -> String {
        let named = ProcessInfo.processInfo.environment["HANDOFF_TEST_EXECUTABLE"] ?? ""
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let built = URL(fileURLWithPath: bundle).deletingLastPathComponent().path + "/handoff"
        let path = named.isEmpty ? built : named
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Broker.Unavailable(description: "no executable to test: \(path)")
        }
        return path
    }

    // MARK: What it says

    /// Everything on standard output so far.
    package var output: String { WorkerProcess.text(outputPath) }
    /// Everything on standard error so far.
    package var errors: String { WorkerProcess.text(errorPath) }
    /// The lanes of each line that said it is ready, in order.
    package var readyLanes: [[Int]] {
        output.split(separator: "\n").filter { $0.hasPrefix("handoff ready ") }.map { line in
            let list = line.split(separator: "[").dropFirst().first?.prefix { $0 != "]" } ?? ""
            return list.split(separator: ",").compactMap { Int($0) }
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// The last words on both outputs, for messages of tests.
    package var lastWords: String {
        let lines = errors.split(separator: "\n").suffix(15).joined(separator: "\n")
        return "process \(id), \(ending.value.map { "\($0)" } ?? "running")\n\(output)\(lines)"
    }

    // MARK: What is done to it

    /// Sends a signal, unless it has ended.
    package func send(_ signal: Signal) {
        if ending.value == nil { _ = Glibc.kill(id, signal.number) }
    }

    /// Whether it would survive a hang-up: it has begun to trap that.
    package var trapsHangUp: Bool { traps(.hangUp) }

    /// Whether a signal is trapped, and so does not end it at once.
    package func traps(_ signal: Signal) -> Bool {
        let status = WorkerProcess.text("/proc/\(id)/status")
        return status.split(separator: "\n").contains { line in
            guard line.hasPrefix("SigIgn:") || line.hasPrefix("SigCgt:") else { return false }
            let mask = line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
            return mask & (1 << UInt64(signal.number - 1)) != 0
        }
    }

    /// How it ended, once it has.
    package var hasEnded: Ending? { ending.value }

    /// Waits until it has ended.
    package func waitForEnd(within time: Duration = .seconds(60)) async throws -> Ending {
        let ended = await ending.wait(time) { $0 != nil }
        guard let ended, let value = ended else {
            throw Eventually.TimedOut(description: "no end within \(time)\n\(lastWords)")
        }
        return value
    }

    /// Waits until it has said that its lanes run; with `lanes`, until it has those.
    package func waitUntilReady(
        lanes: [Int]? = nil, within time: Duration = .seconds(60)
    ) async throws {
        try await Eventually.holds(
            "ready \(lanes.map { "\($0)" } ?? "")", within: time, state: { lastWords }
        ) {
            let all = readyLanes
            if let last = all.last, lanes == nil || lanes == last { return true }
            guard hasEnded == nil else {
                throw Eventually.TimedOut(description: "ended before it was ready\n\(lastWords)")
            }
            return false
        }
    }

    /// Kills it and waits for its end.
    package func kill() async throws {
        send(.kill)
        _ = try await waitForEnd()
    }

    /// Asks it to stop and waits for its end.
    package func stop(within time: Duration = .seconds(40)) async throws -> Ending {
        send(.terminate)
        return try await waitForEnd(within: time)
    }
}
