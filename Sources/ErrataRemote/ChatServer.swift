import Crypto
package import ErrataModels
import Foundation
import NIOCore
import NIOHTTP1

/// A server with OpenAI's chat interface (`/chat/completions`), such as vLLM, llama.cpp or Ollama.
///
/// Nothing that comes from it is trusted: text is taken as text, everything has a limit, and no failure
/// outlasts its request.
package struct ChatServer: ChatBackend {
    static let replyBytesMax = 16 << 20
    static let complaintBytesMax = 64 << 10

    package let address: ServerAddress
    /// What the server calls the model.
    package let model: String
    package let byteCount = 0
    package let answersAlone = true
    package let abstention: String? = nil
    private let key: ServerKey
    private let environment: [String: String]
    private let timeouts: ServerTimeouts
    private let retries: RetryPolicy

    /// Makes no connection: the server may come later.
    package init(
        address: ServerAddress, model: String, key: ServerKey = .none,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        timeouts: ServerTimeouts = ServerTimeouts(), retries: RetryPolicy = RetryPolicy()
    ) {
        self.address = address
        self.model = model
        self.key = key
        self.environment = environment
        self.timeouts = timeouts
        self.retries = retries
    }

    package var identity: [UInt8] {
        Array(SHA256.hash(data: Array("errata chat server 1\n\(address.text)\n\(model)\n".utf8)))
    }

    package func reply(
        to chat: [ChatMessage], _ options: ChatOptions,
        onPiece: @escaping @Sendable (String) -> Void
    ) async throws -> ChatEnd {
        let body = Array(
            try JSONEncoder().encode(ChatCompletionRequest(model: model, chat, options)))
        var attempt = 1
        while true {
            do { return try await send(body, onPiece) } catch let failure as RetriableFailure {
                guard
                    let delay = retries.delay(
                        after: attempt, serverDelay: failure.serverDelay)
                else { throw failure.error }
                try await Task.sleep(for: delay)
                attempt += 1
            }
        }
    }

    /// Makes one request; throws ``RetriableFailure`` only before the first piece.
    private func send(
        _ body: [UInt8], _ onPiece: @escaping @Sendable (String) -> Void
    ) async throws -> ChatEnd {
        let key = try key.read(environment: environment)
        var headers = HTTPHeaders([("accept", "text/event-stream, application/json")])
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
        let exchange = HTTPExchange(address: address, timeouts: timeouts)
        return try await exchange.post("/chat/completions", headers: headers, json: body) { parts in
            var reader = ReplyReader(server: self, key: key, onPiece: onPiece)
            for try await part in parts {
                if let end = try reader.take(part) { return end }
            }
            try Task.checkCancellation()
            throw reader.cutShort
        }
    }
}

/// A request that may be made again.
struct RetriableFailure: Error {
    let error: BackendError
    /// How long the server wants to be left alone, if it says so.
    let serverDelay: Duration?
}
