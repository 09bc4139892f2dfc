package import ErrataCore
import ErrataJournal

extension KnowledgeBase {
    /// Takes up a language model: loads it, or makes ready to call its server, and registers it.
    ///
    /// A directory that cannot be loaded is refused; a server may come later.
    package func addLanguageModel(
        _ source: LanguageModelSource, actor: Actor, onPhase: @escaping @Sendable (String) -> Void
    ) async throws(ServiceError) {
        try languageModels.add(source)
        do {
            try await languageModels.withTurn(source.name, onPhase: onPhase) { turn in
                for method in GenerationMethod.allCases {
                    let choice = GenerationChoice(method: method, model: source.name)
                    let model = try registration(of: choice, turn)
                    _ = try await operation(of: model, actor: actor)
                }
            }
        } catch {
            // What cannot be used is not kept; the first trouble is the one to be told.
            try? languageModels.remove(source.name)
            throw ServiceError(wrapping: error)
        }
    }

    /// Forgets a language model; its registrations and receipts stay.
    package func removeLanguageModel(_ name: String) throws(ServiceError) {
        try languageModels.remove(name)
    }

    /// How the language models are.
    package var languageModelsState: LanguageModelsState { languageModels.current }
}
