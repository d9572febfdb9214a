package import Qualification

/// The binary form of a profile: what the changelog and the state files hold.
///
/// Versions 1 and 2. Little-endian, integers as LEB128, signed ones zigzag, times relative to
/// `as_of` except those of stamps. A symbol is written as its text where it first occurs and as its
/// number afterwards, a stamp likewise; so the bytes need no table and no other profile. Old
/// versions stay readable for ever: a new one gets a new first byte.
///
///     version flags as_of [erased_at] fields interests touches counts freshness recent remembered
///     products agreements [waiting]
///
/// Version 2 has the last section, for leads that wait for a `daily_capacity`; all others are still
/// written as version 1, which older programs read.
///
/// One coder per lane: it keeps its buffers.
package struct ProfileCodec {
    /// The version that `encode` writes for leads that wait for nothing.
    package static let version: UInt8 = 1
    /// The version that it writes for leads that wait.
    package static let waitingVersion: UInt8 = 2

    let symbolTable: SymbolTable
    private let writer = ByteWriter()
    /// For each symbol of the lane the number it has in the profile in hand, if `generation` is
    /// right.
    private var written: [(generation: UInt32, number: UInt32)] = []
    private var generation: UInt32 = 0
    private var writtenSymbols: UInt32 = 0
    private var writtenStamps: [Stamp] = []
    private var base: Int64 = 0

    /// Makes the coder of a lane.
    package init(symbols: SymbolTable) {
        symbolTable = symbols
    }

    /// The bytes of a profile.
    ///
    /// `inout` only so that the caller's profile is read in place: as a plain argument it would be
    /// copied out of its owner, which costs more than half of the encoding in reference counts.
    package mutating func encode(_ profile: inout Profile) -> [UInt8] {
        writer.removeAll()
        writtenStamps.removeAll(keepingCapacity: true)
        writtenSymbols = 0
        generation &+= 1
        let waits = !profile.waiting.isEmpty
        writer.byte(waits ? ProfileCodec.waitingVersion : ProfileCodec.version)
        let flags = Flags(&profile)
        writer.byte(flags.rawValue)
        if flags.contains(.hasAsOf) { writer.signed(profile.asOf.milliseconds) }
        if let erasedAt = profile.erasedAt { writer.signed(erasedAt.milliseconds) }
        base = flags.contains(.hasAsOf) ? profile.asOf.milliseconds : 0
        writeFields(&profile)
        symbolList(profile.interests)
        if let touch = profile.firstTouch { write(touch) }
        if let touch = profile.lastTouch, !flags.contains(.oneTouch) { write(touch) }
        writeCounts(&profile)
        writer.count(profile.freshness.count)
        for (tag, at) in profile.freshness {
            symbol(tag)
            time(at)
        }
        writeEvents(&profile)
        writer.count(profile.products.count)
        for place in profile.products.indices { write(&profile.products[place]) }
        writer.count(profile.agreements.count)
        for agreement in profile.agreements { write(agreement) }
        if waits {
            writer.count(profile.waiting.count)
            for waiting in profile.waiting { write(waiting) }
        }
        return writer.bytes
    }

    /// Whether the bytes are those of a lead that was erased, told without decoding them.
    package static func isErased(_ encoded: Span<UInt8>) -> Bool {
        encoded.count > 1 && Flags(rawValue: encoded[1]).contains(.isErased)
    }

    /// Whether the bytes are those of a stub: what an erasure or forgetting has left of a lead.
    package static func isStub(_ encoded: Span<UInt8>) -> Bool {
        encoded.count > 1 && !Flags(rawValue: encoded[1]).contains(.hasAsOf)
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let hasLeadEvent = Flags(rawValue: 1)
        static let hasAsOf = Flags(rawValue: 2)
        static let isErased = Flags(rawValue: 4)
        static let hasTouch = Flags(rawValue: 8)
        /// First and last touch are the same event.
        static let oneTouch = Flags(rawValue: 16)
        static let all: Flags = [.hasLeadEvent, .hasAsOf, .isErased, .hasTouch, .oneTouch]

        init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// `inout` for the reason that `encode` has: the copy was 3 % of a lane's time.
        init(_ profile: inout Profile) {
            var flags: Flags = []
            if profile.hasLeadEvent { flags.insert(.hasLeadEvent) }
            if profile.asOf != .distantPast { flags.insert(.hasAsOf) }
            if profile.erasedAt != nil { flags.insert(.isErased) }
            if profile.firstTouch != nil { flags.insert(.hasTouch) }
            if profile.firstTouch == profile.lastTouch { flags.insert(.oneTouch) }
            self = flags
        }
    }

    // MARK: Parts

    private mutating func writeFields(_ profile: inout Profile) {
        if let encoded = profile.fields.encoded { return writer.raw(encoded.span) }
        let start = writer.count
        write(profile.fields)
        profile.fields.encoded = writer.copy(from: start)
    }

    private mutating func write(_ fields: LeadFields) {
        let entries = fields.entries.span
        writer.count(entries.count)
        var previous: Stamp?
        for place in entries.indices {
            // Nearly all fields come from one event: its stamp is written once for a run of them.
            let stamp = entries[place].stamp
            writer.byte(entries[place].field.rawValue << 1 | (stamp == previous ? 1 : 0))
            if stamp != previous { absolute(stamp) }
            previous = stamp
            switch entries[place].value {
            case .text(let text):
                writer.byte(0)
                writer.text(text)
            case .number(let number):
                writer.byte(1)
                writer.word(number.bitPattern)
            case .bool(let bool): writer.byte(bool ? 3 : 2)
            }
        }
    }

    private mutating func writeCounts(_ profile: inout Profile) {
        let cells = profile.counts.cells.span
        writer.count(cells.count)
        var previous = Symbol.none
        for place in cells.indices {
            let cell = cells[place]
            // The day and two flags in one number: nearly all cells are two or three bytes long.
            let isSameType = cell.type == previous
            let day = Int64(base / Span24h.milliseconds) - Int64(cell.day.number)
            writer.signed(day << 2 | (isSameType ? 1 : 0) | (cell.count > 1 ? 2 : 0))
            if !isSameType { symbol(cell.type) }
            symbol(cell.tag)
            if cell.count > 1 { writer.unsigned(UInt64(cell.count)) }
            previous = cell.type
        }
    }

    private mutating func writeEvents(_ profile: inout Profile) {
        let recent = profile.recent.span
        writer.count(recent.count)
        for place in recent.indices {
            stamp(recent[place].stamp)
            symbol(recent[place].type)
            symbol(recent[place].tag)
            symbol(recent[place].campaign)
        }
        let remembered = profile.remembered.entries.span
        writer.count(remembered.count)
        var previous = base
        for place in remembered.indices {
            let entry = remembered[place]
            writer.signed((entry.at.milliseconds - previous) << 2 | Int64(entry.source.rawValue))
            writer.word(entry.hash)
            previous = entry.at.milliseconds
        }
    }

    private mutating func write(_ touch: Touch) {
        stamp(touch.stamp)
        writer.byte(touch.source.rawValue)
        symbol(touch.channel)
        symbol(touch.campaign)
    }

    private mutating func write(_ product: inout ProductRecord) {
        symbol(product.product)
        writer.byte(product.status?.rawValue ?? 0)
        symbolList(product.codes)
        writer.count(product.publishedCycle)
        writer.count(product.cycles)
        let used = product.messages.used
        writer.count(used)
        for place in 0..<used { writer.count(product.messages[place]) }
        writer.count(product.mqls.count)
        for mql in product.mqls { write(mql) }
    }

    private mutating func write(_ mql: MQLRecord) {
        writer.word(mql.id.high)
        writer.word(mql.id.low)
        writer.count(mql.cycle)
        time(mql.qualifiedAt)
        time(mql.followUpBy)
        symbol(mql.topic)
        symbol(mql.owner)
        writer.count(mql.agreement)
        let alerts = [mql.alerts.warning, mql.alerts.breach, mql.alerts.escalation]
        var flags: UInt8 = mql.isWithdrawn ? 1 : 0
        if mql.isLapsed { flags |= 2 }
        if mql.disposition != nil { flags |= 4 }
        if mql.alerts.endOnContact { flags |= 8 }
        for (place, alert) in alerts.enumerated() where alert != nil { flags |= 16 << place }
        writer.byte(flags)
        for case let alert? in alerts { time(alert) }
        guard let disposition = mql.disposition else { return }
        stamp(disposition.stamp)
        writer.text(disposition.answer.rawValue)
        symbol(disposition.reason)
        write(disposition.action)
    }

    private mutating func write(_ agreement: Agreement) {
        writer.text(agreement.sha256)
        writer.count(agreement.products.count)
        for product in agreement.products { writer.text(product) }
        writer.count(agreement.reasons.count)
        for reason in agreement.reasons {
            writer.text(reason.code)
            write(reason.action)
        }
    }

    private mutating func write(_ waiting: Waiting) {
        symbol(waiting.product)
        writer.signed(waiting.score.hundredths)
        time(waiting.asOf)
        symbol(waiting.type)
        symbol(waiting.tag)
        time(waiting.at)
    }

    /// 0 = no action, 1 = disqualify, n + 2 = recycle after n days.
    private mutating func write(_ action: RejectionReason.Action?) {
        switch action {
        case nil: writer.count(0)
        case .disqualify: writer.count(1)
        case .recycle(let days): writer.count(days + 2)
        }
    }

    // MARK: Atoms

    private mutating func time(_ time: Timestamp) {
        writer.signed(base - time.milliseconds)
    }

    private mutating func symbolList(_ list: [Symbol]) {
        writer.count(list.count)
        for item in list { symbol(item) }
    }

    /// 0 = none, 1 = a new text follows, n + 2 = the n-th text of this profile.
    private mutating func symbol(_ symbol: Symbol) {
        if !symbol.isSome { return writer.byte(0) }
        let index = Int(symbol.index)
        if index >= written.count {
            written += Array(
                repeating: (0, 0), count: max(symbolTable.count, index + 1) - written.count)
        }
        if written[index].generation == generation {
            return writer.unsigned(UInt64(written[index].number) + 2)
        }
        written[index] = (generation, writtenSymbols)
        writtenSymbols += 1
        writer.byte(1)
        let writer = writer
        symbolTable.withBytes(of: symbol) { writer.sized($0) }
    }

    /// 0 = a new stamp follows, n + 1 = the n-th stamp of this profile.
    private mutating func stamp(_ stamp: Stamp) {
        if let known = number(of: stamp) { return writer.count(known + 1) }
        writtenStamps.append(stamp)
        writer.count(0)
        absolute(stamp)
    }

    private mutating func absolute(_ stamp: Stamp) {
        writer.signed(stamp.at.milliseconds)
        // A UUID, which most event ids are, needs 16 bytes instead of 36.
        if let uuid = stamp.eventID.uuid {
            writer.byte(1)
            writer.word(uuid.high)
            writer.word(uuid.low)
        } else {
            writer.byte(0)
            writer.text(stamp.eventID.text)
        }
    }

    /// The number of a stamp that was written; the last is tried first, because the fields of a
    /// lead mostly come from one event.
    private func number(of stamp: Stamp) -> Int? {
        let known = writtenStamps.span
        var place = known.count - 1
        while place >= 0 {
            if known[place].at == stamp.at, known[place] == stamp { return place }
            place -= 1
        }
        return nil
    }
}
