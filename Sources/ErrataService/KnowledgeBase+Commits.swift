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
        let multiValued = Set(journal.policy.multiValuedRelations)
        var edits: [DraftEdit] = []
        for (number, edit) in request.edits.enumerated() {
            edits.append(
                try draft(edit, number: number, branch: request.branch, multiValued: multiValued))
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
        _ edit: CommitRequest.EditRequest, number: Int, branch: String, multiValued: Set<String>
    ) throws(ServiceError) -> DraftEdit {
        do {
            switch edit {
            case .assert(let draft): return .assert(try draft.checked(multiValued: multiValued))
            case .revise(let draft): return .revise(try draft.checked(multiValued: multiValued))
            case .retract(let name): return .retract(try factID(name, at: branch))
            }
        } catch let error as FactError {
            throw ServiceError(.invalidFact, "edit \(number + 1): \(error)")
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Moves a branch back to an earlier commit of its own history.
    package func rollback(
        branch: String, to revision: String, expect: String? = nil, author: String? = nil,
        actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        let target = try resolve(revision)
        let expected = try expected(expect)
        do {
            return try await journal.rollback(
                branch: branch, to: target, expect: expected, author: author, actor: actor)
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
        _ name: String, at revision: String, author: String? = nil, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        let commit = try resolve(revision)
        do {
            return try await journal.createBranch(name, at: commit, author: author, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    package func deleteBranch(
        _ name: String, author: String? = nil, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        do {
            return try await journal.deleteBranch(name, author: author, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    package func createTag(
        _ name: String, at revision: String, message: String?, author: String? = nil, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        let commit = try resolve(revision)
        do {
            return try await journal.createTag(
                name, at: commit, message: message, author: author, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    package func deleteTag(
        _ name: String, author: String? = nil, actor: Actor
    ) async throws(ServiceError) -> OperationOutcome {
        do {
            return try await journal.deleteTag(name, author: author, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    func expected(_ revision: String?) throws(ServiceError) -> CommitID? {
        guard let revision else { return nil }
        return try resolve(revision)
    }
}
