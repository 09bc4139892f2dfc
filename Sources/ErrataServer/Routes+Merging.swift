import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

extension ServerState {
    /// What brings lines of commits together, and takes back what commits and operations did.
    static var mergeRoutes: [Route] {
        [
            .post("/v1/merge", patience: .long) { call in
                let request = try await call.decode(MergeRequest.self)
                let result = try await call.knowledge.merge(
                    request.from,
                    into: CommitPlace(
                        request.into, request.expect, request.author, request.message),
                    options: MergeOptions(request), actor: call.actor)
                return try .json(MergeReply(result), status: .created)
            },
            .get("/v1/conflicts", parameters: ["at", "limit", "cursor"]) { call in
                let limit = try call.query.integer("limit", in: 1...KnowledgeBase.pageCountMax)
                let found = try call.knowledge.conflicts(
                    at: call.query.revision, after: call.query["cursor"], limit: limit ?? 100)
                return try .json(
                    ConflictsReply(
                        commit: found.commit.id, operation: found.commit.operation,
                        count: found.count,
                        conflicts: found.page.items.map { FactConflictRecord($0) },
                        next: found.page.next))
            },
            .post("/v1/resolve") { call in
                let request = try await call.decode(ResolveRequest.self)
                let outcome = try await call.knowledge.resolve(
                    request.fact, by: Resolution(request),
                    on: CommitPlace(
                        request.branch, request.expect, request.author, request.message),
                    actor: call.actor)
                call.server.metrics.countCommits(1)
                return try .json(CommitReply(outcome), status: .created)
            },
            .post("/v1/cherry-pick") { call in
                let request = try await call.decode(CherryPickRequest.self)
                let outcome = try await call.knowledge.cherryPick(
                    request.rev,
                    onto: CommitPlace(
                        request.branch, request.expect, request.author, request.message),
                    refusesConflicts: request.refuseConflicts ?? false, actor: call.actor)
                call.server.metrics.countCommits(1)
                return try .json(CommitReply(outcome), status: .created)
            },
            .post("/v1/revert", patience: .long) { call in
                let request = try await call.decode(RevertRequest.self)
                return try await LongWork.run { try await call.revert(request) }
            },
            .post("/v1/undo") { call in
                let request = try await call.decode(UndoRequest.self)
                let done = try await call.knowledge.undo(
                    request.operation, author: request.author, actor: call.actor)
                return try .json(
                    UndoReply(
                        done.undone, done.outcome,
                        from: call.knowledge.operation(done.outcome.operation).body.from),
                    status: .created)
            },
        ]
    }
}

extension Call {
    fileprivate func revert(_ request: RevertRequest) async throws -> Response {
        let target = RevertTarget(request)
        if request.dryRun ?? false {
            let branch = request.branch ?? RefName.main.text
            return try .json(
                RevertPlanReply(try knowledge.revertPlan(target, on: branch), branch: branch))
        }
        let outcome = try await knowledge.revert(
            target,
            on: CommitPlace(request.branch, request.expect, request.author, request.message),
            skipsChangedLater: request.skipChanged ?? false, actor: actor)
        server.metrics.countCommits(1)
        return try .json(CommitReply(outcome), status: .created)
    }
}

extension CommitPlace {
    fileprivate init(
        _ branch: String?, _ expect: String?, _ author: String?, _ message: String?
    ) {
        self.init(
            branch: branch ?? RefName.main.text, expect: expect, author: author, message: message)
    }
}

extension MergeOptions {
    fileprivate init(_ request: MergeRequest) {
        let fastForward: FastForward =
            switch request.fastForward {
            case nil, .allowed: .allowed
            case .never: .never
            case .only: .only
            }
        self.init(
            fastForward: fastForward, refusesConflicts: request.refuseConflicts ?? false)
    }
}

extension Resolution {
    /// The request's decoding sees to it that one of the three is there.
    fileprivate init(_ request: ResolveRequest) {
        if let value = request.value {
            self = .object(value, fieldsOf: request.side)
        } else {
            self = request.side.map { .side($0) } ?? .retracted
        }
    }
}

extension RevertTarget {
    fileprivate init(_ request: RevertRequest) {
        if let rev = request.rev {
            self = .revision(rev)
        } else {
            self = .query(
                RevertQuery(
                    by: request.by, source: request.source, since: request.since,
                    until: request.until))
        }
    }
}
