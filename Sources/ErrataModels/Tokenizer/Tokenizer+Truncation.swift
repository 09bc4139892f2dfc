extension Tokenizer {
    /// The ids of one text with its special tokens, cut to what a model takes.
    package struct Encoding: Equatable, Sendable {
        package let ids: [Int32]
        /// How many tokens of the text did not fit and were left out, from its end.
        package let truncatedCount: Int
    }

    /// The number of special tokens around a text.
    package var specialCount: Int { before.count + after.count }

    /// Returns the ids of a text, at most `tokenCountMax` with the special ones.
    package func encode(_ text: String, tokenCountMax: Int) -> Encoding {
        let content = encode(text, addSpecialTokens: false)
        let room = max(0, tokenCountMax - specialCount)
        return Encoding(
            ids: before + content.prefix(room) + after,
            truncatedCount: max(0, content.count - room))
    }
}
