/// Up to where a partition of a reference topic is in the cache.
package struct ReferencePosition: Sendable, Hashable {
    /// The topic's name.
    package var topic: String
    /// The partition's number.
    package var partition: Int32
    /// The offset of the next record to apply.
    package var nextOffset: Int64

    /// Makes a position.
    package init(topic: String, partition: Int32, nextOffset: Int64) {
        self.topic = topic
        self.partition = partition
        self.nextOffset = nextOffset
    }

    /// The rows of a statement that selects topic, partition and next offset.
    static func all(
        from statement: borrowing Statement
    ) throws(StorageError) -> [ReferencePosition] {
        defer { statement.reset() }
        var found: [ReferencePosition] = []
        while try statement.step() {
            found.append(
                ReferencePosition(
                    topic: statement.text(at: 0) ?? "",
                    partition: Int32(clamping: statement.integer(at: 1)),
                    nextOffset: statement.integer(at: 2)))
        }
        return found
    }
}
