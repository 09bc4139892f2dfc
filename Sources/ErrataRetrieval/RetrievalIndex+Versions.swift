package import ErrataCore
import Synchronization

extension RetrievalIndex {
    /// From how many looked-up facts on reading the whole table is cheaper.
    private static let lookupCountMax = 5_000

    /// Returns the visibility set of `version` if it is in memory.
    package func visibility(of version: CommitID) -> VisibilitySet? {
        sets.withLock { $0.set(at: version) }
    }

    /// Makes `version` searchable and returns its visibility set.
    ///
    /// Starts from the first of `bases` (nearest first) that is in memory, or from nothing. `changes` gives
    /// the changes from that version, or all facts as additions for nil. Costs the changes. Throws
    /// `factsNotIndexed` if a fact has no rows; ``update(to:bases:changes:fact:)`` adds them.
    @discardableResult
    package func prepare(
        _ version: CommitID, bases: some Sequence<CommitID> = [],
        changes: (CommitID?) throws -> [Edit]
    ) throws -> VisibilitySet {
        if let set = visibility(of: version) { return set }
        let (base, set) = nearest(bases)
        return try fold(version, set, try changes(base))
    }

    /// Indexes what `version` needs, makes it searchable and returns its visibility set.
    ///
    /// Like ``prepare(_:bases:changes:)``; `fact` gives the text of facts that have no rows yet, nil if it
    /// was erased.
    @discardableResult
    package func update(
        to version: CommitID, bases: some Sequence<CommitID> = [],
        progress: (@Sendable (IndexProgress) -> Void)? = nil,
        changes: (CommitID?) throws -> [Edit],
        fact: (FactVersion) throws -> Fact?
    ) async throws -> VisibilitySet {
        if let set = visibility(of: version) { return set }
        let (base, set) = nearest(bases)
        let changes = try changes(base)
        let missing = try unindexed(
            changes.compactMap { change in change.new.map { FactVersion(change.fact, $0) } })
        for start in stride(from: 0, to: missing.count, by: RetrievalIndex.lexicalBatchCount) {
            let end = min(start + RetrievalIndex.lexicalBatchCount, missing.count)
            let batch = try missing[start..<end].map { IndexedFact($0, try fact($0)) }
            let total = missing.count
            try await index(batch, areNew: true) { part in
                progress?(IndexProgress(done: start + part.done, total: total))
            }
        }
        return try fold(version, set, changes)
    }

    private func nearest(
        _ bases: some Sequence<CommitID>
    ) -> (base: CommitID?, set: VisibilitySet) {
        for base in bases {
            if let set = visibility(of: base) { return (base, set) }
        }
        return (nil, VisibilitySet())
    }

    private func fold(
        _ version: CommitID, _ base: VisibilitySet, _ changes: [Edit]
    ) throws -> VisibilitySet {
        var versions: [FactVersion] = []
        for change in changes {
            if let old = change.old { versions.append(FactVersion(change.fact, old)) }
            if let new = change.new { versions.append(FactVersion(change.fact, new)) }
        }
        let rows = try rows(of: versions, lookUp: database.rows)
        let set = try base.applying(changes, table: state.table) { rows[$0] }
        sets.withLock { $0.insert(set, at: version) }
        return set
    }

    /// Returns the rows of those versions that have any; `lookUp` finds them one by one.
    func rows(
        of versions: [FactVersion],
        lookUp: ([FactVersion]) throws -> [FactVersion: [UInt32]]
    ) throws -> [FactVersion: [UInt32]] {
        versions.count > RetrievalIndex.lookupCountMax
            ? try database.allRows() : try lookUp(versions)
    }
}
