package import ErrataCore

extension Journal {
    /// Commits the draft's edits to its branch; returns when the commit is durable.
    ///
    /// Edits that ask for what is there already are counted and left out; a commit of nothing else is
    /// refused with `nothing_to_commit`.
    package func commit(
        _ draft: CommitDraft, actor: Actor
    ) async throws(JournalError) -> CommitOutcome {
        let branch = try Journal.name(draft.branch)
        let text = try CommitText(author: draft.author, message: draft.message)
        let edits = try PreparedEdit.list(draft.edits, secret: store.keys.secret)
        let action = WriteRequest.Action.commit(
            branch: branch, expect: draft.expect, text, edits)
        return CommitOutcome(try await submit(action, actor))
    }

    /// Commits the inverse of `commit`, which must be in the history of `branch`.
    ///
    /// Throws `revert_conflict` with the facts that no longer have the values which the commit gave them.
    package func revert(
        _ commit: CommitID, on branch: String, expect: CommitID? = nil, author: String? = nil,
        message: String, actor: Actor
    ) async throws(JournalError) -> CommitOutcome {
        let name = try Journal.name(branch)
        let text = try CommitText(author: author, message: message)
        let action = WriteRequest.Action.revert(commit, branch: name, expect: expect, text)
        return CommitOutcome(try await submit(action, actor))
    }

    /// Moves `branch` back to `commit`, which must be in its history; nothing disappears.
    package func rollback(
        branch: String, to commit: CommitID, expect: CommitID? = nil, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        let name = try Journal.name(branch)
        let action = WriteRequest.Action.rollback(branch: name, to: commit, expect: expect)
        return OperationOutcome(try await submit(action, actor))
    }

    /// Makes a branch at `commit`.
    package func createBranch(
        _ branch: String, at commit: CommitID, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        let action = WriteRequest.Action.createBranch(try Journal.name(branch), at: commit)
        return OperationOutcome(try await submit(action, actor))
    }

    /// Takes the name of a branch away; its commits stay, and `main` cannot be deleted.
    package func deleteBranch(
        _ branch: String, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        OperationOutcome(try await submit(.deleteBranch(try Journal.name(branch)), actor))
    }

    /// Gives `commit` a name that never moves.
    package func createTag(
        _ tag: String, at commit: CommitID, message: String? = nil, actor: Actor
    ) async throws(JournalError) -> OperationOutcome {
        let text = try message.map { text throws(JournalError) in try CommitText.message(text) }
        let action = WriteRequest.Action.createTag(
            try Journal.name(tag), at: commit, message: text)
        return OperationOutcome(try await submit(action, actor))
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
            changes: outcome.changes, unchangedCount: outcome.unchangedCount)
    }
}

extension OperationOutcome {
    fileprivate init(_ outcome: WriteOutcome) {
        let (name, commit) = outcome.writtenRef
        self.init(
            operation: outcome.operation, name: name.text, commit: commit, time: outcome.time)
    }
}
