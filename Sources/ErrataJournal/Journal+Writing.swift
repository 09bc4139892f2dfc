package import ErrataCore

extension Journal {
    /// Commits the draft's edits to its branch; returns when the commit is durable.
    ///
    /// Edits that ask for what is there already are counted and left out; a commit of nothing else is
    /// refused with `nothing_to_commit`.
    package func commit(
        _ draft: CommitDraft, actor: Actor
    ) async throws(JournalError) -> CommitOutcome {
        let target = try Journal.target(
            draft.branch, draft.expect, author: draft.author, message: draft.message)
        let loan = SlotLoan(of: store.keys)
        let edits = await store.findValues(
            of: try PreparedEdit.list(draft.edits, secret: store.keys.secret), loan)
        return CommitOutcome(try await submit(.commit(target, edits), actor, loan: loan))
    }

    /// Commits the inverse of `commit`, which must be in the history of `branch`.
    ///
    /// Throws `revert_conflict` with the facts that no longer have the values which the commit gave them.
    package func revert(
        _ commit: CommitID, on branch: String, expect: CommitID? = nil, author: String? = nil,
        message: String, actor: Actor
    ) async throws(JournalError) -> CommitOutcome {
        try await revert(
            RevertSelection([.init(commit)]), on: branch, expect: expect, author: author,
            message: message, actor: actor)
    }

    /// Takes several commits back in one; all must be in the history of `branch`.
    ///
    /// The inverse of a merge takes back what it brought into its first parent.
    package func revert(
        _ selection: RevertSelection, on branch: String, expect: CommitID? = nil,
        author: String? = nil, message: String, actor: Actor
    ) async throws(JournalError) -> CommitOutcome {
        guard selection.parts.count <= RevertSelection.commitCountMax else {
            throw .limit(
                "the number of commits to revert", selection.parts.count,
                max: RevertSelection.commitCountMax)
        }
        let target = try Journal.target(branch, expect, author: author, message: message)
        return CommitOutcome(try await submit(.revert(selection, target), actor))
    }

    /// Merges `source` into `branch`: moves the branch if it has no commits of its own, else makes a commit of
    /// two parents that keeps what contradicts as conflicts.
    package func merge(
        _ source: CommitID, into branch: String, options: MergeOptions = MergeOptions(),
        expect: CommitID? = nil, author: String? = nil, message: String, actor: Actor
    ) async throws(JournalError) -> MergeOutcome {
        let target = try Journal.target(branch, expect, author: author, message: message)
        let outcome = try await submit(.merge(source, target, options), actor, author: author)
        if case .branchMove = outcome.body { return .fastForward(OperationOutcome(outcome)) }
        return .commit(CommitOutcome(outcome))
    }

    /// Makes the edits of `commit` again on `branch`.
    package func cherryPick(
        _ commit: CommitID, onto branch: String, refusesConflicts: Bool = false,
        expect: CommitID? = nil, author: String? = nil, message: String, actor: Actor
    ) async throws(JournalError) -> CommitOutcome {
        let target = try Journal.target(branch, expect, author: author, message: message)
        return CommitOutcome(
            try await submit(
                .cherryPick(commit, target, refusesConflicts: refusesConflicts), actor))
    }

    private static func target(
        _ branch: String, _ expect: CommitID?, author: String?, message: String
    ) throws(JournalError) -> WriteRequest.CommitTarget {
        WriteRequest.CommitTarget(
            branch: try name(branch), expect: expect,
            text: try CommitText(author: author, message: message))
    }

    // MARK: Names

    /// Puts back what operation `operation` did to a name, or the policy before it; nothing disappears.
    ///
    /// Throws `undo_conflict` if the name was changed again since, `cannot_undo` for what has no way back.
    package func undo(
        _ operation: UInt64, author: String? = nil, actor: Actor
    ) async throws(JournalError) -> UndoOutcome {
        let outcome = try await submit(.undo(operation), actor, author: author)
        let change = outcome.body.refChange(commit: nil)
        return UndoOutcome(
            operation: outcome.operation, name: change?.name.text, commit: change?.new,
            time: outcome.time)
    }

    /// Moves `branch` back to `commit`, which must be in its history; nothing disappears.
    package func rollback(
        branch: String, to commit: CommitID, expect: CommitID? = nil, author: String? = nil,
        actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        let name = try Journal.name(branch)
        let action = WriteRequest.Action.rollback(branch: name, to: commit, expect: expect)
        return OperationOutcome(try await submit(action, actor, author: author))
    }

    /// Makes a branch at `commit`.
    package func createBranch(
        _ branch: String, at commit: CommitID, author: String? = nil, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        let action = WriteRequest.Action.createBranch(try Journal.name(branch), at: commit)
        return OperationOutcome(try await submit(action, actor, author: author))
    }

    /// Takes the name of a branch away; its commits stay, and `main` cannot be deleted.
    package func deleteBranch(
        _ branch: String, author: String? = nil, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        OperationOutcome(
            try await submit(.deleteBranch(try Journal.name(branch)), actor, author: author))
    }

    /// Gives `commit` a name that never moves.
    package func createTag(
        _ tag: String, at commit: CommitID, message: String? = nil, author: String? = nil,
        actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        let text = try message.map { text throws(JournalError) in try CommitText.message(text) }
        let action = WriteRequest.Action.createTag(
            try Journal.name(tag), at: commit, message: text)
        return OperationOutcome(try await submit(action, actor, author: author))
    }

    /// Takes a tag away; its name can come back for the same commit only.
    package func deleteTag(
        _ tag: String, author: String? = nil, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        OperationOutcome(
            try await submit(.deleteTag(try Journal.name(tag)), actor, author: author))
    }

    /// Returns `text` as a name; throws `invalid_name` if it cannot be one.
    static func name(_ text: String) throws(JournalError) -> RefName {
        if let name = RefName(text) { return name }
        throw JournalError(
            .invalidName, "'\(text)' cannot name a branch or tag",
            hint: "Names have 1 to \(RefName.bytesMax) of A-Z a-z 0-9 . _ / - and are not eight or "
                + "more hex digits.")
    }
}

extension WriteOutcome {
    /// The name that the operation wrote; asked for only where the request was to write one.
    fileprivate var writtenRef: (name: RefName, commit: CommitID) {
        guard let ref else { preconditionFailure("the operation wrote no branch or tag") }
        return ref
    }
}

extension CommitOutcome {
    fileprivate init(_ outcome: WriteOutcome) {
        let (name, commit) = outcome.writtenRef
        self.init(
            commit: commit, operation: outcome.operation, branch: name.text, time: outcome.time,
            changes: outcome.changes, unchangedCount: outcome.unchangedCount,
            conflicts: outcome.conflicts)
    }
}

extension OperationOutcome {
    fileprivate init(_ outcome: WriteOutcome) {
        let (name, commit) = outcome.writtenRef
        self.init(
            operation: outcome.operation, name: name.text, commit: commit, time: outcome.time)
    }
}
