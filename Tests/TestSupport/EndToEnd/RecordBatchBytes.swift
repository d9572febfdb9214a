/// A record batch of Kafka's message format 2, as it stands in the bytes of an answer.
///
/// Layout: https://kafka.apache.org/documentation/#recordbatch
struct RecordBatchBytes {
    /// Where its records are, compressed or not: all of it is covered by the checksum.
    let records: Range<Int>

    private static let headerSize = 61
    private static let magicPlace = 16
    private static let checksumPlace = 17
    private static let coveredPlace = 21
    private static let attributesPlace = 22
    private static let controlBit: UInt8 = 1 << 5

    /// Every batch in `bytes` but those of transaction markers, found by its checksum, whatever
    /// stands around it.
    static func all(in bytes: [UInt8]) -> [RecordBatchBytes] {
        var found: [RecordBatchBytes] = []
        var place = 0
        while place + headerSize < bytes.count {
            guard let batch = batch(in: bytes, at: place) else {
                place += 1
                continue
            }
            found.append(batch)
            place = batch.records.upperBound
        }
        return found
    }

    private static func batch(in bytes: [UInt8], at place: Int) -> RecordBatchBytes? {
        guard bytes[place + magicPlace] == 2, bytes[place + attributesPlace] & controlBit == 0
        else { return nil }
        // The length counts what comes after it: after the offset and itself.
        let end = place + 12 + Int(number(in: bytes, at: place + 8))
        guard end > place + headerSize, end <= bytes.count else { return nil }
        let covered = bytes[place + coveredPlace..<end]
        guard checksum(covered) == number(in: bytes, at: place + checksumPlace) else { return nil }
        return RecordBatchBytes(records: place + headerSize..<end)
    }

    private static func number(in bytes: [UInt8], at place: Int) -> UInt32 {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// CRC-32C (Castagnoli), RFC 3720 B.4.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { sum, byte in
            sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
        }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1
        }
    }
}
