import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval

/// Answers with the stored object of the fact in scope, or its subject if the question asks the other way.
///
/// It needs no language model: candidates from retrieval are judged by ``ScopeModel``'s calibrated signals.
struct LookupAnswerer: Answerer {
    static let name = "lookup"
    /// Which rules and weights judge; part of the hash.
    private static let version = "lookup 2"

    let index: RetrievalIndex
    let encoder: SentenceEncoder?
    let registration: ModelRegistration

    init(index: RetrievalIndex, encoder: SentenceEncoder?) throws {
        self.index = index
        self.encoder = encoder
        registration = try Self.registration(encoder: encoder)
    }

    var displayName: String { Self.displayName(hasEncoder: encoder != nil) }

    static func displayName(hasEncoder: Bool) -> String { hasEncoder ? name : "lookup (lexical)" }

    static func registration(encoder: SentenceEncoder?) throws -> ModelRegistration {
        try ModelRegistration(
            name: name, kind: .lookup,
            hash: .sha256(Array(version.utf8) + (encoder?.identity ?? [])),
            encoder: encoder.flatMap { Digest($0.identity) }, precision: nil)
    }

    /// The least probability that counts as in scope.
    static func threshold(_ strictness: Strictness) -> Double {
        switch strictness {
        case .strict: 0.8
        case .normal: 0.5
        case .lenient: 0.3
        }
    }

    func judge(_ question: AskedQuestion, _ candidates: [RetrievedFact]) throws -> Verdict {
        let scope = try signals(question.text, candidates)
        let threshold = Self.threshold(question.strictness)
        let judgements = scope.decisions.enumerated().map { i, decision in
            Verdict.Judgement(
                probability: decision.probability, lookup: decision.probability,
                refusal: decision.probability >= threshold
                    ? nil
                    : Receipt.Refusal(
                        decision.probability, lenientThreshold: Self.threshold(.lenient),
                        mention: scope.question.mention(ofFact: i)))
        }
        let answers = judgements.indices.filter { judgements[$0].refusal == nil }.map { i in
            Receipt.Answer(
                path: [i], part: part(scope.decisions[i].direction, of: candidates[i].fact),
                probability: judgements[i].probability)
        }
        return Verdict(judgements: judgements, answers: answers.bestFirst)
    }

    /// What the words and vectors say of each candidate.
    struct Signals {
        let question: ScopeQuestion
        let decisions: [ScopeDecision]
    }

    /// Measures the candidates of one question; costs one batch of at most 8 short texts for the encoder.
    func signals(_ text: String, _ candidates: [RetrievedFact]) throws -> Signals {
        let question = ScopeQuestion(text, facts: candidates.map { ScopeFact($0.fact) })
        guard !candidates.isEmpty else { return Signals(question: question, decisions: []) }
        let rows = try index.scopeVectors(of: candidates.map(\.version))
        let decisions = ScopeModel.shipped.judge(
            question,
            candidates: candidates.map { scopeCandidate($0, rows[$0.version] ?? [:]) },
            vectors: try encoder?.encode(question.textsToEncode))
        return Signals(question: question, decisions: decisions)
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

extension [Receipt.Answer] {
    /// The answers by falling probability; equals keep their order, since the sort is stable.
    var bestFirst: [Receipt.Answer] {
        sorted { $0.probability > $1.probability }
    }
}
