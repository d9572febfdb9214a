import Foundation
import TestSupport
import Testing

extension Faults {
    /// Disks that are full, come free again, or were never to be written on.
    struct DiskTests {
        /// In KiB, so much that it is never reached; the worker only does not die of what comes
        /// later.
        private static let noLimit = 1 << 30

        @Test(
            "a disk that is full costs nothing but the state on it", .timeLimit(.minutes(10)),
            arguments: [8, 100])
        func full(_ limit: Int) async throws {
            try await MidStream.with(seed: 902) { stream in
                let worker = try stream.start(fileLimit: limit)
                try await Eventually.holds(
                    "noticed", within: .seconds(60), state: { worker.lastWords }
                ) {
                    worker.hasEnded != nil || worker.errors.contains("local state not written")
                }
                try await stream.expectWorkLeft("full at \(limit) KiB")
                if let end = worker.hasEnded {
                    #expect(end == .exited(1), "\(worker.lastWords)")
                } else {
                    try await worker.kill()
                }
                try await stream.judge("full at \(limit) KiB")
            }
        }

        @Test(
            "a disk that fills up in mid-stream stops nobody, and is written once there is room",
            .timeLimit(.minutes(10)))
        func fillsUp() async throws {
            try await MidStream.with(seed: 903) { stream in
                let (stage, room) = (stream.stage, 64 << 10)
                let worker = try await stream.startAndWait(fileLimit: DiskTests.noLimit)
                try await DiskTests.limit(worker, bytes: room)
                try await Eventually.holds(
                    "noticed", within: .seconds(60), state: { worker.lastWords }
                ) {
                    worker.errors.split(separator: "\n").contains {
                        $0.contains("local state not written") && $0.contains("lane-")
                    }
                }
                try await stage.waitForProgress(beyond: stage.committedCount(), worker)
                try await stream.expectWorkLeft("full in mid-stream")
                let before = try DiskTests.logBytes(stage)
                #expect(before <= room)
                try await DiskTests.limit(worker, bytes: DiskTests.noLimit << 10)
                try await Eventually.holds(
                    "written", within: .seconds(60), state: { worker.lastWords }
                ) { try DiskTests.logBytes(stage) > room }
                #expect(try await worker.stop() == .exited(0), "\(worker.lastWords)")
                // What could not be written before is there now, before anybody restores it.
                let faults = try await Changelog(stage).differences(
                    stage.stateFolder("one"), whole: [0, 1], mayBeDamaged: false)
                #expect(faults.isEmpty, "\(faults)")
                try await stream.judge("full in mid-stream, and free again")
            }
        }

        /// Sets the size that no file of a running process may grow beyond.
        private static func limit(_ worker: WorkerProcess, bytes: Int) async throws {
            let tool = Process()
            tool.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
            tool.arguments = ["--pid", "\(worker.id)", "--fsize=\(bytes):"]
            let ending = Observed<Int32?>(nil)
            tool.terminationHandler = { tool in ending.update { $0 = tool.terminationStatus } }
            try tool.run()
            #expect(await ending.wait { $0 != nil } == 0, "prlimit")
        }

        /// The longest write-ahead log of a lane.
        private static func logBytes(_ stage: Stage) throws -> Int {
            let folder = stage.stateFolder("one")
            let manager = FileManager.default
            return try manager.contentsOfDirectory(atPath: folder)
                .filter { $0.hasPrefix("lane-") && $0.hasSuffix("-wal") }
                .map { try manager.attributesOfItem(atPath: folder + "/" + $0)[.size] as? Int ?? 0 }
                .max() ?? 0
        }

        @Test(
            "a state folder that cannot be made, or a lane's file that cannot be opened: 1, named",
            .timeLimit(.minutes(10)), arguments: ["the folder", "the file"])
        func unwritable(_ what: String) async throws {
            try await Stage.with(definition: try Fixtures.runnableDefinition()) { stage in
                var folder = stage.stateFolder("one")
                if what == "the folder" {
                    // Nobody can make a folder below a file, not even root.
                    try Data().write(to: URL(fileURLWithPath: folder))
                    folder += "/state"
                } else {
                    try FileManager.default.createDirectory(
                        atPath: folder + "/lane-0.sqlite", withIntermediateDirectories: true)
                }
                let worker = try stage.start(settings: ["HANDOFF_STATE_FOLDER": folder])
                let end = try await worker.waitForEnd(within: .seconds(40))
                #expect(end == .exited(1), "\(worker.lastWords)")
                let name = what == "the folder" ? folder : "lane-0.sqlite"
                #expect(worker.errors.contains(name), "\(worker.lastWords)")
                #expect(try await stage.committedCount() == 0)
            }
        }
    }
}
