internal import CLibrdkafka
internal import Glibc

/// Bounds how often a consumer asks a broker that has next to nothing to give.
///
/// `fetch.wait.max.ms` should, but a broker may answer before it: one that has a few records each
/// time, and one that does not know the setting. librdkafka asks again at once, so a worker without
/// work took a whole core and its broker another (the development broker: 40,000 empty fetches a
/// second; two cores: 3 of 19 us an event in the benchmark). 2.0.2 has no setting for it.
///
/// The wait is in a callback of the broker's thread, of which rdkafka.h says that it must not block
/// for long: 5 ms are a thousandth of the shortest time-out there, and the thread has nothing else
/// to read meanwhile. It is what a small answer may cost at most; large ones never wait.
enum FetchPacing {
    /// Microseconds from asking for records until looking at the few that came.
    static let interval: Int64 = 5_000
    /// Bytes from which on an answer is worth a round trip.
    static let worthwhile = 65_536

    /// How many microseconds an answer of so many bytes, so long after it was asked for, may wait.
    static func wait(apiKey: Int16, bytes: Int, roundTrip: Int64) -> Int64 {
        // A round trip below 0 is that of an error.
        guard apiKey == fetch, bytes < worthwhile, roundTrip >= 0 else { return 0 }
        return max(0, interval - roundTrip)
    }

    /// `ApiKey` of Fetch (Kafka protocol guide, "Api Keys").
    private static let fetch: Int16 = 1

    /// To be called before the handle is made.
    static func install(_ configuration: OpaquePointer) {
        let code = unsafe rd_kafka_conf_interceptor_add_on_new(
            configuration, "pacing",
            { handle, _, _, _, _ in
                unsafe rd_kafka_interceptor_add_on_response_received(
                    handle, "pacing",
                    { _, _, _, _, apiKey, _, _, bytes, roundTrip, _, _ in
                        let wait = FetchPacing.wait(
                            apiKey: apiKey, bytes: bytes, roundTrip: roundTrip)
                        if wait > 0 { usleep(UInt32(wait)) }
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    }, nil)
            }, nil)
        precondition(code == RD_KAFKA_RESP_ERR_NO_ERROR, "one configuration, paced twice")
    }
}
