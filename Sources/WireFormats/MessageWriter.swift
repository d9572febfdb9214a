package import Qualification

/// Writes messages as CloudEvents 1.0 in binary mode: a JSON body and headers (CONTRACT.md 2 and
/// 8).
///
/// The body is a function of the message alone: no clock, no host. Keys are in the order of
/// `schemas/`. Owned by one lane: it keeps its buffer.
package final class MessageWriter {
    private var writer = JSONWriter()
    /// The value of a header that has parts.
    private let source = ByteWriter()

    /// A writer with a buffer of its own.
    package init() {}

    /// The JSON body.
    package static func body(_ message: Message) -> [UInt8] {
        let writer = MessageWriter()
        writer.write(message)
        return writer.writer.bytes
    }

    /// Gives the JSON body of a message to `take`, for the time of the call.
    package func withBody(of message: Message, _ take: (Span<UInt8>) -> Void) {
        write(message)
        writer.withBytes(take)
    }

    /// Forgets the lead of the messages written last; to be called after those of each event.
    package func forgetLead() {
        writer.forgetMembers()
    }

    private func write(_ message: Message) {
        writer.removeAll()
        writer.object { writer in
            writer.text("type", message.type.name)
            switch message.body {
            case .qualified(let lead): MessageWriter.write(lead, message, &writer)
            case .withdrawn(let withdrawal): MessageWriter.write(withdrawal, message, &writer)
            case .lapsed(let lapse):
                MessageWriter.identify(lapse.id, lapse.cycle, message, &writer)
                writer.time("as_of", lapse.asOf)
            case .updated(let update): MessageWriter.write(update, message, &writer)
            case .statusChanged(let change): MessageWriter.write(change, message, &writer)
            case .erased(let erasure):
                writer.text("lead_id", message.leadID)
                writer.time("as_of", erasure.asOf)
            case .alert(let alert): MessageWriter.write(alert, message, &writer)
            }
        }
    }

    /// Gives the CloudEvents headers to `add`, and the lane's partition, by which sales tooling
    /// finds the way back.
    package func headers(
        _ message: Message, partition: Int32,
        _ add: (_ name: String, _ value: Span<UInt8>) -> Void
    ) {
        add("ce_specversion", "1.0".utf8Span.span)
        add("ce_id", message.id.text.span)
        add("ce_type", message.type.name.utf8Span.span)
        source.removeAll()
        source.raw("handoff/")
        source.raw(message.definitionName)
        source.withBytes { add("ce_source", $0) }
        add("ce_time", message.asOf.text.span)
        add("ce_subject", message.leadID.utf8Span.span)
        add("content-type", "application/json".utf8Span.span)
        source.removeAll()
        source.decimal(Int64(partition))
        source.withBytes { add("handoff.partition", $0) }
    }

    // MARK: Bodies

    private static func identify(
        _ id: UUID, _ cycle: Int, _ message: Message, _ writer: inout JSONWriter
    ) {
        writer.id("mql_id", id)
        writer.text("lead_id", message.leadID)
        writer.text("product", message.product)
        writer.integer("cycle", Int64(cycle))
    }

    private static func write(
        _ lead: QualifiedLead, _ message: Message, _ writer: inout JSONWriter
    ) {
        identify(lead.id, lead.cycle, message, &writer)
        writer.text("novelty", lead.cycle == 1 ? "first" : "requalified")
        writer.time("qualified_at", lead.qualifiedAt)
        writer.time("follow_up_by", lead.followUpBy)
        write(lead.definition, &writer)
        write(lead.score, &writer)
        writer.bool("hand_raise", lead.handRaise)
        write(fit: lead.fitReasons, engagement: lead.engagementReasons, &writer)
        write(lead.whyNow, &writer)
        writer.text("summary", Summary.sentence(lead, product: message.product ?? ""))
        write(lead.lead, &writer)
        writer.array("recent_activity", lead.recentActivity) { writer, activity in
            writer.object { writer in
                writer.text("type", activity.type)
                writer.text("product", activity.product)
                writer.text("campaign_name", activity.campaignName)
                writer.time("at", activity.at)
            }
        }
        writer.object("route") { writer in
            writer.text("topic", lead.topic)
            writer.text("owner_id", lead.ownerID)
        }
        writer.array("also_open", lead.alsoOpen) { writer, other in
            writer.object { writer in
                writer.text("product", other.product)
                writer.id("mql_id", other.id)
            }
        }
        writer.array("previous", lead.previous) { writer, earlier in
            writer.object { writer in
                writer.id("mql_id", earlier.id)
                writer.time("qualified_at", earlier.qualifiedAt)
                writer.text("disposition", earlier.disposition)
                writer.text("reason", earlier.reason)
            }
        }
    }

    private static func write(
        _ update: UpdatedMQL, _ message: Message, _ writer: inout JSONWriter
    ) {
        identify(update.id, update.cycle, message, &writer)
        write(update.definition, &writer)
        write(update.score, &writer)
        write(fit: update.fitReasons, engagement: update.engagementReasons, &writer)
        write(update.whyNow, &writer)
        writer.text("summary", Summary.sentence(update, product: message.product ?? ""))
        writer.text("owner_id", update.ownerID)
        writer.time("as_of", update.asOf)
    }

    private static func write(
        fit: [Reason], engagement: [Reason], _ writer: inout JSONWriter
    ) {
        let reasons = fit.map { ("fit", $0) } + engagement.map { ("engagement", $0) }
        writer.array("reasons", reasons) { writer, reason in
            write(reason.1, group: reason.0, &writer)
        }
    }

    private static func write(_ event: DecidingEvent, _ writer: inout JSONWriter) {
        writer.object("why_now") { writer in
            writer.text("type", event.type)
            writer.text("product", event.product)
            writer.time("at", event.at)
        }
    }

    private static func write(
        _ reason: Reason, group: String, _ writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.text("criterion", reason.criterion)
            writer.text("label", reason.label)
            writer.text("group", group)
            writer.points("points", reason.points)
            writer.object("evidence") { writer in
                switch reason.evidence {
                case .facts(let facts): for (name, value) in facts { writer.fact(name, value) }
                case .activities(let count, let lastOn):
                    writer.integer("count", Int64(count))
                    writer.text("last_on", lastOn.description)
                }
            }
        }
    }

    private static func write(
        _ withdrawal: Withdrawal, _ message: Message, _ writer: inout JSONWriter
    ) {
        identify(withdrawal.id, withdrawal.cycle, message, &writer)
        writer.text("reason", withdrawal.reason)
        writer.array("codes", withdrawal.codes) { writer, code in writer.item(code) }
        writer.time("as_of", withdrawal.asOf)
    }

    private static func write(
        _ change: StatusChange, _ message: Message, _ writer: inout JSONWriter
    ) {
        writer.text("lead_id", message.leadID)
        writer.text("product", message.product)
        writer.text("status", change.status.name)
        writer.array("reasons", change.codes) { writer, code in
            writer.object { writer in
                writer.text("code", code.code)
                writer.points("needed", code.needed)
                writer.points("actual", code.actual)
            }
        }
        writer.id("mql_id", change.mqlID)
        write(change.score, &writer)
        writer.time("as_of", change.asOf)
        write(change.definition, &writer)
        write(change.lead, &writer)
    }

    private static func write(_ alert: Alert, _ message: Message, _ writer: inout JSONWriter) {
        writer.id("mql_id", alert.id)
        writer.text("lead_id", message.leadID)
        writer.text("product", message.product)
        writer.text("owner_id", alert.ownerID)
        writer.time("follow_up_by", alert.followUpBy)
        writer.integer("level", Int64(alert.level))
        writer.time("as_of", alert.asOf)
    }

    // MARK: Parts

    private static func write(_ stamp: DefinitionStamp, _ writer: inout JSONWriter) {
        writer.object("definition") { writer in
            writer.text("name", stamp.name)
            writer.integer("version", Int64(stamp.version))
            writer.text("sha256", stamp.sha256)
        }
    }

    private static func write(_ score: Score, _ writer: inout JSONWriter) {
        writer.object("score") { writer in
            writer.points("fit", score.fit)
            writer.points("engagement", score.engagement)
        }
    }

    private static func write(_ lead: LeadView, _ writer: inout JSONWriter) {
        writer.members(of: lead) { writer in
            members(of: lead, &writer)
        }
    }

    private static func members(of lead: LeadView, _ writer: inout JSONWriter) {
        writer.object("lead") { writer in
            writer.text("email", lead.contact.email)
            writer.text("first_name", lead.contact.firstName)
            writer.text("last_name", lead.contact.lastName)
            writer.text("phone", lead.contact.phone)
            writer.text("job_title", lead.contact.jobTitle)
            writer.text("company_name", lead.contact.companyName)
            writer.text("company_domain", lead.contact.companyDomain)
            writer.text("country", lead.contact.country)
            writer.text("seniority", lead.contact.seniority)
            writer.text("function", lead.contact.function)
        }
        if let account = lead.account { write(account, &writer) }
        writer.object("source") { writer in
            write("first_touch", lead.firstTouch, &writer)
            write("last_touch", lead.lastTouch, &writer)
        }
    }

    private static func write(_ account: Account, _ writer: inout JSONWriter) {
        writer.object("account") { writer in
            writer.text("domain", account.domain)
            writer.text("name", account.name)
            writer.integer("employees", account.employees)
            writer.number("annual_revenue", account.annualRevenue)
            writer.text("industry", account.industry)
            writer.text("country", account.country)
            writer.text("owner_id", account.ownerID)
            writer.text("status", account.status?.rawValue)
        }
    }

    private static func write(_ key: String, _ touch: TouchView?, _ writer: inout JSONWriter) {
        guard let touch else { return }
        writer.object(key) { writer in
            writer.text("channel", touch.channel)
            writer.text("campaign_id", touch.campaignID)
            writer.text("campaign_name", touch.campaignName)
            writer.time("at", touch.at)
        }
    }
}

/// The sentence that a salesperson reads first.
enum Summary {
    /// Who, why, and by when: `Pat Lee (VP Sales, Acme) is ready for crm: fit 40, engagement 30
    /// ...`.
    static func sentence(_ lead: QualifiedLead, product: String) -> String {
        let verdict = lead.handRaise ? "raised a hand for" : "is ready for"
        let strongest = (lead.fitReasons + lead.engagementReasons)
            .enumerated()
            .sorted { ($1.element.points, $0.offset) < ($0.element.points, $1.offset) }
            .filter { $0.element.points > .zero }
            .prefix(3).map(\.element.label).joined(separator: ", ")
        let reasons = strongest.isEmpty ? "" : ", above all by \(strongest)"
        let engagement = lead.score.engagement ?? .zero
        return "\(person(lead.lead)) \(verdict) \(product): "
            + "fit \(lead.score.fit), engagement \(engagement)\(reasons); "
            + "follow up by \(lead.followUpBy)."
    }

    /// What happened, to whom: `Pat Lee (VP Sales, Acme), already yours for crm, is active again
    /// ...`.
    static func sentence(_ update: UpdatedMQL, product: String) -> String {
        let engagement = update.score.engagement ?? .zero
        return "\(person(update.lead)), already yours for \(product), is active again: "
            + "\(update.signals.joined(separator: ", ")); "
            + "fit \(update.score.fit), engagement \(engagement)."
    }

    private static func person(_ lead: LeadView) -> String {
        let contact = lead.contact
        let name = [contact.firstName, contact.lastName].compactMap { $0 }.joined(separator: " ")
        let who = name.isEmpty ? contact.email ?? "A lead" : name
        let company = lead.account?.name ?? contact.companyName ?? contact.companyDomain
        let role = [contact.jobTitle, company].compactMap { $0 }.joined(separator: ", ")
        return "\(who)\(role.isEmpty ? "" : " (\(role))")"
    }
}
