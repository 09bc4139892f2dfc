package import ErrataCore
package import ErrataJournal

/// Which operations an auditor wants to see.
package struct OperationFilter: Sendable {
    /// A uid in digits, or a user name.
    package var actor: String?
    package var since: Timestamp?
    /// A fact by key, id or `SUBJECT|RELATION`.
    package var fact: String?

    package init(actor: String? = nil, since: Timestamp? = nil, fact: String? = nil) {
        self.actor = actor
        self.since = since
        self.fact = fact
    }
}

extension KnowledgeBase {
    /// How many operations are read in one go; each read is its own transaction.
    private static var chunkCount: UInt64 { 256 }

    /// Returns operations newest first, those before `cursor` if it is given.
    package func operations(
        _ filter: OperationFilter, before cursor: UInt64? = nil, limit: Int
    ) throws(ServiceError) -> Page<Operation> {
        try checkLimit(limit)
        let facts = try filter.fact.map { name throws(ServiceError) in try ids(named: name) }
        return try wrapping {
            var end = min(cursor ?? .max, try journal.operationCount)
            var found: [Operation] = []
            while end > 0 {
                let start = end - min(end, KnowledgeBase.chunkCount)
                let chunk = try journal.operations(from: start, limit: Int(end - start))
                for operation in chunk.reversed() {
                    if let since = filter.since, operation.time < since {
                        return Page(items: found, next: nil)
                    }
                    guard filter.admits(operation, facts: facts) else { continue }
                    if found.count == limit {
                        return Page(items: found, next: String(operation.sequence + 1))
                    }
                    found.append(operation)
                }
                end = start
            }
            return Page(items: found, next: nil)
        }
    }

    /// Returns the ids that `name` may stand for, on whatever branch the fact was believed.
    private func ids(named name: String) throws(ServiceError) -> Set<FactID> {
        let selector = try FactSelector(name)
        let ids = [selector.key.map(journal.factID(for:)), selector.id].compactMap(\.self)
        guard selector.idPrefix != nil else { return Set(ids) }
        return Set(ids + [try factID(name, at: RefName.main.text)])
    }

    package func operation(_ sequence: UInt64) throws(ServiceError) -> Operation {
        try wrapping { try journal.operation(sequence) }
    }

    /// Walks the whole store and proves it intact; `progress` hears which part, and how many rows are done.
    package func verify(
        progress: @escaping @Sendable (_ part: String, _ done: UInt64) -> Void
    ) -> VerifyReport {
        journal.verify(progress: progress)
    }
}

extension OperationFilter {
    fileprivate func admits(_ operation: Operation, facts: Set<FactID>?) -> Bool {
        if let actor, actor != operation.actor.userName, actor != String(operation.actor.uid) {
            return false
        }
        guard let facts else { return true }
        guard let bytes = operation.body.commitBytes, let commit = try? Commit(decoding: bytes)
        else { return false }
        return commit.edits.contains { facts.contains($0.fact) }
    }
}
