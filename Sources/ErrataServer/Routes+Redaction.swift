import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

extension ServerState {
    /// What takes text away for good.
    static var redactionRoutes: [Route] {
        [
            .post("/v1/redact", patience: .long, permission: .maintain) { call in
                let request = try await call.decode(RedactRequest.self)
                let outcome = try await call.knowledge.redact(
                    request.fact, at: request.at, reason: request.reason, author: request.author,
                    actor: call.actor)
                return try .json(
                    RedactReply(
                        operation: outcome.operation, id: outcome.fact,
                        valueCount: outcome.leaves.count, time: outcome.time),
                    status: .created)
            }
        ]
    }
}
