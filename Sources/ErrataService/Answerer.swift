import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval

/// How sure an answer must be.
package enum Strictness: String, CaseIterable, Sendable {
    case strict
    case normal
    case lenient
}

extension ReaderCalibration {
    /// Returns the least probability that counts as in scope.
    func threshold(_ strictness: ErrataService.Strictness) -> Double {
        switch strictness {
        case .strict: threshold(Self.Strictness.strict)
        case .normal: threshold(Self.Strictness.normal)
        case .lenient: threshold(Self.Strictness.lenient)
        }
    }
}

/// Judges the facts that retrieval found for a question.
///
/// A verdict depends on the question, the facts of the version and the answerer's hash alone.
protocol Answerer: Sendable {
    /// What people see: the name, and what it has to do without.
    var displayName: String { get }
    var registration: ModelRegistration { get }

    func judge(_ question: AskedQuestion, _ candidates: [RetrievedFact]) throws -> Verdict
}

/// A question, and the version's facts to look further in.
struct AskedQuestion {
    let text: String
    let strictness: Strictness
    /// Returns the facts of the same version nearest to each query, at most so many.
    let search: (_ queries: [String], _ limit: Int) throws -> [[RetrievedFact]]
}

/// What came of judging the candidates.
struct Verdict: Sendable {
    /// What is known of one candidate.
    struct Judgement: Sendable {
        /// How likely the fact answers the question.
        let probability: Double
        /// How likely it does by the lookup's signals.
        let lookup: Double
        /// The reader's logit, if it read the fact.
        var reader: Float?
        var isTruncated = false
        /// Why the fact is not an answer; nil if it is one.
        var refusal: Receipt.Refusal?
    }

    /// One a candidate.
    var judgements: [Judgement]
    /// Facts that are on the way to an answer and were no candidates; their places follow those.
    var walked: [RetrievedFact] = []
    /// Best first.
    var answers: [Receipt.Answer]

    static let none = Verdict(judgements: [], answers: [])
}

extension Receipt.Refusal {
    /// Says why a fact of this probability is not in scope.
    init(
        _ probability: Double, lenientThreshold: Double, mention: ScopeQuestion.Mention
    ) {
        if probability >= lenientThreshold {
            self = .belowThreshold
        } else {
            self = mention == .none ? .otherSubject : .otherRelation
        }
    }
}
