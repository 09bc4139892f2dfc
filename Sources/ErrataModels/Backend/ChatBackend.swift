/// Something that says the next message of a chat: a checkpoint on this machine, or a server.
///
/// A call runs until its text ends or its task is cancelled; then it throws `CancellationError` before the
/// next token. What goes wrong is a ``ModelError`` or a ``BackendError``.
package protocol ChatBackend: Sendable {
    /// SHA-256 over all that decides about a text, the prompt and ``ChatOptions`` aside.
    ///
    /// Of a server that is its address and what it calls the model: what it computes with, it alone knows.
    var identity: [UInt8] { get }
    /// What the weights take in this process's memory.
    var byteCount: Int { get }
    /// Whether it knows anything beside what its prompt says; one that does not is never asked without edits.
    var answersAlone: Bool { get }
    /// What it says where what it is shown holds no answer; nil if it has no set words for that.
    var abstention: String? { get }

    /// Says the next message of `chat` and hands its text out in pieces, none of which splits a character.
    func reply(
        to chat: [ChatMessage], _ options: ChatOptions,
        onPiece: @escaping @Sendable (String) -> Void
    ) async throws -> ChatEnd
}

/// One message of a chat.
package struct ChatMessage: Equatable, Sendable {
    /// Who says it.
    package enum Role: String, Sendable {
        case system
        case user
        case assistant
    }

    package let role: Role
    package let content: String

    package init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// How a message is to be generated.
package struct ChatOptions: Equatable, Sendable {
    package static let tokenCountMax = 8_192
    package static let tokenCountDefault = 256
    package static let temperatureMax = 100.0

    /// How many tokens at most.
    package var tokenCountMax: Int
    /// Nil takes the most likely token each time.
    package var temperature: Double?
    /// Where drawing starts, if there is a temperature.
    package var seed: UInt64

    package init(
        tokenCountMax: Int = Self.tokenCountDefault, temperature: Double? = nil, seed: UInt64 = 0
    ) {
        self.tokenCountMax = tokenCountMax
        self.temperature = temperature
        self.seed = seed
    }
}

/// How a message ended.
package struct ChatEnd: Equatable, Sendable {
    /// Why nothing follows.
    package enum Reason: String, CaseIterable, Sendable {
        /// The model was done.
        case complete
        /// As many tokens as were allowed are there.
        case tokenCount = "max_tokens"
        /// The model has no position left.
        case positions
    }

    package let reason: Reason
    /// How many tokens were generated; of a server that does not say, how many pieces came.
    package let tokenCount: Int

    package init(_ reason: Reason, tokenCount: Int) {
        self.reason = reason
        self.tokenCount = tokenCount
    }
}

/// Why a server gave no message, or not all of it.
///
/// Nobody parses `message`; `code` says what kind of trouble it is.
package struct BackendError: Error, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    package enum Code: String, Sendable {
        /// It cannot be reached, went away or is too slow.
        case unavailable
        /// It has too much to do.
        case busy
        /// It does not take the key, know the model or do what it was asked for.
        case refused
        /// What came is not what such a server says.
        case malformed
        /// What came is more than is read.
        case limit
    }

    package let code: Code
    package let message: String
    /// What the user can do next, if anything: a full sentence.
    package let hint: String?
    /// When the server wants to be asked again.
    package let retryAfterSeconds: Int?

    package init(
        _ code: Code, _ message: String, hint: String? = nil, retryAfterSeconds: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.retryAfterSeconds = retryAfterSeconds
    }

    package var description: String { message }
}
