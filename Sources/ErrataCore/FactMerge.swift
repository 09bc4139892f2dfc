// MERGING FIELDS. Three versions of a fact: what two lines started from, and what each made of it. A field that
// one line left alone takes the other's value. Questions, aliases and labels merge as sets. A statement that
// only completes its prompt with the object follows them.

/// A part of a fact, by the name that people see.
package enum FactField: String, CaseIterable, Hashable, Sendable {
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

    /// Returns the field's value as a list of texts, so that any two can be compared.
    package func values(of fact: Fact) -> [String] {
        switch self {
        case .subject: [fact.subject].compactMap(\.self)
        case .relation: [fact.relation].compactMap(\.self)
        case .object: [fact.object].compactMap(\.self)
        case .statement: [fact.statement]
        case .prompt: [fact.prompt].compactMap(\.self)
        case .questions: fact.questions
        case .aliases: fact.aliases
        case .validFrom: [fact.validFrom].compactMap(\.self)
        case .validTo: [fact.validTo].compactMap(\.self)
        case .source: [fact.source].compactMap(\.self)
        case .labels: fact.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        }
    }
}

extension Fact {
    /// Returns what `ours` and `theirs` make together of `base`, or nil if they contradict each other.
    ///
    /// `base` is nil if both lines asserted the fact.
    package static func merged(base: Fact?, ours: Fact, theirs: Fact) -> Fact? {
        /// Returns nil for a contradiction; the merged value may be absent, too.
        func one(_ field: KeyPath<Fact, String?>) -> String?? {
            choice(base?[keyPath: field] ?? nil, ours[keyPath: field], theirs[keyPath: field])
        }
        func list(_ field: KeyPath<Fact, [String]>) -> [String] {
            let old = base?[keyPath: field] ?? []
            let (mine, other) = (ours[keyPath: field], theirs[keyPath: field])
            let gone = Set(old).subtracting(other)
            return mine.filter { !gone.contains($0) }
                + other.filter { !mine.contains($0) && !old.contains($0) }
        }
        let versions = [base, ours, theirs].compactMap(\.self)
        // Nil leaves the statement to be made of prompt and object.
        let statement: String?? =
            versions.allSatisfy(\.completesPrompt)
            ? .some(nil) : choice(base?.statement, ours.statement, theirs.statement)
        guard ours.key == theirs.key, let subject = one(\.subject), let relation = one(\.relation),
            let object = one(\.object), let prompt = one(\.prompt), let statement,
            let validFrom = one(\.validFrom), let validTo = one(\.validTo),
            let source = one(\.source), let labels = mergedLabels(base, ours, theirs)
        else { return nil }
        let draft = FactDraft(
            key: ours.key, subject: subject, relation: relation, object: object,
            statement: statement, prompt: prompt,
            questions: list(\.questions), aliases: list(\.aliases), validFrom: validFrom,
            validTo: validTo, source: source, labels: labels)
        // What no longer passes the rules together, such as two dates, is for people to settle.
        return try? draft.checked()
    }

    /// Returns what one side changed, or what both agree on; nil if they contradict each other.
    private static func choice(_ base: String?, _ ours: String?, _ theirs: String?) -> String?? {
        if ours == theirs || theirs == base { return .some(ours) }
        return ours == base ? .some(theirs) : nil
    }

    /// Whether the statement is the prompt with the object behind it, so that it follows them.
    private var completesPrompt: Bool {
        guard let prompt, let object else { return false }
        return statement == prompt + " " + object
    }

    private static func mergedLabels(
        _ base: Fact?, _ ours: Fact, _ theirs: Fact
    ) -> [String: String]? {
        var labels: [String: String] = [:]
        for name in Set(ours.labels.keys).union(theirs.labels.keys) {
            let (old, mine, other) = (base?.labels[name], ours.labels[name], theirs.labels[name])
            guard let merged = choice(old, mine, other) else { return nil }
            labels[name] = merged
        }
        return labels
    }
}
