package import ErrataCore
package import ErrataJournal

/// A commit that a client asks for.
package struct CommitRequest: Sendable {
    package enum EditRequest: Sendable {
        case assert(FactDraft)
        case revise(FactDraft)
        case retract(String)
    }

    package var branch: String
    /// The revision that the branch must be at.
    package var expect: String?
    package var author: String?
    package var message: String
    package var edits: [EditRequest]

    package init(
        branch: String = RefName.main.text, expect: String? = nil, author: String? = nil,
        message: String, edits: [EditRequest]
    ) {
        self.branch = branch
        self.expect = expect
        self.author = author
        self.message = message
        self.edits = edits
    }
}

extension KnowledgeBase {
    /// Commits edits to a branch; durable when it returns.
    ///
    /// It never waits for the encoder.
    package func commit(
        _ request: CommitRequest, actor: Actor
    ) async throws(ServiceError) -> CommitOutcome {
        var edits: [DraftEdit] = []
        for (number, edit) in request.edits.enumerated() {
            edits.append(try draft(edit, number: number, branch: request.branch))
        }
        return try await commit(
            CommitDraft(
                branch: request.branch, expect: try expected(request.expect),
                author: request.author, message: request.message, edits: edits), actor: actor)
    }

    func commit(_ draft: CommitDraft, actor: Actor) async throws(ServiceError) -> CommitOutcome {
        do {
            return try await journal.commit(draft, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    private func draft(
        _ edit: CommitRequest.EditRequest, number: Int, branch: String
    ) throws(ServiceError) -> DraftEdit {
        do {
            switch edit {
            case .assert(let draft): return .assert(try draft.checked())
            case .revise(let draft): return .revise(try draft.checked())
            case .retract(let name): return .retract(try factID(name, at: branch))
            }
        } catch let error as FactError {
            throw ServiceError(.invalidFact, "edit \(number + 1): \(error)")
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Appends the commit that undoes the edits of another; refused if later commits changed them.
    package func revert(
        _ revision: String, branch: String, expect: String? = nil, author: String? = nil,
        message: String? = nil, actor: Actor
    ) async throws(ServiceError) -> CommitOutcome {
        let commit = try resolve(revision)
        let expected = try expected(expect)
        do {
            let undone = try journal.commitHeader(commit).message
            let defaultMessage =
                "Revert \(commit.short): " + undone.prefix(while: { !$0.isNewline })
            return try await journal.revert(
                commit, on: branch, expect: expected, author: author,
                message: message ?? defaultMessage, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Moves a branch back to an earlier commit of its own history.
    package func rollback(
        branch: String, to revision: String, expect: String? = nil, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        let target = try resolve(revision)
        let expected = try expected(expect)
        do {
            return try await journal.rollback(
                branch: branch, to: target, expect: expected, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    // MARK: Names

    package func branches() throws(ServiceError) -> [NamedCommit] {
        try wrapping { try journal.branches() }
    }

    package func tags() throws(ServiceError) -> [NamedCommit] {
        try wrapping { try journal.tags() }
    }

    package func createBranch(
        _ name: String, at revision: String, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        let commit = try resolve(revision)
        do {
            return try await journal.createBranch(name, at: commit, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    package func deleteBranch(
        _ name: String, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        do {
            return try await journal.deleteBranch(name, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    package func createTag(
        _ name: String, at revision: String, message: String?, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        let commit = try resolve(revision)
        do {
            return try await journal.createTag(name, at: commit, message: message, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    private func expected(_ revision: String?) throws(ServiceError) -> CommitID? {
        guard let revision else { return nil }
        return try resolve(revision)
    }
}
