/// One addend of a score.
struct ScopeTerm: Sendable, Equatable {
    let weight: Double
    let value: Double

    init(_ weight: Double, _ value: Double) {
        self.weight = weight
        self.value = value
    }
}

/// The scores' terms: signals, their bends, and the few products that matter.
///
/// The order is fixed, so sums are the same to the bit.
enum ScopeTerms {
    /// The score of a fact with a subject, for its object.
    static func named(_ s: ObjectSignals) -> [ScopeTerm] {
        typealias W = ScopeWeights.Named
        let named = rectified((s.subjectShare - 0.4) / 0.6)
        return [
            ScopeTerm(W.bias, 1),
            ScopeTerm(W.exactSubject, s.exactSubject),
            ScopeTerm(W.subjectShare, s.subjectShare),
            ScopeTerm(W.subjectShareOver60, rectified(s.subjectShare - 0.6)),
            ScopeTerm(W.masked, s.maskedCosine),
            ScopeTerm(W.maskedOver70, rectified(s.maskedCosine - 0.7)),
            ScopeTerm(W.maskedOver85, rectified(s.maskedCosine - 0.85)),
            ScopeTerm(W.object, s.objectCosine),
            ScopeTerm(W.prompt, s.promptCosine),
            ScopeTerm(W.statement, s.statementCosine),
            ScopeTerm(W.foreignNames, s.foreignNames),
            ScopeTerm(W.longerName, s.longerName),
            ScopeTerm(W.questionOverlap, s.questionOverlap),
            ScopeTerm(W.promptOverlap, s.promptOverlap),
            ScopeTerm(W.unmatchedWords, s.unmatchedWords),
            ScopeTerm(W.overlap, s.questionOverlap * s.promptOverlap),
            ScopeTerm(W.sameKind, s.sameKind),
            ScopeTerm(W.otherKind, s.otherKind),
            ScopeTerm(W.dateFits, s.dateFits),
            ScopeTerm(W.dateClashes, s.dateClashes),
            ScopeTerm(W.objectPresent, s.objectPresent),
            ScopeTerm(W.negatesObject, s.negatesObject),
            ScopeTerm(W.hasName, s.hasName),
            ScopeTerm(W.namedMasked, named * s.maskedCosine),
            ScopeTerm(W.namedOverlap, named * s.promptOverlap),
            ScopeTerm(W.exactMasked, s.exactSubject * s.maskedCosine),
            ScopeTerm(W.namedPrompt, named * s.promptCosine),
        ] + hops(s, W.hop, W.hopOver50, W.unmatchedMasked, W.anyUnmatched, W.wholePrompt)
    }

    /// The score of a fact that is a bare statement.
    ///
    /// Its "subject" is the run of words that question and statement share.
    static func statement(_ s: ObjectSignals) -> [ScopeTerm] {
        typealias W = ScopeWeights.Statement
        return [
            ScopeTerm(W.bias, 1),
            ScopeTerm(W.exactSubject, s.exactSubject),
            ScopeTerm(W.subjectShare, s.subjectShare),
            ScopeTerm(W.masked, s.maskedCosine),
            ScopeTerm(W.maskedOver70, rectified(s.maskedCosine - 0.7)),
            ScopeTerm(W.maskedOver85, rectified(s.maskedCosine - 0.85)),
            ScopeTerm(W.prompt, s.promptCosine),
            ScopeTerm(W.foreignNames, s.foreignNames),
            ScopeTerm(W.questionOverlap, s.questionOverlap),
            ScopeTerm(W.promptOverlap, s.promptOverlap),
            ScopeTerm(W.unmatchedWords, s.unmatchedWords),
            ScopeTerm(W.overlap, s.questionOverlap * s.promptOverlap),
            ScopeTerm(W.otherKind, s.otherKind),
            ScopeTerm(W.negatesObject, s.negatesObject),
            ScopeTerm(W.exactMasked, s.exactSubject * s.maskedCosine),
        ] + hops(s, 0, W.hopOver50, W.unmatchedMasked, W.anyUnmatched, W.wholePrompt)
    }

    /// The score of any fact for its object where there is no encoder.
    static func words(_ s: ObjectSignals) -> [ScopeTerm] {
        typealias W = ScopeWeights.Words
        let named = rectified((s.subjectShare - 0.4) / 0.6)
        return [
            ScopeTerm(W.bias, 1),
            ScopeTerm(W.exactSubject, s.exactSubject),
            ScopeTerm(W.subjectShare, s.subjectShare),
            ScopeTerm(W.subjectShareOver60, rectified(s.subjectShare - 0.6)),
            ScopeTerm(W.foreignNames, s.foreignNames),
            ScopeTerm(W.questionOverlap, s.questionOverlap),
            ScopeTerm(W.promptOverlap, s.promptOverlap),
            ScopeTerm(W.unmatchedWords, s.unmatchedWords),
            ScopeTerm(W.overlap, s.questionOverlap * s.promptOverlap),
            ScopeTerm(W.sameKind, s.sameKind),
            ScopeTerm(W.otherKind, s.otherKind),
            ScopeTerm(W.dateFits, s.dateFits),
            ScopeTerm(W.dateClashes, s.dateClashes),
            ScopeTerm(W.objectPresent, s.objectPresent),
            ScopeTerm(W.negatesObject, s.negatesObject),
            ScopeTerm(W.hasName, s.hasName),
            ScopeTerm(W.namedOverlap, named * s.promptOverlap),
            ScopeTerm(W.namedUnmatched, named * s.unmatchedWords),
        ] + hops(s, W.hop, W.hopOver50, 0, W.anyUnmatched, W.wholePrompt)
    }

    /// The score of a fact for its subject: the question asks from the object's end.
    static func inverse(_ s: SubjectSignals) -> [ScopeTerm] {
        typealias W = ScopeWeights.Inverse
        return [
            ScopeTerm(W.bias, 1),
            ScopeTerm(W.exactObject, s.exactObject),
            ScopeTerm(W.objectShare, s.objectShare),
            ScopeTerm(W.subjectShare, s.subjectShare),
            ScopeTerm(W.inverse, s.inverseCosine),
            ScopeTerm(W.direct, s.directCosine),
            ScopeTerm(W.questionOverlap, s.questionOverlap),
            ScopeTerm(W.promptOverlap, s.promptOverlap),
            ScopeTerm(W.sameKind, s.sameKind),
            ScopeTerm(W.otherKind, s.otherKind),
            ScopeTerm(W.foreignNames, s.foreignNames),
            ScopeTerm(W.invertsRelation, s.invertsRelation),
            ScopeTerm(W.repeatsRelation, s.repeatsRelation),
            ScopeTerm(W.statement, s.statementCosine),
            ScopeTerm(W.negatesObject, s.negatesObject),
            ScopeTerm(W.inverseOverDirect, rectified(s.inverseCosine - s.directCosine)),
            ScopeTerm(W.inverseOver70, rectified(s.inverseCosine - 0.7)),
            ScopeTerm(W.directOver80, rectified(s.directCosine - 0.8)),
            ScopeTerm(W.invertsExact, s.invertsRelation * s.exactObject),
            ScopeTerm(W.invertsDirect, s.invertsRelation * s.directCosine),
        ]
    }

    /// What shows a question that goes beyond the fact ("the capital of the country of …"): it says all
    /// that the fact's phrasing says, and more.
    private static func hops(
        _ s: ObjectSignals, _ hop: Double, _ hopOver50: Double, _ unmatchedMasked: Double,
        _ anyUnmatched: Double, _ wholePrompt: Double
    ) -> [ScopeTerm] {
        let any = min(s.unmatchedWords, 1)
        return [
            ScopeTerm(hop, s.promptOverlap * s.unmatchedWords),
            ScopeTerm(hopOver50, rectified(s.promptOverlap - 0.5) * any),
            ScopeTerm(unmatchedMasked, s.unmatchedWords * s.maskedCosine),
            ScopeTerm(anyUnmatched, any),
            ScopeTerm(wholePrompt, s.promptOverlap >= 0.99 ? 1 : 0),
        ]
    }

    private static func rectified(_ x: Double) -> Double {
        max(x, 0)
    }
}
