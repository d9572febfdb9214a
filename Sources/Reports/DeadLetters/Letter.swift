import WireFormats

/// A dead letter without its value: where it lies, what it was before, and what the worker said.
package struct Letter: Sendable {
    /// Where the record came from.
    package struct Source: Sendable, Hashable {
        /// The topic as the broker calls it.
        package var topic: String
        /// Where in the topic.
        package var place: RecordPlace
    }

    /// A header; nil is Kafka's null.
    package typealias Header = (name: String, value: [UInt8]?)

    /// Where it lies in the topic of dead letters.
    package let place: RecordPlace
    /// Kafka's timestamp in milliseconds since 1970, which is when it was refused; negative if
    /// there is none.
    package let timestamp: Int64
    /// The original key; nil is Kafka's null.
    package let key: [UInt8]?
    /// Whether the original value was more than Kafka's null.
    package let hasValue: Bool
    /// The code, as it stands in the header; nil without one.
    package let reason: String?
    /// The sentence; nil without one.
    package let detail: String?
    /// Where it came from; nil if the headers do not say.
    package let source: Source?
    /// Whether only part of the value was kept.
    package let isTruncated: Bool
    /// The headers that the record had before.
    package let original: [Header]

    /// What the worker appends, in its order.
    private static let own = [
        DeadLetter.Header.reason, DeadLetter.Header.detail, DeadLetter.Header.topic,
        DeadLetter.Header.partition, DeadLetter.Header.offset, DeadLetter.Header.workerVersion,
        DeadLetter.Header.truncatedFrom,
    ]

    /// A record of the topic of dead letters.
    ///
    /// Only what the worker appended last is taken off: a record that had headers of these names
    /// before it died keeps them.
    package init(
        place: RecordPlace, timestamp: Int64, key: [UInt8]?, hasValue: Bool, headers: [Header]
    ) {
        self.place = place
        self.timestamp = timestamp
        self.key = key
        self.hasValue = hasValue
        let appended = Letter.appended(headers)
        var texts: [String: String] = [:]
        for index in appended {
            texts[headers[index].name] = headers[index].value.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        original = headers.indices.filter { !appended.contains($0) }.map { headers[$0] }
        reason = texts[DeadLetter.Header.reason]
        detail = texts[DeadLetter.Header.detail]
        isTruncated = texts[DeadLetter.Header.truncatedFrom] != nil
        if let topic = texts[DeadLetter.Header.topic], !topic.isEmpty,
            let partition = texts[DeadLetter.Header.partition].flatMap({ Int32($0) }),
            let offset = texts[DeadLetter.Header.offset].flatMap({ Int64($0) }), partition >= 0,
            offset >= 0
        {
            source = Source(
                topic: topic, place: RecordPlace(partition: partition, offset: offset))
        } else {
            source = nil
        }
    }

    /// The places of the headers that the worker appended: the last of each name, up to one that is
    /// not ours; anywhere, if something on the way has put the headers in another order.
    private static func appended(_ headers: [Header]) -> Set<Int> {
        var found: [String: Int] = [:]
        for index in headers.indices.reversed() {
            let name = headers[index].name
            guard own.contains(name), found[name] == nil else { break }
            found[name] = index
        }
        if !own.dropLast().allSatisfy({ found[$0] != nil }) {
            for (index, header) in headers.enumerated() where own.contains(header.name) {
                found[header.name] = index
            }
        }
        return Set(found.values)
    }

    /// A greater count counts as this one: whoever publishes may write any header.
    private static let mostRedrives = 1_000_000

    /// How often the record was redriven before it died, from 0 to 1,000,000.
    package var redrives: Int {
        let header = original.last { $0.name == DeadLetter.Header.redrives }
        guard let digits = header?.value, !digits.isEmpty,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return 0 }
        // Only digits, so what is no number is too great for one.
        let count = Int(String(decoding: digits, as: UTF8.self)) ?? Letter.mostRedrives
        return min(count, Letter.mostRedrives)
    }

    /// The headers to redrive it with: the original ones, and the count of redrives.
    package var redriveHeaders: [Header] {
        original.filter { $0.name != DeadLetter.Header.redrives }
            + [(DeadLetter.Header.redrives, Array(String(redrives + 1).utf8))]
    }

    /// A text of a value that is a JSON object, such as the `mql_id` of a disposition.
    package static func text(_ name: String, in value: [UInt8]) -> String? {
        (try? FlatBody(value))?[name]
    }

    /// Kafka's timestamp in RFC 3339, if there is one.
    var stamp: String? { Shown.stamp(timestamp) }
}

/// Which dead letters are meant; what is nil or empty lets everything through.
package struct LetterFilter: Sendable {
    /// Only these codes.
    package var reasons: Set<String>
    /// Only records that came from one of these topics.
    package var topics: Set<String>
    /// Only this key, byte by byte.
    package var key: String?
    /// Not refused before then, by Kafka's timestamp in milliseconds since 1970.
    package var since: Int64?
    /// Refused before then.
    package var until: Int64?

    /// Everything, unless told otherwise.
    package init(
        reasons: Set<String> = [], topics: Set<String> = [], key: String? = nil,
        since: Int64? = nil, until: Int64? = nil
    ) {
        self.reasons = reasons
        self.topics = topics
        self.key = key
        self.since = since
        self.until = until
    }

    /// Whether a letter is meant; one without a timestamp is not outside any period.
    package func lets(_ letter: Letter) -> Bool {
        if !reasons.isEmpty, !reasons.contains(letter.reason ?? "") { return false }
        if !topics.isEmpty, !topics.contains(letter.source?.topic ?? "") { return false }
        if let key, !(letter.key?.elementsEqual(key.utf8) ?? false) { return false }
        guard letter.timestamp >= 0 else { return true }
        if let since, letter.timestamp < since { return false }
        if let until, letter.timestamp >= until { return false }
        return true
    }
}
