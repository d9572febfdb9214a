import WireFormats

extension TapRecord {
    /// The record as a salesperson or operator reads it, one to four lines.
    ///
    /// An MQL shows who to call, how, by when and why: name, job, company, e-mail and phone are in
    /// it on purpose. All other messages name the lead by its id only; the detail of a dead letter
    /// may quote the value that was wrong.
    package var text: String {
        let body = value.flatMap { try? FlatBody($0) }
        let lines: [String] =
            switch kind {
            case .deadLetter: [deadLetterLine]
            case .mql, .nurture, .alert:
                body.map { self.lines($0) } ?? ["not a message: a record of \(topic), \(size)"]
            }
        let stamp = self.stamp ?? ""
        let time = "\(stamp.prefix(10)) \(stamp.dropFirst(11).prefix(8))"
        let shown = lines.enumerated().map { number, line in
            (number == 0 ? time : String(repeating: " ", count: time.count)) + "  "
                + Shown.plain(line)
        }
        return shown.joined(separator: "\n")
    }

    private var size: String { "\(value?.count ?? 0) bytes" }

    private func lines(_ body: FlatBody) -> [String] {
        let product = body["product"] ?? "no product"
        let lead = "lead \(body["lead_id"] ?? "?")"
        switch body["type"] {
        case "mql.qualified"?, "mql.updated"?: return mqlLines(body, product)
        case "mql.withdrawn"?:
            let codes = body.reasons.compactMap { $0[""] }.joined(separator: ", ")
            return [
                "WITHDRAWN \(product)  \(lead): \(body["reason"] ?? "?")"
                    + (codes.isEmpty ? "" : " (\(codes))") + ", mql \(body["mql_id"] ?? "?")"
            ]
        case "mql.lapsed"?:
            return ["LAPSED \(product)  \(lead): never answered, mql \(body["mql_id"] ?? "?")"]
        case "lead.status_changed"?:
            let codes = body.reasons.map(TapRecord.code).joined(separator: ", ")
            return ["status \(product)  \(lead): \(body["status"] ?? "?") (\(codes))"]
        case "lead.erased"?: return ["erased  \(lead)"]
        case let type? where type.hasPrefix("sla."):
            return [
                "ALERT \(type.dropFirst(4)) \(product)  \(lead): "
                    + "\(body["owner_id"] ?? "nobody") was to follow up by "
                    + "\(body["follow_up_by"] ?? "?"), mql \(body["mql_id"] ?? "?")"
            ]
        default: return ["\(body["type"] ?? "no type") \(product)  \(lead)"]
        }
    }

    private func mqlLines(_ body: FlatBody, _ product: String) -> [String] {
        let name = [body["lead.first_name"], body["lead.last_name"]].compactMap { $0 }
            .joined(separator: " ")
        let company = body["account.name"] ?? body["lead.company_name"]
        let who = [
            name.isEmpty ? "lead \(body["lead_id"] ?? "?")" : name, body["lead.job_title"], company,
        ].compactMap { $0 }.joined(separator: ", ")
        let word = body["type"] == "mql.updated" ? "MQL AGAIN ACTIVE" : "MQL"
        var lines = ["\(word) \(product)  \(who)"]
        let contact = [body["lead.email"], body["lead.phone"]].compactMap { $0 }
        lines.append(
            "for \(body["route.owner_id"] ?? body["owner_id"] ?? "nobody")"
                + (body["follow_up_by"].map { ", follow up by \($0)" } ?? "")
                + (contact.isEmpty ? "" : ": \(contact.joined(separator: ", "))"))
        let reasons = body.reasons
            .map { (label: $0["label"] ?? $0["criterion"] ?? "?", points: $0["points"] ?? "0") }
            .enumerated()
            .sorted { left, right in
                let points = [left, right].map { Double($0.element.points) ?? 0 }
                return (points[1], left.offset) < (points[0], right.offset)
            }
            .prefix(4).map { "\($0.element.label) \($0.element.points)" }
        lines.append(
            "fit \(body["score.fit"] ?? "?") + engagement \(body["score.engagement"] ?? "?")"
                + (reasons.isEmpty ? "" : ": \(reasons.joined(separator: ", "))"))
        lines.append("lead \(body["lead_id"] ?? "?"), mql \(body["mql_id"] ?? "?")")
        return lines
    }

    private static func code(_ reason: [String: String]) -> String {
        guard let needed = reason["needed"], let actual = reason["actual"] else {
            return reason["code"] ?? "?"
        }
        return "\(reason["code"] ?? "?") \(actual) of \(needed)"
    }

    private var deadLetterLine: String {
        let reason = header(DeadLetter.Header.reason) ?? "no reason"
        let origin = [
            header(DeadLetter.Header.topic) ?? "?", header(DeadLetter.Header.partition) ?? "?",
            header(DeadLetter.Header.offset) ?? "?",
        ]
        return "DEAD LETTER \(reason)  \(origin[0])[\(origin[1])]@\(origin[2]): "
            + (header(DeadLetter.Header.detail) ?? "no detail")
    }
}
