import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataModels
import ErrataTesting
import Foundation
import Testing

extension Client {
    func commit(_ facts: FactDraft..., to branch: String? = nil) throws -> CommitReply {
        try post(
            "/v1/commits",
            CommitRequest(branch: branch, message: "m", edits: facts.map { .assert(FactBody($0)) }),
            as: CommitReply.self)
    }

    func add(_ model: LanguageModelBody) throws -> [LanguageModelRecord] {
        try post("/v1/language-models", model, as: LanguageModelsReply.self).models
    }

    func ask(_ request: AskRequest) throws -> AskReply {
        try post("/v1/ask", request, as: AskReply.self)
    }

    func receipt(_ reply: AskReply) throws -> ReceiptReply {
        try get("/v1/receipts/\(reply.receipt)", as: ReceiptReply.self)
    }

    var languageModels: LanguageModelStatus {
        get throws { try get("/v1/status", as: StatusReply.self).languageModels }
    }
}

extension AskRequest {
    /// Asks the language model `tiny`, for a short text.
    static func tiny(
        _ question: String, _ answerer: String? = nil, at: String? = nil, maxTokens: Int = 24
    ) -> AskRequest {
        AskRequest(
            question: question, at: at, model: "tiny", answerer: answerer, maxTokens: maxTokens)
    }
}

extension TinyModel {
    /// Returns what the model continues `text` with, computed beside the daemon.
    func text(
        after text: String, tokens: Int = 24, sampling: Sampling = .greedy,
        adapters: [String] = []
    ) async throws -> String {
        let model = try LanguageModel(
            directory: directory, threads: 1, mergingAdapters: adapters)
        var answer = ""
        let request = LanguageModel.Request(tokenCountMax: tokens, sampling: sampling)
        for try await piece in try model.text(continuing: text, request) { answer += piece.text }
        return answer.trimmingCharacters(in: .whitespaces)
    }
}

/// Facts, and questions about them.
enum Knowledge {
    static let capital = FactDraft(subject: "France", relation: "capital", object: "Paris")
    static let chief = FactDraft(subject: "Twitter", relation: "CEO", object: "Linda Yaccarino")
    static let about = "The capital of France is"
    static let unrelated = "How tall are giraffes?"

    static func sentence(_ question: String, _ edits: String...) -> String {
        EditPrompt.text(question: question, edits: edits)
    }
}
