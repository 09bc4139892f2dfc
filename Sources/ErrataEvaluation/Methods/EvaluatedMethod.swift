package import ErrataCore
package import ErrataModels

/// Something that answers questions about edits, one way or another.
package protocol EvaluatedMethod: Sendable {
    /// What tables call it.
    var name: String { get }
    /// Which models and rules answer: part of a run's description.
    var identity: String { get }
    /// What its own weights take in memory, beside the encoder and the reader of the daemon; nil if it has none.
    var byteCount: Int? { get }
    /// Whether it tells how likely it holds the tokens of an answer.
    var scoresTokens: Bool { get }
    /// Whether versions must be asked one after the other, in order: what it is depends on the version.
    var isStateful: Bool { get }

    /// Makes ready for the questions to a version; `previous` is the one before.
    func prepare(
        _ version: EvaluationVersion, after previous: EvaluationVersion?,
        _ items: [EvaluationItem]
    ) async throws

    /// Makes edits beside those that it has; a method that reads the store has nothing to do.
    func make(_ items: [EvaluationItem]) async throws

    /// Remembers the edits that it has now, for ``goBack()``.
    func keep() async throws

    /// Forgets the edits made since ``keep()``.
    func goBack() async throws

    /// Answers a question at a version; with nil as it did before all edits.
    ///
    /// `target` is scored token by token.
    func respond(
        to question: String, target: String?, at version: EvaluationVersion?
    ) async throws -> MethodResponse
}

extension EvaluatedMethod {
    package var byteCount: Int? { nil }

    package var isStateful: Bool { false }

    package func prepare(
        _ version: EvaluationVersion, after previous: EvaluationVersion?,
        _ items: [EvaluationItem]
    ) async throws {}

    package func make(_ items: [EvaluationItem]) async throws {}

    package func keep() async throws {}

    package func goBack() async throws {}
}

/// What a method made of a question.
package struct MethodResponse: Sendable {
    /// What it says; nil if it says that it has no answer.
    package var text: String?
    /// The target's tokens; empty where it has no say in them.
    package var tokens: [ScoredToken] = []
    /// The facts that retrieval found, nearest first.
    package var candidates: [FactID] = []
    /// What the facts that it was shown, or could take its answer from, say.
    package var objects: [String] = []
    /// Which of its models answered, if it has two: tokens of one are not compared with the other's.
    package var model = 0
    /// Whether the prompt had more tokens than the model has positions.
    package var isTooLong = false

    package init(
        text: String? = nil, tokens: [ScoredToken] = [], candidates: [FactID] = [],
        objects: [String] = []
    ) {
        self.text = text
        self.tokens = tokens
        self.candidates = candidates
        self.objects = objects
    }
}
