import ErrataCore
import ErrataModels

extension SourceReader {
    private static let factKeys: Set<String> = [
        "key", "subject", "relation", "object", "statement", "prompt", "questions", "aliases",
        "validFrom", "validTo", "source", "labels",
    ]

    /// Reads a fact; nil if it has no subject or object, or does not fit a pair.
    ///
    /// An edit `{"op": "assert", "fact": …}` is taken for its fact. What a fact replaced is not paired: the
    /// store knows it, and answers with the newer one.
    func fact(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord? {
        let fact = try checkedFact(fields)
        guard let subject = fact.subject, let object = fact.object else { return nil }
        let longest = max(fact.statement.utf8.count, fact.prompt?.utf8.count ?? 0)
        guard longest <= ScopePair.textBytesMax else { return nil }
        var record = SourceRecord(
            source: name, subject: subject,
            prompt: fact.prompt ?? "\(subject) \(fact.relation ?? "")", object: object,
            questions: [])
        record.statement = fact.statement
        record.relation = fact.relation
        record.aliases = fact.aliases
        record.questions = questions(of: fact, in: record)
        return record.questions.isEmpty ? nil : record
    }

    private func questions(of fact: Fact, in record: SourceRecord) -> [SourceRecord.Question] {
        let answer = ScopePair.Answer.found(record.object, as: .object, in: record.edit)
        var questions: [SourceRecord.Question] = []
        func add(_ text: String, _ kind: String) {
            questions.append(.init(text: text, kind: kind, answer: answer))
        }
        if let prompt = fact.prompt { add(prompt, "direct") }
        for question in fact.questions { add(question, "rephrase") }
        if let relation = fact.relation { add("\(record.subject) \(relation)", "telegraphic") }
        for inverse in inverseQuestions(about: record.object, relation: fact.relation) {
            let subject = ScopePair.Answer.found(record.subject, as: .subject, in: record.edit)
            questions.append(.init(text: inverse, kind: "inverse", answer: subject))
        }
        for alias in fact.aliases {
            for text in [fact.prompt].compactMap(\.self) + fact.questions {
                guard let template = text.cut(record.subject) else { continue }
                add(template.filled("{}", with: alias), "alias")
            }
        }
        return questions
    }

    /// Returns the ways to ask for a fact's subject, where the relation is one that the program knows.
    private func inverseQuestions(about object: String, relation: String?) -> [String] {
        let known = relations.first { $0.name.lowercased() == relation?.lowercased() }
        return known?.inverse.map { $0.filled("{o}", with: object) } ?? []
    }

    private func checkedFact(_ fields: DatasetFields) throws(DatasetError) -> Fact {
        var fields = fields
        if case .object(let nested) = fields.object["fact"] {
            try fields.refuseKeys(besides: ["op", "fact"])
            fields = DatasetFields(nested, place: fields.place)
        }
        try fields.refuseKeys(besides: SourceReader.factKeys)
        let draft = FactDraft(
            key: try fields.optional("key"), subject: try fields.optional("subject"),
            relation: try fields.optional("relation"), object: try fields.optional("object"),
            statement: try fields.optional("statement"), prompt: try fields.optional("prompt"),
            questions: try fields.optionalTexts("questions"),
            aliases: try fields.optionalTexts("aliases"))
        do { return try draft.checked() } catch { throw fields.error(error.description) }
    }
}

extension DatasetFields {
    fileprivate func optional(_ key: String) throws(DatasetError) -> String? {
        switch object[key] {
        case nil, .null: nil
        default: try longText(key)
        }
    }

    fileprivate func optionalTexts(_ key: String) throws(DatasetError) -> [String] {
        switch object[key] {
        case nil, .null: []
        default: try texts(key, mayBeEmpty: true, repeated: true)
        }
    }
}
