import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

extension ServerState {
    /// Commits, and what they changed.
    static var commitRoutes: [Route] {
        [
            .post(
                "/v1/commits", body: .json(limit: BodyLimits.commitMax), patience: .brief
            ) { call in
                let request = try await call.decode(ErrataAPI.CommitRequest.self)
                let outcome = try await call.knowledge.commit(
                    ErrataService.CommitRequest(request), actor: call.actor)
                call.server.metrics.countCommits(1)
                return try .json(CommitReply(outcome), status: .created)
            },
            .get(
                "/v1/commits",
                parameters: [
                    "at", "all", "firstParent", "fact", "subject", "author", "actor", "since",
                    "until", "text", "limit", "cursor",
                ]
            ) { call in
                let page = try await call.knowledge.log(try LogQuery(call.query))
                return try .json(
                    LogReply(commits: page.items.map { CommitSummary($0) }, next: page.next))
            },
            .get("/v1/commits/lines", parameters: ["operations", "firstParent"]) { call in
                let operations = try call.query.operations("operations")
                let behind = try await call.knowledge.lines(
                    among: operations, firstParentOnly: call.query.flag("firstParent"))
                return try .json(LinesReply(behind: behind))
            },
            .get("/v1/commit", parameters: ["rev"]) { call in
                let revision = try call.query.required("rev")
                let record = try call.knowledge.commitRecord(revision)
                let changes = try call.knowledge.changes(of: record.id.hex)
                return try .json(
                    CommitDetailReply(
                        summary: CommitSummary(record), root: record.commit.root.hex,
                        factCount: record.factCount, changes: changes.map { ChangeRecord($0) }))
            },
            .get("/v1/diff", parameters: ["from", "to"]) { call in
                let diff = try call.knowledge.diff(
                    from: call.query.required("from"), to: call.query.required("to"))
                let changes = diff.changes.map { ChangeRecord($0) }
                return try .json(
                    DiffReply(
                        from: diff.from, to: diff.to, counts: ChangeCounts(changes.map(\.kind)),
                        changes: changes))
            },
        ]
    }
}

extension Query {
    /// The version to read: `at`, else the head of `main`.
    var revision: String { self["at"] ?? RefName.main.text }

    /// A list of operations, as in `7,5,2`.
    fileprivate func operations(_ name: String) throws(Refusal) -> [UInt64] {
        let parts = try required(name).split(separator: ",", omittingEmptySubsequences: false)
        let operations = parts.compactMap { UInt64($0) }
        guard operations.count == parts.count else {
            throw Refusal(
                .invalidParameter, "'\(name)' is no list of operations, as in 7,5,2", field: name)
        }
        return operations
    }
}

extension LogQuery {
    fileprivate init(_ query: Query) throws(Refusal) {
        let isAll = try query.flag("all")
        guard !isAll || query["at"] == nil else {
            throw Refusal(
                .invalidParameter, "'all' and 'at' are both there: one version, or all of them",
                field: "all")
        }
        let limit = try query.integer("limit", in: 1...KnowledgeBase.pageCountMax)
        self.init(revision: isAll ? nil : query.revision, limit: limit ?? 20)
        isFirstParentOnly = try query.flag("firstParent")
        cursor = query["cursor"]
        filter.fact = query["fact"]
        filter.subject = query["subject"]
        filter.author = query["author"]
        filter.actor = query["actor"]
        filter.since = try query.time("since")
        filter.until = try query.endTime("until")
        filter.text = query["text"]
    }
}

extension ErrataService.CommitRequest {
    init(_ request: ErrataAPI.CommitRequest) {
        self.init(
            branch: request.branch ?? RefName.main.text, expect: request.expect,
            author: request.author, message: request.message,
            edits: request.edits.map { edit in
                switch edit {
                case .assert(let fact): .assert(fact.draft)
                case .revise(let fact): .revise(fact.draft)
                case .retract(let name): .retract(name)
                }
            })
    }
}
