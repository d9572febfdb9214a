internal import CLibrdkafka

/// What a failure obliges the caller to do.
package enum Consequence: Sendable, Equatable {
    /// Nothing has changed: the same call with the same arguments may be made again.
    case retry
    /// The transaction cannot be committed: abort it and rewind to the committed offsets.
    case abort
    /// The handle is of no more use: destroy it, make a new one with the same transactional id,
    /// and read the committed offsets back to learn what became of the last transaction.
    case recycle
    /// Repeating cannot help: end the process with this code.
    ///
    /// 2 = invalid settings, 3 = broker not reachable, 4 = topics missing, 1 = anything else.
    case stop(exitCode: Int32)
}

/// A failure of the Kafka client: what failed, on what, why, and what to do.
///
/// Never holds keys, values or secrets, so it may be logged as it is.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The raw `rd_kafka_resp_err_t`; negative values are the client's own, others the broker's.
    package var code: Int32
    /// The name of the code, such as `_TIMED_OUT`.
    package var name: String
    /// What was attempted, such as "commit transaction".
    package var operation: String
    /// On what: a topic, a partition, a transactional id.
    package var subject: String
    /// librdkafka's words for the cause; may be empty.
    package var reason: String
    /// What the caller has to do.
    package var consequence: Consequence
    /// What an operator can do about it; may be empty.
    package var remedy: String

    /// Puts an error together from its parts; for fakes and for failures librdkafka has no code of.
    package init(
        code: Int32, operation: String, subject: String, reason: String = "",
        consequence: Consequence, remedy: String = ""
    ) {
        self.code = code
        self.name = KafkaError.name(of: code)
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.consequence = consequence
        self.remedy = remedy
    }

    /// Operation, subject, cause and remedy in one line.
    package var description: String {
        if consequence == .stop(exitCode: 3) {
            // People read this at every wrong address: no code, no words for programmers.
            let what = operation == KafkaError.reaching ? "" : "\(operation): "
            let cause = KafkaError.plain(reason)
            return "\(what)no broker answers at \(subject) (\(cause)); \(remedy)"
        }
        var text = "\(operation) failed for \(subject): \(name)"
        if !reason.isEmpty { text += " (\(reason))" }
        if !remedy.isEmpty { text += "; \(remedy)" }
        return text
    }

    /// Whether waiting may help: at start an unreachable broker ends the program, but one that goes
    /// away while lanes run comes back.
    package var isPassing: Bool { consequence == .retry || consequence == .stop(exitCode: 3) }

    static func name(of code: Int32) -> String {
        // Never null: unknown codes are named "ERR_<n>?" by rd_kafka_err2name.
        unsafe String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(code)))
    }

    static func text(of code: Int32) -> String {
        unsafe String(cString: rd_kafka_err2str(rd_kafka_resp_err_t(code)))
    }
}

extension KafkaError {
    /// Sorts a plain code; used where librdkafka gives no error object.
    init(
        _ code: rd_kafka_resp_err_t, operation: String, subject: String,
        otherwise: Consequence = .retry
    ) {
        self.init(
            code: code.rawValue, operation: operation, subject: subject,
            reason: KafkaError.text(of: code.rawValue),
            consequence: KafkaError.permanent(code) ?? otherwise,
            remedy: KafkaError.remedy(for: code))
    }

    /// Takes over and frees an error object of the transactional API.
    ///
    /// An error that is neither retriable, abortable nor fatal is to be treated as fatal
    /// (rdkafka.h, "Transactional producer API": "should be treated as fatal").
    init(consuming error: OpaquePointer, operation: String, subject: String) {
        let code = unsafe rd_kafka_error_code(error)
        let consequence: Consequence
        if unsafe rd_kafka_error_is_fatal(error) != 0 {
            consequence = KafkaError.permanent(code) ?? .recycle
        } else if unsafe rd_kafka_error_txn_requires_abort(error) != 0 {
            consequence = KafkaError.permanent(code) ?? .abort
        } else if unsafe rd_kafka_error_is_retriable(error) != 0 {
            consequence = .retry
        } else {
            consequence = KafkaError.permanent(code) ?? .recycle
        }
        self.init(
            code: code.rawValue, operation: operation, subject: subject,
            reason: unsafe String(cString: rd_kafka_error_string(error)),
            consequence: consequence, remedy: KafkaError.remedy(for: code))
        unsafe rd_kafka_error_destroy(error)
    }

    /// The broker could not be reached within the time allowed.
    static func unreachable(
        _ code: rd_kafka_resp_err_t, operation: String, servers: String, lastProblem: String
    ) -> KafkaError {
        KafkaError(
            code: code.rawValue, operation: operation, subject: servers,
            reason: lastProblem.isEmpty ? KafkaError.text(of: code.rawValue) : lastProblem,
            consequence: .stop(exitCode: 3),
            remedy: "check the address (bootstrap_servers), that the broker runs, and its TLS and "
                + "SASL settings")
    }

    /// The operation that is about nothing else than whether somebody answers.
    static let reaching = "reach the broker"

    /// librdkafka's log line without the names of its threads and states:
    /// `[thrd:a]: a/bootstrap: Connect to a failed: refused (after 0ms in state CONNECT)`.
    private static func plain(_ reason: String) -> String {
        var text = Substring(reason)
        if text.hasPrefix("[thrd:"), let end = text.firstRange(of: "]: ") {
            text = text[end.upperBound...]
        }
        if let end = text.firstRange(of: "/bootstrap: ") { text = text[end.upperBound...] }
        if let start = text.firstRange(of: " (after ") { text = text[..<start.lowerBound] }
        return text.isEmpty ? "no reason given" : String(text)
    }

    /// Codes that mean "nobody answered", as against "the broker refused".
    static func isUnreachable(_ code: rd_kafka_resp_err_t) -> Bool {
        switch code {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__AUTHENTICATION:
            return true
        default: return false
        }
    }

    /// Refusals that no repetition can change.
    private static func permanent(_ code: rd_kafka_resp_err_t) -> Consequence? {
        switch code {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
            RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
            return .stop(exitCode: 1)
        case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, RD_KAFKA_RESP_ERR__INVALID_ARG,
            RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
            return .stop(exitCode: 2)
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
            return .stop(exitCode: 4)
        default: return nil
        }
    }

    private static func remedy(for code: rd_kafka_resp_err_t) -> String {
        switch code {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            return "grant this principal the access named above"
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
            return "raise max.message.bytes of the topic and message.max.bytes of the producer"
        case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
            return "keep the transaction timeout below the broker's transaction.max.timeout.ms"
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            return "create the topic first"
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            return "another worker of this group has the same instance_id and takes over, or this "
                + "one was silent for longer than session_timeout; give each worker an "
                + "instance_id of its own, or none, and start this one again"
        default: return ""
        }
    }
}
