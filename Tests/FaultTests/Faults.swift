import Testing

/// Everything that harms workers, their files, their connections or the broker; one after the
/// other, because each of these tests keeps several processes busy.
@Suite(.serialized)
enum Faults {}
