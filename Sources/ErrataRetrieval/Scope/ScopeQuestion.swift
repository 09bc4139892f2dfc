/// A question read against the facts that were retrieved for it.
///
/// Reading finds the facts' subjects and objects in the question and lists the texts that have to be
/// encoded before `ScopeModel` can judge: the question with each of those names replaced by "X".
/// It is pure: the same question and facts give the same texts.
package struct ScopeQuestion: Sendable {
    /// The most texts that one question may cost the encoder.
    package static let textCountMax = 8

    package let text: String
    /// Distinct texts to encode, at most `textCountMax`; earlier facts are served first.
    package let textsToEncode: [String]
    let words: [FoldedToken]
    /// One reading per fact, in the order of the facts.
    let readings: [Reading]

    /// How the question names one fact.
    struct Reading: Sendable {
        let fact: ScopeFact
        let subject: NameMatch
        let object: NameMatch
        /// The words that stand for the subject, and for the object.
        let subjectSpan: Range<Int>
        let objectSpan: Range<Int>
        /// Positions in `textsToEncode`; nil if the text does not exist or the limit was reached.
        var maskedSubject: Int?
        var maskedObject: Int?
        /// For a fact without a subject: the words of its statement that the question shares.
        var sharedStatementSpan: Range<Int>?
        var maskedStatement: Int?

        /// The same reading where nothing can be encoded.
        var withoutTexts: Reading {
            var reading = self
            (reading.maskedSubject, reading.maskedObject, reading.maskedStatement) = (nil, nil, nil)
            return reading
        }
    }

    package init(_ text: String, facts: [ScopeFact]) {
        self.text = text
        words = TextFolding.tokens(text)
        var texts = TextList()
        var readings: [Reading] = []
        for fact in facts {
            readings.append(
                fact.subject == nil
                    ? Self.readStatement(fact, in: words, of: text, &texts)
                    : Self.readNamed(fact, in: words, of: text, &texts))
        }
        self.readings = readings
        textsToEncode = texts.texts
    }

    private static func readNamed(
        _ fact: ScopeFact, in words: [FoldedToken], of text: String, _ texts: inout TextList
    ) -> Reading {
        let subject = NameMatch(of: fact.names, in: words)
        let object = fact.object.map { NameMatch(of: [$0], in: words) } ?? .none
        let masked = Masking.replace(Masking.span(of: subject, in: words), of: words, in: text)
        var reading = Reading(
            fact: fact, subject: subject, object: object,
            subjectSpan: named(subject, in: words), objectSpan: named(object, in: words),
            maskedSubject: texts.add(masked))
        if object.isExact || object.share >= NameMatch.shareMin {
            reading.maskedObject = texts.add(
                Masking.replace(reading.objectSpan, of: words, in: text))
        }
        return reading
    }

    private static func readStatement(
        _ fact: ScopeFact, in words: [FoldedToken], of text: String, _ texts: inout TextList
    ) -> Reading {
        let statement = TextFolding.tokens(fact.statement)
        guard let run = Masking.sharedRun(words, statement) else {
            return Reading(
                fact: fact, subject: .none, object: .none, subjectSpan: 0..<0, objectSpan: 0..<0,
                maskedSubject: texts.add(text))
        }
        let subject = NameMatch(
            share: min(1, run.weight / 2), isExact: run.weight >= 1, span: run.question)
        return Reading(
            fact: fact, subject: subject, object: .none,
            subjectSpan: named(subject, in: words), objectSpan: 0..<0,
            maskedSubject: texts.add(Masking.replace(run.question, of: words, in: text)),
            sharedStatementSpan: run.statement,
            maskedStatement: texts.add(
                Masking.replace(run.statement, of: statement, in: fact.statement)))
    }

    private static func named(_ match: NameMatch, in words: [FoldedToken]) -> Range<Int> {
        guard !match.isExact, match.share >= NameMatch.shareMin else { return match.span }
        return Masking.grown(match.span, in: words)
    }

    /// Distinct texts up to the limit.
    private struct TextList {
        private(set) var texts: [String] = []

        mutating func add(_ text: String) -> Int? {
            if let known = texts.firstIndex(of: text) { return known }
            guard texts.count < textCountMax else { return nil }
            texts.append(text)
            return texts.count - 1
        }
    }
}
