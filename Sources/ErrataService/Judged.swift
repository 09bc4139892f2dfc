import ErrataJournal
import ErrataRetrieval

/// The candidates of one question, and what came of judging them.
struct Judged: Sendable {
    let k: Int
    let candidates: [RetrievedFact]
    let verdict: Verdict
    var times: StepTimes

    /// The candidates, then the facts that chains led to: what the places of an answer's path mean.
    var facts: [RetrievedFact] { candidates + verdict.walked }

    /// Returns what the receipt says of them; what a language model was shown is used, whatever was made of it.
    func receiptCandidates(shown: [Int]) -> [Receipt.Candidate] {
        let judged = zip(candidates, verdict.judgements).enumerated().map { place, pair in
            Receipt.Candidate(pair.0, pair.1, isShown: shown.contains(place))
        }
        return judged + verdict.walked.map(Receipt.Candidate.init)
    }
}

/// An answer of which nothing is kept yet.
struct Answered: Sendable {
    let receipt: Receipt
    let explanation: Explanation
    let modelName: String
    let times: StepTimes
}

extension Receipt.Candidate {
    fileprivate init(
        _ retrieved: RetrievedFact, _ judgement: Verdict.Judgement, isShown: Bool
    ) {
        self.init(
            fact: retrieved.version.fact, leaf: retrieved.version.leaf,
            cosine: retrieved.hit.dense.map { Receipt.millionths($0.score) },
            lexical: retrieved.hit.lexical.map { Receipt.millionths($0.score) },
            probability: Receipt.millionths(judgement.probability),
            lookup: Receipt.millionths(judgement.lookup),
            reader: judgement.reader.map { Receipt.millionths(Double($0)) },
            isTruncated: judgement.isTruncated, refusal: isShown ? nil : judgement.refusal)
    }

    /// A fact that only a chain led to; how near it is to another question is no part of this one's record.
    fileprivate init(_ walked: RetrievedFact) {
        self.init(
            fact: walked.version.fact, leaf: walked.version.leaf, cosine: nil, lexical: nil,
            probability: nil)
    }
}
