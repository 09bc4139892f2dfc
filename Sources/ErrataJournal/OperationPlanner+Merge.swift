package import ErrataCore
import LMDB

// Commits that bring or take back what other commits did.

/// How a merge goes about it.
package struct MergeOptions: Hashable, Sendable {
    package enum FastForward: String, CaseIterable, Hashable, Sendable {
        /// Move the branch if that is all there is to do.
        case allowed
        /// Make a commit in any case.
        case never
        /// Refuse to make a commit.
        case only
    }

    package var fastForward: FastForward
    /// Whether a conflict refuses the merge instead of being kept in it.
    package var refusesConflicts: Bool

    package init(fastForward: FastForward = .allowed, refusesConflicts: Bool = false) {
        self.fastForward = fastForward
        self.refusesConflicts = refusesConflicts
    }
}

extension OperationPlanner {
    // MARK: Merge

    /// Plans the merge of `source` into a branch: a move of the branch, or a commit of two parents.
    func merge(
        _ source: CommitID, _ target: WriteRequest.CommitTarget, _ options: MergeOptions,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try head(of: target, reader)
        guard try !store.isAncestor(source, of: head, reader) else {
            throw JournalError(
                .nothingToCommit,
                "branch '\(target.branch)' has \(source.short) in its history already")
        }
        let canMove = try store.isAncestor(head, of: source, reader)
        if canMove, options.fastForward != .never {
            return OperationPlan(
                body: .branchMove(branch: target.branch, new: source, old: head), target: source)
        }
        guard options.fastForward != .only else {
            throw JournalError(
                .mergeConflict,
                "branch '\(target.branch)' cannot just be moved to \(source.short): both have "
                    + "commits of their own",
                hint: "Merge with a commit.")
        }
        let row = try store.row(of: head, reader)
        var merger = FactMerger(store: store, sealer: sealer)
        try merger.merge(source, into: row, try store.mergeBases(head, source, reader), reader)
        try checkConflicts(merger, options.refusesConflicts)
        var new = NewCommit(edits: merger.edits, text: target.text, conflicts: merger.conflicts)
        new.merged = [source]
        let (plan, bytes) = try add(new, on: head, row, merger.sealer, reader)
        return .init(body: .merge(branch: target.branch, commit: bytes), commit: plan)
    }

    private func checkConflicts(_ merger: FactMerger, _ refuses: Bool) throws {
        guard refuses, !merger.conflicts.isEmpty else { return }
        throw JournalError.mergeConflict(merger.conflicts.map(\.fact).sorted())
    }

    // MARK: Cherry-pick

    /// Plans the commit that makes the edits of `id` again on a branch.
    func cherryPick(
        _ id: CommitID, _ target: WriteRequest.CommitTarget, refusesConflicts: Bool,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try head(of: target, reader)
        let row = try store.row(of: head, reader)
        let picked = try store.record(of: id, reader).commit
        var merger = FactMerger(store: store, sealer: sealer)
        for edit in picked.edits {
            let ours = try store.cachedTrie.leaf(of: edit.fact, under: row.root, reader)
            try merger.add(edit.fact, bases: [edit.old], ours: ours, theirs: edit.new, reader)
        }
        guard !merger.edits.isEmpty else {
            throw JournalError(
                .nothingToCommit,
                "branch '\(target.branch)' has all that commit \(id.short) changed already")
        }
        try checkConflicts(merger, refusesConflicts)
        var new = NewCommit(edits: merger.edits, text: target.text, conflicts: merger.conflicts)
        new.picks = [id]
        new.unchangedCount = picked.edits.count - merger.edits.count
        let (plan, bytes) = try add(new, on: head, row, merger.sealer, reader)
        return .init(body: .cherryPick(branch: target.branch, commit: bytes), commit: plan)
    }

    // MARK: Revert

    /// Plans the one commit that takes back all of `selection`.
    func revert(
        _ selection: RevertSelection, _ target: WriteRequest.CommitTarget,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try head(of: target, reader)
        let row = try store.row(of: head, reader)
        var records: [(record: CommitRecord, facts: Set<FactID>?)] = []
        for part in selection.parts {
            records.append((try store.record(of: part.commit, reader), part.facts))
            guard try store.isAncestor(part.commit, of: head, reader) else {
                throw JournalError.notAnAncestor(part.commit, of: target.branch)
            }
        }
        records.sort { $0.record.operation > $1.record.operation }
        var leaves: [FactID: (head: Leaf?, now: Leaf?)] = [:]
        var changedLater: Set<FactID> = []
        for (record, facts) in records {
            for edit in record.commit.edits where facts?.contains(edit.fact) ?? true {
                if leaves[edit.fact] == nil {
                    let leaf = try store.cachedTrie.leaf(of: edit.fact, under: row.root, reader)
                    leaves[edit.fact] = (leaf, leaf)
                }
                if leaves[edit.fact]?.now != edit.new { changedLater.insert(edit.fact) }
                leaves[edit.fact]?.now = edit.old
            }
        }
        guard changedLater.isEmpty || selection.skipsChangedLater else {
            throw JournalError.revertConflict(records.map(\.record.id), changedLater.sorted())
        }
        var new = NewCommit(edits: [], text: target.text)
        for (fact, leaf) in leaves where leaf.head != leaf.now && !changedLater.contains(fact) {
            new.edits.append(Edit(fact: fact, old: leaf.head, new: leaf.now))
        }
        guard !new.edits.isEmpty else {
            throw JournalError.nothingToRevert(records.map(\.record.id), changedLater.count)
        }
        new.reverts = records.map(\.record.id)
        new.unchangedCount = leaves.count - new.edits.count
        let (plan, bytes) = try add(new, on: head, row, sealer, reader)
        return .init(body: .revert(branch: target.branch, commit: bytes), commit: plan)
    }
}

/// The commits that one revert takes back.
package struct RevertSelection: Sendable {
    package static let commitCountMax = 10_000

    package struct Part: Sendable {
        package let commit: CommitID
        /// The edits to take back, by fact; nil for all.
        package let facts: Set<FactID>?

        package init(_ commit: CommitID, facts: Set<FactID>? = nil) {
            self.commit = commit
            self.facts = facts
        }
    }

    package let parts: [Part]
    /// Whether facts that other commits changed later are left as they are instead of refusing the revert.
    package let skipsChangedLater: Bool

    package init(_ parts: [Part], skipsChangedLater: Bool = false) {
        self.parts = parts
        self.skipsChangedLater = skipsChangedLater
    }
}
