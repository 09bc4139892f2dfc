package import ErrataCore
import LMDB

/// A model that the journal knows, and the operation that registered it.
package struct RegisteredModel: Hashable, Sendable {
    package let model: ModelRegistration
    package let operation: UInt64
    package let time: Timestamp
}

extension Journal {
    /// Returns every registration of a model, oldest first.
    package func models() throws(JournalError) -> [RegisteredModel] {
        var models: [RegisteredModel] = []
        for sequence in try modelSequences().sorted() {
            let operation = try operation(sequence)
            guard case .model(let model) = operation.body else {
                throw .corrupt("operation \(sequence) registers no model")
            }
            models.append(
                RegisteredModel(model: model, operation: sequence, time: operation.time))
        }
        return models
    }

    private func modelSequences() throws(JournalError) -> [UInt64] {
        var sequences: [UInt64] = []
        var after: [UInt8]? = []
        while let key = after {
            let entries = try store.read {
                try $0.entries(of: store.tables.models, after: key, limit: 1000)
            }
            for entry in entries {
                guard let sequence = Array(entry.key.suffix(8)).bigEndianValue else {
                    throw .corrupt("a key of the models is damaged")
                }
                sequences.append(sequence)
            }
            after = entries.last?.key
        }
        return sequences
    }

    /// Registers a model unless the newest one of its name is the same; returns the number of the
    /// operation that was the first to register it.
    package func registerModel(
        _ model: ModelRegistration, actor: Actor
    ) async throws(JournalError) -> UInt64 {
        let newest = try store.read { try store.newestModel(named: model.name, $0) }
        if newest != model.hash {
            do {
                _ = try await submit(.registerModel(model), actor)
            } catch  where error.code == .nothingToCommit {
                // Somebody else was faster.
            }
        }
        guard let first = try models().first(where: { $0.model == model }) else {
            throw .corrupt("the registration of model '\(model.name)' is missing")
        }
        return first.operation
    }
}

extension JournalStore {
    /// Returns the hash that was registered last under `name`.
    func newestModel(
        named name: String, _ reader: borrowing ReadTransaction
    ) throws -> Digest? {
        let entry = try reader.withCursor(over: tables.models) {
            try $0.seek(atMost: ModelRegistration.key(name, .max))
        }
        guard let entry, entry.key.starts(with: Array(name.utf8) + [0]) else { return nil }
        guard let hash = Digest(entry.value) else {
            throw JournalError.corrupt("a row of model '\(name)' is damaged")
        }
        return hash
    }
}
