package import ErrataCore
package import ErrataJournal

extension KnowledgeBase {
    /// Takes away the text of a fact: of the value that it has at `revision`, or of every value that it ever had.
    ///
    /// When it returns, keys are erased, and the index was made anew without the words and vectors of that text,
    /// which costs reading all facts. Messages, author names, receipts' questions and backups are not touched.
    /// If the index cannot be replaced, the error says so: the next start deletes it.
    package func redact(
        _ name: String, at revision: String?, reason: String, author: String?, actor: Actor
    ) async throws(ServiceError) -> RedactionOutcome {
        let id = try anyFactID(name, at: revision)
        var leaves: [Leaf]?
        if let revision {
            let commit = try resolve(revision)
            let leaf = try wrapping { try journal.snapshot(at: commit).leaf(of: id) }
            guard let leaf else {
                throw ServiceError(
                    .unknownFact, "the fact \(id.hex) is not believed at '\(revision)'")
            }
            leaves = try wrapping {
                try journal.conflict(of: id, leaf: leaf)?.sides.compactMap(\.self) ?? [leaf]
            }
        }
        let outcome: RedactionOutcome
        do {
            outcome = try await journal.redact(
                id, leaves: leaves, reason: reason, author: author, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
        do { try await replaceIndexWithoutRedacted() } catch {
            throw ServiceError(
                error.code,
                "operation \(outcome.operation) took the text away, but the index still has words of it: "
                    + error.message,
                hint: "Restart the daemon: it makes the index anew.")
        }
        return outcome
    }

    /// Returns the id that `name` points at; a key, an id or `SUBJECT|RELATION` finds a fact of any branch.
    private func anyFactID(_ name: String, at revision: String?) throws(ServiceError) -> FactID {
        let selector = try FactSelector(name)
        let ids = [selector.key.map(journal.factID(for:)), selector.id].compactMap(\.self)
        for id in ids where try wrapping({ try journal.hasValues(of: id) }) { return id }
        return try factID(name, at: revision ?? RefName.main.text)
    }
}
