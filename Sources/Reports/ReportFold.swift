package import Qualification

/// Where a record lies in its topic.
package struct RecordPlace: Hashable, Comparable, Sendable {
    /// The partition.
    package var partition: Int32
    /// The offset in it.
    package var offset: Int64

    /// A place in a topic.
    package init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    package static func < (left: RecordPlace, right: RecordPlace) -> Bool {
        (left.partition, left.offset) < (right.partition, right.offset)
    }
}

/// Takes the records of all topics in any order, and counts them when all are there.
///
/// Memory grows with MQLs, dispositions, pairs of lead and row, campaigns and refused dispositions:
/// a record of some words for each. It does not grow with the number of status records. Used by one
/// task.
package struct ReportFold {
    /// The topics whose messages are counted.
    package enum Source: Sendable {
        case sales, nurture, alerts, dispositions
    }

    let filter: ReportFilter
    var names = NameTable()
    var mqls: [UUID: QualifiedRecord] = [:]
    var lapsed: Set<UUID> = []
    var withdrawn: [UUID: String] = [:]
    /// One bit a level.
    var alerts: [UUID: UInt8] = [:]
    var dispositions: [DispositionRecord] = []
    var broken: [RecordPlace] = []
    var refused: Set<RecordPlace> = []
    var leads: Set<LeadInRow> = []
    var groups: [ReportGroup: Int32] = [:]
    var campaigns: [String: (place: RecordPlace, row: Campaign?)] = [:]
    var reading = ReadingCounts()

    /// Nothing was read yet.
    package init(filter: ReportFilter = ReportFilter()) {
        self.filter = filter
    }

    /// Takes one record; a malformed one is counted and skipped.
    package mutating func take(
        _ source: Source, _ place: RecordPlace, key: [UInt8], value: [UInt8]?
    ) {
        reading.records += 1
        let body: ReportBody
        do throws(JSONScanner.Malformed) {
            guard let value else { throw JSONScanner.Malformed() }
            body = try ReportBody(value)
            guard body.leadID.map({ key.elementsEqual($0.utf8) }) ?? false else {
                throw JSONScanner.Malformed()
            }
            switch source {
            case .sales: try sales(body, place)
            case .nurture: try status(body)
            case .alerts: try alert(body)
            case .dispositions: try disposition(body, place)
            }
        } catch {
            // Those of the dispositions that are in the dead letters are counted as such.
            if source == .dispositions { broken.append(place) } else { reading.malformed += 1 }
        }
    }

    /// Notes that the disposition at a place was refused (it is in the dead letters, for another
    /// reason than `field_ignored`) and so does not count.
    package mutating func refuse(_ place: RecordPlace) {
        refused.insert(place)
    }

    /// Takes a record of the campaigns topic; of one campaign the last record of its partition
    /// counts.
    package mutating func take(_ change: ReferenceChange, _ place: RecordPlace) {
        let (id, row): (String, Campaign?)
        switch change {
        case .campaign(let campaign): (id, row) = (campaign.id, campaign)
        case .campaignDeleted(let deleted): (id, row) = (deleted, nil)
        case .account, .accountDeleted, .suppression, .suppressionDeleted: return
        }
        if let known = campaigns[id], known.place > place { return }
        campaigns[id] = (place, row)
    }

    // MARK: Topics

    private mutating func sales(
        _ body: ReportBody, _ place: RecordPlace
    ) throws(JSONScanner.Malformed) {
        guard let id = body.mqlID, let type = body.type else { throw JSONScanner.Malformed() }
        switch type {
        case "mql.qualified":
            guard let product = body.product, let qualifiedAt = body.qualifiedAt,
                let followUpBy = body.followUpBy, let definition = body.definition
            else { throw JSONScanner.Malformed() }
            let group = ReportGroup(
                product: product, channel: body.channel, campaign: body.campaign,
                definition: definition)
            let record = QualifiedRecord(
                place: place, lead: LeadKey(body.leadID ?? ""), group: number(of: group),
                isRequalified: body.novelty == "requalified", qualifiedAt: qualifiedAt,
                followUpBy: followUpBy, reasons: body.reasons.map { names.number(of: $0) })
            if let known = mqls[id] {
                reading.repeatedMQLs += 1
                if known.place < place { return }
            }
            mqls[id] = record
        case "mql.withdrawn":
            guard let reason = body.reason else { throw JSONScanner.Malformed() }
            // There is one of an MQL; should there be more, their order must not matter.
            withdrawn[id] = min(reason, withdrawn[id] ?? reason)
        case "mql.lapsed": lapsed.insert(id)
        default: reading.otherTypes += 1
        }
    }

    private mutating func status(_ body: ReportBody) throws(JSONScanner.Malformed) {
        guard body.type == "lead.status_changed" else {
            guard body.type != nil else { throw JSONScanner.Malformed() }
            reading.otherTypes += 1
            return
        }
        guard let lead = body.leadID, let asOf = body.asOf, let definition = body.definition else {
            throw JSONScanner.Malformed()
        }
        guard filter.contains(asOf), filter.contains(product: body.product) else { return }
        let group = ReportGroup(
            product: body.product, channel: body.channel, campaign: body.campaign,
            definition: definition)
        leads.insert(LeadInRow(lead: LeadKey(lead), group: number(of: group)))
    }

    private mutating func alert(_ body: ReportBody) throws(JSONScanner.Malformed) {
        let types = ["sla.warning", "sla.breached", "sla.escalated"]
        guard let type = body.type, let id = body.mqlID else { throw JSONScanner.Malformed() }
        guard let level = types.firstIndex(of: type) else {
            reading.otherTypes += 1
            return
        }
        alerts[id, default: 0] |= 1 << UInt8(level)
    }

    /// The checks of CONTRACT.md 3 that a disposition fails by itself; those that need the lead's
    /// history are the worker's, and show in the dead letters.
    private mutating func disposition(
        _ body: ReportBody, _ place: RecordPlace
    ) throws(JSONScanner.Malformed) {
        guard let event = body.eventID, let at = body.occurredAt, let lead = body.leadID,
            let answer = body.type.flatMap(Disposition.Answer.init(rawValue:)),
            let mql = body.mqlID, let product = body.product,
            body.reason != nil || !answer.needsReason
        else { throw JSONScanner.Malformed() }
        dispositions.append(
            DispositionRecord(
                place: place, lead: LeadKey(lead), event: EventID(event), at: at, answer: answer,
                mql: mql, product: names.number(of: product),
                reason: body.reason.map { names.number(of: $0) }, revenue: body.revenue))
    }

    private mutating func number(of group: ReportGroup) -> Int32 {
        if let known = groups[group] { return known }
        let number = Int32(groups.count)
        groups[group] = number
        return number
    }
}

/// A lead by 64 bits of its id: among ten million leads, two share them with a probability below
/// 10^-5, and then a report counts one lead too few.
struct LeadKey: Hashable {
    let bits: UInt64

    init(_ id: String) {
        // FNV-1a, then the finaliser of SplitMix64.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        bits = hash ^ (hash >> 31)
    }
}

/// A lead that has a status record in a row.
struct LeadInRow: Hashable {
    var lead: LeadKey
    var group: Int32
}

/// What a report keeps of an MQL.
struct QualifiedRecord {
    var place: RecordPlace
    var lead: LeadKey
    var group: Int32
    var isRequalified: Bool
    var qualifiedAt: Timestamp
    var followUpBy: Timestamp
    var reasons: [Int32]
}

/// What a report keeps of a disposition.
struct DispositionRecord {
    var place: RecordPlace
    var lead: LeadKey
    var event: EventID
    var at: Timestamp
    var answer: Disposition.Answer
    var mql: UUID
    var product: Int32
    var reason: Int32?
    var revenue: Double?

    func isLater(than other: DispositionRecord) -> Bool {
        (other.at, other.event) < (at, event)
    }
}

/// Texts and criteria that come again and again, each kept once.
struct NameTable {
    private var textNumbers: [String: Int32] = [:]
    private(set) var texts: [String] = []
    private var reasonNumbers: [ReportBody.Reason: Int32] = [:]
    private(set) var reasons: [ReportBody.Reason] = []

    mutating func number(of text: String) -> Int32 {
        if let known = textNumbers[text] { return known }
        textNumbers[text] = Int32(texts.count)
        texts.append(text)
        return Int32(texts.count - 1)
    }

    mutating func number(of reason: ReportBody.Reason) -> Int32 {
        if let known = reasonNumbers[reason] { return known }
        reasonNumbers[reason] = Int32(reasons.count)
        reasons.append(reason)
        return Int32(reasons.count - 1)
    }
}
