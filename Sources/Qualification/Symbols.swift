/// A text that a lane has seen, as a small number: equal symbols of one table are equal bytes.
package struct Symbol: Hashable, Sendable {
    /// The place in the lane's table; 0 is the empty text.
    package let index: UInt32

    /// The empty text, which stands for "none": no input field can be empty.
    package static let none = Symbol(index: 0)

    /// Whether this is a text at all.
    package var isSome: Bool { index != 0 }

    /// Makes the symbol at a place of a table.
    package init(index: UInt32) {
        self.index = index
    }
}

/// The texts of one lane: activity types, product and campaign ids, channels, reason codes.
///
/// Interning turns the comparisons of the hot path into comparisons of numbers and stores each text
/// once per lane instead of once per profile. Owned by one lane, so not `Sendable`. Texts are
/// arbitrary bytes.
package final class SymbolTable {
    /// The bytes of all texts, one after the other: comparing with a text of its own would count
    /// references to it for each name of each event.
    private let texts = TextArena()
    /// Where each text begins, and where the last ends.
    private var starts = [0, 0]
    private var strings: [String] = [""]
    /// Open addressing with linear probing; 0 = free (the empty text is never looked up by hash).
    private var slots: [UInt32] = Array(repeating: 0, count: 1024)
    /// The lists that `shared` gave out.
    private var lists: [[Symbol]: [Symbol]] = [:]
    /// There are a few dozen sets of reason codes; beyond so many a list is not shared.
    private static let listLimit = 4096
    /// Bytes of all texts: what bounds the table.
    package var byteCount: Int { texts.count }

    /// An empty table.
    package init() {}

    /// How many symbols there are.
    package var count: Int { strings.count }

    /// The symbol of these bytes, made when new.
    package func intern(_ bytes: Span<UInt8>) -> Symbol {
        if bytes.isEmpty { return .none }
        let (slot, known) = find(bytes)
        if known != 0 { return Symbol(index: known) }
        let index = UInt32(count)
        let start = texts.count
        texts.append(bytes)
        starts.append(texts.count)
        strings.append(texts.text(start..<texts.count))
        slots[slot] = index
        if count * 2 > slots.count { grow() }
        return Symbol(index: index)
    }

    /// The symbol of a text.
    package func intern(_ text: String) -> Symbol {
        let bytes = Array(text.utf8)
        return intern(bytes.span)
    }

    /// The same list, in one storage for all that hold it: 30,000 leads share a few dozen sets of
    /// codes, which then stay in the processor's cache and need no comparison by element.
    package func shared(_ list: [Symbol]) -> [Symbol] {
        if list.isEmpty { return [] }
        if let known = lists[list] { return known }
        // A copy of its own: the caller's storage may be one that it goes on using.
        let own = list.map { $0 }
        if lists.count < SymbolTable.listLimit { lists[own] = own }
        return own
    }

    /// The text of a symbol of this table, for texts that are UTF-8.
    package func text(_ symbol: Symbol) -> String {
        strings[Int(symbol.index)]
    }

    /// The text of a symbol, or nil for none.
    package func optionalText(_ symbol: Symbol) -> String? {
        symbol.isSome ? strings[Int(symbol.index)] : nil
    }

    /// Gives the bytes of a symbol of this table to `body`.
    package func withBytes(of symbol: Symbol, _ body: (Span<UInt8>) -> Void) {
        texts.withBytes(range(symbol.index), body)
    }

    /// The slot of a text and its symbol, or a free slot and 0.
    private func find(_ bytes: Span<UInt8>) -> (slot: Int, symbol: UInt32) {
        var slot = Int(truncatingIfNeeded: bytes.stableHash) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = slots[slot]
            if texts.withBytes(range(index), { $0.equals(bytes) }) { return (slot, index) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return (slot, 0)
    }

    private func range(_ index: UInt32) -> Range<Int> {
        starts[Int(index)]..<starts[Int(index) + 1]
    }

    private func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for index in 1..<UInt32(count) {
            let hash = texts.withBytes(range(index)) { $0.stableHash }
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = index
        }
    }
}

extension Span<UInt8> {
    /// A 64-bit hash of the bytes that is the same in every process and release, because profiles
    /// keep it.
    ///
    /// Multiply-and-fold over 8-byte words (the family of wyhash), without the byte-wise weakness
    /// of FNV. Not keyed: an id only meets ids of its own lead.
    package var stableHash: UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(count)
        var place = 0
        while place &+ 8 <= count {
            hash = Span.fold(hash ^ word(at: place), 0xa076_1d64_78bd_642f)
            place &+= 8
        }
        if place < count {
            hash = Span.fold(hash ^ lastWord(from: place), 0xe703_7ed1_a0b4_28db)
        }
        return Span.fold(hash, 0x8ebc_6af0_9c88_c6e3)
    }

    /// Whether both hold the same bytes.
    package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var place = 0
        while place &+ 8 <= count {
            if word(at: place) != other.word(at: place) { return false }
            place &+= 8
        }
        return place == count || lastWord(from: place) == other.lastWord(from: place)
    }

    /// Whether these bytes come before the others, byte by byte.
    package func precedes(_ other: Span<UInt8>) -> Bool {
        let shared = Swift.min(count, other.count)
        var place = 0
        while place < shared {
            if self[place] != other[place] { return self[place] < other[place] }
            place += 1
        }
        return count < other.count
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
