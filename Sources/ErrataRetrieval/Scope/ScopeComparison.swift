/// One question held against one candidate: where the signals are measured.
struct ScopeComparison {
    let words: [FoldedToken]
    let reading: ScopeQuestion.Reading
    let candidate: ScopeCandidate
    /// The vectors of `ScopeQuestion.textsToEncode`.
    let vectors: [[Float]]

    /// The phrasing that is nearest to the question once masked, and what it is compared by.
    private struct Phrasing {
        let words: [FoldedToken]
        /// The words that stand for the subject.
        let named: Range<Int>
        let maskedCosine: Double
    }

    /// Measures how the question bears on the fact's object.
    func objectSignals() -> ObjectSignals {
        let phrasing = nearestPhrasing()
        let fact = candidate.fact
        let span = reading.subjectSpan
        let own = ownWords(phrasing.words, fact)
        var signals = ObjectSignals()
        signals.promptCosine = Double(candidate.promptCosine)
        signals.statementCosine = Double(candidate.statementCosine)
        signals.maskedCosine = phrasing.maskedCosine
        signals.exactSubject = reading.subject.isExact ? 1 : 0
        signals.subjectShare = reading.subject.share
        signals.foreignNames = foreignNames(outside: span, own)
        signals.longerName = isInsideLongerName(own) ? 1 : 0
        signals.hasName = words.dropFirst().contains(where: \.isNameLike) ? 1 : 0
        let (asked, told) = ContentWords.ofBoth(
            words, outside: span, phrasing.words, outside: phrasing.named)
        signals.questionOverlap = ContentWords.overlap(asked, with: told)
        signals.promptOverlap = ContentWords.overlap(told, with: asked)
        signals.unmatchedWords = min(4, Double(asked.count) * (1 - signals.questionOverlap))
        let kind = QuestionKind(words, outside: span)
        let factKind = QuestionKind(phrasing.words, outside: phrasing.named)
        (signals.sameKind, signals.otherKind) = agreement(kind, factKind)
        if fact.subject == nil {
            let statement = TextFolding.tokens(fact.statement)
            signals.negatesObject = ContentWords.negates(words, statement: statement) ? 1 : 0
        } else if let object = fact.object {
            addObject(object, kind, to: &signals)
        }
        return signals
    }

    /// Measures how the question bears on the fact's subject; nil if it does not name the object, or
    /// names the subject itself.
    func subjectSignals() -> SubjectSignals? {
        let fact = candidate.fact
        guard let object = fact.object, fact.subject != nil, !reading.subject.isExact else {
            return nil
        }
        guard let masked = reading.maskedObject.map({ vectors[$0] }) else { return nil }
        let phrase = TextFolding.tokens(fact.phrasings[0])
        let named = NameMatch(of: fact.names, in: phrase).span
        let span = reading.objectSpan
        var signals = SubjectSignals()
        signals.statementCosine = Double(candidate.statementCosine)
        signals.exactObject = reading.object.isExact ? 1 : 0
        signals.objectShare = reading.object.share
        signals.subjectShare = reading.subject.share
        signals.inverseCosine = candidate.inverseVector.map { dot(masked, $0) } ?? 0
        signals.directCosine = candidate.maskedVectors.map { dot(masked, $0) }.max() ?? 0
        let (asked, told) = ContentWords.ofBoth(words, outside: span, phrase, outside: named)
        signals.questionOverlap = ContentWords.overlap(asked, with: told)
        signals.promptOverlap = ContentWords.overlap(told, with: asked)
        (signals.sameKind, signals.otherKind) = agreement(
            QuestionKind(words, outside: span), QuestionKind(phrase, outside: named))
        signals.foreignNames = foreignNames(outside: span, ownWords(phrase, fact))
        let said = Set(phrase.indices.filter { !named.contains($0) }.map { phrase[$0].text })
        let question = Set(words.indices.filter { !span.contains($0) }.map { words[$0].text })
        let inverts = said.contains { WordLists.inverses[$0]?.isDisjoint(with: question) == false }
        signals.invertsRelation = inverts ? 1 : 0
        let repeats = said.contains { WordLists.inverses[$0] != nil && question.contains($0) }
        signals.repeatsRelation = repeats && !inverts ? 1 : 0
        signals.negatesObject = ContentWords.negates(words, object: object) ? 1 : 0
        return signals
    }

    private func addObject(_ object: String, _ kind: QuestionKind?, to signals: inout ObjectSignals)
    {
        if let masked = reading.maskedSubject, let vector = candidate.objectVector {
            signals.objectCosine = dot(vectors[masked], vector)
        }
        let isDate = QuestionKind.isDate(object)
        signals.dateFits = kind == .time && isDate ? 1 : 0
        let clashes =
            (kind == .time && !isDate) || ((kind == .place || kind == .person) && isDate)
        signals.dateClashes = clashes ? 1 : 0
        signals.objectPresent = reading.object.isExact ? 1 : 0
        signals.negatesObject = ContentWords.negates(words, object: object) ? 1 : 0
    }

    private func nearestPhrasing() -> Phrasing {
        let fact = candidate.fact
        if let span = reading.sharedStatementSpan {
            let cosine = maskedCosine(reading.maskedStatement.map { [vectors[$0]] } ?? [])
            return Phrasing(
                words: TextFolding.tokens(fact.statement), named: span,
                maskedCosine: cosine?.value ?? Double(candidate.statementCosine))
        }
        var texts = fact.phrasings
        var cosine = Double(candidate.promptCosine)
        if let best = maskedCosine(candidate.maskedVectors) {
            let masked = fact.maskedPhrasings
            precondition(masked.count == candidate.maskedVectors.count, "one vector per phrasing")
            (texts, cosine) = ([masked[best.index].phrasing], best.value)
        }
        let words = TextFolding.tokens(texts[0])
        return Phrasing(
            words: words, named: NameMatch(of: fact.names, in: words).span, maskedCosine: cosine)
    }

    /// Returns the best of `others` against the masked question; nil if there is nothing to compare.
    private func maskedCosine(_ others: [[Float]]) -> (index: Int, value: Double)? {
        guard let masked = reading.maskedSubject else { return nil }
        var best: (index: Int, value: Double)?
        for (i, other) in others.enumerated() {
            let value = dot(vectors[masked], other)
            if value > (best?.value ?? -.infinity) { best = (i, value) }
        }
        return best
    }

    private func ownWords(_ phrasing: [FoldedToken], _ fact: ScopeFact) -> Set<String> {
        Set(phrasing.map(\.text)).union(fact.object.map(TextFolding.words) ?? [])
    }

    private func foreignNames(outside span: Range<Int>, _ own: Set<String>) -> Double {
        let count = words.indices.dropFirst().count(where: { i in
            !span.contains(i) && Masking.belongs(words[i]) && !own.contains(words[i].text)
        })
        return Double(min(count, 3))
    }

    /// Whether a further name-like word touches the exact subject: "Paul Smith" in "Paul Smith Ross".
    private func isInsideLongerName(_ own: Set<String>) -> Bool {
        guard reading.subject.isExact else { return false }
        let span = reading.subject.span
        let touches = { (word: Int, left: Int) in
            Masking.belongs(words[word]) && !words[left].isPossessive
                && !own.contains(words[word].text)
        }
        if span.upperBound < words.count, touches(span.upperBound, span.upperBound - 1) {
            return true
        }
        return span.lowerBound > 1 && touches(span.lowerBound - 1, span.lowerBound - 1)
    }

    private func agreement(_ a: QuestionKind?, _ b: QuestionKind?) -> (same: Double, other: Double)
    {
        guard let a, let b else { return (0, 0) }
        return a == b ? (1, 0) : (0, 1)
    }

    /// The inner product in double precision, in index order.
    private func dot(_ a: [Float], _ b: [Float]) -> Double {
        precondition(a.count == b.count, "vectors of one encoder have one width")
        var sum = 0.0
        for i in a.indices { sum += Double(a[i]) * Double(b[i]) }
        return sum
    }
}
