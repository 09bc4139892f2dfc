/// The numbers of a run that tables and plots show.
package struct Score: Codable, Equatable, Sendable {
    /// A mean in percent, or a fluency, with its interval.
    package struct Value: Codable, Equatable, Sendable {
        package var mean: Double
        package var low: Double
        package var high: Double
        /// How many questions it is of.
        package var count: Int
    }

    /// What a value is of.
    package enum Metric: String, Codable, CaseIterable, Sendable {
        case success
        case rephrasing
        case portability
        case locality
        /// Locality without the questions that ask for the edited fact itself.
        case cleanLocality = "clean-locality"
        /// Local questions answered with what is true without the edit.
        case truth
        case fluency
        /// General questions answered as without edits.
        case agreement
        /// General questions answered with what is true.
        case accuracy
        /// The item's own edit is the nearest fact to its prompt, or one of the nearest three.
        case retrievalAt1 = "retrieval@1"
        case retrievalAt3 = "retrieval@3"
        case rephrasingAt1 = "rephrasing-retrieval@1"
        case rephrasingAt3 = "rephrasing-retrieval@3"
    }

    package var method: String
    package var version: String
    /// The most edits that a version of this label holds.
    package var edits: Int
    package var itemCount: Int
    /// Teacher forced, token by token; empty where a method gives no probabilities.
    package var tokens: [String: Value] = [:]
    /// Generated and compared as a whole; with what is neither: truth, fluency, retrieval.
    package var exact: [String: Value] = [:]
    /// By class of portability and locality.
    package var classTokens: [String: Value] = [:]
    package var classExact: [String: Value] = [:]
    /// How many answers of each kind, by metric.
    package var kinds: [String: [String: Int]] = [:]
    /// Prompts that were longer than the model's positions.
    package var tooLongCount = 0
    /// The median over the items, all of an item's questions together.
    package var secondsPerItem: Double

    /// Whether it is of general questions.
    package var isGeneral: Bool { version.hasPrefix("general") }

    package subscript(tokens metric: Metric) -> Value? { tokens[metric.rawValue] }
    package subscript(exact metric: Metric) -> Value? { exact[metric.rawValue] }
}

/// Which questions and items a score counts.
package struct ScoreSelection: Equatable, Sendable {
    /// Only the first question of a class and its first alias, as the released code of the paper does.
    package var isOfPaper: Bool
    /// Only items whose fact no later item edits again.
    package var leavesOutSuperseded: Bool

    package init(isOfPaper: Bool = false, leavesOutSuperseded: Bool = false) {
        self.isOfPaper = isOfPaper
        self.leavesOutSuperseded = leavesOutSuperseded
    }
}
