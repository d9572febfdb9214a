import Storage
import Testing

@Suite struct ProfileStoreTests {
    let state = TemporaryState()

    @Test func valuesOfAnySizeAndKeysOfAnyBytesComeBack() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 3)
        let reader = try ProfileReader(folder: folder, lane: 3)
        let large = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let changes = [
            ProfileChange(key: [], value: [1]),
            ProfileChange(key: [0], value: []),
            ProfileChange(key: [0, 0], value: large),
            ProfileChange(key: [0xff, 0, 0xfe], value: [0]),
        ]
        #expect(try writer.write(changes, mark: mark(7)) == 4)
        for change in changes {
            #expect(try reader.value(for: change.key) == change.value)
        }
        #expect(try reader.value(for: [0, 0, 0]) == nil)
        #expect(try reader.count() == 4)
    }

    @Test func aWriteReplacesAndDeletesAndMovesTheMark() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        #expect(writer.openedAt == nil)
        #expect(try writer.mark() == nil)
        try writer.write([.init("a", "1"), .init("b", "1")], mark: mark(2))
        try writer.write([.init("a", "22"), .init("b", nil), .init("c", nil)], mark: mark(5))
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try reader.value(for: bytes("a")) == bytes("22"))
        #expect(try reader.value(for: bytes("b")) == nil)
        #expect(try writer.mark() == mark(5))
        #expect(reader.lengths(of: ["a", "b"]) == [2, nil])
    }

    @Test func factsChangeWithTheRowsAndSurviveOpening() throws {
        let folder = try state.folder()
        do {
            let writer = try ProfileWriter(folder: folder, lane: 0)
            let facts = [
                StoredFact(name: "clock", value: [1, 0]), StoredFact(name: "none", value: []),
                StoredFact(name: "gone", value: [9]),
            ]
            try writer.write([], mark: mark(1), facts: facts)
            try writer.write([], mark: mark(2), facts: [StoredFact(name: "gone", value: nil)])
        }
        let writer = try ProfileWriter(folder: folder, lane: 0)
        #expect(try writer.fact("clock") == [1, 0])
        #expect(try writer.fact("none") == [])
        #expect(try writer.fact("gone") == nil)
        #expect(writer.openedAt == mark(2))
    }

    @Test func readersSeeWritesMadeAfterTheyOpened() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        for round in 0..<3 {
            try writer.write([.init("a", "\(round)")], mark: mark(Int64(round)))
            #expect(try reader.value(for: bytes("a")) == bytes("\(round)"))
            try writer.checkpoint()
        }
        #expect(writer.logBytes == 0)
        #expect(writer.databaseBytes > 0)
    }

    @Test func readsOfOneBatchSeeOneMoment() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        try writer.write([.init("a", "1"), .init("b", "1")], mark: mark(1))
        try reader.reading { () throws(StorageError) in
            let first = try reader.value(for: bytes("a"))
            try writer.write([.init("a", "2"), .init("b", "2")], mark: mark(2))
            #expect(first == bytes("1"))
            #expect(try reader.value(for: bytes("b")) == bytes("1"))
        }
        #expect(try reader.value(for: bytes("b")) == bytes("2"))
    }

    @Test func aCheckpointBehindAnOpenReadSaysBusyAndWorksAfterIt() throws {
        var settings = ProfileStoreSettings()
        settings.busyTimeoutMilliseconds = 10
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0, settings: settings)
        let reader = try ProfileReader(folder: folder, lane: 0, settings: settings)
        try writer.write([.init("a", "1")], mark: mark(1))
        try reader.reading { () throws(StorageError) in
            _ = try reader.value(for: bytes("a"))
            try writer.write([.init("a", "2")], mark: mark(2))
            let error = #expect(throws: StorageError.self) { try writer.erase([bytes("a")]) }
            #expect(error?.code == .busy)
            #expect(error?.consequence == .retry)
        }
        try writer.scrub()
        #expect(writer.logBytes == 0)
        #expect(try reader.value(for: bytes("a")) == nil)
    }

    @Test func scansGoInOrderOfBytesPageByPage() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        let keys: [[UInt8]] = [
            [], [0], [0, 0], [0, 1], [1], [1, 0], [0x7f], [0x80], [0xff, 0xff],
        ]
        try writer.write(keys.map { ProfileChange(key: $0, value: $0 + [7]) }, mark: mark(1))
        for limit in 1...10 {
            var seen: [[UInt8]] = []
            var start: [UInt8]? = []
            while let from = start {
                start = try reader.forEach(from: from, limit: limit) { key, value in
                    seen.append(copy(key))
                    #expect(copy(value) == copy(key) + [7])
                }
            }
            #expect(seen == keys, "pages of \(limit)")
        }
    }

    @Test func aFileThatReachedItsLimitSaysFullAndKeepsWhatItHad() throws {
        var settings = ProfileStoreSettings()
        settings.maximumFileBytes = 200_000
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0, settings: settings)
        try writer.write([.init("a", "1")], mark: mark(1))
        let tooMuch = (0..<400).map {
            ProfileChange("k\($0 + 100)", String(repeating: "x", count: 900))
        }
        let error = try #require(throws: StorageError.self) {
            try writer.write([.init("a", "2")] + tooMuch, mark: mark(2))
        }
        #expect(error.code == .full)
        #expect(error.consequence == .closeLane)
        #expect(error.file == "lane-0.sqlite")
        #expect(try writer.mark() == mark(1))
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try reader.value(for: bytes("a")) == bytes("1"))
        try writer.write([.init("a", "3")], mark: mark(3))
        #expect(try reader.value(for: bytes("a")) == bytes("3"))
    }

    @Test func aReaderNeedsAFile() throws {
        let folder = try state.folder()
        let error = try #require(throws: StorageError.self) {
            _ = try ProfileReader(folder: folder, lane: 0)
        }
        #expect(error.code == .inputOutput)
    }

    @Test func aLaneIsReadWhileItsFlusherWrites() async throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        try writer.write([.init("a", "0"), .init("b", "0")], mark: mark(0))
        let reader = try ProfileReader(folder: folder, lane: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 1...200 {
                    let change = [ProfileChange("a", "\(round)"), ProfileChange("b", "\(round)")]
                    try writer.write(change, mark: mark(Int64(round)))
                    if round % 50 == 0 { try writer.scrub() }
                }
            }
            // b is written after a, so read first it is never ahead of a.
            for _ in 0..<2_000 {
                let second = try #require(try reader.number(of: "b"))
                let first = try #require(try reader.number(of: "a"))
                #expect(first >= second)
            }
            try await group.waitForAll()
        }
        #expect(try reader.number(of: "a") == 200)
    }
}

/// A copy of a span.
private func copy(_ span: Span<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for index in span.indices { result.append(span[index]) }
    return result
}

extension ProfileReader {
    fileprivate func lengths(of keys: [String]) -> [Int?] {
        keys.map { try? withValue(for: bytes($0).span) { $0.count } }
    }

    fileprivate func number(of key: String) throws -> Int? {
        try value(for: bytes(key)).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }
}
