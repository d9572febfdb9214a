package import Qualification
import Synchronization

/// The change clock of reference data: what changed after a given version.
///
/// One writer, any number of readers, no locks. The writer commits to SQLite, then marks the keys'
/// slots, then raises the version. So who loads `version` before it looks rows up sees either
/// the new row, or a slot that becomes newer than its version. A slot is shared by many keys: a
/// change may be reported that was another key's, but none is missed.
@safe package final class ReferenceChanges: Sendable {
    /// 512 KB; with 65,536 slots one change disturbs 1 in 65,536 facts without need.
    private static let slotCount = 65_536

    private let current = Atomic<UInt64>(1)
    private let changing = Atomic(false)
    /// Owned here, made in `init` and freed in `deinit`; only ever used as atomics.
    private nonisolated(unsafe) let slots: UnsafeMutablePointer<Atomic<UInt64>>

    /// Starts at version 1 with nothing changed.
    package init() {
        unsafe slots = .allocate(capacity: Self.slotCount)
        for slot in 0..<Self.slotCount {
            unsafe (slots + slot).initialize(to: Atomic(0))
        }
    }

    // A number has nothing to be taken down; saying so slot by slot took as long as making them.
    deinit { unsafe slots.deallocate() }

    /// Grows with every batch of changes; load it before the look-ups that depend on it.
    package var version: UInt64 { current.load(ordering: .acquiring) }

    /// Whether the row of `key` may have changed after `version`: true too often, never false
    /// wrongly.
    package func hasChanged(_ key: ReferenceKey, since version: UInt64) -> Bool {
        unsafe slots[Self.slot(of: key)].load(ordering: .acquiring) > version
    }

    /// Whether rows are being changed of which the version does not tell yet.
    ///
    /// Who reads rows and then finds this false sees a version that tells of all of them.
    package var isChanging: Bool { changing.load(ordering: .acquiring) }

    /// Makes `isChanging` true while `body` commits and advances; only by the one writer.
    func whileChanging(_ body: () throws(StorageError) -> Void) throws(StorageError) {
        changing.store(true, ordering: .sequentiallyConsistent)
        defer { changing.store(false, ordering: .sequentiallyConsistent) }
        try body()
    }

    /// Marks keys as changed; only by the one writer, and only after its commit.
    func advance(_ keys: some Sequence<ReferenceKey>) {
        let next = current.load(ordering: .relaxed) + 1
        for key in keys {
            unsafe slots[Self.slot(of: key)].store(next, ordering: .releasing)
        }
        current.store(next, ordering: .releasing)
    }

    /// FNV-1a's low bits alone mix the last characters badly, so all four quarters take part.
    private static func slot(of key: ReferenceKey) -> Int {
        let folded = key.hash ^ key.hash >> 32
        return Int(truncatingIfNeeded: (folded ^ folded >> 16) & UInt64(slotCount - 1))
    }
}
