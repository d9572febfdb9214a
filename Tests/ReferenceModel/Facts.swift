/// Seniority and function as the job title tells them.
struct Persona {
    let seniority: String?
    let function: String?
}

/// What is derived of a lead before it is scored (section 5).
struct Facts {
    let state: LeadState
    let definition: ModelDefinition
    let account: ReferenceTables.Account?
    let persona: Persona

    var emailDomain: String? { state.text(.email).map(Email.domain) }

    /// The value of a field that a condition or `required` names; nil when it is missing.
    func value(_ field: String) -> ModelScalar? {
        switch field {
        case "lead.region": return region(of: state.text(.country))
        case "lead.email_domain": return emailDomain.map(ModelScalar.text)
        case "lead.free_mail":
            return emailDomain.map { .truth(definition.freeMailDomains.contains($0)) }
        case "company.region": return region(of: value("company.country")?.text)
        case "account.known": return .truth(account != nil)
        case "persona.seniority": return persona.seniority.map(ModelScalar.text)
        case "persona.function": return persona.function.map(ModelScalar.text)
        case "source.channel": return state.firstTouch?.channel.map(ModelScalar.text)
        case "source.campaign_id": return state.firstTouch?.campaignID.map(ModelScalar.text)
        default: break
        }
        let parts = field.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "lead": return LeadField(rawValue: parts[1]).flatMap(state.value)
        case "account": return account?.fields[parts[1]]
        case "company":
            return account?.fields[parts[1]] ?? LeadField(rawValue: parts[1]).flatMap(state.value)
        default: return nil
        }
    }

    private func region(of country: String?) -> ModelScalar? {
        guard let country else { return nil }
        return definition.regions.first { $0.countries.contains(country) }.map { .text($0.name) }
    }

    /// The known contact fields, and what the job title says.
    var leadJSON: JSONValue {
        let contact: [LeadField] = [
            .email, .firstName, .lastName, .phone, .jobTitle, .companyName, .companyDomain,
            .country,
        ]
        var members: [String: JSONValue] = [:]
        for field in contact { members[field.rawValue] = state.value(field)?.json }
        members["seniority"] = persona.seniority.map(JSONValue.string)
        members["function"] = persona.function.map(JSONValue.string)
        return .object(members)
    }
}

extension ReferenceModel {
    func facts(of state: LeadState) -> Facts {
        let emailDomain = state.text(.email).map(Email.domain)
        let domains = [state.text(.companyDomain), emailDomain].compactMap { $0 }
        let account = domains.lazy
            .filter { !self.definition.freeMailDomains.contains($0) }
            .compactMap { self.tables.account(of: $0) }
            .first
        return Facts(
            state: state, definition: definition, account: account,
            persona: persona(of: state.text(.jobTitle)))
    }

    private func persona(of title: String?) -> Persona {
        guard let title else { return Persona(seniority: nil, function: nil) }
        if let known = personas[title] { return known }
        let words = JobTitle.words(title)
        let persona = Persona(
            seniority: JobTitle.value(of: words, in: definition.seniorities),
            function: JobTitle.value(of: words, in: definition.functions))
        personas[title] = persona
        return persona
    }
}
