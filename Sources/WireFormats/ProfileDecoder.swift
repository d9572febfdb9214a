package import Qualification

extension ProfileCodec {
    /// The profile of bytes that `encode` wrote, in this version of the format or an older one.
    package func decode(_ bytes: [UInt8], leadID: String) throws(ProfileCodecError) -> Profile {
        var decoder = ProfileDecoder(bytes, symbols: symbolTable)
        return try decoder.profile(leadID)
    }
}

/// Reads versions 1 and 2 of the format of `ProfileCodec`.
private struct ProfileDecoder {
    private var reader: ByteReader
    private let symbols: SymbolTable
    private var readSymbols: [Symbol] = []
    private var readStamps: [Stamp] = []
    private var base: Int64 = 0

    init(_ bytes: [UInt8], symbols: SymbolTable) {
        reader = ByteReader(bytes)
        self.symbols = symbols
    }

    mutating func profile(_ leadID: String) throws(ProfileCodecError) -> Profile {
        let version = try reader.byte()
        guard version == ProfileCodec.version || version == ProfileCodec.waitingVersion else {
            throw .unknownVersion(version)
        }
        let flags = ProfileCodec.Flags(rawValue: try reader.byte())
        guard ProfileCodec.Flags.all.isSuperset(of: flags) else {
            throw .malformed("unknown flags")
        }
        var profile = Profile(leadID: leadID)
        profile.hasLeadEvent = flags.contains(.hasLeadEvent)
        if flags.contains(.hasAsOf) {
            base = try reader.signed()
            profile.asOf = Timestamp(milliseconds: base)
        }
        if flags.contains(.isErased) {
            profile.erasedAt = Timestamp(milliseconds: try reader.signed())
        }
        profile.fields = try fields()
        profile.interests = try symbolList()
        if flags.contains(.hasTouch) {
            profile.firstTouch = try touch()
            profile.lastTouch = flags.contains(.oneTouch) ? profile.firstTouch : try touch()
        }
        profile.counts = try counts()
        for _ in 0..<(try reader.count()) { profile.freshness.append((try symbol(), try time())) }
        for _ in 0..<(try reader.count()) {
            profile.recent.append(
                RecentActivity(
                    stamp: try stamp(), type: try symbol(), tag: try symbol(),
                    campaign: try symbol()))
        }
        profile.remembered = try remembered()
        for _ in 0..<(try reader.count()) { profile.products.append(try product()) }
        for _ in 0..<(try reader.count()) { profile.agreements.append(try agreement()) }
        if version == ProfileCodec.waitingVersion {
            for _ in 0..<(try reader.count()) { profile.waiting.append(try waiting()) }
        }
        guard reader.isAtEnd else { throw .malformed("bytes after its end") }
        return profile
    }

    private mutating func fields() throws(ProfileCodecError) -> LeadFields {
        var entries: [LeadFields.Entry] = []
        var previous: Stamp?
        for _ in 0..<(try reader.count()) {
            let packed = try reader.byte()
            guard let field = LeadField(rawValue: packed >> 1) else {
                throw .malformed("an unknown lead field")
            }
            if packed & 1 == 0 { previous = try absoluteStamp() }
            guard let stamp = previous else { throw .malformed("a field without a stamp") }
            let value: FactValue
            switch try reader.byte() {
            case 0: value = .text(try reader.text())
            case 1: value = .number(Double(bitPattern: try reader.word()))
            case 2: value = .bool(false)
            case 3: value = .bool(true)
            default: throw .malformed("an unknown kind of value")
            }
            entries.append(LeadFields.Entry(field: field, value: value, stamp: stamp))
        }
        return LeadFields(entries: entries)
    }

    private mutating func counts() throws(ProfileCodecError) -> ActivityCounts {
        let count = try reader.count()
        var cells: [ActivityCounts.Cell] = []
        cells.reserveCapacity(count)
        var type = Symbol.none
        for _ in 0..<count {
            let packed = try reader.signed()
            if packed & 1 == 0 { type = try symbol() }
            let tag = try symbol()
            let number = packed & 2 == 0 ? 1 : try reader.unsigned()
            let day = base / Span24h.milliseconds - (packed >> 2)
            cells.append(
                ActivityCounts.Cell(
                    type: type, day: UTCDay(number: Int32(clamping: day)), tag: tag,
                    count: UInt32(clamping: number)))
        }
        return ActivityCounts(cells: cells)
    }

    private mutating func remembered() throws(ProfileCodecError) -> RememberedEvents {
        let count = try reader.count()
        var entries: [RememberedEvents.Entry] = []
        entries.reserveCapacity(count)
        var previous = base
        for _ in 0..<count {
            let packed = try reader.signed()
            guard let source = EventSource(rawValue: UInt8(packed & 3)) else {
                throw .malformed("an unknown event source")
            }
            previous &+= packed >> 2
            entries.append(
                RememberedEvents.Entry(
                    at: Timestamp(milliseconds: previous), hash: try reader.word(),
                    source: source))
        }
        return RememberedEvents(entries: entries)
    }

    private mutating func touch() throws(ProfileCodecError) -> Touch {
        let stamp = try stamp()
        guard let source = EventSource(rawValue: try reader.byte()) else {
            throw .malformed("an unknown event source")
        }
        return Touch(
            stamp: stamp, source: source, channel: try symbol(), campaign: try symbol())
    }

    private mutating func product() throws(ProfileCodecError) -> ProductRecord {
        var product = ProductRecord(product: try symbol())
        let status = try reader.byte()
        if status != 0 {
            guard let known = Status(rawValue: status) else {
                throw .malformed("an unknown status")
            }
            product.status = known
        }
        product.codes = symbols.shared(try symbolList())
        product.publishedCycle = try reader.number()
        product.cycles = try reader.number()
        var counts: [Int] = []
        for _ in 0..<(try reader.count()) { counts.append(try reader.number()) }
        guard let messages = MessageCounts(counts) else {
            throw .malformed("counts of unknown messages")
        }
        product.messages = messages
        for _ in 0..<(try reader.count()) { product.mqls.append(try mql()) }
        return product
    }

    private mutating func mql() throws(ProfileCodecError) -> MQLRecord {
        let id = UUID(high: try reader.word(), low: try reader.word())
        var mql = MQLRecord(
            id: id, cycle: try reader.number(), qualifiedAt: try time(), followUpBy: try time(),
            topic: try symbol(), owner: try symbol(), agreement: try reader.number())
        let flags = try reader.byte()
        mql.isWithdrawn = flags & 1 != 0
        mql.isLapsed = flags & 2 != 0
        mql.alerts.endOnContact = flags & 8 != 0
        mql.alerts.warning = flags & 16 == 0 ? nil : try time()
        mql.alerts.breach = flags & 32 == 0 ? nil : try time()
        mql.alerts.escalation = flags & 64 == 0 ? nil : try time()
        if flags & 4 != 0 { mql.disposition = try disposition() }
        return mql
    }

    private mutating func waiting() throws(ProfileCodecError) -> Waiting {
        Waiting(
            product: try symbol(), score: Points(hundredths: try reader.signed()),
            asOf: try time(), type: try symbol(), tag: try symbol(), at: try time())
    }

    private mutating func disposition() throws(ProfileCodecError) -> Disposition {
        let stamp = try stamp()
        guard let answer = Disposition.Answer(rawValue: try reader.text()) else {
            throw .malformed("an unknown disposition")
        }
        return Disposition(
            stamp: stamp, answer: answer, reason: try symbol(), action: try action())
    }

    private mutating func agreement() throws(ProfileCodecError) -> Agreement {
        let sha256 = try reader.text()
        var products: [String] = []
        for _ in 0..<(try reader.count()) { products.append(try reader.text()) }
        var reasons: [RejectionReason] = []
        for _ in 0..<(try reader.count()) {
            let code = try reader.text()
            guard let action = try action() else { throw .malformed("a reason without action") }
            reasons.append(RejectionReason(code: code, action: action))
        }
        return Agreement(sha256: sha256, products: products, reasons: reasons)
    }

    private mutating func action() throws(ProfileCodecError) -> RejectionReason.Action? {
        switch try reader.number() {
        case 0: nil
        case 1: .disqualify
        case let days: .recycle(afterDays: days - 2)
        }
    }

    // MARK: Atoms

    private mutating func time() throws(ProfileCodecError) -> Timestamp {
        Timestamp(milliseconds: base &- (try reader.signed()))
    }

    private mutating func symbolList() throws(ProfileCodecError) -> [Symbol] {
        var list: [Symbol] = []
        for _ in 0..<(try reader.count()) { list.append(try symbol()) }
        return list
    }

    private mutating func symbol() throws(ProfileCodecError) -> Symbol {
        let number = try reader.number()
        if number == 0 { return .none }
        if number == 1 {
            let bytes = try reader.raw(try reader.count())
            let symbol = symbols.intern(bytes.span)
            readSymbols.append(symbol)
            return symbol
        }
        guard number - 2 < readSymbols.count else { throw .malformed("an unknown text number") }
        return readSymbols[number - 2]
    }

    private mutating func stamp() throws(ProfileCodecError) -> Stamp {
        let number = try reader.number()
        if number > 0 {
            guard number <= readStamps.count else { throw .malformed("an unknown stamp number") }
            return readStamps[number - 1]
        }
        let stamp = try absoluteStamp()
        readStamps.append(stamp)
        return stamp
    }

    private mutating func absoluteStamp() throws(ProfileCodecError) -> Stamp {
        let at = Timestamp(milliseconds: try reader.signed())
        let eventID =
            try reader.byte() == 1
            ? EventID(UUID(high: try reader.word(), low: try reader.word()))
            : EventID(try reader.text())
        return Stamp(at: at, eventID: eventID)
    }
}
