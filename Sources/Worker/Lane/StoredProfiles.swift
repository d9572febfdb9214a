package import Qualification
package import Storage

/// The profiles on the disk, as the processor wants them.
package final class StoredProfiles: ProfileSource {
    private let reader: ProfileReader

    /// Reads a lane's file.
    package init(_ reader: ProfileReader) {
        self.reader = reader
    }

    package func value(for key: Span<UInt8>) throws -> [UInt8]? {
        try reader.value(for: key)
    }

    package func alerts(
        after last: AlertOrder?, limit: Int
    ) throws -> [(order: AlertOrder, key: [UInt8])] {
        var found: [(order: AlertOrder, key: [UInt8])] = []
        try reader.forEachDue(after: last?.sortable ?? [], limit: limit) { due, key in
            guard let order = AlertOrder(sortable: due) else { return }
            found.append((order, key.indices.map { key[$0] }))
        }
        return found
    }

    package func idleKeys(
        after place: IdlePlace, through last: Int64, limit: Int
    ) throws -> (keys: [[UInt8]], next: IdlePlace)? {
        try reader.idleKeys(after: place, through: last, limit: limit)
    }

    package func leads(
        after place: AddressPlace, below end: String, limit: Int
    ) throws -> (keys: [[UInt8]], next: AddressPlace)? {
        try reader.leads(after: place, below: end, limit: limit)
    }

    package func waiting(
        for product: String, after last: WaitingOrder?, limit: Int
    ) throws -> [WaitingOrder] {
        let place = last.map { WaitingPlace(rank: $0.sortable, key: $0.key) }
        return try reader.waiting(for: product, after: place, limit: limit)
            .compactMap { WaitingOrder(sortable: $0.rank, key: $0.key) }
    }
}
