package import Qualification

/// What a lane's file holds beside an encoded profile.
package struct ProfileColumns: Sendable {
    /// The alert and the idleness.
    package let timers: ProfileTimers
    /// How many bytes the first address key has; nil without any.
    package let firstAddressBytes: Int?
    /// The same of the second, whose bytes come after it.
    package let secondAddressBytes: Int?
}

/// Tells columns of many profiles, for restores; keeps what it needs for one for the next.
package struct ColumnSkimmer {
    private var skimmer = ProfileSkimmer()

    /// A skimmer that has seen nothing.
    package init() {}

    /// What `ProfileCodec.timers(of:)` and `addressKeys(of:)` say, in one walk through the bytes.
    ///
    /// Appends the UTF-8 of the address keys to `addresses`.
    package mutating func columns(
        of encoded: Span<UInt8>, addresses: inout [UInt8]
    ) throws(ProfileCodecError) -> ProfileColumns {
        guard ProfileSkimmer.knows(encoded) else {
            let copy = encoded.indices.map { encoded[$0] }
            return ColumnSkimmer.columns(
                try ProfileCodec.timers(of: copy), try ProfileCodec.addressKeys(of: copy),
                &addresses)
        }
        let timers = try skimmer.timers(encoded)
        let keys = AddressKey.append(
            email: skimmer.email, companyDomain: skimmer.domain, of: encoded, to: &addresses)
        return ProfileColumns(
            timers: timers, firstAddressBytes: keys.first, secondAddressBytes: keys.second)
    }

    private static func columns(
        _ timers: ProfileTimers, _ keys: [String], _ addresses: inout [UInt8]
    ) -> ProfileColumns {
        for key in keys { addresses += Array(key.utf8) }
        let counts = keys.map(\.utf8.count)
        return ProfileColumns(
            timers: timers, firstAddressBytes: counts.first,
            secondAddressBytes: counts.dropFirst().first)
    }
}

extension ProfileCodec {
    /// What `Profile.timers` would say of an encoded profile, told without decoding it.
    ///
    /// For restores and migrations, which see every profile once; a fifth of decoding. Formats that
    /// the skimmer does not know are decoded.
    package static func timers(
        of encoded: [UInt8]
    ) throws(ProfileCodecError) -> ProfileTimers {
        guard ProfileSkimmer.knows(encoded.span) else {
            return try ProfileCodec(symbols: SymbolTable()).decode(encoded, leadID: "").timers
        }
        var skimmer = ProfileSkimmer()
        return try skimmer.timers(encoded.span)
    }

    /// What `LeadFields.addressKeys` would say of an encoded profile, told without decoding it.
    package static func addressKeys(
        of encoded: [UInt8]
    ) throws(ProfileCodecError) -> [String] {
        guard ProfileSkimmer.knows(encoded.span) else {
            let codec = ProfileCodec(symbols: SymbolTable())
            return try codec.decode(encoded, leadID: "").fields.addressKeys
        }
        var skimmer = ProfileSkimmer()
        try skimmer.skimAddresses(encoded.span)
        func text(_ place: Range<Int>?) -> String? {
            place.map { String(decoding: encoded[$0], as: UTF8.self) }
        }
        return AddressKey.keys(email: text(skimmer.email), companyDomain: text(skimmer.domain))
    }

    /// Whether the lead of an encoded profile may wait for something.
    ///
    /// Nearly all leads wait for nothing, which the first byte tells.
    package static func mayWait(_ encoded: Span<UInt8>) -> Bool {
        encoded.isEmpty || encoded[0] != ProfileCodec.version
    }

    /// For what the lead of an encoded profile waits: product ids and places.
    package static func waiting(
        of encoded: [UInt8], key: [UInt8]
    ) throws(ProfileCodecError) -> [(product: String, order: WaitingOrder)] {
        guard mayWait(encoded.span) else { return [] }
        let symbols = SymbolTable()
        let profile = try ProfileCodec(symbols: symbols).decode(encoded, leadID: "")
        return profile.waiting.map { (symbols.text($0.product), $0.order(ofLead: key)) }
    }
}

/// Walks through the format of `ProfileCodec` and keeps times, and where addresses are.
///
/// Used for one profile after the other.
private struct ProfileSkimmer {
    /// Version 2 differs from version 1 behind the products only, where no skim looks.
    static func knows(_ encoded: Span<UInt8>) -> Bool {
        !encoded.isEmpty
            && (encoded[0] == ProfileCodec.version || encoded[0] == ProfileCodec.waitingVersion)
    }

    private var reader = ByteCursor()
    private var stamps: [Int64] = []
    private var base: Int64 = 0
    private var last = Timestamp.distantPast
    private var next: AlertOrder?
    /// Where the e-mail address lies in the profile that was walked through last.
    private(set) var email: Range<Int>?
    private(set) var domain: Range<Int>?

    private mutating func begin() {
        reader = ByteCursor()
        stamps.removeAll(keepingCapacity: true)
        (base, last, next, email, domain) = (0, .distantPast, nil, nil, nil)
    }

    /// Only as far as the addresses.
    mutating func skimAddresses(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        begin()
        _ = try reader.byte(bytes)
        let flags = ProfileCodec.Flags(rawValue: try reader.byte(bytes))
        if flags.contains(.hasAsOf) { _ = try reader.signed(bytes) }
        if flags.contains(.isErased) { _ = try reader.signed(bytes) }
        for _ in 0..<(try reader.count(bytes)) { try skimField(bytes) }
    }

    mutating func timers(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> ProfileTimers {
        begin()
        _ = try reader.byte(bytes)
        let flags = ProfileCodec.Flags(rawValue: try reader.byte(bytes))
        if flags.contains(.hasAsOf) { base = try reader.signed(bytes) }
        let erasedAt = flags.contains(.isErased) ? try reader.signed(bytes) : nil
        if flags.contains(.hasAsOf) { last = Timestamp(milliseconds: base) }
        try skipFacts(flags, bytes)
        for _ in 0..<(try reader.count(bytes)) { try skimProduct(bytes) }
        let kind: Idleness.Kind
        if flags.contains(.hasAsOf) {
            kind = flags.contains(.hasLeadEvent) ? .lead : .withoutLeadEvent
        } else if let erasedAt {
            kind = .erased
            last = Timestamp(milliseconds: erasedAt)
        } else {
            kind = .forgotten
            last = Timestamp(milliseconds: 0)
        }
        return ProfileTimers(
            nextAlert: next, idleness: Idleness(kind: kind, since: last.day))
    }

    /// Everything before the products.
    private mutating func skipFacts(
        _ flags: ProfileCodec.Flags, _ bytes: Span<UInt8>
    ) throws(ProfileCodecError) {
        for _ in 0..<(try reader.count(bytes)) { try skimField(bytes) }
        try skipSymbols(bytes)
        if flags.contains(.hasTouch) {
            try skipTouch(bytes)
            if !flags.contains(.oneTouch) { try skipTouch(bytes) }
        }
        for _ in 0..<(try reader.count(bytes)) {
            let packed = try reader.signed(bytes)
            if packed & 1 == 0 { try skipSymbol(bytes) }
            try skipSymbol(bytes)
            if packed & 2 != 0 { _ = try reader.unsigned(bytes) }
        }
        for _ in 0..<(try reader.count(bytes)) {
            try skipSymbol(bytes)
            _ = try reader.unsigned(bytes)
        }
        for _ in 0..<(try reader.count(bytes)) {
            _ = try stamp(bytes)
            for _ in 0..<3 { try skipSymbol(bytes) }
        }
        for _ in 0..<(try reader.count(bytes)) {
            _ = try reader.unsigned(bytes)
            try reader.skip(8, bytes)
        }
    }

    private mutating func skimField(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        let packed = try reader.byte(bytes)
        if packed & 1 == 0 { _ = try absoluteStamp(bytes) }
        switch (try reader.byte(bytes), LeadField(rawValue: packed >> 1)) {
        case (0, .email): email = try reader.text(bytes)
        case (0, .companyDomain): domain = try reader.text(bytes)
        case (0, _): try skipText(bytes)
        case (1, _): try reader.skip(8, bytes)
        default: break
        }
    }

    private mutating func skipTouch(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        _ = try stamp(bytes)
        _ = try reader.byte(bytes)
        try skipSymbol(bytes)
        try skipSymbol(bytes)
    }

    private mutating func skimProduct(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        try skipSymbol(bytes)
        _ = try reader.byte(bytes)
        try skipSymbols(bytes)
        _ = try reader.unsigned(bytes)
        _ = try reader.unsigned(bytes)
        for _ in 0..<(try reader.count(bytes)) { _ = try reader.unsigned(bytes) }
        for _ in 0..<(try reader.count(bytes)) { try skimMQL(bytes) }
    }

    private mutating func skimMQL(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        let id = UUID(high: try reader.word(bytes), low: try reader.word(bytes))
        for _ in 0..<3 { _ = try reader.unsigned(bytes) }
        try skipSymbol(bytes)
        try skipSymbol(bytes)
        _ = try reader.unsigned(bytes)
        let flags = try reader.byte(bytes)
        for level in UInt8(1)...3 where flags & (8 << level) != 0 {
            let order = AlertOrder(
                dueAt: Timestamp(milliseconds: base &- (try reader.signed(bytes))), mqlID: id,
                level: level)
            if next.map({ order < $0 }) ?? true { next = order }
        }
        guard flags & 4 != 0 else { return }
        last = max(last, Timestamp(milliseconds: try stamp(bytes)))
        try skipText(bytes)
        try skipSymbol(bytes)
        _ = try reader.unsigned(bytes)
    }

    // MARK: Atoms

    private mutating func skipText(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        try reader.skip(try reader.count(bytes), bytes)
    }

    private mutating func skipSymbols(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        for _ in 0..<(try reader.count(bytes)) { try skipSymbol(bytes) }
    }

    private mutating func skipSymbol(_ bytes: Span<UInt8>) throws(ProfileCodecError) {
        if try reader.unsigned(bytes) == 1 { try skipText(bytes) }
    }

    /// The time of a stamp.
    private mutating func stamp(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> Int64 {
        let number = try reader.number(bytes)
        if number > 0 {
            guard number <= stamps.count else { throw .malformed("an unknown stamp number") }
            return stamps[number - 1]
        }
        let time = try absoluteStamp(bytes)
        stamps.append(time)
        return time
    }

    private mutating func absoluteStamp(_ bytes: Span<UInt8>) throws(ProfileCodecError) -> Int64 {
        let time = try reader.signed(bytes)
        if try reader.byte(bytes) == 1 { try reader.skip(16, bytes) } else { try skipText(bytes) }
        return time
    }
}
