import Glibc

/// Which part of the fact answers the question.
package enum ScopeDirection: String, Sendable {
    /// The object: the question asks what the fact says.
    case object
    /// The subject: the question asks from the other end ("who is the son of …").
    case subject
}

/// Whether one fact answers the question, and why.
package struct ScopeDecision: Sendable {
    package let isInScope: Bool
    /// Calibrated on the training pairs, in (0, 1).
    package let probability: Double
    package let direction: ScopeDirection
    /// What the decision rests on, in a fixed order.
    package let signals: [ScopeSignal]

    package init(
        isInScope: Bool, probability: Double, direction: ScopeDirection, signals: [ScopeSignal]
    ) {
        self.isInScope = isInScope
        self.probability = probability
        self.direction = direction
        self.signals = signals
    }
}

/// The lookup answerer's scope decision: a logistic score over a few signals of question and fact.
///
/// Three scores share the signals' definitions. One asks whether the fact's object is the answer, one
/// whether its subject is (an inverse question), one serves facts that are a bare statement. No signal
/// alone decides: a question that does not hold the subject can still be in scope, and one that repeats
/// the fact's wording about somebody else is not. Judging is pure and deterministic.
package struct ScopeModel: Sendable {
    /// The probability from which a fact is in scope.
    package let probabilityMin: Double
    /// Whether "which is not <object>" counts against the object.
    package let readsNegation: Bool

    /// The fitted scores at the threshold that they were tuned with.
    package static let shipped = ScopeModel()

    package init(probabilityMin: Double = 0.5, readsNegation: Bool = true) {
        self.probabilityMin = probabilityMin
        self.readsNegation = readsNegation
    }

    /// Judges every candidate by itself; the result is in the candidates' order.
    ///
    /// - Parameters:
    ///   - question: the question, read against the candidates' facts in the same order
    ///   - candidates: the retrieved facts, best first
    ///   - vectors: one unit vector for each of `question.textsToEncode`; nil where there is no encoder,
    ///     then words alone decide and no question is read from the other end
    /// - Returns: one decision per candidate
    package func judge(
        _ question: ScopeQuestion, candidates: [ScopeCandidate], vectors: [[Float]]?
    ) -> [ScopeDecision] {
        precondition(candidates.count == question.readings.count, "one candidate per fact read")
        guard let vectors else { return judgeByWords(question, candidates) }
        precondition(vectors.count == question.textsToEncode.count, "one vector per text")
        return zip(question.readings, candidates).map { reading, candidate in
            decide(
                ScopeComparison(
                    words: question.words, reading: reading, candidate: candidate, vectors: vectors)
            )
        }
    }

    private func judgeByWords(
        _ question: ScopeQuestion, _ candidates: [ScopeCandidate]
    ) -> [ScopeDecision] {
        zip(question.readings, candidates).map { reading, candidate in
            var signals = ScopeComparison(
                words: question.words, reading: reading.withoutTexts, candidate: candidate,
                vectors: []
            ).objectSignals()
            if !readsNegation { signals.negatesObject = 0 }
            return decision(
                Self.probability(ScopeTerms.words(signals)), .object, signals.named)
        }
    }

    /// Returns the position of the decision to answer from: the most probable one that is in scope,
    /// the earlier of two equals; nil if none is in scope.
    package static func best(of decisions: [ScopeDecision]) -> Int? {
        var best: Int?
        for (i, decision) in decisions.enumerated() where decision.isInScope {
            if let known = best, decisions[known].probability >= decision.probability { continue }
            best = i
        }
        return best
    }

    private func decide(_ comparison: ScopeComparison) -> ScopeDecision {
        var object = comparison.objectSignals()
        var subject = comparison.subjectSignals()
        if !readsNegation {
            object.negatesObject = 0
            subject?.negatesObject = 0
        }
        let isNamed = comparison.candidate.fact.subject != nil
        let direct = Self.probability(
            isNamed ? ScopeTerms.named(object) : ScopeTerms.statement(object))
        if let subject {
            let inverse = Self.probability(ScopeTerms.inverse(subject))
            if inverse > direct { return decision(inverse, .subject, subject.named) }
        }
        return decision(direct, .object, object.named)
    }

    private func decision(
        _ probability: Double, _ direction: ScopeDirection, _ signals: [ScopeSignal]
    ) -> ScopeDecision {
        ScopeDecision(
            isInScope: probability >= probabilityMin, probability: probability,
            direction: direction, signals: signals)
    }

    /// The logistic function of the weighted sum of the terms, added in their order.
    private static func probability(_ terms: [ScopeTerm]) -> Double {
        var sum = 0.0
        for term in terms { sum += term.weight * term.value }
        return 1 / (1 + exp(-sum))
    }
}
