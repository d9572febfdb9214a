package import Qualification

/// What a lane writes to its changelog once per epoch beside its profiles: the clock and the
/// inputs' positions.
///
/// In the same transaction as the consumed offsets, so a restored lane can prove that its state and
/// the group's offsets are of the same moment. Version 2: version, number, stream clock, source and
/// next offset of each input, then two lists of positions in reference topics and what was used of
/// the day's capacity; version 1 ends after the first of the lists.
package struct LaneMark: Sendable, Equatable {
    /// The record key.
    ///
    /// No lead has it: the first byte occurs in no UTF-8 text.
    package static let key: [UInt8] = [0xff] + Array("lane".utf8)

    /// A partition of a reference topic.
    package struct ReferencePartition: Hashable, Sendable {
        package let topic: String
        package let partition: Int32

        /// Names a partition.
        package init(topic: String, partition: Int32) {
            self.topic = topic
            self.partition = partition
        }
    }

    /// Counts the lane's epochs: a replay in which one is missing has not seen everything.
    package var sequence: Int64 = 0
    /// The greatest time of the events applied in the lane.
    package var streamClock: Timestamp
    /// The offset of the next record of each input.
    package var positions: [EventSource: Int64]
    /// Up to where the reference topics were examined for bad records; of lane 0 only.
    package var references: [ReferencePartition: Int64] = [:]
    /// Up to where leads were decided again by the changes of the reference topics.
    package var decided: [ReferencePartition: Int64] = [:]

    /// What a lane has published of the products with a `daily_capacity`.
    package struct Capacity: Sendable, Equatable {
        /// The UTC day that is counted.
        package var day = UTCDay(number: 0)
        /// Whether the waiting leads of that day were still being released.
        package var isReleasing = false
        /// MQLs by product id.
        package var used: [String: Int] = [:]

        /// Nothing published.
        package init() {}

        /// The same, as the core keeps it.
        package init(_ capacity: LaneCapacity) {
            day = capacity.day
            isReleasing = capacity.releasing != nil
            used = capacity.used
        }
    }

    /// What was published on the current day, as far as it is limited.
    package var capacity = Capacity()

    /// The mark of a lane that has seen nothing.
    package init(streamClock: Timestamp = .distantPast, positions: [EventSource: Int64] = [:]) {
        self.streamClock = streamClock
        self.positions = positions
    }

    /// The bytes of the mark.
    package var encoded: [UInt8] {
        let writer = ByteWriter()
        writer.byte(2)
        writer.signed(sequence)
        writer.signed(streamClock.milliseconds)
        writer.count(positions.count)
        for (source, position) in positions.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.byte(source.rawValue)
            writer.signed(position)
        }
        LaneMark.write(references, writer)
        LaneMark.write(decided, writer)
        writer.signed(Int64(capacity.day.number))
        writer.byte(capacity.isReleasing ? 1 : 0)
        writer.count(capacity.used.count)
        for (product, count) in capacity.used.sorted(by: { $0.key < $1.key }) {
            writer.text(product)
            writer.count(count)
        }
        return writer.bytes
    }

    private static func write(
        _ positions: [ReferencePartition: Int64], _ writer: ByteWriter
    ) {
        writer.count(positions.count)
        for (partition, position) in positions.sorted(by: {
            ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition)
        }) {
            writer.text(partition.topic)
            writer.count(Int(partition.partition))
            writer.signed(position)
        }
    }

    private static func read(
        _ reader: inout ByteReader
    ) throws(ProfileCodecError) -> [ReferencePartition: Int64] {
        var positions: [ReferencePartition: Int64] = [:]
        for _ in 0..<(try reader.count()) {
            let topic = try reader.text()
            let partition = Int32(clamping: try reader.number())
            positions[ReferencePartition(topic: topic, partition: partition)] =
                try reader.signed()
        }
        return positions
    }

    /// Reads a mark.
    package init(decoding bytes: [UInt8]) throws(ProfileCodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == 1 || version == 2 else { throw .unknownVersion(version) }
        sequence = try reader.signed()
        streamClock = Timestamp(milliseconds: try reader.signed())
        positions = [:]
        for _ in 0..<(try reader.count()) {
            guard let source = EventSource(rawValue: try reader.byte()) else {
                throw .malformed("an unknown event source")
            }
            positions[source] = try reader.signed()
        }
        references = try LaneMark.read(&reader)
        guard version > 1 else { return }
        decided = try LaneMark.read(&reader)
        capacity.day = UTCDay(number: Int32(clamping: try reader.signed()))
        capacity.isReleasing = try reader.byte() == 1
        for _ in 0..<(try reader.count()) {
            let product = try reader.text()
            capacity.used[product] = try reader.number()
        }
    }
}
