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
    private static var hashDigitsMin: Int { 8 }

    /// What answers here, the one that answers unless another is asked for first.
    package var loadedModels: [ModelRegistration] { models.registrations }

    /// What answers by default, and what it has to do without: `reader`, `lookup` or `lookup (lexical)`.
    package var answererName: String { displayName(of: models.registrations[0]) }

    func displayName(of model: ModelRegistration) -> String {
        model.kind == .lookup
            ? LookupAnswerer.displayName(hasEncoder: models.encoder != nil) : model.name
    }

    /// Why there is no reader although one was asked for.
    package var readerFailure: String? { models.readerFailure }

    /// Notes in the journal what answers from here on, as this process, unless that is known already.
    package func registerModels() async throws(ServiceError) {
        for model in models.registrations { _ = try await operation(of: model) }
    }

    /// Returns the operation that was the first to register `model`, which registers it if need be.
    func operation(of model: ModelRegistration) async throws(ServiceError) -> UInt64 {
        if let known = registered.withLock({ $0[model.hash] }) { return known }
        do {
            let operation = try await journal.registerModel(model, actor: .thisProcess)
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
        let known = loaded.map { "\($0.name) (\($0.hash.hex.prefix(12)))" }
        let shown = name.utf8.count <= ModelRegistration.textBytesMax ? "'\(name)'" : "that"
        throw ServiceError(
            .unknownModel, "no model here is called \(shown)",
            hint: "Known here: \(known.joined(separator: ", ")).")
    }

    /// Returns every model that ever answered here, oldest first.
    package func knownModels() throws(ServiceError) -> [KnownModel] {
        let loaded = models.registrations
        let all = try wrapping { try journal.models() }
        var seen: Set<ModelRegistration> = []
        return all.filter { seen.insert($0.model).inserted }.map { item in
            KnownModel(
                model: item.model, operation: item.operation, time: item.time,
                isLoaded: loaded.contains(item.model), isDefault: item.model == loaded.first)
        }
    }
}
