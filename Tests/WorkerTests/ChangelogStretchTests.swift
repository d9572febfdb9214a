import KafkaClient
import Qualification
import ReferenceModel
import Storage
import Testing
import WireFormats

@testable import Worker

/// What a restore writes of a stretch of the changelog: the last version of each profile, by key.
struct ChangelogStretchTests {
    /// Keys that only their ends tell apart, or only their length.
    private static let keys: [[UInt8]] =
        [
            "", "a", "a\0", "a\0\0\0\0\0\0\0\0", "b", "lead-0000000001", "lead-00000000001",
            "lead-00000000012", "lead-00000000012a", "lead-00000000012b", "lead-00000000012\0",
        ].map { Array($0.utf8) } + [[0xff], [0xfe, 0xff], LaneMark.key + [0]]

    @Test(arguments: UInt64(1)...20)
    func theLastVersionOfEachKeyStaysInTheirOrder(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var codec = ProfileCodec(symbols: SymbolTable())
        var stretch = ChangelogStretch(limits: RestoreLimits())
        var expected: [[UInt8]: [UInt8]?] = [:]
        var marks: [[UInt8]] = []
        var found: [[UInt8]] = []
        var offset: Int64 = 0
        for _ in 0..<random.number(1...6) {
            var records: [StoredRecord] = []
            for _ in 0..<random.number(0...30) {
                offset += 1
                if random.chance(10) {
                    marks.append([UInt8(offset & 0x7f), 1])
                    records.append(
                        StoredRecord(key: LaneMark.key, value: marks.last, offset: offset))
                    continue
                }
                let key = random.pick(ChangelogStretchTests.keys)
                var profile = Profile(leadID: "lead")
                profile.erasedAt = Timestamp(milliseconds: offset)
                let value = random.chance(20) ? nil : codec.encode(&profile)
                expected.updateValue(value, forKey: key)
                records.append(StoredRecord(key: key, value: value, offset: offset))
                // Nothing that a lane writes: looked over.
                if random.chance(5) {
                    records.append(StoredRecord(key: nil, value: value, offset: offset))
                }
            }
            found += stretch.take(RecordBatch(records: records))
        }
        #expect(found == marks)
        #expect(stretch.facts.first { $0.name == LaneRestore.markFact }?.value == marks.last)
        let rows = try ChangelogStretchTests.content(of: stretch.rows())
        #expect(rows.map(\.key) == expected.keys.sorted { $0.span.precedes($1.span) })
        for row in rows { #expect(expected[row.key] == .some(row.value)) }
        stretch.removeAll()
        #expect(try stretch.rows().count == 0)
        #expect(stretch.facts.first?.value == marks.last)
    }

    @Test func aProfileThatCannotBeReadIsAnError() {
        var stretch = ChangelogStretch(limits: RestoreLimits())
        _ = stretch.take(RecordBatch(records: [StoredRecord(key: [1], value: [99], offset: 0)]))
        #expect(throws: ProfileCodecError.unknownVersion(99)) { try stretch.rows() }
    }

    private static func content(
        of rows: StretchRows
    ) throws -> [(key: [UInt8], value: [UInt8]?)] {
        var found: [(key: [UInt8], value: [UInt8]?)] = []
        for place in 0..<rows.count {
            try rows.withRow(at: place) { key, value, _, _, _ throws(StorageError) in
                var copy: [UInt8]?
                if let value {
                    copy = []
                    for place in value.indices { copy?.append(value[place]) }
                }
                found.append((key.indices.map { key[$0] }, copy))
            }
        }
        return found
    }

    @Test("marks fill a stretch as well: their records are held like all others")
    func marksCount() {
        let limits = RestoreLimits()
        var stretch = ChangelogStretch(limits: limits)
        let mark = StoredRecord(key: LaneMark.key, value: [1, 2], offset: 0)
        let batch = RecordBatch(records: Array(repeating: mark, count: 1_000))
        for _ in 0..<limits.writeRecords / 1_000 {
            #expect(!stretch.isFull)
            _ = stretch.take(batch)
        }
        #expect(stretch.isFull)
        stretch.removeAll()
        #expect(!stretch.isFull)
    }
}
