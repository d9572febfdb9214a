import Qualification
import Reports

/// Records as the topics hold them, with what a test does not care about filled in.
struct Sample {
    /// One record and where it lies.
    struct Record {
        var source: ReportFold.Source
        var place: RecordPlace
        var key: String
        var value: String?
    }

    private struct Lane: Hashable {
        var source: String
        var partition: Int32
    }

    private(set) var records: [Record] = []
    private(set) var refused: [RecordPlace] = []
    private(set) var campaigns: [(change: ReferenceChange, place: RecordPlace)] = []
    private var offset: Int64 = 0

    static func mqlID(_ lead: String, _ product: String = "crm", cycle: Int = 1) -> UUID {
        .mql(lead: lead, product: product, cycle: cycle)
    }

    /// The report of the records in the order given.
    func report(
        _ filter: ReportFilter = ReportFilter(), asOf: String = "2026-09-30T00:00:00.000Z"
    ) -> Report {
        var fold = ReportFold(filter: filter)
        for record in records {
            fold.take(
                record.source, record.place, key: Array(record.key.utf8),
                value: record.value.map { Array($0.utf8) })
        }
        for place in refused { fold.refuse(place) }
        for (change, place) in campaigns { fold.take(change, place) }
        return fold.report(asOf: Sample.time(asOf))
    }

    /// The same records, those of one partition in their order, the partitions mixed.
    func shuffled(using random: inout some RandomNumberGenerator) -> Sample {
        var lanes: [Lane: [Record]] = [:]
        for record in records.sorted(by: { $0.place < $1.place }) {
            let lane = Lane(source: "\(record.source)", partition: record.place.partition)
            lanes[lane, default: []].append(record)
        }
        var waiting = lanes.values.map { $0[...] }.shuffled(using: &random)
        var mixed = self
        mixed.records = []
        while !waiting.isEmpty {
            let place = Int.random(in: waiting.indices, using: &random)
            mixed.records.append(waiting[place].removeFirst())
            if waiting[place].isEmpty { waiting.remove(at: place) }
        }
        mixed.refused.shuffle(using: &random)
        mixed.campaigns.shuffle(using: &random)
        return mixed
    }

    // MARK: Adding

    @discardableResult
    mutating func add(
        _ source: ReportFold.Source, key: String, _ value: String?, partition: Int32 = 0
    ) -> RecordPlace {
        offset += 1
        let place = RecordPlace(partition: partition, offset: offset)
        records.append(Record(source: source, place: place, key: key, value: value))
        return place
    }

    /// A status record, and for `at` an MQL at that time with a deadline of a day.
    mutating func lead(
        _ lead: String, _ product: String? = "crm", mqlAt: String? = nil,
        statusAt: String = "2026-09-01T00:00:00.000Z", channel: String? = "email",
        campaign: String? = nil, version: Int = 1, cycle: Int = 1,
        reasons: [(group: String, id: String)] = [], partition: Int32 = 0
    ) {
        let touch = [
            channel.map { #""channel":"\#($0)""# }, campaign.map { #""campaign_id":"\#($0)""# },
        ].compactMap { $0 }.joined(separator: ",")
        let source =
            #""source":{"first_touch":{\#(touch),"at":"2026-08-01T00:00:00.000Z"},"#
            + #""last_touch":{"channel":"other"}}"#
        let definition = #""definition":{"name":"d","version":\#(version),"sha256":"x"}"#
        let about = product.map { #""product":"\#($0)","# } ?? ""
        add(
            .nurture, key: lead,
            #"{"type":"lead.status_changed","lead_id":"\#(lead)",\#(about)"status":"not_ready","#
                + #""as_of":"\#(mqlAt ?? statusAt)","reasons":[{"code":"fit"}],\#(definition),"#
                + #"\#(source)}"#, partition: partition)
        guard let mqlAt, let product else { return }
        let list = reasons.map {
            #"{"criterion":"\#($0.id)","label":"L \#($0.id)","group":"\#($0.group)","points":5}"#
        }.joined(separator: ",")
        let deadline = Sample.time(mqlAt) + .days(1)
        add(
            .sales, key: lead,
            #"{"type":"mql.qualified","mql_id":"\#(Sample.mqlID(lead, product, cycle: cycle))","#
                + #""lead_id":"\#(lead)",\#(about)"cycle":\#(cycle),"#
                + #""novelty":"\#(cycle == 1 ? "first" : "requalified")","#
                + #""qualified_at":"\#(mqlAt)","follow_up_by":"\#(deadline)",\#(definition),"#
                + #""reasons":[\#(list)],\#(source)}"#, partition: partition)
    }

    @discardableResult
    mutating func answer(
        _ lead: String, _ type: String, at: String, _ product: String = "crm", id: String? = nil,
        reason: String? = nil, revenue: String? = nil, cycle: Int = 1, partition: Int32 = 0
    ) -> RecordPlace {
        let more =
            (reason.map { #","reason":"\#($0)""# } ?? "")
            + (revenue.map { #","revenue":\#($0)"# } ?? "")
        return add(
            .dispositions, key: lead,
            #"{"event_id":"\#(id ?? "\(lead) \(type) \(at)")","type":"\#(type)","lead_id":"#
                + #""\#(lead)","occurred_at":"\#(at)","product":"\#(product)","mql_id":"#
                + #""\#(Sample.mqlID(lead, product, cycle: cycle))"\#(more)}"#,
            partition: partition)
    }

    mutating func message(
        _ source: ReportFold.Source, _ lead: String, _ type: String, reason: String? = nil
    ) {
        add(
            source, key: lead,
            #"{"type":"\#(type)","mql_id":"\#(Sample.mqlID(lead))","lead_id":"\#(lead)","#
                + #""reason":"\#(reason ?? "")","product":"crm"}"#)
    }

    mutating func campaign(_ id: String, cost: Double?, channel: String? = nil) {
        offset += 1
        var row = Campaign(id: id)
        (row.cost, row.channel) = (cost, channel)
        campaigns.append((.campaign(row), RecordPlace(partition: 0, offset: offset)))
    }

    mutating func refuse(_ place: RecordPlace) { refused.append(place) }

    // MARK: Times

    /// Only for texts of tests, which are right.
    static func time(_ text: String) -> Timestamp {
        let parts = text.split { !$0.isNumber }.compactMap { Int($0) }
        let day = UTCDay(year: parts[0], month: parts[1], day: parts[2])?.start.milliseconds ?? 0
        let seconds = (parts[3] * 60 + parts[4]) * 60 + parts[5]
        return Timestamp(milliseconds: day + Int64(seconds * 1000 + parts[6]))
    }
}
