import ErrataAPI
import ErrataCore
import ErrataService
import Hummingbird

extension ServerState {
    /// Questions, searches and receipts.
    static var answerRoutes: [Route] {
        [
            .post("/v1/ask", patience: .ask) { call in
                let request = try await call.decode(ErrataAPI.AskRequest.self)
                try call.checkAnswerer(request.model)
                let outcome = try await call.knowledge.ask(
                    ErrataService.AskRequest(
                        question: request.question, at: request.at ?? RefName.main.text,
                        k: request.k ?? ErrataService.AskRequest.candidateCountDefault),
                    actor: call.actor)
                call.server.metrics.countAsk()
                return try .json(AskReply(outcome))
            },
            .post("/v1/search", patience: .ask) { call in
                let request = try await call.decode(SearchRequest.self)
                let outcome = try await call.knowledge.search(
                    request.query, at: request.at ?? RefName.main.text, k: request.k ?? 10)
                return try .json(SearchReply(outcome))
            },
            .get("/v1/receipts/{id}") { call in
                try .json(ReceiptReply(try call.knowledge.receipt(call.pathParameter)))
            },
        ]
    }
}

extension Call {
    /// Refuses a model that this daemon does not have.
    fileprivate func checkAnswerer(_ name: String?) throws(RequestError) {
        guard let name, name != knowledge.answererName else { return }
        throw RequestError(
            code: .invalidField, field: "model",
            message: "the model is not '\(knowledge.answererName)', the only one here",
            hint: "Leave 'model' out.")
    }
}
