import CSimdjson
package import Qualification

/// The fields of each input topic.
extension EventReader {
    /// Reads a record of the activities topic.
    package func activity(
        key: RawSpan, value: RawSpan, _ input: Input, rulebook: Rulebook
    ) throws(DeadLetter) -> ActivityEvent {
        let at = try open(value)
        try checkLength(HANDOFF_EVENT_ID, atMost: 100)
        try checkLength(HANDOFF_LEAD_ID, atMost: 200)
        try checkLength(HANDOFF_TYPE, atMost: 64)
        let header = try close(at, key: key, input)
        let type = parser[HANDOFF_TYPE].symbol(symbols)
        let product = optionalSymbol(HANDOFF_PRODUCT)
        let (channel, campaign) = origin()
        let properties = properties(isWanted: rulebook.wantsProperties(ofType: type))
        return ActivityEvent(
            header: header, type: type, product: product, campaign: campaign, channel: channel,
            properties: properties)
    }

    /// Checks the properties and reads them if a condition wants them.
    private func properties(isWanted: Bool) -> [(name: String, value: FactValue)] {
        let value = parser[HANDOFF_PROPERTIES]
        if value.isAbsent { return [] }
        guard value.kind == HANDOFF_OBJECT else {
            ignore("properties", value, "an object")
            return []
        }
        var found: [(name: String, value: FactValue)] = []
        for place in 0..<parser.propertyCount {
            let member = parser.propertyValue(at: place)
            let fact: FactValue? =
                if let number = member.number {
                    .number(number)
                } else if let bool = member.bool {
                    .bool(bool)
                } else if isWanted && member.isText {
                    .text(member.text)
                } else {
                    nil
                }
            if fact == nil, !member.isText, !member.isAbsent, isLast(place) {
                let name = "properties.\(parser.propertyName(at: place))"
                ignore(name, member, "a text, a number up to 2^53 or a boolean")
                return []
            }
            guard isWanted else { continue }
            let name = parser.propertyName(at: place)
            found.removeAll { $0.name == name }
            if let fact, !member.isAbsent { found.append((name, fact)) }
        }
        return found
    }

    /// Whether no later property has the same name: of a repeated key the last counts.
    private func isLast(_ place: Int) -> Bool {
        let name = parser.propertyName(at: place)
        return !(place + 1..<parser.propertyCount).contains { parser.propertyName(at: $0) == name }
    }

    /// Reads a record of the leads topic.
    package func lead(
        key: RawSpan, value: RawSpan, _ input: Input
    ) throws(DeadLetter) -> LeadEvent {
        let at = try open(value)
        try checkLength(HANDOFF_EVENT_ID, atMost: 100)
        try checkLength(HANDOFF_LEAD_ID, atMost: 200)
        guard let kind = LeadEvent.Kind(rawValue: parser[HANDOFF_TYPE].text) else {
            throw DeadLetter(
                .unknownType,
                "type \(parser[HANDOFF_TYPE].shown) is not lead.captured, lead.updated "
                    + "or lead.erased"
            )
        }
        let header = try close(at, key: key, input)
        if kind == .erased {
            return LeadEvent(
                header: header, kind: kind, fields: [], productInterest: [], campaign: .none,
                channel: .none)
        }
        var fields: [(field: LeadField, value: FactValue)] = []
        addTexts(&fields)
        addNormalised(&fields)
        addNumbers(&fields)
        let (channel, campaign) = origin()
        return LeadEvent(
            header: header, kind: kind, fields: fields, productInterest: productInterest(),
            campaign: campaign, channel: channel)
    }

    private func addTexts(_ fields: inout [(field: LeadField, value: FactValue)]) {
        let texts: [(handoff_field, LeadField)] = [
            (HANDOFF_FIRST_NAME, .firstName), (HANDOFF_LAST_NAME, .lastName),
            (HANDOFF_PHONE, .phone), (HANDOFF_JOB_TITLE, .jobTitle),
            (HANDOFF_COMPANY_NAME, .companyName), (HANDOFF_INDUSTRY, .industry),
        ]
        for (key, field) in texts {
            if let text = optionalText(key) { fields.append((field, .text(text))) }
        }
    }

    private func addNormalised(_ fields: inout [(field: LeadField, value: FactValue)]) {
        let forms: [(handoff_field, LeadField, (String) -> String?, String)] = [
            (HANDOFF_EMAIL, .email, Address.email, "an e-mail address"),
            (HANDOFF_COMPANY_DOMAIN, .companyDomain, Address.domain, "a domain"),
            (HANDOFF_COUNTRY, .country, Address.country, "a country code of ISO 3166-1"),
        ]
        for (key, field, normalise, expected) in forms {
            guard let text = optionalText(key) else { continue }
            if let normal = normalise(text) {
                fields.append((field, .text(normal)))
            } else {
                ignore(key.name, parser[key], expected)
            }
        }
    }

    private func addNumbers(_ fields: inout [(field: LeadField, value: FactValue)]) {
        let employees = parser[HANDOFF_EMPLOYEES]
        if let number = employees.number, number >= 0, number == number.rounded() {
            fields.append((.employees, .number(number)))
        } else if !employees.isAbsent {
            ignore("employees", employees, "a whole number from 0 to 2^53")
        }
        let revenue = parser[HANDOFF_ANNUAL_REVENUE]
        if let number = revenue.number, number >= 0 {
            fields.append((.annualRevenue, .number(number)))
        } else if !revenue.isAbsent {
            ignore("annual_revenue", revenue, "a number from 0 to 2^53")
        }
        let consent = parser[HANDOFF_CONSENT]
        if consent.isAbsent { return }
        let contact = parser.consentContact
        if consent.kind != HANDOFF_OBJECT {
            ignore("consent", consent, "an object")
        } else if let bool = contact.bool {
            fields.append((.consent, .bool(bool)))
        } else if !contact.isAbsent {
            ignore("consent.contact", contact, "true or false")
        }
    }

    private func productInterest() -> [Symbol] {
        let value = parser[HANDOFF_PRODUCT_INTEREST]
        if value.isAbsent { return [] }
        let items = parser.interests
        let isReadable = items.allSatisfy {
            $0.isAbsent || $0.isText && $0.byteCount <= EventReader.textLimit
        }
        guard value.kind == HANDOFF_ARRAY, isReadable else {
            ignore("product_interest", value, "an array of texts")
            return []
        }
        return items.filter { !$0.isAbsent }.map { $0.symbol(symbols) }
    }

    /// Reads a record of the dispositions topic.
    package func disposition(
        key: RawSpan, value: RawSpan, _ input: Input
    ) throws(DeadLetter) -> DispositionEvent {
        let at = try open(value, isDisposition: true)
        try checkLength(HANDOFF_EVENT_ID, atMost: 100)
        try checkLength(HANDOFF_LEAD_ID, atMost: 200)
        guard let answer = Disposition.Answer(rawValue: parser[HANDOFF_TYPE].text) else {
            let known = Disposition.Answer.allCases.map(\.rawValue).joined(separator: ", ")
            throw DeadLetter(
                .unknownType, "type \(parser[HANDOFF_TYPE].shown) is none of \(known)")
        }
        let header = try close(at, key: key, input)
        let reason = optionalSymbol(HANDOFF_REASON)
        for field in [HANDOFF_BY, HANDOFF_NOTE] { _ = optionalText(field) }
        let revenue = parser[HANDOFF_REVENUE]
        if revenue.number == nil, !revenue.isAbsent {
            ignore("revenue", revenue, "a number up to 2^53")
        }
        return DispositionEvent(
            header: header, answer: answer, mqlID: parser[HANDOFF_MQL_ID].text,
            product: parser[HANDOFF_PRODUCT].symbol(symbols), reason: reason)
    }
}
