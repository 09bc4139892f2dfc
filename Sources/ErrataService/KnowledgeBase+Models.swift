package import ErrataCore
package import ErrataJournal
import Synchronization

/// An answerer that the journal knows.
package struct KnownModel: Sendable {
    package let model: ModelRegistration
    /// The operation that was the first to register it.
    package let operation: UInt64
    package let time: Timestamp
    /// Whether this daemon can answer with it.
    package let isLoaded: Bool
    /// Whether it answers where a question names no model.
    package let isDefault: Bool
}

extension KnowledgeBase {
    /// Digits of a hash that name a model.
    static var hashDigitsMin: Int { 8 }

    /// What answers here, the one that answers unless another is asked for first.
    package var loadedModels: [ModelRegistration] { models.registrations }

    /// What answers by default, and what it has to do without: `reader`, `lookup` or `lookup (lexical)`.
    package var answererName: String {
        guard let choice = try? defaultChoice() else { return "none: the default model is gone" }
        switch choice {
        case .judging(let model): return displayName(of: model)
        case .generating(let choice): return choice.name
        }
    }

    func displayName(of model: ModelRegistration) -> String {
        model.kind == .lookup
            ? LookupAnswerer.displayName(hasEncoder: models.encoder != nil) : model.name
    }

    /// Throws unless the daemon can tell what answers where a question does not say it.
    package func checkDefault() throws(ServiceError) { _ = try defaultChoice() }

    /// Why there is no reader although one was asked for.
    package var readerFailure: String? { models.readerFailure }

    /// Notes in the journal what answers from here on, as this process, unless that is known already.
    package func registerModels() async throws(ServiceError) {
        for model in models.registrations { _ = try await operation(of: model) }
    }

    /// Returns the operation that was the first to register `model`, which `actor` does if need be.
    func operation(
        of model: ModelRegistration, actor: Actor = .thisProcess
    ) async throws(ServiceError) -> UInt64 {
        if let known = registered.withLock({ $0[model.hash] }) { return known }
        do {
            let operation = try await journal.registerModel(model, actor: actor)
            registered.withLock { $0[model.hash] = operation }
            return operation
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Returns the loaded model that `name` means: a name, a hash or the beginning of one; nil means the default.
    func model(named name: String?) throws(ServiceError) -> ModelRegistration {
        let loaded = models.registrations
        guard let name else { return loaded[0] }
        if let model = loaded.first(where: { $0.name == name }) { return model }
        if name.utf8.count >= KnowledgeBase.hashDigitsMin {
            let matches = loaded.filter { $0.hash.hex.hasPrefix(name) }
            if matches.count == 1 { return matches[0] }
        }
        let known =
            loaded.map { "\($0.name) (\($0.hash.hex.prefix(12)))" } + languageModels.names
        let shown = name.utf8.count <= ModelRegistration.textBytesMax ? "'\(name)'" : "that"
        throw ServiceError(
            .unknownModel, "no model here is called \(shown)",
            hint: "Known here: \(known.joined(separator: ", ")).")
    }

    /// Returns every model that ever answered here, oldest first.
    package func knownModels() throws(ServiceError) -> [KnownModel] {
        let loaded = models.registrations
        let languageModels = Set(languageModels.names)
        let standard = try? defaultChoice()
        let all = try wrapping { try journal.models() }
        var seen: Set<ModelRegistration> = []
        return all.filter { seen.insert($0.model).inserted }.map { item in
            let choice = GenerationChoice(registered: item.model.name)
            // Of a language model the newest registration is what it is now.
            let isNewest = all.last { $0.model.name == item.model.name }?.model == item.model
            let isKnown = choice.map { languageModels.contains($0.model) && isNewest } ?? false
            return KnownModel(
                model: item.model, operation: item.operation, time: item.time,
                isLoaded: loaded.contains(item.model) || isKnown,
                isDefault: standard?.isOf(item.model) ?? false && (choice == nil || isNewest))
        }
    }
}

extension AnswerChoice {
    fileprivate func isOf(_ model: ModelRegistration) -> Bool {
        switch self {
        case .judging(let judge): judge == model
        case .generating(let choice): choice.name == model.name
        }
    }
}
