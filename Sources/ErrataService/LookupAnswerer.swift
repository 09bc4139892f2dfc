import ErrataCore
import ErrataJournal
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

    let index: RetrievalIndex
    let encoder: SentenceEncoder?

    var name: String { encoder == nil ? "lookup (lexical)" : "lookup" }
    var hash: Digest { .sha256(encoder?.identity ?? []) }
    func judge(_ question: String, _ candidates: [RetrievedFact]) throws -> Verdict {
        Verdict(probabilities: candidates.map { _ in 0 }, inScope: [], part: nil)
    }
}
