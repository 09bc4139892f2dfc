/// What the scope decision reads of a fact: its words.
package struct ScopeFact: Sendable, Equatable {
    package let subject: String?
    package let object: String?
    package let statement: String
    /// What the object completes, or a question that it answers.
    package let prompt: String?
    /// Further questions that the object answers.
    package let questions: [String]
    /// Other names of the subject.
    package let aliases: [String]

    package init(
        subject: String?, object: String?, statement: String, prompt: String? = nil,
        questions: [String] = [], aliases: [String] = []
    ) {
        self.subject = subject
        self.object = object
        self.statement = statement
        self.prompt = prompt
        self.questions = questions
        self.aliases = aliases
    }

    /// All names of the subject, the subject first; empty for a fact that is a bare statement.
    var names: [String] {
        subject.map { [$0] + aliases } ?? []
    }

    /// The texts that ask for the object: the prompt (else the statement without its object), then the
    /// questions.
    var phrasings: [String] {
        [prompt ?? statementWithoutObject] + questions
    }

    /// The phrasings that name the subject, each with the subject replaced by "X"; no masked form twice.
    var maskedPhrasings: [(phrasing: String, masked: String)] {
        guard let subject else { return [] }
        var seen: Set<String> = []
        return phrasings.compactMap { phrasing in
            guard let masked = maskedForm(of: phrasing, subject: subject, aliases: aliases),
                seen.insert(masked).inserted
            else { return nil }
            return (phrasing, masked)
        }
    }

    /// The statement without an object at its end; the whole statement if it ends otherwise.
    private var statementWithoutObject: String {
        guard let object else { return statement }
        let words = TextFolding.tokens(statement)
        let objectWords = TextFolding.words(object)
        guard !objectWords.isEmpty, objectWords.count < words.count,
            words.suffix(objectWords.count).map(\.text) == objectWords
        else { return statement }
        let last = words[words.count - objectWords.count - 1]
        return String(statement[..<last.range.upperBound])
    }
}

/// The texts of a fact that the scope decision compares as vectors, beside its search rows.
///
/// They are encoded when the fact is indexed. Most are shared by all facts of one wording.
package struct ScopeTexts: Sendable, Equatable {
    /// The phrasings with the subject replaced by "X"; phrasings that do not name it are left out.
    package let masked: [String]
    /// The object alone.
    package let object: String?
    /// The statement with the object replaced by "X" and the subject by "it": what an inverse
    /// question looks like.
    package let inverse: String?

    package init(of fact: ScopeFact) {
        guard let subject = fact.subject else {
            (masked, object, inverse) = ([], nil, nil)
            return
        }
        masked = fact.maskedPhrasings.map(\.masked)
        object = fact.object
        inverse = fact.object.flatMap { Self.inverse(of: fact.statement, $0, subject) }
    }

    private static func inverse(of statement: String, _ object: String, _ subject: String)
        -> String?
    {
        guard let masked = maskedForm(of: statement, subject: object) else { return nil }
        let words = TextFolding.tokens(masked)
        let match = NameMatch(of: [subject], in: words)
        return match.isExact ? Masking.replace(match.span, of: words, in: masked, by: "it") : masked
    }
}

/// A retrieved fact with the similarities and vectors that the scope decision needs.
package struct ScopeCandidate: Sendable {
    package let fact: ScopeFact
    /// Cosine of the question with the statement's row.
    package let statementCosine: Float
    /// Best cosine of the question with the prompt's, questions' and aliases' rows; with the
    /// statement's row if there are none.
    package let promptCosine: Float
    /// The vectors of `ScopeTexts(of: fact)`, in its order; all of one width and of unit length.
    package let maskedVectors: [[Float]]
    package let objectVector: [Float]?
    package let inverseVector: [Float]?

    package init(
        fact: ScopeFact, statementCosine: Float, promptCosine: Float, maskedVectors: [[Float]],
        objectVector: [Float]?, inverseVector: [Float]?
    ) {
        self.fact = fact
        self.statementCosine = statementCosine
        self.promptCosine = promptCosine
        self.maskedVectors = maskedVectors
        self.objectVector = objectVector
        self.inverseVector = inverseVector
    }
}
