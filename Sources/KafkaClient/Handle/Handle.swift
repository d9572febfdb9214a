internal import CLibrdkafka
internal import Dispatch
internal import Logging

/// Owns one `rd_kafka_t`.
///
/// Batches and queues keep their handle alive, since every object must be freed before
/// `rd_kafka_destroy` (rdkafka.h). The last reference starts the destruction on a thread of its
/// own: on 2.0.2 it can hang (librdkafka #4724, #4187), and must then hold up nobody.
// Unchecked: rd_kafka_t may be used from any thread (librdkafka INTRODUCTION.md, "Threads and
// callbacks"), and `raw` is never replaced.
@safe final class Handle: @unchecked Sendable {
    let raw: OpaquePointer
    let context: HandleContext
    let servers: String
    /// Opens when librdkafka has freed everything.
    let destroyed = Gate()
    private let retained: Unmanaged<HandleContext>

    /// Makes a handle of the kind, with our defaults, the caller's properties, then `required`.
    init(
        _ kind: ClientKind, settings: ClientSettings, required: [(String, String)],
        logger: Logger, undelivered: (@Sendable (Int, Int32) -> Void)? = nil
    ) throws(KafkaError) {
        try Handle.checkVersion()
        do throws(KafkaSettingsError) { try settings.validated() } catch {
            throw error.asKafkaError
        }
        guard let configuration = unsafe rd_kafka_conf_new() else {
            throw Handle.refused("out of memory", settings)
        }
        let own = [
            ("bootstrap.servers", settings.bootstrapServers), ("client.id", settings.clientID),
        ]
        let all = Defaults.properties(for: kind) + settings.properties(for: kind) + own + required
        for (name, value) in all
        where unsafe rd_kafka_conf_set(configuration, name, value, nil, 0) != RD_KAFKA_CONF_OK {
            unsafe rd_kafka_conf_destroy(configuration)
            throw Handle.refused("\(name) was not accepted", settings)
        }
        let context = HandleContext(
            logger: logger, settings: settings, undelivered: undelivered)
        let retained = unsafe Unmanaged.passRetained(context)
        unsafe Handle.installCallbacks(configuration, retained, kind)
        var text = [CChar](repeating: 0, count: 512)
        let type = kind.audience == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        guard let raw = unsafe rd_kafka_new(type, configuration, &text, text.count) else {
            // On failure the configuration stays ours (rdkafka.h, rd_kafka_new), except that 2.0.2
            // has freed its interceptors (#5240): with one of ours it is left as it is.
            if !kind.isPaced { unsafe rd_kafka_conf_destroy(configuration) }
            unsafe retained.release()
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Handle.refused(String(decoding: bytes, as: UTF8.self), settings)
        }
        unsafe self.raw = unsafe raw
        unsafe self.retained = unsafe retained
        self.context = context
        self.servers = settings.bootstrapServers
        if settings.usesTokenRefresh {
            // Tokens are otherwise refreshed from poll(), which a producer never calls here.
            if let error = unsafe rd_kafka_sasl_background_callbacks_enable(raw) {
                unsafe rd_kafka_error_destroy(error)
            }
        }
    }

    deinit {
        let raw = unsafe Sending(raw)
        let retained = unsafe Sending(retained)
        let destroyed = destroyed
        DispatchQueue(label: "handoff.kafka.destroy").async {
            // Without a close: an orderly one has happened before, or its deadline has passed.
            unsafe rd_kafka_destroy_flags(raw.value, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
            unsafe retained.value.release()
            destroyed.open()
        }
    }

    private static func installCallbacks(
        _ configuration: OpaquePointer, _ context: Unmanaged<HandleContext>, _ kind: ClientKind
    ) {
        unsafe rd_kafka_conf_set_opaque(configuration, context.toOpaque())
        unsafe rd_kafka_conf_set_log_cb(configuration) { handle, level, facility, line in
            guard let facility = unsafe facility, let line = unsafe line else { return }
            unsafe CLog.record(handle, level, facility, line)
        }
        if kind.isPaced { unsafe FetchPacing.install(configuration) }
        switch kind {
        case .groupConsumer:
            unsafe rd_kafka_conf_set_events(
                configuration, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR)
        case .plainProducer:
            unsafe rd_kafka_conf_set_dr_msg_cb(configuration) { handle, message, _ in
                guard let message = unsafe message else { return }
                unsafe KafkaClient.context(of: handle)?.undelivered?(
                    Int(bitPattern: message.pointee._private), message.pointee.err.rawValue)
            }
        case .reader, .admin, .transactionalProducer:
            // No delivery reports on purpose: with them a commit deadlocks unless another thread
            // polls (rdkafka.h, rd_kafka_commit_transaction).
            break
        }
    }

    private static func refused(_ reason: String, _ settings: ClientSettings) -> KafkaError {
        KafkaError(
            code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, operation: "create Kafka client",
            subject: settings.bootstrapServers, reason: reason,
            consequence: .stop(exitCode: 2), remedy: "correct the Kafka properties")
    }

    /// Older libraries lack fixes of the transaction manager that this code relies on.
    private static func checkVersion() throws(KafkaError) {
        guard rd_kafka_version() < 0x0200_02ff else { return }
        throw KafkaError(
            code: RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE.rawValue, operation: "load librdkafka",
            subject: unsafe String(cString: rd_kafka_version_str()),
            consequence: .stop(exitCode: 1), remedy: "install librdkafka 2.0.2 or newer")
    }

    /// The error of a call that went unanswered or was refused, with the library's last problem.
    func failure(
        _ code: rd_kafka_resp_err_t, _ operation: String, _ subject: String
    ) -> KafkaError {
        KafkaError.isUnreachable(code)
            ? .unreachable(
                code, operation: operation, servers: servers, lastProblem: context.problem)
            : KafkaError(code, operation: operation, subject: subject)
    }
}

/// Carries a pointer into a closure that becomes its only user.
// Unchecked: the one place that makes it gives the value up at once.
@safe struct Sending<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

/// Turns the C strings of the log callback into ours.
private enum CLog {
    static func record(
        _ handle: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>,
        _ line: UnsafePointer<CChar>
    ) {
        guard let context = unsafe KafkaClient.context(of: handle) else { return }
        unsafe context.log(
            level: level, facility: String(cString: facility), line: String(cString: line))
    }
}

extension ClientSettings {
    var usesTokenRefresh: Bool {
        let mechanism = properties.first {
            ["sasl.mechanism", "sasl.mechanisms"].contains(ClientSettings.split($0.key).name)
        }
        return mechanism?.value.uppercased() == "OAUTHBEARER"
    }
}
