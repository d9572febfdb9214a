/// Which dead letters have been redriven, as the compacted topic of redrives tells.
///
/// One record a letter: its place is the key, and the value says which letter lay there, because a
/// topic that was made anew counts its offsets from 0 again.
package struct RedriveLedger: Sendable {
    /// A hash of what is known of a place (small, because there may be millions); nil if the record
    /// there could not be read, which then counts for any letter: better one that is not redriven
    /// than one that is redriven twice.
    private var marks: [RecordPlace: Int?] = [:]

    /// Nothing redriven yet.
    package init() {}

    /// How many letters it knows.
    package var count: Int { marks.count }

    /// Takes a record of the topic; a null value forgets a letter.
    package mutating func take(key: [UInt8], value: [UInt8]?) {
        let parts = String(decoding: key, as: UTF8.self).split(separator: "@")
        guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1])
        else { return }
        let place = RecordPlace(partition: partition, offset: offset)
        guard let value else {
            marks[place] = nil
            return
        }
        marks[place] = .some((try? FlatBody(value)).flatMap(RedriveLedger.mark)?.hashValue)
    }

    /// Whether a letter has been redriven.
    package func holds(_ letter: Letter) -> Bool {
        guard let mark = marks[letter.place] else { return false }
        return mark == nil || mark == RedriveLedger.mark(letter)?.hashValue
    }

    /// Whether it knows of a letter at a place.
    package func holds(_ place: RecordPlace) -> Bool { marks[place] != nil }

    /// The places in front of the first record of their partition: nobody can ask for them again.
    ///
    /// Those of a partition that is not given stay: whoever has not heard of it cannot tell that it
    /// is gone.
    package func outdated(first: [Int32: Int64]) -> [RecordPlace] {
        marks.keys.filter { $0.offset < first[$0.partition] ?? .min }.sorted()
    }

    /// The key of a letter's record.
    package static func key(of place: RecordPlace) -> [UInt8] {
        Array("\(place.partition)@\(place.offset)".utf8)
    }

    /// The value of a letter's record: which letter it is, where it went, the how manieth time.
    package static func value(of letter: Letter, to partition: Int32) -> [UInt8] {
        Array(
            JSONTree.object([
                ("refused_at_ms", .whole(Int(letter.timestamp))),
                (
                    "source",
                    letter.source.map { source in
                        .object([
                            ("topic", .text(source.topic)),
                            ("partition", .whole(Int(source.place.partition))),
                            ("offset", .whole(Int(source.place.offset))),
                        ])
                    }
                ),
                ("to_partition", .whole(Int(partition))),
                ("redrives", .whole(letter.redrives + 1)),
            ]).compact.utf8)
    }

    private static func mark(_ letter: Letter) -> String? {
        letter.source.map {
            "\(letter.timestamp) \($0.topic) \($0.place.partition) \($0.place.offset)"
        }
    }

    private static func mark(_ body: FlatBody) -> String? {
        guard let time = body["refused_at_ms"], let topic = body["source.topic"],
            let partition = body["source.partition"], let offset = body["source.offset"]
        else { return nil }
        return "\(time) \(topic) \(partition) \(offset)"
    }
}
