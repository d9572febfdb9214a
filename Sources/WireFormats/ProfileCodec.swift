package import Qualification

/// The binary form of a profile: what the changelog and the state files hold.
///
/// Version 1. Little-endian, integers as LEB128, signed ones zigzag, times relative to `as_of`. A symbol is
/// written as its text where it first occurs and as its number afterwards, a stamp likewise; so the bytes
/// need no table and no other profile. Old versions stay readable for ever: a new one gets a new first byte.
///
///     version flags as_of [erased_at] fields interests touches counts freshness recent remembered
///     products agreements
///
/// One coder per lane: it keeps its buffers.
package final class ProfileCodec {
    /// The version that `encode` writes.
    package static let version: UInt8 = 1

    let symbolTable: SymbolTable
    private var writer = ByteWriter()
    /// For each symbol of the lane the number it has in the profile in hand, if `generation` is right.
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
    package func encode(_ profile: Profile) -> [UInt8] {
        writer.removeAll()
        writtenStamps.removeAll(keepingCapacity: true)
        writtenSymbols = 0
        generation &+= 1
        writer.byte(ProfileCodec.version)
        let flags = Flags(profile)
        writer.byte(flags.rawValue)
        if flags.contains(.hasAsOf) { writer.signed(profile.asOf.milliseconds) }
        if let erasedAt = profile.erasedAt { writer.signed(erasedAt.milliseconds) }
        base = flags.contains(.hasAsOf) ? profile.asOf.milliseconds : 0
        writeFields(profile)
        symbolList(profile.interests)
        if let touch = profile.firstTouch { write(touch) }
        if let touch = profile.lastTouch, !flags.contains(.oneTouch) { write(touch) }
        writeCounts(profile)
        writer.count(profile.freshness.count)
        for (tag, at) in profile.freshness {
            symbol(tag)
            time(at)
        }
        writeEvents(profile)
        writer.count(profile.products.count)
        for product in profile.products { write(product) }
        writer.count(profile.agreements.count)
        for agreement in profile.agreements { write(agreement) }
        return writer.bytes
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

        init(_ profile: Profile) {
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

    private func writeFields(_ profile: Profile) {
        writer.count(profile.fields.entries.count)
        for entry in profile.fields.entries {
            writer.byte(entry.field.rawValue)
            stamp(entry.stamp)
            switch entry.value {
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

    private func writeCounts(_ profile: Profile) {
        let cells = profile.counts.cells
        writer.count(cells.count)
        var previous = Symbol.none
        for cell in cells {
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

    private func writeEvents(_ profile: Profile) {
        writer.count(profile.recent.count)
        for activity in profile.recent {
            stamp(activity.stamp)
            symbol(activity.type)
            symbol(activity.tag)
            symbol(activity.campaign)
        }
        writer.count(profile.remembered.entries.count)
        var previous = base
        for entry in profile.remembered.entries {
            writer.signed((entry.at.milliseconds - previous) << 2 | Int64(entry.source.rawValue))
            writer.word(entry.hash)
            previous = entry.at.milliseconds
        }
    }

    private func write(_ touch: Touch) {
        stamp(touch.stamp)
        writer.byte(touch.source.rawValue)
        symbol(touch.channel)
        symbol(touch.campaign)
    }

    private func write(_ product: ProductRecord) {
        symbol(product.product)
        writer.byte(product.status?.rawValue ?? 0)
        symbolList(product.codes)
        writer.count(product.publishedCycle)
        writer.count(product.cycles)
        writer.count(product.messages.count)
        for number in product.messages { writer.count(number) }
        writer.count(product.mqls.count)
        for mql in product.mqls { write(mql) }
    }

    private func write(_ mql: MQLRecord) {
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

    private func write(_ agreement: Agreement) {
        writer.text(agreement.sha256)
        writer.count(agreement.reasons.count)
        for reason in agreement.reasons {
            writer.text(reason.code)
            write(reason.action)
        }
    }

    /// 0 = no action, 1 = disqualify, n + 2 = recycle after n days.
    private func write(_ action: RejectionReason.Action?) {
        switch action {
        case nil: writer.count(0)
        case .disqualify: writer.count(1)
        case .recycle(let days): writer.count(days + 2)
        }
    }

    // MARK: Atoms

    private func time(_ time: Timestamp) {
        writer.signed(base - time.milliseconds)
    }

    private func symbolList(_ list: [Symbol]) {
        writer.count(list.count)
        for item in list { symbol(item) }
    }

    /// 0 = none, 1 = a new text follows, n + 2 = the n-th text of this profile.
    private func symbol(_ symbol: Symbol) {
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
        let bytes = symbolTable.bytes(symbol)
        writer.count(bytes.count)
        writer.raw(bytes)
    }

    /// 0 = a new stamp follows, n + 1 = the n-th stamp of this profile.
    private func stamp(_ stamp: Stamp) {
        if let known = writtenStamps.firstIndex(of: stamp) { return writer.count(known + 1) }
        writtenStamps.append(stamp)
        writer.count(0)
        time(stamp.at)
        // A UUID, which most event ids are, needs 16 bytes instead of 36.
        if let uuid = UUID(canonical: stamp.eventID.text) {
            writer.byte(1)
            writer.word(uuid.high)
            writer.word(uuid.low)
        } else {
            writer.byte(0)
            writer.text(stamp.eventID.text)
        }
    }
}
