import KafkaClient
import TestSupport
import Testing

@Suite("Outbound records")
struct OutboundRecordsTests {
    @Test("null, empty and filled parts stay apart")
    func parts() {
        var records = OutboundRecords()
        records.append(topic: 0, partition: 3, key: [1, 2], value: [3])
        records.append(topic: 1, partition: OutboundRecords.byKey, key: nil, value: [])
        records.append(topic: 0, partition: 0, key: [], value: nil, timestamp: 77)
        #expect(records.count == 3)
        #expect(records.byteCount == 3)
        #expect(records.stored(at: 0).key == [1, 2])
        #expect(records.stored(at: 0).value == [3])
        #expect(records.stored(at: 0).partition == 3)
        #expect(records.stored(at: 1).key == nil)
        #expect(records.stored(at: 1).value == [])
        #expect(records.stored(at: 2).key == [])
        #expect(records.stored(at: 2).value == nil)
        #expect(records.stored(at: 2).timestamp == 77)
    }

    @Test("headers are copied, so their buffer can be used again")
    func headers() {
        var records = OutboundRecords()
        var headers = RecordHeaders()
        headers.append("ce_type", "lead")
        headers.appendNull("gone")
        records.append(topic: 0, partition: 0, key: [9], value: [8], headers: headers)
        headers.removeAll()
        headers.append("other", [1])
        records.append(topic: 0, partition: 0, key: [UInt8]?.none, value: nil, headers: headers)
        #expect(
            records.stored(at: 0).headers == [
                RecordHeader(name: "ce_type", value: Array("lead".utf8)),
                RecordHeader(name: "gone", value: nil),
            ])
        #expect(records.stored(at: 1).headers == [RecordHeader(name: "other", value: [1])])
    }

    @Test("appending another buffer keeps every record as it was")
    func concatenation() {
        var one = OutboundRecords()
        one.append(topic: 0, partition: 0, key: [1], value: [2], headers: headers("a"))
        var two = OutboundRecords()
        two.append(topic: 1, partition: 1, key: [3], value: nil)
        two.append(topic: 2, partition: 2, key: nil, value: [4, 5], headers: headers("b"))
        let expected = [one.stored(at: 0), two.stored(at: 0), two.stored(at: 1)]
        one.append(contentsOf: two)
        #expect(one.count == 3)
        for index in 0..<3 {
            var want = expected[index]
            want.offset = Int64(index)
            #expect(one.stored(at: index) == want)
        }
        one.removeAll()
        #expect(one.isEmpty)
        #expect(one.byteCount == 0)
    }

    @Test("spans and arrays give the same record")
    func spans() {
        let key: [UInt8] = [1]
        let value: [UInt8] = [2, 3]
        var records = OutboundRecords()
        records.append(topic: 0, partition: 0, key: key, value: value)
        records.append(topic: 0, partition: 0, key: key.span, value: value.span)
        var second = records.stored(at: 1)
        second.offset = 0
        #expect(records.stored(at: 0) == second)
    }

    private func headers(_ name: String) -> RecordHeaders {
        RecordHeaders([RecordHeader(name: name, value: Array(name.utf8))])
    }
}

@Suite("Record batch from memory")
struct RecordBatchTests {
    @Test("what is put in comes out")
    func roundTrip() {
        let records = [
            StoredRecord(key: [1], value: [2, 3], timestamp: 5, offset: 10, partition: 4),
            StoredRecord(key: nil, value: nil, offset: 11, partition: 4),
            StoredRecord(
                key: [], value: [], timestamp: 0, offset: 12, partition: 5, topic: 1,
                headers: [RecordHeader(name: "h", value: nil)]),
        ]
        let batch = RecordBatch(
            records: records, topics: ["a", "b"],
            ends: [PartitionEnd(partition: 4, offset: 12)])
        #expect(batch.count == 3)
        #expect(batch.byteCount == 3)
        #expect(batch.endOffsetSeen == 12)
        for index in 0..<3 { #expect(batch.stored(at: index) == records[index]) }
        #expect(!batch.hasValue(at: 1))
        #expect(batch.hasValue(at: 2))
    }

    @Test("views lend the bytes, and typed errors pass through")
    func views() {
        struct Stop: Error, Equatable {}
        let batch = RecordBatch(records: [StoredRecord(key: [7], value: [1, 2, 3], offset: 0)])
        let sum = batch.withRecord(at: 0) { record in
            record.withValue { bytes in
                (0..<bytes.byteCount).reduce(0) { total, index in
                    unsafe total + Int(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
                }
            }
        }
        #expect(sum == 6)
        #expect(throws: Stop()) {
            try batch.withValue(at: 0) { _ throws(Stop) in throw Stop() }
        }
    }

    @Test("an empty batch can be made and freed")
    func empty() {
        let batch = RecordBatch(records: [])
        #expect(batch.count == 0)
        #expect(batch.endOffsetSeen == nil)
    }
}
