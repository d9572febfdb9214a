import TestSupport
import Testing

extension Faults {
    /// Records whose checksum is wrong when they arrive, because a disk, a cable or a broker has
    /// changed them.
    ///
    /// librdkafka 2.0.2 reports such a batch once and goes on wherever the wrong bytes lead it,
    /// most often to the start of the log: whoever only logs that takes records twice, or loses
    /// some.
    struct GarbledTests {
        /// What a worker reads when it starts: the inputs alone, or reference data before them.
        enum Reading: CaseIterable {
            case inputs
            case everything
        }

        @Test(
            "records that arrive with wrong bytes are read again", .timeLimit(.minutes(10)),
            arguments: Reading.allCases)
        func readAgain(_ reading: Reading) async throws {
            try await MidStream.with(seed: 931) { stream in
                try await GarbledTests.interrupt(stream, reading)
                stream.garble(oneIn: 1)
                let worker = try stream.start()
                try await stream.waitForGarbled(6)
                stream.garble(oneIn: nil)
                try await stream.expectWorkLeft("wrong bytes")
                try await stream.stage.waitUntilDone(worker)
                #expect(try await worker.stop() == .exited(0), "\(worker.lastWords)")
                try await stream.judge("wrong bytes")
            }
        }

        @Test(
            "records that stay unreadable end the worker, with their place",
            .timeLimit(.minutes(10)), arguments: Reading.allCases)
        func unreadable(_ reading: Reading) async throws {
            try await MidStream.with(seed: 932) { stream in
                try await GarbledTests.interrupt(stream, reading)
                stream.garble(oneIn: 1)
                let worker = try stream.start()
                let end = try await worker.waitForEnd(within: .seconds(90))
                stream.garble(oneIn: nil)
                #expect(end == .exited(1), "\(worker.lastWords)")
                let words = worker.errors.split(separator: "\n").last ?? ""
                for part in [stream.stage.prefix, "_BAD_MSG", "from offset ", "CRC", "replica"] {
                    #expect(words.contains(part), "\(worker.lastWords)")
                }
                try await stream.expectWorkLeft("unreadable")
                if reading == .everything { return }
                let second = try stream.start()
                try await stream.stage.waitUntilDone(second)
                #expect(try await second.stop() == .exited(0), "\(second.lastWords)")
                try await stream.judge("unreadable for a while")
            }
        }

        /// Ends a worker in mid-stream: what its successor reads is not in any memory yet.
        private static func interrupt(_ stream: MidStream, _ reading: Reading) async throws {
            let worker = try await stream.startAndWait()
            switch reading {
            case .inputs: #expect(try await worker.stop() == .exited(0), "\(worker.lastWords)")
            case .everything:
                try await worker.kill()
                try stream.stage.removeState("one")
            }
        }
    }
}
