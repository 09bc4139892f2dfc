import ErrataModels
import Foundation

/// What is sent to `/chat/completions`.
struct ChatCompletionRequest: Encodable {
    struct Message: Encodable {
        let role: String
        let content: String
    }

    let model: String
    let messages: [Message]
    let stream = true
    let maxTokens: Int
    /// Zero takes the most likely token.
    let temperature: Double
    let seed: Int64

    enum CodingKeys: String, CodingKey {
        case model
        case messages
        case stream
        case maxTokens = "max_tokens"
        case temperature
        case seed
    }

    init(model: String, _ chat: [ChatMessage], _ options: ChatOptions) {
        self.model = model
        messages = chat.map {
            Message(role: $0.role.rawValue, content: $0.content)
        }
        maxTokens = options.tokenCountMax
        temperature = options.temperature ?? 0
        seed = Int64(truncatingIfNeeded: options.seed & 0x7fff_ffff_ffff_ffff)
    }
}

/// What comes back: an event of a stream, or the whole message of a server that does not stream.
struct ChatCompletionPart: Decodable {
    struct Choice: Decodable {
        let delta: Text?
        let message: Text?
        let finishReason: String?

        enum CodingKeys: String, CodingKey {
            case delta
            case message
            case finishReason = "finish_reason"
        }
    }

    struct Text: Decodable {
        let content: String?
    }

    struct Usage: Decodable {
        let completionTokens: Int?

        enum CodingKeys: String, CodingKey {
            case completionTokens = "completion_tokens"
        }
    }

    let choices: [Choice]?
    let usage: Usage?
    let error: ServerComplaint.Body?
}

/// What a server says of its refusal: `{"error": {"message": …}}`, or what FastAPI writes, `{"detail": …}`.
struct ServerComplaint: Decodable {
    /// A text, or an object with one.
    struct Body: Decodable {
        let message: String?

        private enum CodingKeys: CodingKey {
            case message
        }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                message = text
            } else {
                let fields = try? decoder.container(keyedBy: CodingKeys.self)
                message = try? fields?.decodeIfPresent(String.self, forKey: .message)
            }
        }
    }

    static let textBytesMax = 200

    let error: Body?
    let detail: Body?
    let message: Body?

    /// Returns the server's words as one short line that can be shown, nil if there are none.
    ///
    /// A server may repeat the key that it was sent: what people see never has it.
    static func text(of bytes: [UInt8], hiding key: String?) -> String? {
        guard let complaint = try? JSONDecoder().decode(ServerComplaint.self, from: Data(bytes))
        else { return nil }
        let body = complaint.error ?? complaint.detail ?? complaint.message
        return body?.message.flatMap { line($0, hiding: key) }
    }

    static func line(_ text: String, hiding key: String?) -> String? {
        let words = text.split { $0.isWhitespace || $0.isNewline }
        var shown = String(
            String.UnicodeScalarView(
                words.joined(separator: " ").unicodeScalars.filter {
                    let category = $0.properties.generalCategory
                    return category != .control && category != .format
                }))
        // After what is not shown is gone, and before it is cut: nothing within it hides the key, and no part stays.
        if let key { shown = shown.replacingBytes(of: key, with: "…") }
        var line = ""
        for scalar in shown.unicodeScalars {
            guard line.utf8.count < textBytesMax else { return line + "…" }
            line.unicodeScalars.append(scalar)
        }
        return line.isEmpty ? nil : line
    }
}
