internal import CLibrdkafka

/// Hands flat buffers of records to a producer handle; used on the producer's thread only.
@safe final class RecordSender {
    /// One record that was not taken.
    struct Refusal {
        var index: Int
        var code: rd_kafka_resp_err_t
        /// librdkafka has refused it: 2.0.2 then counts the record for ever, and an abort would
        /// wait for it (rd_kafka_produce_batch).
        var isStuck = true
    }

    private let handle: Handle
    private var names: [String]
    private var topics: [OpaquePointer] = unsafe []
    private var partitionCounts: [Int32] = []
    private var pending: [[rd_kafka_message_t]]
    private var pendingIndexes: [[Int]]
    /// Topics that were waited for in vain; they may come, but are not waited for again.
    private(set) var absent: Set<String>

    /// How long a look for partitions that were added may take.
    private static let recountTime = Duration.seconds(10)
    /// How many records one call hands over; bounds the scratch memory.
    private let chunk = 1_000

    /// `absent` are the topics that a sender before this one has waited for.
    init(handle: Handle, topics names: [String], absent: Set<String> = []) {
        self.handle = handle
        self.names = names
        self.absent = absent
        unsafe pending = unsafe Array(repeating: [], count: names.count)
        pendingIndexes = Array(repeating: [], count: names.count)
    }

    deinit {
        for index in unsafe topics.indices { unsafe rd_kafka_topic_destroy(topics[index]) }
    }

    /// Makes the topic handles and learns the partition counts.
    ///
    /// Without this the first record of each topic waits about a second on 2.0.2 (#5032). Fails
    /// with exit code 3 when nobody answers within `timeout`, with 4 when a topic stays unknown: a
    /// broker that has just started may not know it yet.
    func warm(timeout: Duration) throws(KafkaError) {
        for name in names.dropFirst(unsafe topics.count) { unsafe topics.append(try use(name)) }
        partitionCounts = []
        for place in names.indices {
            partitionCounts.append(
                try handle.askingWhileSettling(within: timeout) { () throws(KafkaError) in
                    unsafe try countPartitions(names[place], topics[place], timeout)
                })
        }
    }

    /// The places of topics that are not among those it was made with; looks up new ones.
    ///
    /// -1 for one that does not exist: records for it are skipped, see `send`. All of them together
    /// are waited for as long as `waiting`, since that happens within a transaction.
    func learn(
        _ others: [String], timeout: Duration, waiting: Duration
    ) throws(KafkaError) -> [Int] {
        let deadline = ContinuousClock.now + waiting
        var places: [Int] = []
        for name in others {
            if let known = names.firstIndex(of: name) {
                places.append(known)
                continue
            }
            let topic = unsafe try use(name)
            do throws(KafkaError) {
                let patience = absent.contains(name) ? .zero : deadline - .now
                let limit = min(timeout, max(patience, Handle.questionTime))
                let count = try handle.askingWhileSettling(within: patience) {
                    () throws(KafkaError) in
                    unsafe try countPartitions(name, topic, limit)
                }
                absent.remove(name)
                names.append(name)
                unsafe topics.append(topic)
                partitionCounts.append(count)
                unsafe pending.append([])
                pendingIndexes.append([])
                places.append(names.count - 1)
            } catch {
                unsafe rd_kafka_topic_destroy(topic)
                guard error.consequence == .stop(exitCode: 4) else { throw error }
                absent.insert(name)
                places.append(-1)
            }
        }
        return places
    }

    private func use(_ name: String) throws(KafkaError) -> OpaquePointer {
        if let topic = unsafe rd_kafka_topic_new(handle.raw, name, nil) { return unsafe topic }
        throw KafkaError(
            rd_kafka_last_error(), operation: "use topic", subject: name,
            otherwise: .stop(exitCode: 2))
    }

    private func countPartitions(
        _ name: String, _ topic: OpaquePointer, _ timeout: Duration
    ) throws(KafkaError) -> Int32 {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = handle.askingForMetadata(timeout) { milliseconds in
            unsafe rd_kafka_metadata(handle.raw, 0, topic, &metadata, milliseconds)
        }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found = unsafe metadata else {
            throw handle.failure(code, "look up topic", name)
        }
        defer { unsafe rd_kafka_metadata_destroy(found) }
        guard unsafe found.pointee.topic_cnt > 0 else { throw RecordSender.missing(name) }
        let known = unsafe found.pointee.topics[0]
        switch unsafe known.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return unsafe known.partition_cnt
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
            throw RecordSender.missing(name)
        case let error:
            throw KafkaError(error, operation: "look up topic", subject: name)
        }
    }

    private static func missing(_ topic: String) -> KafkaError {
        KafkaError(
            code: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue, operation: "look up topic",
            subject: topic, consequence: .stop(exitCode: 4), remedy: "create the topic first")
    }

    /// Enqueues records `range`, copying them, and returns those that were refused.
    ///
    /// Blocks while the queue of the handle is full. The order within a topic is kept. `others`
    /// are the places of the buffer's other topics, see `learn`.
    func send(
        _ records: OutboundRecords, _ range: Range<Int>, others: [Int] = []
    ) -> [Refusal] {
        var refusals: [Refusal] = []
        unsafe records.bytes.withUnsafeBytes { bytes in
            // A buffer of empty keys has no base address; any non-null one will do then.
            let base = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            guard let base = unsafe base else { return }
            for index in range {
                let entry = records.entries[index]
                if entry.topic < 0, others[-1 - Int(entry.topic)] < 0 { continue }
                guard let topic = checked(entry, others) else {
                    refusals.append(
                        Refusal(
                            index: index, code: RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
                            isStuck: false))
                    continue
                }
                if entry.headerCount == 0, entry.timestamp == 0 {
                    unsafe pend(entry, base, topic, index)
                    if unsafe pending[topic].count >= chunk { flush(topic, &refusals) }
                } else {
                    // What waits for the same topic goes first, to keep the order.
                    flush(topic, &refusals)
                    let code = unsafe produce(records, entry, base, topic, index)
                    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                        refusals.append(Refusal(index: index, code: code))
                    }
                }
            }
            for topic in names.indices { flush(topic, &refusals) }
        }
        return refusals
    }

    /// The topic's index if the partition exists: for one that does not, 2.0.2 leaks the record
    /// (rd_kafka_produce_batch) or frees its headers twice (#4628).
    private func checked(_ entry: OutboundRecords.Entry, _ others: [Int]) -> Int? {
        var topic = Int(entry.topic)
        if topic < 0 {
            guard others.indices.contains(-1 - topic) else { return nil }
            topic = others[-1 - topic]
        }
        guard partitionCounts.indices.contains(topic) else { return nil }
        if entry.partition < partitionCounts[topic] { return topic }
        // Partitions may have been added since.
        guard
            let count = unsafe try? countPartitions(
                names[topic], topics[topic], RecordSender.recountTime)
        else { return nil }
        partitionCounts[topic] = count
        return entry.partition < count ? topic : nil
    }

    private func pend(
        _ entry: OutboundRecords.Entry, _ base: UnsafeRawPointer, _ topic: Int, _ index: Int
    ) {
        var message = unsafe rd_kafka_message_t()
        let key = unsafe UnsafeMutableRawPointer(mutating: base + entry.start)
        if entry.keyCount >= 0 {
            unsafe message.key = unsafe key
            unsafe message.key_len = Int(entry.keyCount)
        }
        if entry.valueCount >= 0 {
            unsafe message.payload = unsafe key + Int(max(0, entry.keyCount))
            unsafe message.len = Int(entry.valueCount)
        }
        unsafe message.partition = entry.partition
        unsafe message._private = UnsafeMutableRawPointer(bitPattern: index)
        unsafe pending[topic].append(message)
        pendingIndexes[topic].append(index)
    }

    private func flush(_ topic: Int, _ refusals: inout [Refusal]) {
        let count = unsafe pending[topic].count
        guard count > 0 else { return }
        let flags = RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION | RD_KAFKA_MSG_F_BLOCK
        let taken = unsafe rd_kafka_produce_batch(
            topics[topic], RD_KAFKA_PARTITION_UA, flags, &pending[topic], Int32(count))
        if Int(taken) < count {
            for position in 0..<count {
                let code = unsafe pending[topic][position].err
                guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
                refusals.append(Refusal(index: pendingIndexes[topic][position], code: code))
            }
        }
        unsafe pending[topic].removeAll(keepingCapacity: true)
        pendingIndexes[topic].removeAll(keepingCapacity: true)
    }

    private func produce(
        _ records: OutboundRecords, _ entry: OutboundRecords.Entry, _ base: UnsafeRawPointer,
        _ topic: Int, _ index: Int
    ) -> rd_kafka_resp_err_t {
        var next = unsafe base + entry.start
        let key = unsafe entry.keyCount >= 0 ? next : nil
        unsafe next += Int(max(0, entry.keyCount))
        let value = unsafe entry.valueCount >= 0 ? next : nil
        unsafe next += Int(max(0, entry.valueCount))
        var headers: OpaquePointer?
        if entry.headerCount > 0 {
            unsafe headers = rd_kafka_headers_new(Int(entry.headerCount))
            let first = Int(entry.firstHeader)
            for field in records.fields[first..<first + Int(entry.headerCount)] {
                let name = unsafe next.assumingMemoryBound(to: CChar.self)
                unsafe next += Int(field.nameCount)
                let value = unsafe field.valueCount >= 0 ? next : nil
                unsafe rd_kafka_header_add(
                    headers, name, Int(field.nameCount), value, Int(field.valueCount))
                unsafe next += Int(max(0, field.valueCount))
            }
        }
        let code = unsafe handoff_produce(
            handle.raw, topics[topic], entry.partition,
            RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK, key, Int(max(0, entry.keyCount)), value,
            Int(max(0, entry.valueCount)), entry.timestamp, headers,
            UnsafeMutableRawPointer(bitPattern: index))
        if code != RD_KAFKA_RESP_ERR_NO_ERROR, let headers = unsafe headers {
            unsafe rd_kafka_headers_destroy(headers)
        }
        return code
    }
}
