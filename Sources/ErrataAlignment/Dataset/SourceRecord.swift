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
    /// What was true before the edit, if the data say so.
    var truth: String?
    /// The text of the edit where it is not `prompt + " " + object`.
    var statement: String?
    /// The name of the relation, if the data give it.
    var relation: String?
    /// Other names of the subject, as the data give them.
    var aliases: [String] = []

    /// The text of the edit.
    var edit: String { statement ?? "\(prompt) \(object)" }

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
    /// Records that are well formed and give no pairs.
    var skippedCount = 0
}

/// The shapes of files that training data are read from.
package enum SourceFormat: String, Sendable, CaseIterable {
    case knowEdit = "knowedit"
    case counterFact = "counterfact"
    case zsRE = "zsre"
    case pokeMQA = "pokemqa"
    case wikiBio = "wikibio"
    /// Facts as `errata export` writes them.
    case facts
    /// Questions or instructions, one a line or in an array, that no edit answers.
    case open
}
