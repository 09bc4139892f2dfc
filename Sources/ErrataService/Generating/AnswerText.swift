import Synchronization

/// Puts a generated text together, and hands its pieces on without the white space before the first word.
final class AnswerText: Sendable {
    private let text = Mutex("")
    private let onPiece: @Sendable (String) -> Void

    /// How many bytes of a text are kept: a token has a few, and their number is limited.
    static let byteCountMax = 1 << 20

    init(onPiece: @escaping @Sendable (String) -> Void) { self.onPiece = onPiece }

    func append(_ piece: String) {
        let shown: Substring = text.withLock { text in
            let rest = text.isEmpty ? piece.drop(while: \.isWhitespace) : piece[...]
            guard text.utf8.count + rest.utf8.count <= Self.byteCountMax else { return "" }
            text += rest
            return rest
        }
        if !shown.isEmpty { onPiece(String(shown)) }
    }

    /// The text without white space at its ends.
    var answer: String {
        let text = text.withLock { $0 }
        let end = text.lastIndex { !$0.isWhitespace }
        return end.map { String(text[...$0]) } ?? ""
    }
}
