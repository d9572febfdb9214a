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
}
