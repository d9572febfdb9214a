import KafkaClient
import Qualification
import Synchronization
import Testing

@testable import Worker

/// What a lane takes of what its queues show.
struct LaneInputTests {
    private static let partition = TopicPartition(topic: "marketing.leads", partition: 2)

    /// Shows batches as they were given.
    private final class Queue: InputQueue {
        private let batches: Mutex<[RecordBatch]>

        init(_ batches: [RecordBatch]) { self.batches = Mutex(batches) }

        func fetch(max: Int) -> RecordBatch? {
            batches.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
        func onReady(_ wake: @escaping @Sendable () -> Void) {}
        func endOffset() -> Int64 { -1 }
    }

    private static func batch(_ offsets: [Int64], _ failure: KafkaError? = nil) -> RecordBatch {
        RecordBatch(
            records: offsets.map { offset in
                StoredRecord(
                    key: nil, value: [1], timestamp: 0, offset: offset, partition: 2, topic: 0,
                    headers: [])
            }, failure: failure)
    }

    /// Takes everything; the offsets, and what ended it.
    private static func take(
        _ batches: [RecordBatch], from start: Int64
    ) -> (offsets: [Int64], error: (any Error)?) {
        var input = LaneInput(
            source: .leads, partition: partition, queue: Queue(batches), start: start)
        var offsets: [Int64] = []
        do {
            try input.refill(max: 10)
            while let batch = input.batch {
                offsets.append(batch.offset(at: input.place))
                input.advance()
                try input.refill(max: 10)
            }
        } catch { return (offsets, error) }
        return (offsets, nil)
    }

    private static func failure(_ code: Int32) -> KafkaError {
        KafkaError(code: code, operation: "fetch", subject: "it", consequence: .retry)
    }

    @Test("records before the start are passed over, gaps are nothing")
    func start() {
        let taken = LaneInputTests.take(
            [LaneInputTests.batch([3, 4, 5]), LaneInputTests.batch([9, 12])], from: 5)
        #expect(taken.offsets == [5, 9, 12])
        #expect(taken.error == nil)
    }

    @Test("a record that comes after a later one ends the lane: it was taken before")
    func outOfOrder() throws {
        let taken = LaneInputTests.take(
            [LaneInputTests.batch([5, 6, 7]), LaneInputTests.batch([6, 7, 8])], from: 5)
        #expect(taken.offsets == [5, 6, 7])
        let error = try #require(taken.error as? UnreadableRecords)
        #expect(error.offset == 8 && error.partition == LaneInputTests.partition)
    }

    @Test("nothing is taken behind unreadable records, everything before them is")
    func unreadable() throws {
        // _BAD_MSG
        let broken = LaneInputTests.batch([5, 6], LaneInputTests.failure(-199))
        let taken = LaneInputTests.take([broken, LaneInputTests.batch([9])], from: 5)
        #expect(taken.offsets == [5, 6])
        #expect((taken.error as? UnreadableRecords)?.offset == 7)
    }

    @Test("a failure that passes by itself is passed over")
    func passing() {
        // _TRANSPORT
        let shaken = LaneInputTests.batch([5], LaneInputTests.failure(-195))
        let taken = LaneInputTests.take([shaken, LaneInputTests.batch([6])], from: 5)
        #expect(taken.offsets == [5, 6])
        #expect(taken.error == nil)
    }
}
