import Crypto
package import ErrataModels

/// Files of chats to train a decoder on: JSON Lines, `{"messages": [{"role": …, "content": …}, …]}`.
///
/// Every message of the assistant is learned, with what was said before it as the prompt. Other keys beside
/// `messages` are ignored; in a message they are refused, since they would change what a model is shown.
package enum ChatFile {
    /// No line is longer than this.
    package static let lineBytesMax = 1 << 20
    package static let messageCountMax = 256
    package static let exampleCountMax = 1 << 24

    /// What was read.
    package struct Contents: Sendable {
        package fileprivate(set) var examples: [ChatExample] = []
        /// Answers that were left out, since they end past the longest text.
        package fileprivate(set) var skippedCount = 0
        /// SHA-256 of the files, one behind the other.
        package fileprivate(set) var hash: [UInt8] = []
    }

    /// Reads files in order, as texts of at most `tokenCountMax` tokens.
    ///
    /// Throws, naming file and line, at the first line that is no chat.
    package static func read(
        _ paths: [String], _ base: DecoderBase, tokenCountMax: Int,
        progress: (Int) -> Void = { _ in }
    ) throws -> Contents {
        let end = try base.endOfMessage()
        var contents = Contents()
        var hash = SHA256()
        for path in paths {
            try LineFile.read(path, lineBytesMax: lineBytesMax, of: "chats", hash: &hash) {
                let chat = try messages($0, place: $1)
                for (index, message) in chat.enumerated() where message.role == .assistant {
                    let found = try tokens(of: Array(chat[...index]), base, end, place: $1)
                    guard found.tokens.count <= tokenCountMax else {
                        contents.skippedCount += 1
                        continue
                    }
                    contents.examples.append(found)
                }
                guard contents.examples.count <= exampleCountMax else {
                    throw DatasetError(.limit, "\($1): more than \(exampleCountMax) answers")
                }
                progress(contents.examples.count)
            }
        }
        contents.hash = Array(hash.finalize())
        return contents
    }

    private static func tokens(
        of chat: [ChatMessage], _ base: DecoderBase, _ end: Int32, place: String
    ) throws -> ChatExample {
        do throws(ModelError) {
            let (tokens, start) = try base.tokens(of: chat, endOfMessage: end)
            guard start > 0 else {
                throw ModelError(.malformed, "the prompt has no token")
            }
            return ChatExample(tokens: tokens, answerStart: start)
        } catch {
            throw DatasetError(.malformed, "\(place): \(error.message)", hint: error.hint)
        }
    }

    /// Reads one line.
    static func messages(_ line: [UInt8], place: String) throws(DatasetError) -> [ChatMessage] {
        do throws(ModelError) {
            let items = try JSONReader.object(line, place: place).array("messages")
            guard items.count <= messageCountMax else {
                throw ModelError(
                    .limit, "\(place): \(items.count) messages, more than \(messageCountMax)")
            }
            var chat: [ChatMessage] = []
            for item in items { chat.append(try message(item, place: place)) }
            try check(chat, place: place)
            return chat
        } catch {
            throw DatasetError(
                error.code == .limit ? .limit : .malformed, error.message,
                hint: error.hint
                    ?? "A line is {\"messages\":[{\"role\":\"user\",\"content\":\"…\"},"
                    + "{\"role\":\"assistant\",\"content\":\"…\"}]}.")
        }
    }

    private static func message(
        _ item: JSONValue, place: String
    ) throws(ModelError) -> ChatMessage {
        guard case .object(let object) = item else {
            throw ModelError(.malformed, "\(place): a message is \(item.kind), not an object")
        }
        try object.refuseKeys(besides: ["role", "content"])
        let name = try object.string("role")
        guard let role = ChatMessage.Role(rawValue: name) else {
            throw ModelError(
                .unsupported,
                "\(place): 'role' must be system, user or assistant, not '\(name.prefix(40))'")
        }
        return ChatMessage(role, try object.string("content"))
    }

    private static func check(_ chat: [ChatMessage], place: String) throws(ModelError) {
        let spoken = chat.first?.role == .system ? chat.dropFirst() : chat[...]
        for (index, message) in spoken.enumerated() {
            let expected: ChatMessage.Role = index.isMultiple(of: 2) ? .user : .assistant
            guard message.role == expected else {
                throw ModelError(
                    .malformed,
                    "\(place): message \(index + 1) is the \(message.role.rawValue)'s, expected "
                        + "the \(expected.rawValue)'s")
            }
            guard !message.content.isEmpty else {
                throw ModelError(.malformed, "\(place): message \(index + 1) is empty")
            }
        }
        guard spoken.count >= 2 else {
            throw ModelError(.malformed, "\(place): there is no message of the assistant")
        }
    }
}
