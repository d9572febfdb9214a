package import Qualification

/// Where a record of a reference topic lies.
package struct ReferencePlace: Sendable, Hashable {
    /// The record's topic.
    package var topic: String
    /// Its partition.
    package var partition: Int32
    /// Its offset.
    package var offset: Int64

    /// Names a place.
    package init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// A change of reference data and the record that carried it.
@dynamicMemberLookup
package struct ReferenceRecord: Sendable, Equatable {
    /// What changes.
    package var change: ReferenceChange
    /// Where the record lies.
    package var place: ReferencePlace

    /// Makes a record.
    package init(change: ReferenceChange, at place: ReferencePlace) {
        self.change = change
        self.place = place
    }

    /// A part of `place`.
    package subscript<Value>(dynamicMember path: KeyPath<ReferencePlace, Value>) -> Value {
        place[keyPath: path]
    }
}

/// An entry of the reference data by which leads must be decided again although they had no event:
/// a suppression, or an account whose status changed.
@dynamicMemberLookup
package struct DecisiveEntry: Sendable, Equatable {
    /// A normalised e-mail address or domain.
    package var entry: String
    /// Where its last record lies.
    package var place: ReferencePlace

    /// Makes an entry.
    package init(entry: String, at place: ReferencePlace) {
        self.entry = entry
        self.place = place
    }

    /// A part of `place`.
    package subscript<Value>(dynamicMember path: KeyPath<ReferencePlace, Value>) -> Value {
        place[keyPath: path]
    }
}
