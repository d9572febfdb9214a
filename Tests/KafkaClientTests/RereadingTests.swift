import KafkaClient
import Testing

/// How often records that were unreadable are fetched again.
struct RereadingTests {
    private static let partition = TopicPartition(topic: "t", partition: 3)

    private static func records(at offset: Int64) -> UnreadableRecords {
        UnreadableRecords(
            .recordOutOfOrder(1, in: partition), of: partition, from: offset)
    }

    @Test("pauses grow to a second, and the last attempt gives up")
    func patience() {
        var rereading = Rereading()
        let verdicts = (0..<Rereading.limit).map { _ in
            rereading.verdict(on: RereadingTests.records(at: 7))
        }
        #expect(verdicts.first == .again(after: .milliseconds(100)))
        #expect(verdicts.dropLast().last == .again(after: .seconds(1)))
        #expect(verdicts.last == .giveUp)
        let error = RereadingTests.records(at: 7).error(.giveUp)
        #expect(error.consequence == .stop(exitCode: 1))
        #expect("\(error)".contains("from offset 7 on"))
        #expect(error.remedy == Rereading.remedy)
    }

    @Test("another place begins anew")
    func progress() {
        var rereading = Rereading()
        for offset in 0..<Int64(3 * Rereading.limit) {
            #expect(
                rereading.verdict(on: RereadingTests.records(at: offset))
                    == .again(after: .milliseconds(100)))
        }
        #expect(RereadingTests.records(at: 7).error(.again(after: .zero)).consequence == .retry)
    }
}
