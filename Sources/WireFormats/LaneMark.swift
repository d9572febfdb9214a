package import Qualification

/// What a lane writes to its changelog once per epoch beside its profiles: the clock and the
/// inputs' positions.
///
/// In the same transaction as the consumed offsets, so a restored lane can prove that its state and
/// the group's offsets are of the same moment. Version 1: version, stream clock, then source and
/// next offset of each input.
package struct LaneMark: Sendable, Equatable {
    /// The record key.
    ///
    /// No lead has it: the first byte occurs in no UTF-8 text.
    package static let key: [UInt8] = [0xff] + Array("lane".utf8)

    /// The greatest time of the events applied in the lane.
    package var streamClock: Timestamp
    /// The offset of the next record of each input.
    package var positions: [EventSource: Int64]

    /// The mark of a lane that has seen nothing.
    package init(streamClock: Timestamp = .distantPast, positions: [EventSource: Int64] = [:]) {
        self.streamClock = streamClock
        self.positions = positions
    }

    /// The bytes of the mark.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.byte(1)
        writer.signed(streamClock.milliseconds)
        writer.count(positions.count)
        for (source, position) in positions.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.byte(source.rawValue)
            writer.signed(position)
        }
        return writer.bytes
    }

    /// Reads a mark.
    package init(decoding bytes: [UInt8]) throws(ProfileCodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == 1 else { throw .unknownVersion(version) }
        streamClock = Timestamp(milliseconds: try reader.signed())
        positions = [:]
        for _ in 0..<(try reader.count()) {
            guard let source = EventSource(rawValue: try reader.byte()) else {
                throw .malformed("an unknown event source")
            }
            positions[source] = try reader.signed()
        }
    }
}
