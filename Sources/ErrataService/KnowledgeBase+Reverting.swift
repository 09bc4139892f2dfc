package import ErrataCore
package import ErrataJournal

/// What a revert is to take back.
package enum RevertTarget: Sendable {
    /// A revision, or a range `A..B`: the commits on the line of `B` after `A`.
    case revision(String)
    case query(RevertQuery)
}

/// What a revert would take back.
package struct RevertPlan: Sendable {
    package let head: CommitID
    /// Newest first.
    package let commits: [CommitRecord]
    /// In the order of fact ids.
    package let changes: [FactDifference]
    /// Facts that other commits changed later.
    package let changedLater: [FactID]
}

extension KnowledgeBase {
    /// Takes commits of a branch back in one new commit; refused if later commits changed their facts, unless
    /// those are to be left as they are.
    ///
    /// The inverse of a merge takes back what it brought into its first parent.
    package func revert(
        _ target: RevertTarget, on place: CommitPlace, skipsChangedLater: Bool = false,
        actor: Actor
    ) async throws(ServiceError) -> CommitOutcome {
        try await remaking(for: place) { head throws(ServiceError) in
            let parts = try parts(of: target, at: head)
            do {
                return try await journal.revert(
                    RevertSelection(parts, skipsChangedLater: skipsChangedLater),
                    on: place.branch, expect: head, author: place.author,
                    message: place.message ?? message(target, parts), actor: actor)
            } catch { throw ServiceError(wrapping: error) }
        }
    }

    /// Returns what a revert would take back, and writes nothing.
    package func revertPlan(
        _ target: RevertTarget, on branch: String
    ) throws(ServiceError) -> RevertPlan {
        let head = try wrapping { try journal.head(of: branch) }
        let parts = try parts(of: target, at: head)
        return try wrapping { try plan(parts, at: head) }
    }

    // MARK: Selecting

    private func parts(
        of target: RevertTarget, at head: CommitID
    ) throws(ServiceError) -> [RevertSelection.Part] {
        let parts: [RevertSelection.Part]
        switch target {
        case .query(let query): parts = try selection(of: query, at: head)
        case .revision(let text):
            guard let dots = text.firstRange(of: "..") else {
                return [RevertSelection.Part(try resolve(text))]
            }
            parts = try range(
                after: String(text[..<dots.lowerBound]), to: String(text[dots.upperBound...]))
        }
        guard !parts.isEmpty else {
            throw ServiceError(
                .nothingToCommit, "no commit of the branch is to be reverted",
                hint: "'errata log' lists its commits and who wrote them.")
        }
        return parts
    }

    /// Returns the commits on the line of first parents of `last` after `first`.
    private func range(
        after first: String, to last: String
    ) throws(ServiceError) -> [RevertSelection.Part] {
        let (start, end) = (try resolve(first), try resolve(last))
        return try wrapping {
            var parts: [RevertSelection.Part] = []
            var next: CommitID? = end
            while let id = next, id != start {
                guard parts.count < RevertSelection.commitCountMax else {
                    throw ServiceError(
                        .limitExceeded,
                        "the range has more than \(RevertSelection.commitCountMax) commits")
                }
                parts.append(RevertSelection.Part(id))
                next = try journal.commitRecord(id).commit.parents.first
            }
            guard next != nil else {
                throw ServiceError(
                    .notAnAncestor,
                    "commit \(start.short) is not on the line of \(end.short)",
                    hint: "In A..B, A is an earlier commit than B on the same branch.")
            }
            return parts
        }
    }

    private func message(
        _ target: RevertTarget, _ parts: [RevertSelection.Part]
    ) throws(ServiceError) -> String {
        guard parts.count > 1 || parts.first?.facts != nil else {
            return try sentence("Revert", parts[0].commit)
        }
        let count = parts.count == 1 ? "1 commit" : "\(parts.count) commits"
        switch target {
        case .revision(let text): return "Revert \(text): \(count)"
        case .query(let query): return "Revert \(count)" + query.words
        }
    }

    // MARK: Planning

    /// Goes back over the edits as the journal does.
    private func plan(
        _ parts: [RevertSelection.Part], at head: CommitID
    ) throws -> RevertPlan {
        let snapshot = try journal.snapshot(at: head)
        let records = try parts.map { (try journal.commitRecord($0.commit), $0.facts) }
            .sorted { $0.0.operation > $1.0.operation }
        var leaves: [FactID: (head: Leaf?, now: Leaf?)] = [:]
        var changedLater: Set<FactID> = []
        for (record, facts) in records {
            for edit in record.commit.edits where facts?.contains(edit.fact) ?? true {
                if leaves[edit.fact] == nil {
                    let leaf = try snapshot.leaf(of: edit.fact)
                    leaves[edit.fact] = (leaf, leaf)
                }
                if leaves[edit.fact]?.now != edit.new { changedLater.insert(edit.fact) }
                leaves[edit.fact]?.now = edit.old
            }
        }
        let edits = leaves.filter { $1.head != $1.now && !changedLater.contains($0) }
            .map { Edit(fact: $0, old: $1.head, new: $1.now) }.sorted { $0.fact < $1.fact }
        return RevertPlan(
            head: head, commits: records.map(\.0), changes: try differences(edits),
            changedLater: changedLater.sorted())
    }
}

extension RevertQuery {
    /// ` by alice from https://… since 2026-11-01T00:00:00Z`.
    fileprivate var words: String {
        [
            by.map { " by \($0)" }, source.map { " from \($0)" }, since.map { " since \($0)" },
            until.map { " until \($0)" },
        ].compactMap(\.self).joined()
    }
}
