package import Qualification

/// A change of reference data and the record that carried it.
package struct ReferenceRecord: Sendable, Equatable {
    /// What changes.
    package var change: ReferenceChange
    /// The record's topic.
    package var topic: String
    /// Its partition.
    package var partition: Int32
    /// Its offset.
    package var offset: Int64

    /// Makes a record.
    package init(change: ReferenceChange, topic: String, partition: Int32, offset: Int64) {
        self.change = change
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// An entry of the reference data by which leads must be decided again although they had no event:
/// a suppression, or an account whose status changed.
package struct DecisiveEntry: Sendable, Equatable {
    /// A normalised e-mail address or domain.
    package var entry: String
    /// The topic of its last record.
    package var topic: String
    /// The partition of its last record.
    package var partition: Int32
    /// The offset of its last record.
    package var offset: Int64

    /// Makes an entry.
    package init(entry: String, topic: String, partition: Int32, offset: Int64) {
        self.entry = entry
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}
