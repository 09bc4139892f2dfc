import Synchronization

/// Puts a generated text together, and hands its pieces on without the white space before the first word.
///
/// What may become the model's words for having no answer is held back until it is clear.
final class AnswerText: Sendable {
    private struct State {
        var text = ""
        /// The end of `text` that was not handed on.
        var held = ""
    }

    private let state = Mutex(State())
    private let abstention: String?
    private let onPiece: @Sendable (String) -> Void

    /// How many bytes of a text are kept: a token has a few, and their number is limited.
    static let byteCountMax = 1 << 20

    init(abstention: String? = nil, onPiece: @escaping @Sendable (String) -> Void) {
        self.abstention = abstention
        self.onPiece = onPiece
    }

    func append(_ piece: String) {
        let shown = state.withLock { state in
            let rest = state.text.isEmpty ? piece.drop(while: \.isWhitespace) : piece[...]
            guard state.text.utf8.count + rest.utf8.count <= Self.byteCountMax else { return "" }
            state.text += rest
            state.held += rest
            guard abstention?.hasPrefix(state.text) != true else { return "" }
            defer { state.held = "" }
            return state.held
        }
        if !shown.isEmpty { onPiece(shown) }
    }

    /// Hands on what was held back, unless it says that there is no answer.
    func finish() {
        guard !isAbstention else { return }
        let rest = state.withLock { state in
            defer { state.held = "" }
            return state.held
        }
        if !rest.isEmpty { onPiece(rest) }
    }

    /// The text without white space at its ends.
    var answer: String {
        let text = state.withLock { $0.text }
        let end = text.lastIndex { !$0.isWhitespace }
        return end.map { String(text[...$0]) } ?? ""
    }

    /// Whether the model says that it has no answer.
    var isAbstention: Bool { answer == abstention }
}
