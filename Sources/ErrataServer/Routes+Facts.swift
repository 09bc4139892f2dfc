import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

extension ServerState {
    /// Facts, and where their values come from.
    static var factRoutes: [Route] {
        [
            .get("/v1/facts", parameters: ["at", "subject", "limit", "cursor"]) { call in
                let limit = try call.query.integer("limit", in: 1...KnowledgeBase.pageCountMax)
                let (commit, page) = try call.knowledge.facts(
                    at: call.query.revision, subject: call.query["subject"],
                    after: call.query["cursor"], limit: limit ?? 100)
                let header = try call.knowledge.commitHeader(commit.hex)
                return try .json(
                    FactsReply(
                        commit: commit, operation: header.operation, factCount: header.factCount,
                        facts: page.items.compactMap { ErrataAPI.FactRecord(id: $0.id, $0.fact) },
                        conflicts: page.items.compactMap { FactConflictRecord($0) },
                        redacted: page.items.compactMap { RedactedFactRecord($0) },
                        next: page.next))
            },
            .get("/v1/history", parameters: ["key", "at"]) { call in
                let commit = try call.knowledge.commitHeader(call.query.revision)
                let history = try call.knowledge.history(
                    of: call.query.required("key"), at: commit.id.hex)
                return try .json(
                    HistoryReply(
                        commit: commit.id, operation: commit.operation, id: history.id,
                        entries: history.items.map {
                            HistoryRecord(
                                change: ChangeRecord($0.change), commit: CommitSummary($0.commit))
                        }))
            },
            .get("/v1/blame", parameters: ["key", "at", "fields"]) { call in
                let commit = try call.knowledge.commitHeader(call.query.revision)
                let blame = try call.knowledge.blame(
                    call.query.required("key"), at: commit.id.hex,
                    withFields: call.query.flag("fields"))
                return try .json(BlameReply(blame, at: commit))
            },
        ]
    }
}
