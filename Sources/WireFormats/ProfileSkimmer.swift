package import Qualification

extension ProfileCodec {
    /// What `Profile.timers` would say of an encoded profile, told without decoding it.
    ///
    /// For restores and migrations, which see every profile once; a fifth of decoding. Formats that
    /// the skimmer does not know are decoded.
    package static func timers(
        of encoded: [UInt8]
    ) throws(ProfileCodecError) -> ProfileTimers {
        guard ProfileSkimmer.knows(encoded) else {
            return try ProfileCodec(symbols: SymbolTable()).decode(encoded, leadID: "").timers
        }
        var skimmer = ProfileSkimmer(encoded)
        return try skimmer.timers()
    }
}

extension ProfileCodec {
    /// What `timers(of:)` and `addressKeys(of:)` say, in one walk through the bytes: for restores.
    package static func columns(
        of encoded: [UInt8]
    ) throws(ProfileCodecError) -> (timers: ProfileTimers, addressKeys: [String]) {
        guard ProfileSkimmer.knows(encoded) else {
            return (try timers(of: encoded), try addressKeys(of: encoded))
        }
        var skimmer = ProfileSkimmer(encoded)
        let timers = try skimmer.timers()
        return (timers, skimmer.foundAddressKeys)
    }

    /// What `LeadFields.addressKeys` would say of an encoded profile, told without decoding it.
    package static func addressKeys(
        of encoded: [UInt8]
    ) throws(ProfileCodecError) -> [String] {
        guard ProfileSkimmer.knows(encoded) else {
            let codec = ProfileCodec(symbols: SymbolTable())
            return try codec.decode(encoded, leadID: "").fields.addressKeys
        }
        var skimmer = ProfileSkimmer(encoded)
        return try skimmer.addressKeys()
    }

    /// For what the lead of an encoded profile waits: product ids and places.
    ///
    /// Nearly all leads wait for nothing, which the first byte tells.
    package static func waiting(
        of encoded: [UInt8], key: [UInt8]
    ) throws(ProfileCodecError) -> [(product: String, order: WaitingOrder)] {
        guard encoded.first != ProfileCodec.version else { return [] }
        let symbols = SymbolTable()
        let profile = try ProfileCodec(symbols: symbols).decode(encoded, leadID: "")
        return profile.waiting.map { (symbols.text($0.product), $0.order(ofLead: key)) }
    }
}

/// Walks through the format of `ProfileCodec` and keeps times only.
private struct ProfileSkimmer {
    /// Version 2 differs from version 1 behind the products only, where no skim looks.
    static func knows(_ encoded: [UInt8]) -> Bool {
        encoded.first == ProfileCodec.version || encoded.first == ProfileCodec.waitingVersion
    }

    private var reader: ByteReader
    private var stamps: [Int64] = []
    private var base: Int64 = 0
    private var last = Timestamp.distantPast
    private var next: AlertOrder?
    private var email: String?
    private var domain: String?

    init(_ bytes: [UInt8]) {
        reader = ByteReader(bytes)
    }

    mutating func addressKeys() throws(ProfileCodecError) -> [String] {
        _ = try reader.byte()
        let flags = ProfileCodec.Flags(rawValue: try reader.byte())
        if flags.contains(.hasAsOf) { _ = try reader.signed() }
        if flags.contains(.isErased) { _ = try reader.signed() }
        for _ in 0..<(try reader.count()) { try skimField() }
        return foundAddressKeys
    }

    /// The addresses of the fields that were walked through.
    var foundAddressKeys: [String] { AddressKey.keys(email: email, companyDomain: domain) }

    mutating func timers() throws(ProfileCodecError) -> ProfileTimers {
        _ = try reader.byte()
        let flags = ProfileCodec.Flags(rawValue: try reader.byte())
        if flags.contains(.hasAsOf) { base = try reader.signed() }
        let erasedAt = flags.contains(.isErased) ? try reader.signed() : nil
        if flags.contains(.hasAsOf) { last = Timestamp(milliseconds: base) }
        try skipFacts(flags)
        for _ in 0..<(try reader.count()) { try skimProduct() }
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
    private mutating func skipFacts(_ flags: ProfileCodec.Flags) throws(ProfileCodecError) {
        for _ in 0..<(try reader.count()) { try skimField() }
        try skipSymbols()
        if flags.contains(.hasTouch) {
            try skipTouch()
            if !flags.contains(.oneTouch) { try skipTouch() }
        }
        for _ in 0..<(try reader.count()) {
            let packed = try reader.signed()
            if packed & 1 == 0 { try skipSymbol() }
            try skipSymbol()
            if packed & 2 != 0 { _ = try reader.unsigned() }
        }
        for _ in 0..<(try reader.count()) {
            try skipSymbol()
            _ = try reader.unsigned()
        }
        for _ in 0..<(try reader.count()) {
            _ = try stamp()
            for _ in 0..<3 { try skipSymbol() }
        }
        for _ in 0..<(try reader.count()) {
            _ = try reader.unsigned()
            try reader.skip(8)
        }
    }

    private mutating func skimField() throws(ProfileCodecError) {
        let packed = try reader.byte()
        if packed & 1 == 0 { _ = try absoluteStamp() }
        switch (try reader.byte(), LeadField(rawValue: packed >> 1)) {
        case (0, .email): email = try reader.text()
        case (0, .companyDomain): domain = try reader.text()
        case (0, _): try skipText()
        case (1, _): try reader.skip(8)
        default: break
        }
    }

    private mutating func skipTouch() throws(ProfileCodecError) {
        _ = try stamp()
        _ = try reader.byte()
        try skipSymbol()
        try skipSymbol()
    }

    private mutating func skimProduct() throws(ProfileCodecError) {
        try skipSymbol()
        _ = try reader.byte()
        try skipSymbols()
        _ = try reader.unsigned()
        _ = try reader.unsigned()
        for _ in 0..<(try reader.count()) { _ = try reader.unsigned() }
        for _ in 0..<(try reader.count()) { try skimMQL() }
    }

    private mutating func skimMQL() throws(ProfileCodecError) {
        let id = UUID(high: try reader.word(), low: try reader.word())
        for _ in 0..<3 { _ = try reader.unsigned() }
        try skipSymbol()
        try skipSymbol()
        _ = try reader.unsigned()
        let flags = try reader.byte()
        for level in UInt8(1)...3 where flags & (8 << level) != 0 {
            let order = AlertOrder(
                dueAt: Timestamp(milliseconds: base &- (try reader.signed())), mqlID: id,
                level: level)
            if next.map({ order < $0 }) ?? true { next = order }
        }
        guard flags & 4 != 0 else { return }
        last = max(last, Timestamp(milliseconds: try stamp()))
        try skipText()
        try skipSymbol()
        _ = try reader.unsigned()
    }

    // MARK: Atoms

    private mutating func skipText() throws(ProfileCodecError) {
        try reader.skip(try reader.count())
    }

    private mutating func skipSymbols() throws(ProfileCodecError) {
        for _ in 0..<(try reader.count()) { try skipSymbol() }
    }

    private mutating func skipSymbol() throws(ProfileCodecError) {
        if try reader.unsigned() == 1 { try skipText() }
    }

    /// The time of a stamp.
    private mutating func stamp() throws(ProfileCodecError) -> Int64 {
        let number = try reader.number()
        if number > 0 {
            guard number <= stamps.count else { throw .malformed("an unknown stamp number") }
            return stamps[number - 1]
        }
        let time = try absoluteStamp()
        stamps.append(time)
        return time
    }

    private mutating func absoluteStamp() throws(ProfileCodecError) -> Int64 {
        let time = try reader.signed()
        if try reader.byte() == 1 { try reader.skip(16) } else { try skipText() }
        return time
    }
}
