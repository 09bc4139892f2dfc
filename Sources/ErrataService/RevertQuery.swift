package import ErrataCore
import ErrataJournal

/// Whose edits a revert takes back; all that is given has to hold.
package struct RevertQuery: Sendable {
    /// A uid in digits, a user name, or an author.
    package var by: String?
    /// The source that the new value of an edit names.
    package var source: String?
    package var since: Timestamp?
    /// This moment is included.
    package var until: Timestamp?

    package init(
        by: String? = nil, source: String? = nil, since: Timestamp? = nil,
        until: Timestamp? = nil
    ) {
        self.by = by
        self.source = source
        self.since = since
        self.until = until
    }

    /// Merges bring what others wrote: they are nobody's.
    fileprivate func admits(_ operation: Operation, _ commit: Commit) -> Bool {
        guard !commit.isMerge, !commit.edits.isEmpty else { return false }
        if let until, operation.time > until { return false }
        guard let by else { return true }
        return by == commit.author || by == operation.actor.userName
            || by == String(operation.actor.uid)
    }
}

extension KnowledgeBase {
    /// How many operations are read in one go; each read is its own transaction.
    private static var chunkCount: UInt64 { 256 }

    /// Returns the edits in the history of `head` that a query is about, newest first.
    func selection(
        of query: RevertQuery, at head: CommitID
    ) throws(ServiceError) -> [RevertSelection.Part] {
        try wrapping {
            var parts: [RevertSelection.Part] = []
            var end = try journal.commitRecord(head).operation + 1
            while end > 0 {
                let start = end - min(end, KnowledgeBase.chunkCount)
                for operation in try journal.operations(from: start, limit: Int(end - start))
                    .reversed()
                {
                    if let since = query.since, operation.time < since { return parts }
                    if let part = try part(operation, query, head) { parts.append(part) }
                }
                try checkGoing(parts.count)
                end = start
            }
            return parts
        }
    }

    private func checkGoing(_ count: Int) throws {
        try Task.checkCancellation()
        guard count <= RevertSelection.commitCountMax else {
            throw ServiceError(
                .limitExceeded,
                "more than \(RevertSelection.commitCountMax) commits would be reverted",
                hint: "Take a shorter time with --since and --until.")
        }
    }

    private func part(
        _ operation: Operation, _ query: RevertQuery, _ head: CommitID
    ) throws -> RevertSelection.Part? {
        guard let bytes = operation.body.commitBytes else { return nil }
        let commit = try Commit(decoding: bytes)
        guard query.admits(operation, commit),
            try journal.isAncestor(commit.id, of: head)
        else { return nil }
        guard let source = query.source else { return RevertSelection.Part(commit.id) }
        let pairs = commit.edits.compactMap { edit in edit.new.map { (edit.fact, $0) } }
        let facts = zip(pairs, try journal.facts(pairs)).filter { $1?.source == source }
            .map { $0.0.0 }
        return facts.isEmpty ? nil : RevertSelection.Part(commit.id, facts: Set(facts))
    }
}
