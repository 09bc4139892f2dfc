import ErrataCore
import ErrataJournal
package import ErrataService

/// Lookup or reader: what the daemon answers without a language model.
package struct JudgeMethod: EvaluatedMethod {
    package let name: String
    package let identity: String
    package let scoresTokens = false
    private let store: EvaluationStore
    private let answerer: String
    private let strictness: Strictness
    private let k: Int?

    package init(
        _ answerer: String, strictness: Strictness = .normal, k: Int? = nil,
        store: EvaluationStore
    ) throws {
        guard
            let model = store.knowledge.loadedModels.first(where: { $0.name == answerer })
        else {
            throw EvaluationError(
                "there is no \(answerer) here",
                hint: "The reader needs the sentence encoder: leave --no-models out.")
        }
        name = strictness == .normal ? answerer : "\(answerer):\(strictness.rawValue)"
        identity = "\(answerer) \(model.hash.hex)"
        self.store = store
        self.answerer = answerer
        self.strictness = strictness
        self.k = k
    }

    package func respond(
        to question: String, target: String?, at version: EvaluationVersion?
    ) async throws -> MethodResponse {
        let outcome = try await store.knowledge.ask(
            AskRequest(
                question: question, at: version?.revision ?? store.base, k: k,
                answerer: answerer, strictness: strictness), actor: .thisProcess)
        let explanation = outcome.explanation
        return MethodResponse(
            text: outcome.answer, candidates: outcome.receipt.candidates.map(\.fact),
            objects: explanation.facts.compactMap(\.fact.object)
                + explanation.refused.compactMap(\.fact.object))
    }
}
