import Foundation
import Qualification
import Storage
import Synchronization
import Testing

@Suite struct ReferenceTests {
    let state = TemporaryState()
    let acme = Account(
        domain: "acme.example", name: "Acme \u{1F680}", employees: 0, annualRevenue: 12.5,
        industry: "", country: "DE", ownerID: "o-1", status: .partner)

    @Test func rowsComeBackWithWhatIsMissingMissing() throws {
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder)
        let bare = Account(domain: "bare.example")
        let campaign = Campaign(
            id: "c1", name: "Spring", channel: "webinar", product: "atlas", cost: -0.5)
        try writer.apply(
            [
                .account(acme), .account(bare), .campaign(campaign), .campaign(Campaign(id: "c2")),
                .suppression(Suppression(entry: "ann@example.com", reason: "asked")),
            ], positions: [])
        let reader = try ReferenceReader(folder: folder, changes: writer.changes)
        for _ in 0..<2 {  // from SQLite, then from memory
            #expect(try reader.account(domain: "acme.example") == acme)
            #expect(try reader.account(domain: "bare.example") == bare)
            #expect(try reader.account(domain: "") == nil)
            #expect(try reader.campaign(id: "c1") == campaign)
            #expect(try reader.campaign(id: "c2") == Campaign(id: "c2"))
            #expect(try reader.isSuppressed("ann@example.com"))
            #expect(try !reader.isSuppressed("example.com"))
        }
        #expect(reader.counters.hits == 7)
        #expect(reader.counters.misses == 7)
        #expect(reader.counters.rows == 7)
    }

    @Test func aReaderOpenedEarlierSeesUpsertsAndDeletes() throws {
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder)
        let reader = try ReferenceReader(folder: folder, changes: writer.changes)
        #expect(try reader.account(domain: "acme.example") == nil)
        #expect(try !reader.isSuppressed("x@example.com"))
        try writer.apply(
            [.account(acme), .suppression(Suppression(entry: "x@example.com"))], positions: [])
        #expect(try reader.account(domain: "acme.example") == acme)
        #expect(try reader.isSuppressed("x@example.com"))
        var renamed = acme
        renamed.name = nil
        try writer.apply(
            [.account(renamed), .suppressionDeleted("x@example.com")], positions: [])
        #expect(try reader.account(domain: "acme.example") == renamed)
        #expect(try !reader.isSuppressed("x@example.com"))
        try writer.apply([.accountDeleted("acme.example"), .campaignDeleted("c")], positions: [])
        #expect(try reader.account(domain: "acme.example") == nil)
    }

    @Test func whatLeadsAreDecidedAgainByIsFoundByItsPlace() throws {
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder)
        let reader = try ReferenceReader(folder: folder, changes: writer.changes)
        var customer = acme
        customer.status = .customer
        var renamed = acme
        renamed.name = "Acme & Sons"
        try writer.apply(
            [
                .account(acme), .account(Account(domain: "bare.example")),
                .suppression(Suppression(entry: "ann@example.com")),
                .suppression(Suppression(entry: "example.net")), .account(renamed),
                .campaign(Campaign(id: "c1")),
            ], positions: [])
        func found(from offset: Int64, limit: Int = 10) throws -> [String] {
            try reader.decisiveEntries(
                topic: "reference", partition: 0, from: offset, limit: limit
            ).map { "\($0.offset) \($0.entry)" }
        }
        // What has an entry moves on with every record, changed or not: see `move`.
        #expect(
            try found(from: 0) == ["2 ann@example.com", "3 example.net", "4 acme.example"])
        #expect(try found(from: 3, limit: 1) == ["3 example.net"])
        try writer.apply(
            [.account(customer), .suppressionDeleted("ann@example.com")], positions: [], from: 6)
        #expect(try found(from: 0) == ["3 example.net", "6 acme.example"])
        try writer.apply([.accountDeleted("acme.example")], positions: [], from: 8)
        #expect(try found(from: 4) == ["8 acme.example"])
        let other = try reader.decisiveEntries(
            topic: "reference", partition: 1, from: 0, limit: 10)
        #expect(other.isEmpty)
    }

    @Test func ofTwoChangesOfAKeyInABatchTheLaterHolds() throws {
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder)
        let reader = try ReferenceReader(folder: folder, changes: writer.changes)
        try writer.apply([.account(acme), .accountDeleted("acme.example")], positions: [])
        #expect(try reader.account(domain: "acme.example") == nil)
        try writer.apply([.accountDeleted("acme.example"), .account(acme)], positions: [])
        #expect(try reader.account(domain: "acme.example") == acme)
    }

    @Test func positionsSurviveWithTheirRowsThroughAKill() async throws {
        try await #require(processExitsWith: .signal(SIGKILL)) { [path = state.path as String] in
            let writer = try ReferenceWriter(folder: StateFolder(path: path))
            try writer.apply(
                [.suppression(Suppression(entry: "a"))],
                positions: [
                    ReferencePosition(topic: "t", partition: 1, nextOffset: 5),
                    ReferencePosition(topic: "s", partition: 0, nextOffset: 1),
                ])
            try writer.apply(
                [], positions: [ReferencePosition(topic: "t", partition: 1, nextOffset: 9)])
            kill(getpid(), SIGKILL)
        }
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder)
        #expect(
            try writer.positions() == [
                ReferencePosition(topic: "s", partition: 0, nextOffset: 1),
                ReferencePosition(topic: "t", partition: 1, nextOffset: 9),
            ])
        #expect(
            try ReferenceReader(folder: folder, changes: writer.changes).isSuppressed("a"))
    }

    @Test func onlyChangedKeysCountAsChangedAndOnlyAfterTheirChange() throws {
        let writer = try ReferenceWriter(folder: state.folder())
        let changes = writer.changes
        let start = changes.version
        #expect(!changes.hasChanged(.account("acme.example"), since: start))
        try writer.apply([.account(acme)], positions: [])
        #expect(changes.version > start)
        #expect(changes.hasChanged(.account("acme.example"), since: start))
        #expect(!changes.hasChanged(.campaign("acme.example"), since: start))
        #expect(!changes.hasChanged(.account("other.example"), since: start))
        let later = changes.version
        #expect(!changes.hasChanged(.account("acme.example"), since: later))
        try writer.apply([], positions: [])
        #expect(changes.version == later)
        try writer.apply([.accountDeleted("acme.example")], positions: [])
        #expect(changes.hasChanged(.account("acme.example"), since: later))
    }

    @Test func noneOfManyChangesIsMissedAndFewAreReportedForNothing() throws {
        let writer = try ReferenceWriter(folder: state.folder())
        let start = writer.changes.version
        try writer.apply((0..<600).map { .campaign(Campaign(id: "c-\($0)")) }, positions: [])
        let missed = (0..<600).filter {
            !writer.changes.hasChanged(.campaign("c-\($0)"), since: start)
        }
        #expect(missed.isEmpty)
        let reported = (0..<60_000).filter {
            writer.changes.hasChanged(.account("domain-\($0).example"), since: start)
        }
        // 600 of 65,536 slots: 0.9 % is expected.
        #expect(reported.count < 60_000 / 50)
    }

    @Test func rowsInMemoryAreBoundedAndEvictedOnesAreReadAgain() throws {
        var settings = ReferenceCacheSettings()
        settings.rowsInMemory = 64
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder, settings: settings)
        try writer.apply(
            (0..<500).map { .campaign(Campaign(id: "c-\($0)", name: "n-\($0)")) }, positions: [])
        let reader = try ReferenceReader(
            folder: folder, changes: writer.changes, settings: settings)
        for _ in 0..<2 {
            for index in 0..<1_000 {
                let name = try reader.campaign(id: "c-\(index)")?.name
                #expect(name == (index < 500 ? "n-\(index)" : nil))
            }
        }
        #expect(reader.counters.rows <= 64)
        #expect(reader.counters.rows > 32)
    }

    @Test func whatIsAskedOftenStaysInMemory() throws {
        var settings = ReferenceCacheSettings()
        settings.rowsInMemory = 64
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder, settings: settings)
        let reader = try ReferenceReader(
            folder: folder, changes: writer.changes, settings: settings)
        for index in 0..<2_000 {
            _ = try reader.isSuppressed("often")
            _ = try reader.isSuppressed("once-\(index)")
        }
        #expect(reader.counters.hits == 1_999)
    }

    /// The order of the clock: what a reader holds at a version is the newest, or it is told.
    @Test func whileRowsChangeNoReaderKeepsAnOldRowUnnoticed() async throws {
        let folder = try state.folder()
        let writer = try ReferenceWriter(folder: folder)
        let changes = writer.changes
        try writer.apply([.campaign(Campaign(id: "c", cost: 0))], positions: [])
        let first = changes.version
        let readers = Finished()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    defer { readers.count.add(1, ordering: .relaxed) }
                    let reader = try ReferenceReader(folder: folder, changes: changes)
                    var last = -1.0
                    var changesSeen = 0
                    while changesSeen < 300 {
                        let version = reader.version
                        let cost = try #require(try reader.campaign(id: "c")?.cost)
                        // Each apply raises the version by one and the cost by one.
                        try #require(cost >= Double(version - first) && cost >= last)
                        if cost > last { changesSeen += 1 } else { await Task.yield() }
                        last = cost
                    }
                }
            }
            var cost = 0.0
            while readers.count.load(ordering: .relaxed) < 2 {
                cost += 1
                try writer.apply([.campaign(Campaign(id: "c", cost: cost))], positions: [])
                await Task.yield()
            }
            try await group.waitForAll()
        }
    }
}

/// How many tasks have come to their end.
private final class Finished: Sendable {
    let count = Atomic(0)
}

extension ReferenceWriter {
    /// Applies changes as records of one partition, one after the other.
    fileprivate func apply(
        _ changes: [ReferenceChange], positions: [ReferencePosition], from offset: Int64 = 0
    ) throws(StorageError) {
        let records = changes.enumerated().map { place, change in
            ReferenceRecord(
                change: change,
                at: ReferencePlace(
                    topic: "reference", partition: 0, offset: offset + Int64(place)))
        }
        try apply(records, positions: positions)
    }
}
