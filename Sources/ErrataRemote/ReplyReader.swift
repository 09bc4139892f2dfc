import ErrataModels
import Foundation
import NIOCore
import NIOHTTP1

/// Reads a chat server's reply, whatever the server sends.
struct ReplyReader {
    private enum Kind {
        case events
        case whole
        case unknown
        /// A refusal with this status.
        case complaint(HTTPResponseHead)
    }

    let server: ChatServer
    let key: String?
    let onPiece: @Sendable (String) -> Void
    private var kind: Kind?
    private var events = EventStream()
    private var body: [UInt8] = []
    private var byteCount = 0
    private var pieceCount = 0
    private var tokenCount: Int?
    private var reason: ChatEnd.Reason?

    init(server: ChatServer, key: String?, onPiece: @escaping @Sendable (String) -> Void) {
        self.server = server
        self.key = key
        self.onPiece = onPiece
    }

    /// Takes the next part; returns how the message ended, once it did.
    mutating func take(_ part: HTTPClientResponsePart) throws -> ChatEnd? {
        switch part {
        case .head(let head):
            // 100 Continue and the like come before the reply.
            if head.status.code >= 200 { kind = Self.kind(of: head) }
            return nil
        case .body(let buffer):
            return try take(buffer.readableBytesView)
        case .end:
            guard let kind else { return nil }
            switch kind {
            case .complaint(let head): throw failure(head)
            case .unknown: throw notChat
            case .whole: return try whole()
            case .events:
                guard reason != nil else { throw cutShort }
                return end
            }
        }
    }

    /// The error of a reply that stops before its end.
    var cutShort: BackendError {
        BackendError(
            .unavailable, "the model server at \(server.address.text) hung up within its reply")
    }

    private var notChat: BackendError {
        BackendError(
            .malformed,
            "the reply of the model server at \(server.address.text) is no chat completion",
            hint: "Is the address that of an OpenAI-compatible server?")
    }

    private static func kind(of head: HTTPResponseHead) -> Kind {
        guard head.status == .ok else { return .complaint(head) }
        let type = head.headers.first(name: "content-type")?.lowercased() ?? "text/event-stream"
        if type.hasPrefix("text/event-stream") { return .events }
        return type.hasPrefix("application/json") ? .whole : .unknown
    }

    private mutating func take(_ bytes: ByteBufferView) throws(BackendError) -> ChatEnd? {
        guard let kind else { return nil }
        byteCount += bytes.count
        guard byteCount <= ChatServer.replyBytesMax else {
            throw BackendError(
                .limit,
                "the reply of the model server has more than \(ChatServer.replyBytesMax) bytes")
        }
        switch kind {
        case .complaint:
            body += bytes.prefix(max(0, ChatServer.complaintBytesMax - body.count))
        case .unknown: throw notChat
        case .whole: body += bytes
        case .events:
            for event in try events.append(bytes) {
                if event.elementsEqual("[DONE]".utf8) { return end }
                try take(part(event))
            }
        }
        return nil
    }

    private var end: ChatEnd {
        ChatEnd(reason ?? .complete, tokenCount: tokenCount ?? pieceCount)
    }

    private func part(_ bytes: [UInt8]) throws(BackendError) -> ChatCompletionPart {
        let part: ChatCompletionPart
        do {
            part = try JSONDecoder().decode(ChatCompletionPart.self, from: Data(bytes))
        } catch {
            throw notChat
        }
        if let complaint = part.error {
            let words = complaint.message.flatMap { ServerComplaint.line($0, hiding: key) }
            throw BackendError(
                .unavailable,
                "the model server at \(server.address.text) failed: \(words ?? "it says not why")")
        }
        return part
    }

    private mutating func take(_ part: ChatCompletionPart) {
        // A count is shown and added up: what cannot be one is not taken.
        if let count = part.usage?.completionTokens,
            (0...ChatOptions.tokenCountMax).contains(count)
        {
            tokenCount = count
        }
        guard let choice = part.choices?.first else { return }
        if let text = (choice.delta ?? choice.message)?.content, !text.isEmpty {
            pieceCount += 1
            onPiece(text)
        }
        if let finish = choice.finishReason {
            reason = finish == "length" ? .tokenCount : .complete
        }
    }

    private mutating func whole() throws(BackendError) -> ChatEnd {
        let part = try part(body)
        guard part.choices?.isEmpty == false else {
            throw BackendError(
                .malformed, "the reply of the model server at \(server.address.text) has no choice")
        }
        take(part)
        return end
    }

    // MARK: Refusals

    /// Returns what the server's status means; one that may pass is a ``RetriableFailure``.
    private func failure(_ head: HTTPResponseHead) -> any Error {
        let status = head.status.code
        let words = ServerComplaint.text(of: body, hiding: key).map { ": \($0)" } ?? ""
        let place = "the model server at \(server.address.text)"
        let wait = head.headers.first(name: "retry-after").flatMap { UInt32($0) }
        switch status {
        case 401, 403:
            return BackendError(
                .refused, "\(place) does not take the key (\(status))\(words)",
                hint: "Add the model again with --key-file, or write the right key into that file.")
        case 404:
            return BackendError(
                .refused, "\(place) has no model '\(server.model)' (404)\(words)",
                hint: "--server-model says what the server calls it.")
        case 429, 500...599:
            let error = BackendError(
                status == 429 ? .busy : .unavailable,
                status == 429
                    ? "\(place) has too much to do (429)\(words)"
                    : "\(place) failed (\(status))\(words)",
                retryAfterSeconds: wait.map(Int.init))
            return RetriableFailure(error: error, serverDelay: wait.map { .seconds($0) })
        default:
            return BackendError(
                .refused, "\(place) does not do what it was asked for (\(status))\(words)")
        }
    }
}
