package import ErrataCore

/// A fact as a client sends it: only what the user gave.
package struct FactBody: Codable, Hashable, Sendable {
    package var draft: FactDraft

    package init(_ draft: FactDraft) { self.draft = draft }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case key
        case subject
        case relation
        case object
        case statement
        case prompt
        case questions
        case aliases
        case validFrom
        case validTo
        case source
        case labels
    }

    package init(from decoder: any Decoder) throws {
        try self.init(fields: decoder.strictContainer(keyedBy: CodingKeys.self))
    }

    fileprivate init(fields: FieldContainer<CodingKeys>) throws {
        draft = FactDraft(
            key: try fields.decodeIfPresent(String.self, forKey: .key),
            subject: try fields.decodeIfPresent(String.self, forKey: .subject),
            relation: try fields.decodeIfPresent(String.self, forKey: .relation),
            object: try fields.decodeIfPresent(String.self, forKey: .object),
            statement: try fields.decodeIfPresent(String.self, forKey: .statement),
            prompt: try fields.decodeIfPresent(String.self, forKey: .prompt),
            questions: try fields.decodeIfPresent([String].self, forKey: .questions) ?? [],
            aliases: try fields.decodeIfPresent([String].self, forKey: .aliases) ?? [],
            validFrom: try fields.decodeIfPresent(String.self, forKey: .validFrom),
            validTo: try fields.decodeIfPresent(String.self, forKey: .validTo),
            source: try fields.decodeIfPresent(String.self, forKey: .source),
            labels: try fields.decodeIfPresent([String: String].self, forKey: .labels) ?? [:])
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encodeIfPresent(draft.key, forKey: .key)
        try fields.encodeIfPresent(draft.subject, forKey: .subject)
        try fields.encodeIfPresent(draft.relation, forKey: .relation)
        try fields.encodeIfPresent(draft.object, forKey: .object)
        try fields.encodeIfPresent(draft.statement, forKey: .statement)
        try fields.encodeIfPresent(draft.prompt, forKey: .prompt)
        if !draft.questions.isEmpty { try fields.encode(draft.questions, forKey: .questions) }
        if !draft.aliases.isEmpty { try fields.encode(draft.aliases, forKey: .aliases) }
        try fields.encodeIfPresent(draft.validFrom, forKey: .validFrom)
        try fields.encodeIfPresent(draft.validTo, forKey: .validTo)
        try fields.encodeIfPresent(draft.source, forKey: .source)
        if !draft.labels.isEmpty { try fields.encode(draft.labels, forKey: .labels) }
    }
}

/// A fact as a reply shows it: complete, with its id beside its fields.
package struct FactRecord: Codable, Hashable, Sendable {
    package let id: FactID
    package let fact: FactBody

    private enum CodingKeys: String, CodingKey {
        case id
    }

    package init(id: FactID, fact: Fact) {
        self.id = id
        self.fact = FactBody(fact.draft)
    }

    package init(from decoder: any Decoder) throws {
        id = try decoder.container(keyedBy: CodingKeys.self).decode(FactID.self, forKey: .id)
        fact = try FactBody(fields: FieldContainer(decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try fact.encode(to: encoder)
    }

    package var key: String { fact.draft.key ?? "" }
    package var statement: String { fact.draft.statement ?? "" }
    package var object: String? { fact.draft.object }
}
