import ErrataCore
import ErrataModels
import ErrataRetrieval

/// Answers with the stored object of the fact in scope, or its subject if the question asks the other way.
///
/// It needs no language model: candidates from retrieval are judged by ``ScopeModel``'s calibrated signals.
struct LookupAnswerer: Sendable {
    /// What came of judging the candidates.
    struct Verdict: Sendable {
        /// One a candidate: how likely the fact answers the question.
        let probabilities: [Double]
        /// The candidates in scope, best first.
        let inScope: [Int]
        /// What of the best one is the answer.
        let part: Receipt.Part?
    }

    /// Which rules and weights judge; part of every receipt.
    private static let version = "lookup 1"

    let index: RetrievalIndex
    let encoder: SentenceEncoder?

    var name: String { LookupAnswerer.name(hasEncoder: encoder != nil) }

    static func name(hasEncoder: Bool) -> String { hasEncoder ? "lookup" : "lookup (lexical)" }

    /// A hash of everything that decides about an answer, the facts aside.
    var hash: Digest {
        .sha256(Array(LookupAnswerer.version.utf8) + (encoder?.identity ?? []))
    }

    /// Judges the candidates of one question; costs one batch of at most 8 short texts for the encoder.
    func judge(_ question: String, _ candidates: [RetrievedFact]) throws -> Verdict {
        guard !candidates.isEmpty else {
            return Verdict(probabilities: [], inScope: [], part: nil)
        }
        let reading = ScopeQuestion(question, facts: candidates.map { ScopeFact($0.fact) })
        let rows = try index.scopeVectors(of: candidates.map(\.version))
        let decisions = ScopeModel.shipped.judge(
            reading,
            candidates: candidates.map { scopeCandidate($0, rows[$0.version] ?? [:]) },
            vectors: try encoder?.encode(reading.textsToEncode))
        let inScope = decisions.indices.filter { decisions[$0].isInScope }
            .sorted { (decisions[$1].probability, $0) < (decisions[$0].probability, $1) }
        return Verdict(
            probabilities: decisions.map(\.probability), inScope: inScope,
            part: inScope.first.map { part(decisions[$0].direction, of: candidates[$0].fact) })
    }

    private func scopeCandidate(
        _ candidate: RetrievedFact, _ vectors: [SurfaceKind: [[Float]]]
    ) -> ScopeCandidate {
        let cosines = candidate.hit.cosines
        let statement = cosines[.statement] ?? 0
        let asked = [SurfaceKind.prompt, .question, .alias].compactMap { cosines[$0] }.max()
        return ScopeCandidate(
            fact: ScopeFact(candidate.fact), statementCosine: statement,
            promptCosine: asked ?? statement, maskedVectors: vectors[.masked] ?? [],
            objectVector: vectors[.object]?.first, inverseVector: vectors[.inverse]?.first)
    }

    private func part(_ direction: ScopeDirection, of fact: Fact) -> Receipt.Part {
        switch direction {
        case .subject: .subject
        case .object: fact.object == nil ? .statement : .object
        }
    }
}
