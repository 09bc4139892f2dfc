import ErrataAPI
import ErrataCore
import ErrataService
import Hummingbird
import NIOCore

extension ServerState {
    /// Who did what: operations, events, and SQL over both.
    static var auditRoutes: [Route] {
        [
            .get(
                "/v1/operations",
                parameters: [
                    "actor", "author", "since", "until", "type", "name", "fact", "limit", "cursor",
                ], permission: .audit
            ) { call in
                let (limit, cursor) = try call.query.page()
                let page = try await call.knowledge.operations(
                    OperationFilter(call.query), before: cursor, limit: limit)
                return try .json(
                    OperationsReply(
                        operations: page.items.map { try OperationRecord($0) }, next: page.next))
            },
            .get(
                "/v1/events", parameters: ["kind", "actor", "since", "until", "limit", "cursor"],
                permission: .audit
            ) { call in
                let (limit, cursor) = try call.query.page()
                let page = try await call.knowledge.events(
                    EventFilter(
                        kind: call.query["kind"], actor: call.query["actor"],
                        since: call.query.time("since"), until: call.query.endTime("until")),
                    before: cursor, limit: limit)
                return try .json(
                    EventsReply(events: page.items.map { EventRecord($0) }, next: page.next))
            },
            .post("/v1/audit/query", permission: .audit) { call in
                let request = try await call.decode(AuditQueryRequest.self)
                let query = AuditQuery(
                    sql: request.sql, limit: request.limit ?? AuditQuery.rowCountDefault)
                let bytes = try await call.server.querying {
                    try await call.knowledge.auditQuery(query)
                }
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            },
        ]
    }
}

extension Query {
    fileprivate func page() throws(Refusal) -> (limit: Int, cursor: UInt64?) {
        let limit = try integer("limit", in: 1...KnowledgeBase.pageCountMax)
        return (limit ?? 50, try integer("cursor", in: 0...Int.max).map { UInt64($0) })
    }
}

extension OperationFilter {
    fileprivate init(_ query: Query) throws(Refusal) {
        self.init(
            actor: query["actor"], author: query["author"], since: try query.time("since"),
            until: try query.endTime("until"), type: query["type"], name: query["name"],
            fact: query["fact"])
    }
}
