import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

extension ServerState {
    /// Branches and tags.
    static var nameRoutes: [Route] {
        [
            .get("/v1/branches") { call in
                let branches = try call.knowledge.branches()
                return try .json(BranchesReply(branches: call.knowledge.records(of: branches)))
            },
            .post("/v1/branches") { call in
                let request = try await call.decode(RefRequest.self)
                let outcome = try await call.knowledge.createBranch(
                    request.name, at: request.at ?? RefName.main.text, author: request.author,
                    actor: call.actor)
                return try .json(RefRecord(outcome), status: .created)
            },
            .delete("/v1/branches", parameters: ["name", "author"]) { call in
                let outcome = try await call.knowledge.deleteBranch(
                    call.query.required("name"), author: call.query["author"], actor: call.actor)
                return try .json(RefRecord(outcome))
            },
            .get("/v1/tags") { call in
                let tags = try call.knowledge.tags()
                return try .json(TagsReply(tags: call.knowledge.records(of: tags)))
            },
            .post("/v1/tags") { call in
                let request = try await call.decode(RefRequest.self)
                let outcome = try await call.knowledge.createTag(
                    request.name, at: request.at ?? RefName.main.text, message: request.message,
                    author: request.author, actor: call.actor)
                return try .json(RefRecord(outcome), status: .created)
            },
            .delete("/v1/tags", parameters: ["name", "author"], permission: .maintain) { call in
                let outcome = try await call.knowledge.deleteTag(
                    call.query.required("name"), author: call.query["author"], actor: call.actor)
                return try .json(RefRecord(outcome))
            },
            .post("/v1/rollback", permission: .maintain) { call in
                let request = try await call.decode(RollbackRequest.self)
                let outcome = try await call.knowledge.rollback(
                    branch: request.branch, to: request.to, expect: request.expect,
                    author: request.author, actor: call.actor)
                return try .json(
                    RollbackReply(
                        branch: outcome.name, from: call.knowledge.headBefore(outcome),
                        commit: outcome.commit, operation: outcome.operation))
            },
        ]
    }
}

extension RefRecord {
    init(_ outcome: OperationOutcome) {
        self.init(
            name: outcome.name, commit: outcome.commit, operation: outcome.operation,
            time: outcome.time)
    }
}

extension KnowledgeBase {
    /// Returns names with the time at which they were put where they are.
    fileprivate func records(of names: [NamedCommit]) throws -> [RefRecord] {
        try names.map { name in
            RefRecord(
                name: name.name, commit: name.commit, operation: name.operation,
                time: try operation(name.operation).time)
        }
    }

    /// Returns the head that a rollback left.
    fileprivate func headBefore(_ outcome: OperationOutcome) throws -> CommitID {
        if case .rollback(_, _, let old) = try operation(outcome.operation).body { return old }
        throw ServiceError(.corrupt, "operation \(outcome.operation) is not the rollback it was")
    }
}
