package import ErrataCore
package import ErrataJournal

extension KnowledgeBase {
    /// Puts back what an operation did to a name, or the policy before it; the newest but registrations of
    /// models if nil.
    package func undo(
        _ sequence: UInt64?, author: String? = nil, actor: Actor
    ) async throws(ServiceError) -> (undone: Operation, outcome: UndoOutcome) {
        do {
            let undone = try sequence.map { try journal.operation($0) } ?? newestChange()
            let outcome = try await journal.undo(undone.sequence, author: author, actor: actor)
            return (undone, outcome)
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Returns the newest operation that somebody asked for.
    private func newestChange() throws -> Operation {
        var operation = try journal.lastOperation
        while case .model = operation.body, operation.sequence > 0 {
            operation = try journal.operation(operation.sequence - 1)
        }
        return operation
    }
}
