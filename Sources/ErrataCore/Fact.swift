import Foundation

/// What is believed: subject, relation, object, and the sentence that says it.
///
/// A value of this type has passed every limit of ``FactLimits``; its text is in NFC, on one line and
/// without space at its ends.
package struct Fact: Hashable, Sendable {
    /// The user's name for the fact; see ``FactKey`` for the one that is made when the user gives none.
    package let key: String
    package let subject: String?
    package let relation: String?
    package let object: String?
    /// The sentence that says the fact.
    package let statement: String
    /// What `object` completes, or the question that it answers.
    package let prompt: String?
    /// More phrasings, each indexed.
    package let questions: [String]
    /// Other names of the subject, each indexed.
    package let aliases: [String]
    /// The first day on which the fact holds, `YYYY-MM-DD`; stored and shown, never guessed.
    package let validFrom: String?
    package let validTo: String?
    package let source: String?
    package let labels: [String: String]

    /// Takes fields that were checked before they were stored.
    init(stored draft: FactDraft, key: String, statement: String, prompt: String?) {
        self.key = key
        self.statement = statement
        self.prompt = prompt
        subject = draft.subject
        relation = draft.relation
        object = draft.object
        questions = draft.questions
        aliases = draft.aliases
        validFrom = draft.validFrom
        validTo = draft.validTo
        source = draft.source
        labels = draft.labels
    }
}

/// A fact as it comes from outside: nothing checked, nothing filled in.
package struct FactDraft: Hashable, Sendable {
    package var key: String?
    package var subject: String?
    package var relation: String?
    package var object: String?
    package var statement: String?
    package var prompt: String?
    package var questions: [String]
    package var aliases: [String]
    package var validFrom: String?
    package var validTo: String?
    package var source: String?
    package var labels: [String: String]

    package init(
        key: String? = nil, subject: String? = nil, relation: String? = nil, object: String? = nil,
        statement: String? = nil, prompt: String? = nil, questions: [String] = [],
        aliases: [String] = [], validFrom: String? = nil, validTo: String? = nil,
        source: String? = nil, labels: [String: String] = [:]
    ) {
        self.key = key
        self.subject = subject
        self.relation = relation
        self.object = object
        self.statement = statement
        self.prompt = prompt
        self.questions = questions
        self.aliases = aliases
        self.validFrom = validFrom
        self.validTo = validTo
        self.source = source
        self.labels = labels
    }

    /// Returns the fact that this draft describes.
    ///
    /// A missing prompt and statement are made from subject, relation and object ("The R of S is", "The R
    /// of S is O"), a missing statement from prompt and object. Throws ``FactError`` at the first field
    /// that breaks a rule. Each object of a relation in `multiValued` is a fact of its own.
    package func checked(multiValued: Set<String> = []) throws(FactError) -> Fact {
        var draft = try normalized()
        draft.questions = draft.questions.uniqued()
        draft.aliases = draft.aliases.uniqued()
        try draft.checkDates()

        var prompt = draft.prompt
        if prompt == nil, draft.statement == nil, let subject = draft.subject,
            let relation = draft.relation
        {
            prompt = "The \(relation) of \(subject) is"
        }
        guard let statement = draft.statement ?? draft.statement(completing: prompt) else {
            throw FactError(
                field: "statement",
                message: "a fact needs a statement, or a prompt and an object, "
                    + "or a subject, a relation and an object")
        }
        try FactLimits.check(statement, field: "statement", max: FactLimits.statementBytesMax)
        let key =
            draft.key
            ?? FactKey.derived(
                from: draft, prompt: prompt, statement: statement, multiValued: multiValued)
        return Fact(stored: draft, key: key, statement: statement, prompt: prompt)
    }

    private func statement(completing prompt: String?) -> String? {
        guard let prompt, let object else { return nil }
        return prompt + " " + object
    }

    private func normalized() throws(FactError) -> FactDraft {
        var draft = self
        if let key { try FactKey.check(key) }
        draft.subject = try FactLimits.line(subject, "subject", max: FactLimits.subjectBytesMax)
        draft.relation = try FactLimits.line(relation, "relation", max: FactLimits.relationBytesMax)
        draft.object = try FactLimits.line(object, "object", max: FactLimits.objectBytesMax)
        draft.statement = try FactLimits.line(
            statement, "statement", max: FactLimits.statementBytesMax)
        draft.prompt = try FactLimits.line(prompt, "prompt", max: FactLimits.promptBytesMax)
        draft.source = try FactLimits.line(source, "source", max: FactLimits.sourceBytesMax)
        draft.questions = try FactLimits.lines(
            questions, "questions", countMax: FactLimits.questionCountMax,
            bytesMax: FactLimits.promptBytesMax)
        draft.aliases = try FactLimits.lines(
            aliases, "aliases", countMax: FactLimits.aliasCountMax,
            bytesMax: FactLimits.subjectBytesMax)
        draft.labels = try FactLimits.labels(labels)
        return draft
    }

    private func checkDates() throws(FactError) {
        for (field, date) in [("validFrom", validFrom), ("validTo", validTo)] {
            guard let date, Timestamp(date: date) == nil else { continue }
            throw FactError(field: field, message: "'\(date)' is not a date like 2026-11-01")
        }
        guard let validFrom, let validTo, validTo < validFrom else { return }
        throw FactError(
            field: "validTo", message: "it is before validFrom: \(validTo) < \(validFrom)")
    }
}

extension Fact {
    /// The draft that gives this very fact when checked.
    package var draft: FactDraft {
        FactDraft(
            key: key, subject: subject, relation: relation, object: object, statement: statement,
            prompt: prompt, questions: questions, aliases: aliases, validFrom: validFrom,
            validTo: validTo, source: source, labels: labels)
    }

    /// The prompt with each alias in the subject's place; empty if the prompt does not name the subject.
    package var aliasPrompts: [String] {
        guard let prompt, let subject, let place = prompt.range(of: subject) else { return [] }
        return aliases.map { prompt.replacingCharacters(in: place, with: $0) }
    }
}

extension [String] {
    /// The elements in order, later repetitions left out.
    fileprivate func uniqued() -> [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
