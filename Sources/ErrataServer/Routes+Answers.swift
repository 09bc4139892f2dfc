import ErrataAPI
import ErrataCore
import ErrataService
import Hummingbird

extension ServerState {
    /// Questions, searches and receipts.
    static var answerRoutes: [Route] {
        [
            .post("/v1/ask", patience: .answer, permission: .read) { call in
                let request = try await call.decode(ErrataAPI.AskRequest.self)
                call.bodyRevision.text = request.at ?? RefName.main.text
                return try await call.answer(ErrataService.AskRequest(request))
            },
            .post("/v1/search", patience: .search, permission: .read) { call in
                let request = try await call.decode(SearchRequest.self)
                call.bodyRevision.text = request.at ?? RefName.main.text
                let outcome = try await call.knowledge.search(
                    request.query, at: request.at ?? RefName.main.text, k: request.k ?? 10)
                return try .json(SearchReply(outcome))
            },
            .get("/v1/receipts/{id}") { call in
                try .json(ReceiptReply(try call.knowledge.receipt(call.pathParameter)))
            },
            .get("/v1/models", isRecorded: false) { call in
                try .json(
                    ModelsReply(
                        models: try call.knowledge.knownModels().map { ModelRecord($0) }))
            },
        ]
    }
}
