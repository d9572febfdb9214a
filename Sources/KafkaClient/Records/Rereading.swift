internal import CLibrdkafka

/// Records of one partition that arrived and are not what was written, or not where they belong.
///
/// Whoever meets this takes nothing more from that fetching: librdkafka 2.0.2 goes on wherever the
/// wrong bytes lead it, most often to the start of the log (`rd_kafka_msgset_reader_v2` skips to a
/// length as if it were a place). They are to be fetched again.
package struct UnreadableRecords: Error, Sendable, CustomStringConvertible {
    /// Which partition.
    package let partition: TopicPartition
    /// Everything before this offset was read.
    package let offset: Int64
    /// What was found.
    package let cause: KafkaError

    /// For what was found behind everything before `offset`.
    package init(_ cause: KafkaError, of partition: TopicPartition, from offset: Int64) {
        self.cause = cause
        self.partition = partition
        self.offset = offset
    }

    /// Cause and place in one line.
    package var description: String { "\(cause), from offset \(offset) on" }

    /// The same for whoever only knows `KafkaError`s, with what is to be done about it.
    package func error(_ verdict: Rereading.Verdict) -> KafkaError {
        var error = cause
        error.reason += ", from offset \(offset) on"
        switch verdict {
        case .again: error.consequence = .retry
        case .giveUp:
            error.consequence = .stop(exitCode: 1)
            error.remedy = Rereading.remedy
        }
        return error
    }
}

/// How often, and after which pauses, records that were unreadable are fetched again.
package struct Rereading: Sendable {
    /// What to do after the records of a place were unreadable.
    package enum Verdict: Sendable, Equatable {
        /// Fetch them again after so long.
        case again(after: Duration)
        /// It is not the way here that changes them.
        case giveUp
    }

    /// What an operator can do when nothing helps.
    package static let remedy =
        "read \(limit) times, so the broker's copy is damaged: restore the partition from a "
        + "replica (or, if it is an input, move the group's offset behind what is lost), and "
        + "start again"

    /// The attempts at one place: 15 s with the pauses between them.
    package static let limit = 20
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(1)

    private var places: [TopicPartition: (offset: Int64, times: Int)] = [:]

    /// With nothing seen yet.
    package init() {}

    /// Notes one more attempt; those at another place of the partition do not count any more.
    package mutating func verdict(on records: UnreadableRecords) -> Verdict {
        let known = places[records.partition]
        let times = known?.offset == records.offset ? (known?.times ?? 0) + 1 : 1
        places[records.partition] = (records.offset, times)
        if times >= Rereading.limit { return .giveUp }
        return .again(after: min(Rereading.shortestPause * times, Rereading.longestPause))
    }
}

extension KafkaError {
    /// Whether it tells of records that arrived and cannot be read, see `UnreadableRecords`.
    package var isOfUnreadableRecords: Bool {
        switch rd_kafka_resp_err_t(code) {
        case RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
            RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, RD_KAFKA_RESP_ERR_INVALID_MSG:
            return true
        default: return false
        }
    }

    /// A record that came after one with a greater offset.
    package static func recordOutOfOrder(
        _ offset: Int64, in partition: TopicPartition
    ) -> KafkaError {
        KafkaError(
            code: RD_KAFKA_RESP_ERR__BAD_MSG.rawValue, operation: "fetch",
            subject: "\(partition)", reason: "offset \(offset) came out of order",
            consequence: .retry)
    }
}
