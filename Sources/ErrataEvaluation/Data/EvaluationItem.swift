package import ErrataCore

/// One edit of a data set with the questions by which it is judged, or a question that no edit is about.
package struct EvaluationItem: Sendable {
    /// Its place in the file, from 1.
    package let number: Int
    /// Empty for a general question, as prompt and target are.
    package let subject: String
    /// What the target completes.
    package let prompt: String
    package let target: String
    /// What was true before, if the data say so.
    package let truth: [String]
    /// The edit's own prompt first.
    package let questions: [EvaluationQuestion]

    /// Whether it has no edit.
    package var isGeneral: Bool { questions.first?.kind == .general }

    /// The edit as a commit makes it: subject, prompt and object, as `errata import` takes such records.
    package var edit: FactDraft {
        FactDraft(subject: subject, object: target, prompt: prompt)
    }
}

/// A question about an edit, or about what it must leave alone.
package struct EvaluationQuestion: Sendable {
    /// What is asked with it.
    package enum Kind: Hashable, Sendable {
        /// The edit's own prompt.
        case success
        /// The same in other words.
        case rephrasing
        /// What follows from the edit, by class: reasoning, an alias of the subject, the relation turned round.
        case portability(String)
        /// What does not, by class.
        case locality(String)
        /// A question that has nothing to do with any edit.
        case general

        /// Whether the answer is to be the one from before the edit.
        package var isLocal: Bool {
            switch self {
            case .locality, .general: true
            default: false
            }
        }
    }

    package let kind: Kind
    package let text: String
    /// Right answers, each with its aliases; for a local question what is true without the edit.
    package let answers: [[String]]
    /// Whether a question about locality asks for the edited fact itself, which benchmarks do by mistake.
    package let asksForEdit: Bool
    /// Whether it is the first of its kind in its record: the released code of the paper asks no other.
    package let isFirst: Bool

    /// What is scored token by token: the first alias of the first answer.
    package var target: String? { answers.first { !$0.isEmpty }?.first }
}
