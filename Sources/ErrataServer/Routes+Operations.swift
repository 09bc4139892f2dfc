import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Foundation
import Hummingbird

extension ServerState {
    /// The journal itself: its operations and its verification.
    static var operationRoutes: [Route] {
        [
            .get(
                "/v1/operations", parameters: ["actor", "since", "fact", "limit", "cursor"]
            ) { call in
                let limit = try call.query.integer("limit", in: 1...KnowledgeBase.pageCountMax)
                let cursor = try call.query.integer("cursor", in: 0...Int.max)
                let page = try call.knowledge.operations(
                    OperationFilter(
                        actor: call.query["actor"], since: try call.query.time("since"),
                        fact: call.query["fact"]),
                    before: cursor.map { UInt64($0) }, limit: limit ?? 50)
                return try .json(
                    OperationsReply(
                        operations: page.items.map { try OperationRecord($0) }, next: page.next))
            },
            .post(
                "/v1/verify", body: .json(limit: BodyLimits.usualMax), patience: .long
            ) { call in
                try await call.checkEmptyBody()
                return try await call.long(VerifyReply.self) { progress in
                    let report = call.knowledge.verify { part, done in
                        progress(ProgressRecord(phase: part, done: Int(clamping: done), total: nil))
                    }
                    return VerifyReply(report, root: try call.knowledge.status().root)
                }
            },
        ]
    }
}

extension Query {
    /// A moment, or a day's first.
    fileprivate func time(_ name: String) throws(Refusal) -> Timestamp? {
        guard let text = self[name] else { return nil }
        if let time = Timestamp(rfc3339: text) ?? Timestamp(date: text) { return time }
        throw Refusal(
            .invalidParameter,
            "'\(name)' is not a time like 2026-11-01 or 2026-11-01T09:30:00Z", field: name)
    }
}

extension Call {
    /// Reads the body of a request that has no fields: nothing, or an empty object.
    func checkEmptyBody() async throws {
        let bytes = try await body()
        guard !bytes.isEmpty else { return }
        _ = try JSONCoding.decodeRequest(EmptyRequest.self, from: Data(bytes))
    }
}
