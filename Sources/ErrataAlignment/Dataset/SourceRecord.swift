/// One edit of a real data set with the questions that the set gives for it.
struct SourceRecord: Sendable {
    /// A question with what is known of it.
    struct Question: Sendable {
        let text: String
        let kind: String
        /// The answer that the edit gives; nil if the edit is out of scope.
        var answer: ScopePair.Answer?
        /// What is true without the edit, if the data say so.
        var truth: String?
    }

    let source: String
    let subject: String
    /// What the object completes; with it the edit's text.
    let prompt: String
    let object: String
    var questions: [Question]

    /// The text of the edit: `prompt + " " + object`.
    var edit: String { "\(prompt) \(object)" }

    /// The prompt with the subject cut out, or nil if it does not stand there once.
    var template: String? {
        let parts = prompt.split(separator: subject, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return parts.joined(separator: "{}")
    }
}

/// What is read from one file: edits with their questions, or questions that belong to no edit.
struct SourceContent: Sendable {
    var records: [SourceRecord] = []
    var openQuestions: [String] = []
}

/// The shapes of files that training data are read from.
package enum SourceFormat: String, Sendable, CaseIterable {
    case knowEdit = "knowedit"
    case counterFact = "counterfact"
    case zsRE = "zsre"
    case pokeMQA = "pokemqa"
    /// Questions or instructions, one a line or in an array, that no edit answers.
    case open
}

/// The largest file that is read, in bytes.
enum SourceLimits {
    static let fileBytesMax = 64 << 20
}
