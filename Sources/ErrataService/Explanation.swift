package import ErrataCore
package import ErrataJournal
import ErrataRetrieval

/// A fact that bears on a question or query, and who is behind it.
package struct FactUse: Sendable {
    package let id: FactID
    package let fact: Fact
    /// The answerer's probability, or the search's score.
    package let score: Double
    /// The commit that introduced the value.
    package let source: CommitHeader
    /// What the fact answers; nil for a step on the way to an answer, and for a hit of a search.
    package let answer: String?
}

/// A fact that was judged and does not answer.
package struct RefusedFact: Sendable {
    package let id: FactID
    package let fact: Fact
    package let probability: Double
    package let reason: Receipt.Refusal
}

/// A fact in scope whose value two lines of commits do not agree on.
package struct ConflictUse: Sendable {
    package struct Side: Sendable {
        /// Nil if this side retracted the fact, or its text was redacted.
        package let fact: Fact?
        package let isRetracted: Bool
        /// What the side answers, if it is in scope.
        package let answer: String?
        /// The commit that introduced the value, or took the fact away.
        package let source: CommitHeader
    }

    package let id: FactID
    package let sides: [Side]
}

/// What a receipt says once the text of its facts is read again.
package struct Explanation: Sendable {
    /// How many refused facts are told of.
    package static let refusedCountMax = 3

    /// The best answer, or a language model's; nil if no fact answers, its text was redacted, it rests on a
    /// fact in conflict, or the receipt of a generated text is read again, which does not hold it.
    package let answer: String?
    /// How likely the best answer is one; nil if there is none, or a language model gave it.
    package let confidence: Double?
    /// The facts in scope that are in conflict; not empty where that is why there is no answer.
    package let conflicts: [ConflictUse]
    /// Whether facts in scope give different answers.
    package let disagrees: Bool
    /// The facts in scope, best first, the steps of a chain in their order; those that a language model was
    /// shown, in that order.
    package let facts: [FactUse]
    /// The chain of facts behind the best answer; empty where one fact gives it.
    package let path: [FactID]
    /// The facts nearest to being an answer, nearest first.
    package let refused: [RefusedFact]
    /// The candidates of which the reader saw the beginning alone.
    package let truncated: [FactID]
}

/// Puts an explanation together from a receipt.
struct ExplanationBuilder {
    let receipt: Receipt
    /// The language model's text, where it is known.
    let generated: String?
    /// Returns the text of a candidate, nil if it was redacted.
    let fact: (Receipt.Candidate) throws -> Fact?
    /// Returns the text of any value of a fact, nil if it was redacted.
    let value: (FactID, Leaf) throws -> Fact?
    /// Returns the commit that introduced a value of a fact, or took it away.
    let source: (FactID, Leaf?) throws -> CommitHeader
    /// Returns the conflict that a fact is in at the receipt's version.
    let conflict: (FactID) throws -> Conflict?

    func build() throws -> Explanation {
        var facts: [FactUse] = []
        var texts: [String?] = []
        var listed: Set<Int> = []
        for answer in receipt.answers {
            texts.append(try text(of: answer))
            for (step, place) in answer.path.enumerated() where listed.insert(place).inserted {
                let isLast = step == answer.path.count - 1
                if let use = try use(place, answer, isLast ? texts.last ?? nil : nil) {
                    facts.append(use)
                }
            }
        }
        let best = receipt.answers.first
        let conflicts = try conflictUses(texts)
        let contested = Set(conflicts.map(\.id))
        let isContested =
            best?.path.contains { contested.contains(receipt.candidates[$0].fact) } ?? false
        let isGenerated = receipt.generation != nil
        return Explanation(
            answer: isContested ? nil : isGenerated ? generated : texts.first ?? nil,
            confidence: isContested || isGenerated ? nil : best?.confidence, conflicts: conflicts,
            disagrees: Set(texts.compactMap { $0.map(folded) }).count > 1,
            facts: try shown(facts) ?? facts,
            path: best.map(chain) ?? [], refused: try refused(),
            truncated: receipt.candidates.filter(\.isTruncated).map(\.fact))
    }

    /// Returns the facts that a language model was shown; nil if none was asked.
    ///
    /// One that is in scope says what it answers, as `inScope` does.
    private func shown(_ inScope: [FactUse]) throws -> [FactUse]? {
        try receipt.generation?.shown.compactMap { place in
            let candidate = receipt.candidates[place]
            if let use = inScope.first(where: { $0.id == candidate.fact }) { return use }
            guard let fact = try fact(candidate) else { return nil }
            return FactUse(
                id: candidate.fact, fact: fact, score: Double(candidate.probability ?? 0) / 1e6,
                source: try source(candidate.fact, candidate.leaf), answer: nil)
        }
    }

    private func chain(_ answer: Receipt.Answer) -> [FactID] {
        answer.path.count > 1 ? answer.path.map { receipt.candidates[$0].fact } : []
    }

    private func text(of answer: Receipt.Answer) throws -> String? {
        guard let last = answer.path.last else { return nil }
        return try fact(receipt.candidates[last]).flatMap(answer.text)
    }

    private func use(
        _ place: Int, _ answer: Receipt.Answer, _ text: String?
    ) throws -> FactUse? {
        let candidate = receipt.candidates[place]
        guard let fact = try fact(candidate) else { return nil }
        return FactUse(
            id: candidate.fact, fact: fact, score: answer.confidence,
            source: try source(candidate.fact, candidate.leaf), answer: text)
    }

    /// Returns the facts behind answers that are in conflict, with all their sides.
    private func conflictUses(_ texts: [String?]) throws -> [ConflictUse] {
        var uses: [ConflictUse] = []
        var answers: [Leaf: String] = [:]
        for (answer, text) in zip(receipt.answers, texts) {
            guard let last = answer.path.last else { continue }
            answers[receipt.candidates[last].leaf] = text
        }
        for place in receipt.answers.flatMap(\.path) {
            let id = receipt.candidates[place].fact
            guard !uses.contains(where: { $0.id == id }), let conflict = try conflict(id) else {
                continue
            }
            let sides = try conflict.sides.map { leaf in
                ConflictUse.Side(
                    fact: try leaf.flatMap { try value(id, $0) }, isRetracted: leaf == nil,
                    answer: leaf.flatMap { answers[$0] }, source: try source(id, leaf))
            }
            uses.append(ConflictUse(id: id, sides: sides))
        }
        return uses
    }

    private func refused() throws -> [RefusedFact] {
        let judged = receipt.candidates.filter { $0.refusal != nil }
        // Equals keep the order of retrieval: the sort is stable.
        let nearest = judged.sorted { ($0.probability ?? 0) > ($1.probability ?? 0) }
        return try nearest.prefix(Explanation.refusedCountMax).compactMap { candidate in
            guard let reason = candidate.refusal, let fact = try fact(candidate) else {
                return nil
            }
            return RefusedFact(
                id: candidate.fact, fact: fact,
                probability: Double(candidate.probability ?? 0) / 1e6, reason: reason)
        }
    }

    /// Spelling variants of one answer are one answer.
    private func folded(_ text: String) -> String {
        let words = TextFolding.nameWords(text)
        return words.isEmpty ? text : words.joined(separator: " ")
    }
}
