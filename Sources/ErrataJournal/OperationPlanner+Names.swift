import ErrataCore
import LMDB

// Operations on branches and tags, and what puts a name back.

extension OperationPlanner {
    func rollback(
        _ branch: RefName, to target: CommitID, _ expect: CommitID?,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try head(of: branch, expect, reader)
        guard head != target else {
            throw JournalError(
                .nothingToCommit, "branch '\(branch)' is already at \(target.short)")
        }
        guard try store.isAncestor(target, of: head, reader) else {
            throw JournalError.notAnAncestor(target, of: branch)
        }
        return OperationPlan(
            body: .rollback(branch: branch, new: target, old: head), target: target)
    }

    func createBranch(
        _ name: RefName, _ commit: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        _ = try store.row(of: commit, reader)
        try checkFree(name, reader)
        try checkRoom(tables.branches, "the number of branches", RefLimits.branchCountMax, reader)
        return OperationPlan(body: .branchCreate(branch: name, head: commit), target: commit)
    }

    func deleteBranch(
        _ name: RefName, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try store.head(of: name, reader)
        try checkDeletable(name)
        return OperationPlan(body: .branchDelete(branch: name, head: head), target: head)
    }

    private func checkDeletable(_ branch: RefName) throws {
        guard branch != .main else {
            throw JournalError(.branchProtected, "branch '\(branch)' cannot be deleted")
        }
    }

    func createTag(
        _ name: RefName, _ commit: CommitID, _ message: String?,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        _ = try store.row(of: commit, reader)
        try checkFree(name, reader)
        try checkNeverMoved(name, to: commit, reader)
        try checkRoom(tables.tags, "the number of tags", RefLimits.tagCountMax, reader)
        return OperationPlan(
            body: .tagCreate(tag: name, commit: commit, message: message), target: commit)
    }

    func deleteTag(
        _ name: RefName, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        guard let row = try store.ref(name, in: tables.tags, reader) else {
            throw JournalError(
                .unknownTag, "no tag is called '\(name)'",
                hint: "List the tags to see which exist.")
        }
        return OperationPlan(
            body: .tagDelete(tag: name, commit: row.commit), target: row.commit)
    }

    /// Branches and tags share their names, so that a revision means one thing.
    private func checkFree(_ name: RefName, _ reader: borrowing ReadTransaction) throws {
        if let row = try store.ref(name, in: tables.branches, reader) {
            throw JournalError(
                .branchExists, "a branch '\(name)' exists already, at \(row.commit.short)")
        }
        if let row = try store.ref(name, in: tables.tags, reader) {
            throw JournalError(.tagExists, "a tag '\(name)' exists already, at \(row.commit.short)")
        }
    }

    /// Refuses a tag that once stood for another commit: who wrote its name down then means that one.
    private func checkNeverMoved(
        _ tag: RefName, to commit: CommitID, _ reader: borrowing ReadTransaction
    ) throws {
        var before = sequence
        while let move = try store.move(of: tag, before: before, reader) {
            before = move.sequence
            guard let old = move.commit, old != commit else { continue }
            let operation = try store.operation(move.sequence, reader)
            guard operation.body.refChange(commit: nil)?.kind == .tag else { continue }
            throw JournalError(
                .tagExists, "the tag '\(tag)' stood for \(old.short), and a tag never moves",
                hint: "Choose another name.")
        }
    }

    private func checkRoom(
        _ table: Table, _ what: String, _ max: Int, _ reader: borrowing ReadTransaction
    ) throws {
        let count = try reader.count(of: table)
        guard count < max else { throw JournalError.limit(what, count + 1, max: max) }
    }

    // MARK: Models

    func register(
        _ model: ModelRegistration, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        if let newest = try store.newestModel(named: model.name, reader), newest == model.hash {
            throw JournalError(
                .nothingToCommit, "model '\(model.name)' is registered already")
        }
        try checkRoom(
            tables.models, "the number of registered models", ModelRegistration.countMax, reader)
        return OperationPlan(body: .model(model))
    }

    // MARK: Undo

    /// Plans the operation that puts back what operation `undone` changed, if nothing was changed there since.
    func undo(
        _ undone: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let operation = try store.operation(undone, reader)
        switch operation.body {
        case .initialize, .model, .redact:
            throw JournalError(
                .cannotUndo,
                "operation \(undone) cannot be undone: it is of type "
                    + "'\(operation.body.name)'",
                hint: operation.body.tag == .redact
                    ? "What was redacted is gone for good." : nil)
        case .policy: return try undoPolicy(undone, reader)
        default: break
        }
        guard let change = operation.body.refChange(commit: nil) else {
            throw JournalError.corrupt("operation \(undone) changed nothing")
        }
        guard let last = try store.move(of: change.name, before: sequence, reader) else {
            throw JournalError.corrupt("the reflog of '\(change.name)' has a gap")
        }
        guard last.sequence == undone else {
            throw JournalError(
                .undoConflict,
                "operation \(undone) cannot be undone: '\(change.name)' was changed again by "
                    + "operation \(last.sequence)",
                hint: "Undo the later operations first, or revert the commit.")
        }
        let before = try store.move(of: change.name, before: undone, reader)?.commit
        return try restore(change, to: before, from: last.commit, undone, reader)
    }

    private func restore(
        _ change: RefChange, to new: CommitID?, from old: CommitID?, _ undone: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        if old == nil { try checkFree(change.name, reader) }
        if new == nil, change.kind == .branch { try checkDeletable(change.name) }
        return OperationPlan(
            body: .undo(
                .init(
                    operation: undone, kind: change.kind, name: change.name, new: new, old: old)),
            target: new ?? old)
    }

    private func undoPolicy(
        _ undone: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        guard let newest = try store.policyRow(before: sequence, reader), newest == undone else {
            throw JournalError(
                .undoConflict,
                "operation \(undone) cannot be undone: the policy was changed again",
                hint: "Undo the later operation first.")
        }
        guard let before = try store.policyRow(before: undone, reader) else {
            return try set(.open)
        }
        return try set(try store.policy(setBy: before, reader))
    }

    // MARK: Policy

    func set(_ policy: Policy, expecting expected: Policy? = nil) throws -> OperationPlan {
        guard expected == nil || expected == position.policy else {
            throw JournalError(
                .headMoved, "the policy was changed meanwhile",
                hint: "Read the policy again and change that one.")
        }
        guard policy != position.policy else {
            throw JournalError(.nothingToCommit, "the policy is in force already")
        }
        return OperationPlan(body: .policy(policy))
    }

    /// Throws `forbidden` if the policy in force is against the request.
    func authorize(_ request: WriteRequest, _ reader: borrowing ReadTransaction) throws {
        let policy = position.policy
        guard let (permission, branch) = try request.needs(policy, store, reader) else { return }
        let owner = store.options.creator.uid
        guard policy.permits(permission, to: request.actor, owner: owner) else {
            throw JournalError.forbidden(
                request.actor, policy.roles(of: request.actor, owner: owner), permission,
                on: branch.map { "branch '\($0)'" })
        }
        guard case .commit(_, let edits) = request.action,
            let max = policy.limit(\.editCountMax, of: request.actor, owner: owner),
            edits.count > max
        else { return }
        throw JournalError(
            .limitExceeded,
            "the number of edits is \(edits.count), your role allows \(max) in a commit")
    }
}

extension WriteRequest {
    /// Returns what a user must be permitted, and the protected branch that makes it so, if one does.
    ///
    /// Nil for what the daemon does by itself.
    fileprivate func needs(
        _ policy: Policy, _ store: JournalStore, _ reader: borrowing ReadTransaction
    ) throws -> (permission: Permission, branch: RefName?)? {
        func writing(_ branch: RefName) -> (permission: Permission, branch: RefName?) {
            policy.isProtected(branch) ? (.maintain, branch) : (.write, nil)
        }
        switch action {
        case .initialize, .registerModel: return nil
        case .commit(let target, _), .revert(_, let target), .merge(_, let target, _),
            .cherryPick(_, let target, _):
            return writing(target.branch)
        case .createBranch(let name, _), .deleteBranch(let name): return writing(name)
        case .createTag: return (.write, nil)
        case .rollback(let branch, _, _): return (.maintain, branch)
        case .deleteTag, .redact: return (.maintain, nil)
        case .setPolicy: return (.administer, nil)
        case .undo(let sequence):
            guard let operation = try store.operationIfPresent(sequence, reader) else {
                return (.write, nil)
            }
            if case .policy = operation.body { return (.administer, nil) }
            guard let change = operation.body.refChange(commit: nil),
                operation.actor.uid == actor.uid
            else { return (.maintain, nil) }
            return change.kind == .branch ? writing(change.name) : (.write, nil)
        }
    }
}
