extension Span<UInt8> {
    /// The eight bytes at a place as one little-endian number; they must be there.
    ///
    /// One load: put together from bytes it took 40 instructions, and hashing and comparing ids,
    /// types and keys was a fifteenth of a lane's (callgrind).
    package func word(at place: Int) -> UInt64 {
        precondition(place >= 0 && place &+ 8 <= count)
        return unsafe UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    /// The bytes from a place to the end, at most eight, as one little-endian number.
    package func lastWord(from place: Int) -> UInt64 {
        let left = count &- place
        precondition(place >= 0 && left >= 0 && left <= 8)
        // The last eight bytes, shifted, instead of a loop over those that are left; a shift by 64
        // gives 0.
        if count >= 8 { return word(at: count &- 8) >> (64 &- 8 &* left) }
        // Two words of four bytes that overlap, or the few bytes that there are.
        var word: UInt64 = 0
        if count >= 4 {
            word = half(at: 0) | half(at: count &- 4) << (8 &* (count &- 4))
        } else {
            for offset in 0..<count { word |= UInt64(self[offset]) << (8 &* offset) }
        }
        return word >> (8 &* place)
    }

    private func half(at place: Int) -> UInt64 {
        unsafe UInt64(
            UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self)))
    }
}

/// The bytes of many texts, one after the other; only grows.
///
/// Memory of its own instead of an array, whose owners would be counted for every name of every
/// event: twenty counts an event, each a locked instruction.
@safe final class TextArena {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity = 4096
    private(set) var count = 0

    init() {
        unsafe start = .allocate(capacity: capacity)
    }

    deinit {
        unsafe start.deallocate()
    }

    /// Adds a text behind the others.
    func append(_ text: Span<UInt8>) {
        if capacity &- count < text.count {
            capacity += Swift.max(capacity, text.count)
            let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
            unsafe wider.update(from: start, count: count)
            unsafe start.deallocate()
            unsafe start = wider
        }
        unsafe text.withUnsafeBufferPointer { text in
            guard let first = text.baseAddress else { return }
            unsafe (start + count).update(from: first, count: text.count)
        }
        count += text.count
    }

    /// The text at a range of places, all of them written; what is no UTF-8 is replaced.
    func text(_ range: Range<Int>) -> String {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start + range.lowerBound, count: range.count),
            as: UTF8.self)
    }

    /// Gives the bytes at a range of places, all of them written, to `body`.
    ///
    /// `body` must not add texts to the arena: it may move to other memory then, and `body` would
    /// read what was freed.
    func withBytes<R>(_ range: Range<Int>, _ body: (Span<UInt8>) -> R) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe body(
            UnsafeBufferPointer(start: start + range.lowerBound, count: range.count).span)
    }
}
