import Qualification
import WireFormats

/// The fields of a message that a report counts; each is nil where the message has none.
struct ReportBody {
    /// A criterion that contributed to an MQL.
    struct Reason: Hashable {
        var group: String
        var id: String
        var label: String
    }

    var type: String?
    var eventID: String?
    var mqlID: UUID?
    var leadID: String?
    var product: String?
    var novelty: String?
    var reason: String?
    var revenue: Double?
    var qualifiedAt: Timestamp?
    var followUpBy: Timestamp?
    var asOf: Timestamp?
    var occurredAt: Timestamp?
    var definition: DefinitionName?
    var channel: String?
    var campaign: String?
    var reasons: [Reason] = []

    /// Reads the bytes of a message, or throws if they are no JSON object.
    init(_ bytes: [UInt8]) throws(JSONScanner.Malformed) {
        var body = ReportBody()
        try JSONScanner.object(bytes) { (scanner, name) throws(JSONScanner.Malformed) in
            try body.read(name, &scanner)
        }
        self = body
    }

    private init() {}

    private mutating func read(
        _ name: String, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Malformed) {
        switch name {
        case "type": type = try present(&scanner)
        case "event_id": eventID = try present(&scanner)
        case "mql_id": mqlID = try present(&scanner).flatMap { UUID(canonical: $0) }
        case "lead_id": leadID = try present(&scanner)
        case "product": product = try present(&scanner)
        case "novelty": novelty = try present(&scanner)
        case "reason": reason = try present(&scanner)
        // Beyond 2^53 numbers are bad (CONTRACT.md 3): the worker applies the rest, too.
        case "revenue": revenue = try scanner.number().flatMap { $0.magnitude <= 0x1p53 ? $0 : nil }
        case "qualified_at": qualifiedAt = try time(&scanner)
        case "follow_up_by": followUpBy = try time(&scanner)
        case "as_of": asOf = try time(&scanner)
        case "occurred_at": occurredAt = try time(&scanner)
        case "definition": definition = try stamp(&scanner)
        case "source": try source(&scanner)
        case "reasons": try contributions(&scanner)
        default: try scanner.skip()
        }
    }

    /// A text; blanks count as absent (CONTRACT.md 3).
    private func present(
        _ scanner: inout JSONScanner
    ) throws(JSONScanner.Malformed) -> String? {
        guard let text = try scanner.text(), !text.allSatisfy(\.isWhitespace) else { return nil }
        return text
    }

    private func time(_ scanner: inout JSONScanner) throws(JSONScanner.Malformed) -> Timestamp? {
        guard let text = try scanner.text() else { return nil }
        let time = RFC3339.timestamp(Array(text.utf8).span)
        return time.flatMap { $0 >= .earliestAccepted ? $0 : nil }
    }

    private func stamp(
        _ scanner: inout JSONScanner
    ) throws(JSONScanner.Malformed) -> DefinitionName? {
        var name: String?
        var version: Int?
        try scanner.object { (scanner, key) throws(JSONScanner.Malformed) in
            switch key {
            case "name": name = try scanner.text()
            case "version": version = try scanner.number().flatMap { Int(exactly: $0) }
            default: try scanner.skip()
            }
        }
        guard let name, let version else { return nil }
        return DefinitionName(name: name, version: version)
    }

    /// The first touch is what the definition's own conditions call `source`, and it stays what it
    /// is while a lead is worked on; the last touch changes with every click.
    private mutating func source(_ scanner: inout JSONScanner) throws(JSONScanner.Malformed) {
        var touch: (channel: String?, campaign: String?)
        try scanner.object { (scanner, key) throws(JSONScanner.Malformed) in
            guard key == "first_touch" else { return try scanner.skip() }
            try scanner.object { (scanner, key) throws(JSONScanner.Malformed) in
                switch key {
                case "channel": touch.channel = try scanner.text()
                case "campaign_id": touch.campaign = try scanner.text()
                default: try scanner.skip()
                }
            }
        }
        (channel, campaign) = touch
    }

    private mutating func contributions(
        _ scanner: inout JSONScanner
    ) throws(JSONScanner.Malformed) {
        var found: [Reason] = []
        try scanner.array { (scanner) throws(JSONScanner.Malformed) in
            var (group, id, label): (String?, String?, String?)
            try scanner.object { (scanner, key) throws(JSONScanner.Malformed) in
                switch key {
                case "group": group = try scanner.text()
                case "criterion": id = try scanner.text()
                case "label": label = try scanner.text()
                default: try scanner.skip()
                }
            }
            if let group, let id { found.append(Reason(group: group, id: id, label: label ?? id)) }
        }
        reasons = found
    }
}
