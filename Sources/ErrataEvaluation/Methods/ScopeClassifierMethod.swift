import ErrataCore

/// A scope classifier before two models, after SERAC (Mitchell and others 2022).
///
/// What is in the scope of an edit is answered by a small counterfactual model that is shown the edit, all else by the
/// model that nobody edited. Theirs are trained for it; here the reader classifies, and the decoder that is part of
/// the program is the counterfactual model.
package struct ScopeClassifierMethod: EvaluatedMethod {
    package let name: String
    package let scoresTokens = true
    private let counterfactual: PromptMethod
    private let base: PromptMethod

    package init(_ name: String, counterfactual: PromptMethod, base: PromptMethod) {
        (self.name, self.counterfactual, self.base) = (name, counterfactual, base)
    }

    package var identity: String {
        "\(counterfactual.identity) in scope, else \(base.identity)"
    }

    package var byteCount: Int? {
        [counterfactual.byteCount, base.byteCount].compactMap(\.self).reduce(0, +)
    }

    package func respond(
        to question: String, target: String?, at version: EvaluationVersion?
    ) async throws -> MethodResponse {
        var candidates: [FactID] = []
        if version != nil {
            var response = try await counterfactual.respond(
                to: question, target: target, at: version)
            response.model = 1
            guard response.objects.isEmpty else { return response }
            candidates = response.candidates
        }
        var response = try await base.respond(to: question, target: target, at: version)
        response.candidates = candidates
        return response
    }
}
